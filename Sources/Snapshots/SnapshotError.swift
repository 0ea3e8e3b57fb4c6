/// Why a snapshot cannot be read. The snapshot is at fault in every case, or asks for what this server does not have;
/// whatever was read so far is to be thrown away.
public enum SnapshotError: Error, Sendable, Equatable {
  /// Where in the snapshot: how many bytes come before, and the key and the kind of value if the fault is within one.
  public struct Place: Sendable, Equatable {
    public var byteOffset: Int
    public var key: [UInt8]?
    public var type: ValueType?

    public init(byteOffset: Int, key: [UInt8]? = nil, type: ValueType? = nil) {
      self.byteOffset = byteOffset
      self.key = key
      self.type = type
    }
  }

  /// It does not begin with `REDIS` and four digits.
  case notASnapshot(Place)
  /// A format version that is too new, or 0.
  case unsupportedVersion(Place, version: Int)
  /// Neither an instruction nor a type of value.
  case unknownOpcode(Place, UInt8)
  /// No length begins with this byte, or not in this place.
  case invalidLength(Place, UInt8)
  /// A string in an encoding that does not exist.
  case unknownStringEncoding(Place, UInt8)
  /// A string that claims more bytes than a string may have.
  case stringTooLong(Place, byteCount: UInt64, limit: Int)
  /// A compressed string that is broken.
  case corruptCompression(Place)
  /// A packed value that is not what it should be.
  case corruptValue(Place)
  /// Data of a module, either the value of the key or, without a key, beside the keys.
  case unsupportedModule(Place, name: String)
  /// A function library in the format of the Redis 7.0 release candidates.
  case unsupportedFunctionFormat(Place)
  case checksumMismatch(Place, stored: UInt64, computed: UInt64)
  /// The input ended before the snapshot did.
  case truncated(Place)
  /// The sink did not take it.
  case refused(Place, SinkRefusal)

  public var place: Place {
    switch self {
    case .notASnapshot(let place), .unsupportedVersion(let place, _), .unknownOpcode(let place, _),
      .invalidLength(let place, _), .unknownStringEncoding(let place, _), .stringTooLong(let place, _, _),
      .corruptCompression(let place), .corruptValue(let place), .unsupportedModule(let place, _),
      .unsupportedFunctionFormat(let place), .checksumMismatch(let place, _, _), .truncated(let place),
      .refused(let place, _):
      place
    }
  }
}

extension SnapshotError: CustomStringConvertible {
  /// One line for the log, such as `list integrity check failed (at byte 118, key "queue", type list)`.
  public var description: String { "\(reason) (\(place))" }

  private var reason: String {
    switch self {
    case .notASnapshot:
      "wrong signature: this is not an RDB file"
    case .unsupportedVersion(_, let version):
      "can't handle RDB format version \(version)"
    case .unknownOpcode(_, let byte):
      "unknown RDB opcode or type \(byte)"
    case .invalidLength(_, let byte):
      "unknown length encoding 0x\(String(byte, radix: 16))"
    case .unknownStringEncoding(_, let encoding):
      "unknown RDB string encoding type \(encoding)"
    case .stringTooLong(_, let byteCount, let limit):
      "a string of \(byteCount) bytes exceeds the limit of \(limit)"
    case .corruptCompression:
      "invalid LZF compressed string"
    case .corruptValue(let place):
      "\(place.type?.name ?? "value") integrity check failed"
    case .unsupportedModule(let place, let name) where place.key == nil:
      "the RDB file contains AUX module data I can't load: no matching module '\(name)'"
    case .unsupportedModule(_, let name):
      "the RDB file contains module data I can't load: no matching module type '\(name)'"
    case .unsupportedFunctionFormat:
      "pre-release function format is not supported"
    case .checksumMismatch(_, let stored, let computed):
      "RDB CRC error: expected \(String(stored, radix: 16)), got \(String(computed, radix: 16))"
    case .truncated:
      "unexpected end of the RDB file"
    case .refused(_, .databaseOutOfRange(let databaseCount)):
      "a database beyond the \(databaseCount) that this server has"
    case .refused(_, .duplicateKey):
      "the key is in the RDB file twice"
    case .refused(_, .duplicateElement):
      "a field or member is in it twice"
    case .refused(let place, .invalidElement):
      "the \(place.type?.name ?? "value") has invalid content"
    case .refused(_, .memoryLimit(let byteCount)):
      "the dataset would exceed the memory limit of \(byteCount) bytes"
    }
  }
}

extension SnapshotError.Place: CustomStringConvertible {
  public var description: String {
    var text = "at byte \(byteOffset)"
    if let key { text += ", key \"\(Self.printable(key))\"" }
    if let type { text += ", type \(type.name)" }
    return text
  }

  /// The first 128 bytes of a key, those outside of printable ASCII as `\xNN`.
  private static func printable(_ key: [UInt8]) -> String {
    var text = ""
    for byte in key.prefix(128) {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x7f: text.unicodeScalars.append(UnicodeScalar(byte))
      default: text += "\\x" + String(UInt16(byte) + 0x100, radix: 16).dropFirst()
      }
    }
    return key.count > 128 ? text + "..." : text
  }
}
