internal import RESP
internal import Values
internal import VersionedStore

/// Commands that look at single members, or count some.
extension SortedSetCommands {
  static let reading = [zcard, zscore, zmscore, zrank, zrevrank, zcount, zlexcount, zscan]

  static let zcard = Command(
    "zcard", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.sortedSet], keys: [.one([.readOnly])],
    group: .sortedSet, since: "1.2.0", "Answers with the number of members.",
    .read { call, view throws(CommandError) in call.reply.integer(try view.sortedSet(call.key(1))?.count ?? 0) })

  static let zscore = Command(
    "zscore", arity: .exactly(3), flags: [.readOnly, .fast], categories: [.sortedSet],
    keys: [.one([.readOnly, .access])], member: 2, group: .sortedSet, since: "1.2.0",
    "Answers with the score of a member.",
    .read { call, view throws(CommandError) in
      guard let score = try view.sortedSet(call.key(1))?.score(of: call[2], view.root.hash(call[2])) else {
        return call.reply.null()
      }
      call.reply.score(score)
    })

  static let zmscore = Command(
    "zmscore", arity: .atLeast(3), flags: [.readOnly, .fast], categories: [.sortedSet],
    keys: [.one([.readOnly, .access])], member: 2, group: .sortedSet, since: "6.2.0", complexity: "O(N) for N members.",
    "Answers with the scores of several members.",
    .read { call, view throws(CommandError) in
      let set = try view.sortedSet(call.key(1))
      call.reply.arrayHeader(call.count - 2)
      for index in 2..<call.count {
        if let score = set?.score(of: call[index], view.root.hash(call[index])) {
          call.reply.score(score)
        } else {
          call.reply.null()
        }
      }
    })

  static let zrank = ranking("zrank", isReversed: false, "Answers with the number of members before one.")
  static let zrevrank = ranking("zrevrank", isReversed: true, "Answers with the number of members behind one.")

  private static func ranking(_ name: StaticString, isReversed: Bool, _ summary: StaticString) -> Command {
    Command(
      name, arity: .exactly(3), flags: [.readOnly, .fast], categories: [.sortedSet],
      keys: [.one([.readOnly, .access])], member: 2, group: .sortedSet, since: "2.0.0",
      complexity: "O(log(N)) with N members in the set.", summary,
      .read { call, view throws(CommandError) in
        guard let set = try view.sortedSet(call.key(1)), let score = set.score(of: call[2], view.root.hash(call[2]))
        else { return call.reply.null() }
        let rank = set.rank(of: call[2], score: score)
        call.reply.integer(isReversed ? set.count - 1 - rank : rank)
      })
  }

  static let zcount = counting("zcount", since: "2.0.0", .score, "Counts the members of a range of scores.")
  static let zlexcount = counting(
    "zlexcount", since: "2.8.9", .member, "Counts the members between two, in a sorted set with equal scores.")

  private static func counting(
    _ name: StaticString, since: StaticString, _ kind: MemberRange.Kind, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .exactly(4), flags: [.readOnly, .fast], categories: [.sortedSet],
      keys: [.one([.readOnly, .access])], group: .sortedSet, since: since,
      complexity: "O(log(N)) with N members in the set.", summary,
      .read { call, view throws(CommandError) in
        let range = try MemberRange(call, kind, 2, 3)
        guard let set = try view.sortedSet(call.key(1)) else { return call.reply.integer(0) }
        call.reply.integer(range.ranks(in: set, isReversed: false).count)
      })
  }

  static let zscan = Command(
    "zscan", arity: .atLeast(3), flags: [.readOnly], categories: [.sortedSet], keys: [.one([.readOnly, .access])],
    group: .sortedSet, since: "2.8.0", complexity: "O(N) for N members looked at by a call.",
    "Answers with some of the members and their scores, and with a cursor for the next call; 0 begins and ends.",
    .read { call, view throws(CommandError) in
      guard let (entry, position) = try call.beginScan(view, .sortedSet) else { return }
      let options = try MemberScan(call)
      try call.answerPage { reply in
        var count = 0
        func meet(_ member: StoredValue, _ score: StoredValue) {
          guard options.admits(member) else { return }
          reply.bulk(member)
          reply.bulk(score)
          count += 2
        }
        if let trie = entry.collection {
          let next = trie.scan(from: position, count: options.count, hashKey: view.root.hashKey) {
            guard case .word(let bits) = $0.value else { return }
            let member = StoredValue.bytes($0.key)
            FloatText(Double(bitPattern: UInt64(bitPattern: bits))).withBytes { meet(member, .bytes($0)) }
          }
          return (count, next)
        }
        SortedSetReader(entry).forEachPacked(meet)
        return (count, HashPosition(0))
      }
    })
}
