internal import RESP
internal import Values
internal import VersionedStore

/// Commands that answer with a string and change or remove it.
extension StringCommands {
  static let replacing = [getset, getdel, getex]

  static let getset = Command(
    "getset", arity: .exactly(3), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .update])], group: .string, since: "1.0.0",
    "Stores a string at a key and answers with the one that was there; SET with GET does the same.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      try call.answer(edit.read(key))
      edit.putString(key, call[2], expiry: nil)
      edit.changed(key, .string("set"))
      let value = call[2]
      edit.tellInstead(count: 3) { writer in
        writer.bulk("SET")
        writer.bulk(key.bytes)
        writer.bulk(value)
      }
    })

  static let getdel = Command(
    "getdel", arity: .exactly(2), flags: [.write, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .delete])], group: .string, since: "6.2.0",
    "Answers with the string at a key and removes the key.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      try call.answer(edit.read(key))
      if edit.delete(key) { edit.tellRemovalInstead(key, isLazy: edit.settings.lazyfreeLazyUserDel) }
    })

  static let getex = Command(
    "getex", arity: .atLeast(2), flags: [.write, .fast], categories: [.string],
    keys: [
      KeySpecification(
        .index(1), .range(last: 0, step: 1, limit: 0), [.readWrite, .access, .update],
        notes: "RW and UPDATE because it changes the TTL")
    ], group: .string, since: "6.2.0",
    "Answers with the string at a key and sets or takes away its time to live.",
    .write { call, edit throws(CommandError) in
      let (option, persists) = try getexOptions(call)
      let key = call.key(1)
      guard let entry = edit.read(key) else { return call.reply.null() }
      let value = try entry.string
      let expiry = try option?.milliseconds(&call)
      call.reply.bulk(value)
      if let expiry, let option {
        // A relative time is a positive one, so that only an absolute one can lie in the past.
        if option.isAbsolute, edit.isOver(expiry) {
          edit.delete(key)
          edit.tellRemovalInstead(key, isLazy: edit.settings.lazyfreeLazyExpire)
        } else {
          edit.setExpiry(key, expiry)
          edit.changed(key, .generic("expire"))
          edit.tellInstead(count: 3) { writer in
            writer.bulk("PEXPIREAT")
            writer.bulk(key.bytes)
            writer.bulk(Int(expiry))
          }
        }
      } else if persists, entry.expires {
        edit.setExpiry(key, nil)
        edit.changed(key, .generic("persist"))
        edit.tellInstead(count: 2) { writer in
          writer.bulk("PERSIST")
          writer.bulk(key.bytes)
        }
      }
    })

  private static func getexOptions(
    _ call: borrowing Call
  ) throws(CommandError) -> (expiry: ExpiryOption?, persists: Bool) {
    var expiry: ExpiryOption?
    var persists = false
    var index = 2
    while index < call.count {
      if call.matches(index, "persist"), expiry == nil {
        persists = true
      } else if !persists, let option = ExpiryOption(call, at: index, after: expiry) {
        expiry = option
        index += 1
      } else {
        throw .syntax
      }
      index += 1
    }
    return (expiry, persists)
  }
}

extension Call {
  /// Answers with the string in `entry`, null without one.
  @inline(__always)
  mutating func answer(_ entry: Entry?) throws(CommandError) {
    guard let entry else { return reply.null() }
    reply.bulk(try entry.string)
  }
}
