internal import RESP
internal import Values
internal import VersionedStore

/// Commands that take elements from an end, and may put them elsewhere.
extension ListCommands {
  static let popping = [lpop, rpop, rpoplpush, lmove]

  static let lpop = pop("lpop", atHead: true, "Removes elements at the head of a list and answers with them.")
  static let rpop = pop("rpop", atHead: false, "Removes elements at the tail of a list and answers with them.")

  private static func pop(_ name: StaticString, atHead: Bool, _ summary: StaticString) -> Command {
    Command(
      name, arity: .atLeast(2), flags: [.write, .fast], categories: [.list],
      keys: [.one([.readWrite, .access, .delete])], group: .list, since: "1.0.0",
      complexity: "O(N) for N elements of the answer.", summary,
      .write { call, edit throws(CommandError) in
        if call.count > 3 {
          throw call.refuse("ERR wrong number of arguments for '\(call.command.value.fullName)' command")
        }
        var wanted: Int?
        if call.count == 3 {
          guard let number = Int64(text: call[2]), number >= 0 else { throw .notPositive }
          wanted = Int(number)
        }
        let key = call.key(1)
        guard let list = try edit.readList(key) else {
          if wanted == nil { call.reply.null() } else { call.reply.nullArray() }
          return
        }
        let count = min(wanted ?? 1, list.count)
        if wanted != nil { call.reply.arrayHeader(count) }
        guard count > 0 else { return }
        answer(&call, list, count, atHead)
        edit.listEditor(key).remove(atHead ? 0..<count : list.count - count..<list.count)
        edit.popped(count, from: key, atHead: atHead)
      })
  }

  @inline(__always)
  static func answer(_ call: inout Call, _ list: ListReader, _ count: Int, _ atHead: Bool) {
    if atHead {
      list.forEach(in: 0..<count) {
        call.reply.bulk($0)
        return true
      }
    } else {
      var left = count
      list.forEachReversed { _, element in
        call.reply.bulk(element)
        left -= 1
        return left > 0
      }
    }
  }

  static let rpoplpush = Command(
    "rpoplpush", arity: .exactly(3), flags: [.write, .denyOOM], categories: [.list],
    keys: [.one([.readWrite, .access, .delete]), .one([.readWrite, .insert], at: 2)], group: .list, since: "1.2.0",
    "Moves the last element of a list to the head of another.",
    .write { call, edit throws(CommandError) in _ = try move(&call, edit, fromHead: false, toHead: true) })

  static let lmove = Command(
    "lmove", arity: .exactly(5), flags: [.write, .denyOOM], categories: [.list],
    keys: [.one([.readWrite, .access, .delete]), .one([.readWrite, .insert], at: 2)], group: .list, since: "6.2.0",
    "Moves an element from an end of a list to an end of another.",
    .write { call, edit throws(CommandError) in
      let (fromHead, toHead) = (try isHead(call, 3), try isHead(call, 4))
      _ = try move(&call, edit, fromHead: fromHead, toHead: toHead)
    })

  static func isHead(_ call: borrowing Call, _ index: Int) throws(CommandError) -> Bool {
    if call.matches(index, "left") { return true }
    guard call.matches(index, "right") else { throw .syntax }
    return false
  }

  /// Returns whether there was an element to move.
  static func move(_ call: inout Call, _ edit: Edit, fromHead: Bool, toHead: Bool) throws(CommandError) -> Bool {
    let (source, target) = (call.key(1), call.key(2))
    guard try edit.readList(source) != nil else {
      call.reply.null()
      return false
    }
    _ = try edit.readList(target)
    // Looking at the target may have deleted an expired key, and with it what was found before.
    guard let list = try edit.readList(source), let element = list.element(at: fromHead ? 0 : list.count - 1) else {
      call.reply.null()
      return false
    }
    let bytes = element.withBytes { Array($0) }
    // The only element of a list stays where it is, and the key keeps its time to live.
    if list.count == 1, source.bytes == target.bytes {
      bytes.withBytes { call.reply.bulk($0) }
      edit.notify(target, .list(toHead ? "lpush" : "rpush"))
      edit.changed(source, .list(fromHead ? "lpop" : "rpop"))
      return true
    }
    let isNew = edit.find(target, quietly: true) == nil
    let last = list.count - 1
    edit.listEditor(source).remove(fromHead ? 0..<1 : last..<last + 1)
    bytes.withBytes {
      let editor = edit.listEditor(target)
      if toHead { editor.pushHead($0) } else { editor.pushTail($0) }
      call.reply.bulk($0)
    }
    if isNew { edit.created(target) }
    edit.changed(target, .list(toHead ? "lpush" : "rpush"), count: 0)
    edit.popped(1, from: source, atHead: fromHead)
    return true
  }
}
