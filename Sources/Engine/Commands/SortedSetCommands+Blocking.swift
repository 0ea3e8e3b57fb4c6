internal import RESP
internal import Values
internal import VersionedStore

/// The commands that take members from the first of several sorted sets that has any, and those of them that wait for one.
extension SortedSetCommands {
  static let blocking = [bzpopmin, bzpopmax, bzmpop]

  /// What is taken from a sorted set.
  enum Taking {
    case one(atEnd: Bool)
    case several(atEnd: Bool, count: Int)
  }

  static let bzpopmin = pop("bzpopmin", atEnd: false, "Removes the member with the lowest score, or waits for one.")
  static let bzpopmax = pop("bzpopmax", atEnd: true, "Removes the member with the highest score, or waits for one.")

  private static func pop(_ name: StaticString, atEnd: Bool, _ summary: StaticString) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.write, .noScript, .fast, .blocking], categories: [.sortedSet],
      keys: [.init(.index(1), .range(last: -2, step: 1, limit: 0), [.readWrite, .access, .delete])],
      group: .sortedSet, since: "5.0.0", complexity: "O(log(N)) for N members.", summary,
      .write { call, edit throws(CommandError) in
        let deadline = try call.deadline(seconds: call.count - 1)
        try takeOrWait(&call, edit, 1..<call.count - 1, .one(atEnd: atEnd), until: deadline)
      })
  }

  static let bzmpop = Command(
    "bzmpop", arity: .atLeast(5), flags: [.write, .blocking, .movableKeys], categories: [.sortedSet],
    keys: [.init(.index(2), .count(at: 0, first: 1, step: 1), [.readWrite, .access, .delete])], group: .sortedSet,
    since: "7.0.0", complexity: "O(K) + O(M*log(N)) for K keys and M of N members.",
    "Removes members at an end of the first of several sorted sets that is not empty, or waits for some.",
    .write { call, edit throws(CommandError) in
      let (keys, taking) = try several(call, 2)
      let deadline = try call.deadline(seconds: 1)
      try takeOrWait(&call, edit, keys, taking, until: deadline)
    })

  private static func takeOrWait(
    _ call: inout Call, _ edit: Edit, _ keys: Range<Int>, _ taking: Taking, until deadline: Int64
  ) throws(CommandError) {
    if try !takeFirst(&call, edit, keys, taking) { call.wait(for: keys, .sortedSet(taking), until: deadline) }
  }

  /// `numkeys key [key ...] MIN|MAX [COUNT count]`, from argument `index` on.
  static func several(_ call: borrowing Call, _ index: Int) throws(CommandError) -> (keys: Range<Int>, Taking) {
    let keys = try call.countedKeys(index)
    let atEnd = call.matches(keys.upperBound, "max")
    if !atEnd { guard call.matches(keys.upperBound, "min") else { throw .syntax } }
    return (keys, .several(atEnd: atEnd, count: try call.popCount(keys.upperBound + 1)))
  }

  /// Takes from the first sorted set that is there. False if none is.
  static func takeFirst(
    _ call: inout Call, _ edit: Edit, _ keys: Range<Int>, _ taking: Taking
  ) throws(CommandError) -> Bool {
    for index in keys {
      let key = call.key(index)
      guard try edit.readSortedSet(key) != nil else { continue }
      try take(&call, edit, key, taking)
      return true
    }
    return false
  }

  /// Takes from the sorted set at `key` and answers with what was taken.
  static func take(_ call: inout Call, _ edit: Edit, _ key: Key, _ taking: Taking) throws(CommandError) {
    guard let set = try edit.readSortedSet(key) else { return call.reply.nullArray() }
    switch taking {
    case .one(let atEnd):
      call.reply.arrayHeader(3)
      call.reply.bulk(key.bytes)
      pop(&call, edit, key, set, 1, atEnd: atEnd, isNested: false)
      tellPopped(edit, key, nil, atEnd: atEnd)
    case .several(let atEnd, let wanted):
      let count = min(wanted, set.count)
      call.reply.arrayHeader(2)
      call.reply.bulk(key.bytes)
      call.reply.arrayHeader(count)
      pop(&call, edit, key, set, count, atEnd: atEnd, isNested: true)
      tellPopped(edit, key, count, atEnd: atEnd)
    }
  }

  private static func tellPopped(_ edit: Edit, _ key: Key, _ count: Int?, atEnd: Bool) {
    edit.tellInstead(count: count == nil ? 2 : 3) { writer in
      writer.bulk(atEnd ? "ZPOPMAX" : "ZPOPMIN" as StaticString)
      writer.bulk(key.bytes)
      if let count { writer.bulk(count) }
    }
  }
}
