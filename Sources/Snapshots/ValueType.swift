/// What an item of a snapshot says about its value: the kind of value, not the encodings it may come in.
public enum ValueType: Sendable, Equatable {
  case string, list, set, sortedSet, hash, stream, module

  /// The kind that a type byte stands for; nil for a byte that RDB 1 to 12 does not know. Only strings and modules have
  /// an encoding that does not need to be told apart here.
  init?(typeByte: UInt8) {
    switch typeByte {
    case 0: self = .string
    case 1, 10, 14, 18: self = .list  // plain, ziplist, quicklists
    case 2, 11, 20: self = .set  // plain, intset, listpack
    case 3, 5, 12, 17: self = .sortedSet  // text scores, binary scores, ziplist, listpack
    case 4, 9, 13, 16, 22...25: self = .hash  // plain, zipmap, ziplist, listpack, with field expiry
    case 6, 7: self = .module  // before and after RDB 8
    case 15, 19, 21: self = .stream
    default: return nil
    }
  }

  /// The word that users know the kind by.
  public var name: String {
    switch self {
    case .string: "string"
    case .list: "list"
    case .set: "set"
    case .sortedSet: "sorted set"
    case .hash: "hash"
    case .stream: "stream"
    case .module: "module"
    }
  }
}
