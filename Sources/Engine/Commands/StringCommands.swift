internal import RESP
internal import VersionedStore
internal import Values

/// GET, SET and kin. Behaviour and reply texts follow Redis 7.0.
enum StringCommands {
  static let all = [get, set]

  static let get = Command(
    "get", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.string], keys: [.one([.readOnly, .access])],
    group: .string, since: "1.0.0", "Answers with the string at a key.",
    .read { call, view throws(CommandError) in
      guard let entry = view.find(call.key(1)) else { return call.reply.null() }
      call.reply.bulk(try entry.string)
    })

  static let set = Command(
    "set", arity: .atLeast(3), flags: [.write, .denyOOM], categories: [.string],
    keys: [.one([.readWrite, .access, .update, .variableFlags])], group: .string, since: "1.0.0",
    "Stores a string at a key, whatever was there.",
    .write { call, edit throws(CommandError) in
      edit.putString(call.key(1), call[2], expiry: nil)
      call.reply.ok()
    })
}
