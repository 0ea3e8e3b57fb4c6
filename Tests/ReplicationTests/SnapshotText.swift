import Snapshots
import VersionedStore

/// Small RDB files by hand.
enum SnapshotText {
  static let id = String(repeating: "8f1d6c2a", count: 5)

  /// Two keys in database 0 and one in database 3, from history `id`.
  static let file = build([aux("repl-stream-db", "3"), aux("repl-id", id)], announcing: [0: 2, 3: 1])
  static let keys = ["0 a": "1", "0 b": "2", "3 c": "3"]
  static let empty = checked(header + aux("repl-id", id))

  /// The keys, after these items; the databases are announced to hold so many keys.
  static func build(_ items: [[UInt8]], announcing announced: [UInt8: UInt8]) -> [UInt8] {
    let resize = announced.mapValues { [251, $0, 0] }
    return checked(
      header + items.joined()
        + [254, 0] + resize[0, default: []] + pair("a", "1") + pair("b", "2")
        + [254, 3] + resize[3, default: []] + pair("c", "3"))
  }

  /// With the end instruction and the checksum.
  static func checked(_ body: [UInt8]) -> [UInt8] {
    let file = body + [255]
    var sum = CRC64()
    file.withBytes { sum.update($0) }
    return file + (0..<8).map { UInt8(truncatingIfNeeded: sum.value >> (8 * $0)) }
  }

  static let header = Array("REDIS0010".utf8)

  static func aux(_ name: String, _ value: String) -> [UInt8] { [250] + string(name) + string(value) }

  static func pair(_ key: String, _ value: String) -> [UInt8] { [0] + string(key) + string(value) }

  private static func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + text.utf8 }
}
