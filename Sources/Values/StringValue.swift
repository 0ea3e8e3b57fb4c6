public import VersionedStore

/// What the tag of an entry says: the type of its value and the encoding, as TYPE and OBJECT ENCODING name them.
public enum ValueTag {
  public static let integer: UInt8 = 0x00
  public static let embedded: UInt8 = 0x01
  public static let raw: UInt8 = 0x02

  /// Longest string that Redis embeds in its object; longer ones are `raw`.
  public static let embeddedLimit = 44
}

/// A type of value: the low half of a tag's values is the encoding, the high half the type.
public enum ValueType: UInt8, Sendable {
  case string = 0

  /// As TYPE says it.
  public var name: StaticString {
    switch self {
    case .string: "string"
    }
  }
}

extension Entry {
  public var type: ValueType {
    guard let type = ValueType(rawValue: tag >> 4) else { preconditionFailure("an entry with an unknown type") }
    return type
  }

  /// As OBJECT ENCODING says it.
  public var encodingName: StaticString {
    switch tag {
    case ValueTag.integer: "int"
    case ValueTag.embedded: "embstr"
    default: "raw"
    }
  }
}

/// A string in the form in which it is stored: a number that is written in the usual way is kept as a word.
@frozen
public struct StringForm {
  public let value: StoredValue
  public let tag: UInt8

  @inlinable @inline(__always)
  public init(_ bytes: Bytes) {
    if bytes.count <= 20, let word = Int64(text: bytes) {
      value = .word(word)
      tag = ValueTag.integer
    } else {
      value = .bytes(bytes)
      tag = bytes.count <= ValueTag.embeddedLimit ? ValueTag.embedded : ValueTag.raw
    }
  }
}
