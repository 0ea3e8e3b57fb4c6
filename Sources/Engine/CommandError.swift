/// Why a command was refused. Each case owns its reply, to the letter as Redis 7.0 gives it, since clients match on it.
///
/// A trivial enum, so that throwing one allocates nothing. A handler whose error quotes the client writes it to the reply
/// itself and throws `.answered`.
public enum CommandError: Error, Sendable {
  /// The reply, an error, is written.
  case answered
  case wrongType
  case syntax
  case notInteger
  case notFloat
  case outOfRange
  case valueOutOfRange
  case overflow
  case noSuchKey
  case stringTooLong
  case invalidExpire
  case negativeOffset
  case bitOffset
  case bitValue
  case sameObject
  case indexOutOfRange
  case dbIndexOutOfRange
  case invalidDBIndex
  case invalidCursor
  case outOfMemory
  case notPermittedAtVersion
  case notLFU
  case isLFU
  case nanOrInfinity

  /// The whole reply after the minus sign; empty for `.answered`.
  public var text: StaticString {
    switch self {
    case .answered: ""
    case .wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value"
    case .syntax: "ERR syntax error"
    case .notInteger: "ERR value is not an integer or out of range"
    case .notFloat: "ERR value is not a valid float"
    case .outOfRange: "ERR offset is out of range"
    case .valueOutOfRange: "ERR value is out of range"
    case .overflow: "ERR increment or decrement would overflow"
    case .noSuchKey: "ERR no such key"
    case .stringTooLong: "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    case .invalidExpire: "ERR invalid expire time in command"
    case .negativeOffset: "ERR offset is out of range"
    case .bitOffset: "ERR bit offset is not an integer or out of range"
    case .bitValue: "ERR bit is not an integer or out of range"
    case .sameObject: "ERR source and destination objects are the same"
    case .indexOutOfRange: "ERR index out of range"
    case .dbIndexOutOfRange: "ERR DB index is out of range"
    case .invalidDBIndex: "ERR invalid DB index"
    case .invalidCursor: "ERR invalid cursor"
    case .outOfMemory: "OOM command not allowed when used memory > 'maxmemory'."
    case .notPermittedAtVersion: "READONLY This connection reads at a version; use VERSION USE LIVE to write."
    case .notLFU:
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
    case .isLFU:
      "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
    case .nanOrInfinity: "ERR increment would produce NaN or Infinity"
    }
  }
}
