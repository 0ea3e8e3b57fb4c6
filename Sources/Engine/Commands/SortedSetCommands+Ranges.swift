internal import RESP
internal import Values
internal import VersionedStore

/// ZRANGE and its older forms, and ZRANGESTORE.
extension SortedSetCommands {
  static let ranges = [
    zrange, zrangestore, zrevrange, zrangebyscore, zrevrangebyscore, zrangebylex, zrevrangebylex,
  ]

  /// What a command asks for: which members, in which order, how many.
  private struct Query {
    var kind: MemberRange.Kind?
    var isReversed: Bool?
    var withScores = false
    var offset: Int64 = 0
    /// Negative for all.
    var limit: Int64 = -1
    var range = MemberRange.rank(0, 0)

    /// - Parameters:
    ///   - low: the argument with one end of the range; the other one and the options follow.
    init(
      _ call: borrowing Call, _ kind: MemberRange.Kind?, isReversed: Bool?, low: Int, stores: Bool
    ) throws(CommandError) {
      (self.kind, self.isReversed) = (kind, isReversed)
      var index = low + 2
      while index < call.count {
        if !stores, call.matches(index, "withscores") {
          withScores = true
        } else if call.matches(index, "limit"), call.count - index > 2 {
          offset = try call.integer(index + 1)
          limit = try call.integer(index + 2)
          index += 2
        } else if self.isReversed == nil, call.matches(index, "rev") {
          self.isReversed = true
        } else if self.kind == nil, call.matches(index, "bylex") {
          self.kind = .member
        } else if self.kind == nil, call.matches(index, "byscore") {
          self.kind = .score
        } else {
          throw .syntax
        }
        index += 1
      }
      if limit != -1, self.kind ?? .rank == .rank { throw .limitWithRanks }
      if withScores, self.kind == .member { throw .scoresWithMembers }
      let isBackwards = self.isReversed == true && self.kind ?? .rank != .rank
      range = try MemberRange(call, self.kind ?? .rank, isBackwards ? low + 1 : low, isBackwards ? low : low + 1)
    }

    /// The ranks to answer with, in ascending order.
    func ranks(in set: SortedSetReader) -> Range<Int> {
      let all = range.ranks(in: set, isReversed: isReversed == true)
      guard kind ?? .rank != .rank else { return all }
      guard offset >= 0, offset < all.count else { return 0..<0 }
      let count = limit < 0 ? all.count - Int(offset) : min(Int(limit), all.count - Int(offset))
      let first = isReversed == true ? all.upperBound - Int(offset) - count : all.lowerBound + Int(offset)
      return first..<first + count
    }
  }

  static let zrange = reading("zrange", since: "1.2.0", nil, isReversed: nil, "Answers with a range of the members.")
  static let zrevrange = reading(
    "zrevrange", since: "1.2.0", .rank, isReversed: true, "Answers with a range of ranks, from the highest score on.")
  static let zrangebyscore = reading(
    "zrangebyscore", since: "1.0.5", .score, isReversed: false, "Answers with the members of a range of scores.")
  static let zrevrangebyscore = reading(
    "zrevrangebyscore", since: "2.2.0", .score, isReversed: true,
    "Answers with the members of a range of scores, the highest first.")
  static let zrangebylex = reading(
    "zrangebylex", since: "2.8.9", .member, isReversed: false,
    "Answers with the members between two, in a sorted set with equal scores.")
  static let zrevrangebylex = reading(
    "zrevrangebylex", since: "2.8.9", .member, isReversed: true,
    "Answers with the members between two, the last first, in a sorted set with equal scores.")

  private static func reading(
    _ name: StaticString, since: StaticString, _ kind: MemberRange.Kind?, isReversed: Bool?, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(4), flags: [.readOnly], categories: [.sortedSet], keys: [.one([.readOnly, .access])],
      group: .sortedSet, since: since, complexity: "O(log(N)+M) for M of N members.", summary,
      .read { call, view throws(CommandError) in
        let query = try Query(call, kind, isReversed: isReversed, low: 2, stores: false)
        guard let set = try view.sortedSet(call.key(1)) else { return call.reply.arrayHeader(0) }
        let ranks = query.ranks(in: set)
        call.membersHeader(ranks.count, withScores: query.withScores)
        let withScores = query.withScores
        if query.isReversed == true {
          set.forEachReversed(in: ranks) { member, score in
            call.member(member, score, withScores: withScores)
            return !call.isReplyTooLong
          }
        } else {
          set.forEach(in: ranks) { member, score in
            call.member(member, score, withScores: withScores)
            return !call.isReplyTooLong
          }
        }
      })
  }

  static let zrangestore = Command(
    "zrangestore", arity: .atLeast(5), flags: [.write, .denyOOM], categories: [.sortedSet],
    keys: [.one([.overwrite, .update]), .one([.readOnly, .access], at: 2)], group: .sortedSet, since: "6.2.0",
    complexity: "O(log(N)+M) for M of N members.", "Stores a range of the members of a sorted set.",
    .write { call, edit throws(CommandError) in
      let query = try Query(call, nil, isReversed: nil, low: 3, stores: true)
      var members: [(member: [UInt8], score: Double)] = []
      if let set = try edit.readSortedSet(call.key(2), counted: true) {
        set.forEach(in: query.ranks(in: set)) { member, score in
          members.append((member.withBytes { Array($0) }, score))
          return true
        }
      }
      edit.replace(call.key(1), isEmpty: members.isEmpty, .sortedSet("zrangestore")) {
        let editor = SortedSetEditor(edit.place(call.key(1)), edit.limits)
        for (member, score) in members { member.withBytes { _ = editor.set($0, score, former: nil) } }
      }
      call.reply.integer(members.count)
    })
}
