internal import RESP
internal import Values
internal import VersionedStore

/// ZREM and its kin.
extension SortedSetCommands {
  static let removing = [zrem, zremrangebyrank, zremrangebyscore, zremrangebylex]

  static let zrem = Command(
    "zrem", arity: .atLeast(3), flags: [.write, .fast], categories: [.sortedSet],
    keys: [.one([.readWrite, .delete])], member: 2, group: .sortedSet, since: "1.2.0",
    complexity: "O(M*log(N)) for M of N members.",
    "Removes members from a sorted set; the key goes with the last of them.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let editor = try edit.sortedSet(key)
      var removed = 0
      for index in 2..<call.count where editor.remove(call[index]) { removed += 1 }
      if removed > 0 {
        edit.changed(key, .sortedSet("zrem"), count: removed)
        edit.tellIfGone(key)
      }
      call.reply.integer(removed)
    })

  static let zremrangebyrank = removingRange(
    "zremrangebyrank", since: "2.0.0", "Removes the members of a range of ranks from a sorted set.", .rank)
  static let zremrangebyscore = removingRange(
    "zremrangebyscore", since: "1.2.0", "Removes the members of a range of scores from a sorted set.", .score)
  static let zremrangebylex = removingRange(
    "zremrangebylex", since: "2.8.9", "Removes the members between two from a sorted set with equal scores.", .member)

  private static func removingRange(
    _ name: StaticString, since: StaticString, _ summary: StaticString, _ kind: MemberRange.Kind
  ) -> Command {
    Command(
      name, arity: .exactly(4), flags: [.write], categories: [.sortedSet], keys: [.one([.readWrite, .delete])],
      group: .sortedSet, since: since, complexity: "O(log(N)+M) for M of N members.", summary,
      .write { call, edit throws(CommandError) in
        let wanted = try MemberRange(call, kind, 2, 3)
        let key = call.key(1)
        guard let set = try edit.readSortedSet(key) else { return call.reply.integer(0) }
        let range = wanted.ranks(in: set, isReversed: false)
        SortedSetEditor(edit.place(key), edit.limits).remove(range)
        if !range.isEmpty {
          edit.changed(key, .sortedSet(name), count: range.count)
          edit.tellIfGone(key)
        }
        call.reply.integer(range.count)
      })
  }
}
