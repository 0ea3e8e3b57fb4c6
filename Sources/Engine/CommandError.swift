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
  case overflow
  case noSuchKey
  case stringTooLong
  case sameObject
  case dbIndexOutOfRange
  case invalidCursor
  case outOfMemory
  case notPermittedAtVersion
  case notLFU
  case isLFU
  case nanOrInfinity
  case wrongPassword
  case badClientName
  case decrementOverflow
  case notStrings
  case lengthAndMatches
  case subsequenceStringTooLong
  case subsequenceTableTooLarge
  case subsequenceTableFailed
  case expireConditions
  case expireComparisons
  case invalidFirstDBIndex
  case invalidSecondDBIndex
  case notInInt32
  case hashNotInteger
  case hashNotFloat
  case outOfSignedRange
  case outOfPairRange
  case infiniteAddend
  case notPositive
  case noKeyCount
  case tooManyKeys
  case negativeLimit
  case indexOutOfRange
  case zeroRank
  case negativeCount
  case negativeLength
  case noCount
  case notScoreRange
  case notMemberRange
  case exclusiveAddOptions
  case comparingAddOptions
  case incrementOfMany
  case scoreNotNumber
  case notWeight
  case limitWithRanks
  case scoresWithMembers
  case badStreamID
  case badIntervalStart
  case badIntervalEnd
  case notSortable
  case sortByDenied
  case sortGetDenied
  case badBitOffset
  case badBit
  case badBitArgument
  case badBitfieldType
  case notHyperLogLog
  case corruptHyperLogLog
  case noPatternForBytes

  /// The whole reply after the minus sign; empty for `.answered`.
  public var text: StaticString {
    switch self {
    case .answered: ""
    case .wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value"
    case .syntax: "ERR syntax error"
    case .notInteger: "ERR value is not an integer or out of range"
    case .notFloat: "ERR value is not a valid float"
    case .outOfRange: "ERR offset is out of range"
    case .overflow: "ERR increment or decrement would overflow"
    case .noSuchKey: "ERR no such key"
    case .stringTooLong: "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    case .sameObject: "ERR source and destination objects are the same"
    case .dbIndexOutOfRange: "ERR DB index is out of range"
    case .invalidCursor: "ERR invalid cursor"
    case .outOfMemory: "OOM command not allowed when used memory > 'maxmemory'."
    case .notPermittedAtVersion: "READONLY This connection reads at a version; use VERSION USE LIVE to write."
    case .notLFU:
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
    case .isLFU:
      "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
    case .nanOrInfinity: "ERR increment would produce NaN or Infinity"
    case .wrongPassword: "WRONGPASS invalid username-password pair or user is disabled."
    case .badClientName: "ERR Client names cannot contain spaces, newlines or special characters."
    case .decrementOverflow: "ERR decrement would overflow"
    case .notStrings: "ERR The specified keys must contain string values"
    case .lengthAndMatches: "ERR If you want both the length and indexes, please just use IDX."
    case .subsequenceStringTooLong: "ERR String too long for LCS"
    case .subsequenceTableTooLarge:
      "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
    case .subsequenceTableFailed: "ERR Insufficient memory, failed allocating transient memory for LCS"
    case .expireConditions: "ERR NX and XX, GT or LT options at the same time are not compatible"
    case .expireComparisons: "ERR GT and LT options at the same time are not compatible"
    case .invalidFirstDBIndex: "ERR invalid first DB index"
    case .invalidSecondDBIndex: "ERR invalid second DB index"
    case .notInInt32: "ERR value is out of range, value must between -2147483648 and 2147483647"
    case .hashNotInteger: "ERR hash value is not an integer"
    case .hashNotFloat: "ERR hash value is not a float"
    case .outOfSignedRange:
      "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
    case .outOfPairRange: "ERR value is out of range"
    case .infiniteAddend: "ERR value is NaN or Infinity"
    case .notPositive: "ERR value is out of range, must be positive"
    case .noKeyCount: "ERR numkeys should be greater than 0"
    case .tooManyKeys: "ERR Number of keys can't be greater than number of args"
    case .negativeLimit: "ERR LIMIT can't be negative"
    case .indexOutOfRange: "ERR index out of range"
    case .zeroRank:
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
    case .negativeCount: "ERR COUNT can't be negative"
    case .negativeLength: "ERR MAXLEN can't be negative"
    case .noCount: "ERR count should be greater than 0"
    case .notScoreRange: "ERR min or max is not a float"
    case .notMemberRange: "ERR min or max not valid string range item"
    case .exclusiveAddOptions: "ERR XX and NX options at the same time are not compatible"
    case .comparingAddOptions: "ERR GT, LT, and/or NX options at the same time are not compatible"
    case .incrementOfMany: "ERR INCR option supports a single increment-element pair"
    case .scoreNotNumber: "ERR resulting score is not a number (NaN)"
    case .notWeight: "ERR weight value is not a float"
    case .limitWithRanks: "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
    case .scoresWithMembers: "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
    case .badStreamID: "ERR Invalid stream ID specified as stream command argument"
    case .badIntervalStart: "ERR invalid start ID for the interval"
    case .badIntervalEnd: "ERR invalid end ID for the interval"
    case .notSortable: "ERR One or more scores can't be converted into double"
    case .sortByDenied: "ERR BY option of SORT denied due to insufficient ACL permissions."
    case .sortGetDenied: "ERR GET option of SORT denied due to insufficient ACL permissions."
    case .badBitOffset: "ERR bit offset is not an integer or out of range"
    case .badBit: "ERR bit is not an integer or out of range"
    case .badBitArgument: "ERR The bit argument must be 1 or 0."
    case .badBitfieldType:
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
    case .notHyperLogLog: "WRONGTYPE Key is not a valid HyperLogLog string value."
    case .corruptHyperLogLog: "INVALIDOBJ Corrupted HLL object detected"
    case .noPatternForBytes: "ERR the differences of strings have no names that MATCH could be held against"
    }
  }
}
