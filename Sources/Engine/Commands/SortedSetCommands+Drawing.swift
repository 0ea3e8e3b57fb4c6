internal import RESP
internal import Values
internal import VersionedStore

/// ZRANDMEMBER, ZPOPMIN, ZPOPMAX and ZMPOP.
extension SortedSetCommands {
  static let drawing = [zrandmember]
  static let popping = [zpopmin, zpopmax, zmpop]

  static let zrandmember = Command(
    "zrandmember", arity: .atLeast(2), flags: [.readOnly], categories: [.sortedSet],
    keys: [.one([.readOnly, .access])], group: .sortedSet, since: "6.2.0",
    complexity: "O(N) for N members of the answer.", "Answers with members chosen at random, each equally likely.",
    .read { call, view throws(CommandError) in
      var generator = view.random
      guard call.count > 2 else {
        guard let choice = try view.sortedSet(call.key(1))?.random(using: &generator) else { return call.reply.null() }
        return call.reply.bulk(choice.member)
      }
      let wanted = try call.integer(2)
      guard wanted != .min else { throw .outOfSignedRange }
      let withScores = call.count == 4 && call.matches(3, "withscores")
      guard call.count == 3 || withScores else { throw .syntax }
      if withScores, wanted.magnitude > UInt64(Int64.max / 2) { throw .outOfPairRange }
      guard let set = try view.sortedSet(call.key(1)), wanted != 0 else { return call.reply.arrayHeader(0) }
      guard wanted > 0 || call.mayRepeat(-wanted) else { throw .outOfPairRange }
      if wanted < 0 {
        call.membersHeader(Int(-wanted), withScores: withScores)
        for _ in 0..<Int(-wanted) {
          if call.isReplyTooLong { return }
          guard let choice = set.random(using: &generator) else { return }
          call.member(choice.member, choice.score, withScores: withScores)
        }
      } else {
        let ranks = ranks(Int(min(wanted, Int64(set.count))), of: set.count, &generator)
        call.membersHeader(ranks.count, withScores: withScores)
        for rank in ranks {
          set.forEach(in: rank..<rank + 1) { member, score in
            call.member(member, score, withScores: withScores)
            return true
          }
        }
      }
    })

  /// So many different numbers below `count`, in random order.
  private static func ranks(_ wanted: Int, of count: Int, _ generator: inout some RandomNumberGenerator) -> [Int] {
    guard wanted < count / 3 else { return Array((0..<count).shuffled(using: &generator).prefix(wanted)) }
    var seen: Set<Int> = []
    while seen.count < wanted { seen.insert(Int.random(in: 0..<count, using: &generator)) }
    return Array(seen)
  }

  static let zpopmin = popping("zpopmin", atEnd: false, "Removes the members with the lowest scores.")
  static let zpopmax = popping("zpopmax", atEnd: true, "Removes the members with the highest scores.")

  private static func popping(_ name: StaticString, atEnd: Bool, _ summary: StaticString) -> Command {
    Command(
      name, arity: .atLeast(2), flags: [.write, .fast], categories: [.sortedSet],
      keys: [.one([.readWrite, .access, .delete])], group: .sortedSet, since: "5.0.0",
      complexity: "O(log(N)*M) for M of N members.", summary,
      .write { call, edit throws(CommandError) in
        guard call.count <= 3 else { throw .syntax }
        var wanted: Int64 = 1
        if call.count == 3 {
          wanted = try call.integer(2, or: .notPositive)
          guard wanted >= 0 else { throw .notPositive }
        }
        guard let set = try edit.readSortedSet(call.key(1)), wanted > 0 else { return call.reply.arrayHeader(0) }
        let count = Int(min(wanted, Int64(set.count)))
        let isNested = call.reply.version == .resp3 && call.count == 3
        call.reply.arrayHeader(isNested ? count : 2 * count)
        pop(&call, edit, call.key(1), set, count, atEnd: atEnd, isNested: isNested)
      })
  }

  /// Answers with members from one end and removes them.
  static func pop(
    _ call: inout Call, _ edit: Edit, _ key: Key, _ set: SortedSetReader, _ count: Int, atEnd: Bool, isNested: Bool
  ) {
    let range = atEnd ? set.count - count..<set.count : 0..<count
    func meet(_ member: StoredValue, _ score: Double) -> Bool {
      if isNested { call.reply.arrayHeader(2) }
      call.reply.bulk(member)
      call.reply.score(score)
      return true
    }
    if atEnd { set.forEachReversed(in: range, meet) } else { set.forEach(in: range, meet) }
    SortedSetEditor(edit.place(key), edit.limits).remove(range)
    guard count > 0 else { return }
    edit.changed(key, .sortedSet(atEnd ? "zpopmax" : "zpopmin"), count: count)
    edit.tellIfGone(key)
  }

  static let zmpop = Command(
    "zmpop", arity: .atLeast(4), flags: [.write, .movableKeys], categories: [.sortedSet],
    keys: [KeySpecification(.index(1), .count(at: 0, first: 1, step: 1), [.readWrite, .access, .delete])],
    group: .sortedSet, since: "7.0.0", complexity: "O(K) + O(M*log(N)) for K keys and M of N members.",
    "Removes members at an end of the first of several sorted sets that is not empty, and answers with them.",
    .write { call, edit throws(CommandError) in
      let (keys, taking) = try several(call, 1)
      if try !takeFirst(&call, edit, keys, taking) { call.reply.nullArray() }
    })
}
