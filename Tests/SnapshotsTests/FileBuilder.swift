import Snapshots
import VersionedStore

/// Puts an RDB file together by hand, for what redis-server does not write, or not any more.
struct FileBuilder {
  private(set) var bytes: [UInt8]

  init(version: String = "0010") { bytes = [UInt8](("REDIS" + version).utf8) }

  /// Bytes as they are.
  func raw(_ more: [UInt8]) -> FileBuilder {
    var copy = self
    copy.bytes += more
    return copy
  }

  func raw(_ more: UInt8...) -> FileBuilder { raw(more) }

  /// A string of less than 64 bytes, stored plainly.
  func string(_ text: String) -> FileBuilder { raw([UInt8(text.utf8.count)] + text.utf8) }

  /// A string key with a string value.
  func pair(_ key: String, _ value: String) -> FileBuilder { raw(0).string(key).string(value) }

  /// The end instruction and, with `checksum`, the checksum of all before.
  func end(checksum: Bool = true) -> [UInt8] {
    let body = raw(255)
    guard checksum else { return body.bytes }
    var sum = CRC64()
    body.bytes.withBytes { sum.update($0) }
    return body.bytes + (0..<8).map { UInt8(truncatingIfNeeded: sum.value >> (8 * $0)) }
  }
}

extension FileBuilder {
  /// A short string key, as an item.
  static func item(_ key: String, _ value: String) -> [UInt8] {
    [0, UInt8(key.utf8.count)] + key.utf8 + [UInt8(value.utf8.count)] + value.utf8
  }
}
