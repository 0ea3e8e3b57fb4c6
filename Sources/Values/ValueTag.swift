public import VersionedStore

/// What the tag of an entry says: the type of its value in the high half, the encoding in the low half.
public enum ValueTag {
  public static let integer: UInt8 = 0x00
  public static let embedded: UInt8 = 0x01
  public static let raw: UInt8 = 0x02
  /// A string of more than `StringForm.wholeLimit` bytes in a sequence of chunks, weighed in bytes: all of them full but
  /// the last.
  public static let chunked: UInt8 = 0x03
  /// Elements packed in the entry's bytes.
  public static let packedList: UInt8 = 0x10
  /// A sequence of packed leaves, weighed in elements.
  public static let chunkedList: UInt8 = 0x11
  /// Sorted integers of one width.
  public static let integerSet: UInt8 = 0x20
  /// Members packed in the entry's bytes, which OBJECT ENCODING calls a hashtable as Redis 7.0 does.
  public static let packedSet: UInt8 = 0x21
  /// A trie of members.
  public static let trieSet: UInt8 = 0x22
  /// Members and scores, in order, packed in the entry's bytes.
  public static let packedSortedSet: UInt8 = 0x30
  /// A trie from member to score, and a sequence by score and member, weighed in members.
  public static let trieSortedSet: UInt8 = 0x31
  /// Fields and values packed in the entry's bytes.
  public static let packedHash: UInt8 = 0x40
  /// A trie from field to value.
  public static let trieHash: UInt8 = 0x41
  public static let stream: UInt8 = 0x60

  /// Longest string that Redis embeds in its object; longer ones are `raw`.
  public static let embeddedLimit = 44
}

/// A type of value: the high half of a tag. Raw values are those of Redis's objects.
public enum ValueType: UInt8, Sendable, CaseIterable {
  case string = 0
  case list = 1
  case set = 2
  case sortedSet = 3
  case hash = 4
  case stream = 6

  /// As TYPE says it.
  public var name: StaticString {
    switch self {
    case .string: "string"
    case .list: "list"
    case .set: "set"
    case .sortedSet: "zset"
    case .hash: "hash"
    case .stream: "stream"
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
    case ValueTag.packedList, ValueTag.chunkedList: "quicklist"
    case ValueTag.integerSet: "intset"
    case ValueTag.packedSet, ValueTag.trieSet, ValueTag.trieHash: "hashtable"
    case ValueTag.packedSortedSet, ValueTag.packedHash: "listpack"
    case ValueTag.trieSortedSet: "skiplist"
    case ValueTag.stream: "stream"
    default: "raw"
    }
  }
}
