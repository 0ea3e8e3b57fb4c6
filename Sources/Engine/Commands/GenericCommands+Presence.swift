internal import RESP
internal import Values
internal import VersionedStore

/// Commands that ask whether keys are there, or see to it that they are not.
extension GenericCommands {
  static let presence = [del, unlink, exists, touch, type]

  static let del = Command(
    "del", arity: .atLeast(2), flags: [.write], categories: [.keyspace], keys: [.all([.remove, .delete])],
    group: .generic, since: "1.0.0", complexity: "O(N) for N keys.", "Removes keys.", .write(remove))

  static let unlink = Command(
    "unlink", arity: .atLeast(2), flags: [.write, .fast], categories: [.keyspace], keys: [.all([.remove, .delete])],
    group: .generic, since: "4.0.0", complexity: "O(N) for N keys; large values are freed afterwards.",
    "Removes keys; DEL does it in the same way.", .write(remove))

  private static func remove(_ call: inout Call, _ edit: Edit) {
    var count = 0
    for index in 1..<call.count where edit.delete(call.key(index)) { count += 1 }
    call.reply.integer(count)
  }

  static let exists = Command(
    "exists", arity: .atLeast(2), flags: [.readOnly, .fast], categories: [.keyspace], keys: [.all([.readOnly])],
    group: .generic, since: "1.0.0", complexity: "O(N) for N keys.",
    "Answers with the number of those keys that are there, each counted as often as it is named.",
    .read { call, view in
      var count = 0
      for index in 1..<call.count where view.find(call.key(index), touching: false) != nil { count += 1 }
      call.reply.integer(count)
    })

  static let touch = Command(
    "touch", arity: .atLeast(2), flags: [.readOnly, .fast], categories: [.keyspace], keys: [.all([.readOnly])],
    group: .generic, since: "3.2.1", complexity: "O(N) for N keys.",
    "Makes keys count as used just now, and answers with the number of those that are there.",
    .read { call, view in
      let view = view.touching
      var count = 0
      for index in 1..<call.count where view.find(call.key(index)) != nil { count += 1 }
      call.reply.integer(count)
    })

  static let type = Command(
    "type", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.keyspace], keys: [.one([.readOnly])],
    group: .generic, since: "1.0.0", "Answers with the type of the value at a key.",
    .read { call, view in
      call.reply.simpleString(view.find(call.key(1), touching: false)?.type.name ?? "none")
    })
}
