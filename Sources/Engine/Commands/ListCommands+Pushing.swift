internal import RESP
internal import Values
internal import VersionedStore

/// Commands that add elements at an end.
extension ListCommands {
  static let pushing = [lpush, rpush, lpushx, rpushx]

  static let lpush = push("lpush", atHead: true, mustExist: false, "1.0.0", "Adds elements at the head of a list.")
  static let rpush = push("rpush", atHead: false, mustExist: false, "1.0.0", "Adds elements at the tail of a list.")
  static let lpushx = push(
    "lpushx", atHead: true, mustExist: true, "2.2.0", "Adds elements at the head of a list that is there.")
  static let rpushx = push(
    "rpushx", atHead: false, mustExist: true, "2.2.0", "Adds elements at the tail of a list that is there.")

  private static func push(
    _ name: StaticString, atHead: Bool, mustExist: Bool, _ since: StaticString, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.write, .denyOOM, .fast], categories: [.list],
      keys: [.one([.readWrite, .insert])], group: .list, since: since, complexity: "O(N) for N elements.", summary,
      .write { call, edit throws(CommandError) in
        let key = call.key(1)
        let entry = edit.find(key)
        if let entry, entry.type != .list { throw .wrongType }
        if mustExist && entry == nil { return call.reply.integer(0) }
        if entry == nil { edit.created(key) }
        let list = ListEditor(edit.place(key), edit.limits, addingTo: entry)
        for index in 2..<call.count {
          if atHead { list.pushHead(call[index]) } else { list.pushTail(call[index]) }
        }
        edit.changed(key, .list(atHead ? "lpush" : "rpush"), count: call.count &- 2)
        call.reply.integer(list.count)
      })
  }
}
