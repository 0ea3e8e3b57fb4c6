internal import RESP
internal import Values
internal import VersionedStore

/// The commands that take elements from the first of several lists that has any, and those of them that wait for one.
extension ListCommands {
  static let blocking = [blpop, brpop, blmpop, blmove, brpoplpush]

  /// What is taken from a list.
  enum Taking {
    case one(atHead: Bool)
    case several(atHead: Bool, count: Int)
    /// An element that goes to the list at argument 2.
    case moved(fromHead: Bool, toHead: Bool)
  }

  static let blpop = pop("blpop", atHead: true, "Removes the first element of a list, or waits for one.")
  static let brpop = pop("brpop", atHead: false, "Removes the last element of a list, or waits for one.")

  private static func pop(_ name: StaticString, atHead: Bool, _ summary: StaticString) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.write, .noScript, .blocking], categories: [.list],
      keys: [.init(.index(1), .range(last: -2, step: 1, limit: 0), [.readWrite, .access, .delete])], group: .list,
      since: "2.0.0", complexity: "O(N) for N keys.", summary,
      .write { call, edit throws(CommandError) in
        let deadline = try call.deadline(seconds: call.count - 1)
        try takeOrWait(&call, edit, 1..<call.count - 1, .one(atHead: atHead), until: deadline)
      })
  }

  static let blmpop = Command(
    "blmpop", arity: .atLeast(5), flags: [.write, .blocking, .movableKeys], categories: [.list],
    keys: [.init(.index(2), .count(at: 0, first: 1, step: 1), [.readWrite, .access, .delete])], group: .list,
    since: "7.0.0", complexity: "O(N + M) for N keys and M elements of the answer.",
    "Removes elements at an end of the first of several lists that is not empty, or waits for some.",
    .write { call, edit throws(CommandError) in
      let (keys, taking) = try several(call, 2)
      let deadline = try call.deadline(seconds: 1)
      try takeOrWait(&call, edit, keys, taking, until: deadline)
    })

  static let blmove = Command(
    "blmove", arity: .exactly(6), flags: [.write, .denyOOM, .noScript, .blocking], categories: [.list],
    keys: [.one([.readWrite, .access, .delete]), .one([.readWrite, .insert], at: 2)], group: .list, since: "6.2.0",
    "Moves an element from an end of a list to an end of another, or waits for one.",
    .write { call, edit throws(CommandError) in
      let (fromHead, toHead) = (try isHead(call, 3), try isHead(call, 4))
      try moveOrWait(&call, edit, fromHead: fromHead, toHead: toHead, until: try call.deadline(seconds: 5))
    })

  static let brpoplpush = Command(
    "brpoplpush", arity: .exactly(4), flags: [.write, .denyOOM, .noScript, .blocking], categories: [.list],
    keys: [.one([.readWrite, .access, .delete]), .one([.readWrite, .insert], at: 2)], group: .list, since: "2.2.0",
    "Moves the last element of a list to the head of another, or waits for one.",
    .write { call, edit throws(CommandError) in
      try moveOrWait(&call, edit, fromHead: false, toHead: true, until: try call.deadline(seconds: 3))
    })

  private static func moveOrWait(
    _ call: inout Call, _ edit: Edit, fromHead: Bool, toHead: Bool, until deadline: Int64
  ) throws(CommandError) {
    // Where it may not wait, it answers as LMOVE does.
    if try edit.readList(call.key(1)) == nil, call.mayWait {
      call.wait(for: 1..<2, .list(.moved(fromHead: fromHead, toHead: toHead)), until: deadline)
    } else if try move(&call, edit, fromHead: fromHead, toHead: toHead), edit.tellsEffects {
      let (arguments, namesEnds) = (call.arguments(from: 0), call.count == blmoveCount)
      edit.tellInstead(count: namesEnds ? 5 : 3) { writer in
        writer.bulk(namesEnds ? "LMOVE" : "RPOPLPUSH" as StaticString)
        writer.arguments(arguments, 1..<(namesEnds ? 5 : 3))
      }
    }
  }

  /// By the number of its arguments BLMOVE is told from BRPOPLPUSH.
  private static let blmoveCount = 6

  /// The same for a client that has waited.
  private static func tellMoved(_ call: borrowing Call, _ edit: Edit, fromHead: Bool, toHead: Bool) {
    let (arguments, namesEnds) = (call.arguments(from: 0), call.count == blmoveCount)
    edit.tellInstead(count: namesEnds ? 5 : 3) { writer in
      writer.bulk(namesEnds ? "LMOVE" : "RPOPLPUSH" as StaticString)
      writer.arguments(arguments, 1..<3)
      guard namesEnds else { return }
      for isHead in [fromHead, toHead] { writer.bulk(isHead ? "left" : "right" as StaticString) }
    }
  }

  private static func takeOrWait(
    _ call: inout Call, _ edit: Edit, _ keys: Range<Int>, _ taking: Taking, until deadline: Int64
  ) throws(CommandError) {
    if try !takeFirst(&call, edit, keys, taking) { call.wait(for: keys, .list(taking), until: deadline) }
  }

  /// `numkeys key [key ...] LEFT|RIGHT [COUNT count]`, from argument `index` on.
  static func several(_ call: borrowing Call, _ index: Int) throws(CommandError) -> (keys: Range<Int>, Taking) {
    let keys = try call.countedKeys(index)
    let atHead = try isHead(call, keys.upperBound)
    return (keys, .several(atHead: atHead, count: try call.popCount(keys.upperBound + 1)))
  }

  /// Takes from the first list that is there. False if none is.
  static func takeFirst(
    _ call: inout Call, _ edit: Edit, _ keys: Range<Int>, _ taking: Taking
  ) throws(CommandError) -> Bool {
    for index in keys {
      let key = call.key(index)
      guard try edit.readList(key) != nil else { continue }
      try take(&call, edit, key, taking)
      return true
    }
    return false
  }

  /// Takes from the list at `key` and answers with what was taken.
  static func take(_ call: inout Call, _ edit: Edit, _ key: Key, _ taking: Taking) throws(CommandError) {
    let (atHead, wanted): (Bool, Int?)
    switch taking {
    case .moved(let fromHead, let toHead):
      if try move(&call, edit, fromHead: fromHead, toHead: toHead), edit.tellsEffects {
        tellMoved(call, edit, fromHead: fromHead, toHead: toHead)
      }
      return
    case .one(let isHead): (atHead, wanted) = (isHead, nil)
    case .several(let isHead, let count): (atHead, wanted) = (isHead, count)
    }
    guard let list = try edit.readList(key) else { return call.reply.nullArray() }
    let count = min(wanted ?? 1, list.count)
    call.reply.arrayHeader(2)
    call.reply.bulk(key.bytes)
    if wanted != nil { call.reply.arrayHeader(count) }
    answer(&call, list, count, atHead)
    edit.listEditor(key).remove(atHead ? 0..<count : list.count - count..<list.count)
    edit.popped(count, from: key, atHead: atHead)
    edit.tellInstead(count: wanted == nil ? 2 : 3) { writer in
      writer.bulk(atHead ? "LPOP" : "RPOP" as StaticString)
      writer.bulk(key.bytes)
      if wanted != nil { writer.bulk(count) }
    }
  }
}
