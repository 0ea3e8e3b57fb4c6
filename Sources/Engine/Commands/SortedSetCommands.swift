internal import RESP
internal import Values
internal import VersionedStore

/// The commands on sorted sets, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum SortedSetCommands {
  static let all = adding + removing + reading + ranges + algebra + drawing + popping + blocking
}

extension ReadView {
  /// The sorted set at `key`; nil if the key is missing.
  @inline(__always)
  func sortedSet(_ key: Key) throws(CommandError) -> SortedSetReader? {
    guard let entry = find(key) else { return nil }
    guard entry.type == .sortedSet else { throw .wrongType }
    return SortedSetReader(entry)
  }
}

extension Edit {
  /// The sorted set at `key`, to be written; it need not be there yet.
  @inline(__always)
  func sortedSet(_ key: Key) throws(CommandError) -> SortedSetEditor {
    if let entry = find(key), entry.type != .sortedSet { throw .wrongType }
    return SortedSetEditor(place(key), limits)
  }

  /// The sorted set at `key`, to be read before something is written; nil if the key is missing.
  /// A source is `counted` as a hit or a miss.
  func readSortedSet(_ key: Key, counted: Bool = false) throws(CommandError) -> SortedSetReader? {
    guard let entry = counted ? read(key) : find(key) else { return nil }
    guard entry.type == .sortedSet else { throw .wrongType }
    return SortedSetReader(entry)
  }

  /// Puts members with their scores in place of whatever `key` held; none remove it.
  func replaceSortedSet(
    _ key: Key, _ members: [(member: [UInt8], score: Double)], _ event: KeyspaceEvent, count: Int = 1
  ) {
    replace(key, isEmpty: members.isEmpty, event, count: count) {
      SortedSetEditor(place(key), limits).fill(members)
    }
  }
}

extension Call {
  /// The header of an array of members, or of members and scores, which RESP3 has in pairs.
  mutating func membersHeader(_ count: Int, withScores: Bool) {
    reply.arrayHeader(withScores && reply.version == .resp2 ? 2 * count : count)
  }

  @inline(__always)
  mutating func member(_ member: StoredValue, _ score: Double, withScores: Bool) {
    if withScores, reply.version == .resp3 { reply.arrayHeader(2) }
    reply.bulk(member)
    if withScores { reply.score(score) }
  }

  /// Argument `index` as the score of a member.
  func score(_ index: Int) throws(CommandError) -> Double {
    guard let score = Double(text: self[index]) else { throw .notFloat }
    return score
  }
}

extension ReplyWriter {
  /// A double; as text in RESP2.
  mutating func score(_ score: Double) {
    if version == .resp2 {
      FloatText(score).withBytes { bulk($0) }
    } else {
      double(score)
    }
  }
}
