internal import RESP
internal import Values
internal import VersionedStore

/// Commands that answer with what fields hold.
extension HashCommands {
  static let reading = [hget, hmget, hlen, hstrlen, hexists, hkeys, hvals, hgetall]

  static let hget = Command(
    "hget", arity: .exactly(3), flags: [.readOnly, .fast], categories: [.hash], keys: [.one([.readOnly, .access])],
    member: 2,
    group: .hash, since: "2.0.0", "Answers with the value under a field.",
    .read { call, view throws(CommandError) in
      let field = call.key(2)
      guard let value = try view.hash(call.key(1))?.value(of: field.bytes, field.hash, now: view.now) else {
        return call.reply.null()
      }
      call.reply.bulk(value)
    })

  static let hmget = Command(
    "hmget", arity: .atLeast(3), flags: [.readOnly, .fast], categories: [.hash], keys: [.one([.readOnly, .access])],
    member: 2,
    group: .hash, since: "2.0.0", complexity: "O(N) for N fields.",
    "Answers with the values under several fields; null for one that is missing.",
    .read { call, view throws(CommandError) in
      let hash = try view.hash(call.key(1))
      call.reply.arrayHeader(call.count - 2)
      for index in 2..<call.count {
        // The same large value may be asked for a million times.
        if call.isReplyTooLong { return }
        let field = call.key(index)
        if let value = hash?.value(of: field.bytes, field.hash, now: view.now) {
          call.reply.bulk(value)
        } else {
          call.reply.null()
        }
      }
    })

  /// Counts fields that have expired and are still to be deleted, as Redis 7.4 does: to tell, all would have to be looked at.
  static let hlen = Command(
    "hlen", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.hash], keys: [.one([.readOnly])],
    group: .hash, since: "2.0.0", "Answers with the number of fields.",
    .read { call, view throws(CommandError) in call.reply.integer(try view.hash(call.key(1))?.count ?? 0) })

  static let hstrlen = Command(
    "hstrlen", arity: .exactly(3), flags: [.readOnly, .fast], categories: [.hash], keys: [.one([.readOnly])], member: 2,
    group: .hash, since: "3.2.0", "Answers with the number of bytes of the value under a field.",
    .read { call, view throws(CommandError) in
      let field = call.key(2)
      let value = try view.hash(call.key(1))?.value(of: field.bytes, field.hash, now: view.now)
      call.reply.integer(value?.byteCount ?? 0)
    })

  static let hexists = Command(
    "hexists", arity: .exactly(3), flags: [.readOnly, .fast], categories: [.hash], keys: [.one([.readOnly])], member: 2,
    group: .hash, since: "2.0.0", "Tells whether a field is there.",
    .read { call, view throws(CommandError) in
      let field = call.key(2)
      let value = try view.hash(call.key(1))?.value(of: field.bytes, field.hash, now: view.now)
      call.reply.integer(value == nil ? 0 : 1)
    })

  static let hkeys = Command(
    "hkeys", arity: .exactly(2), flags: [.readOnly], categories: [.hash], keys: [.one([.readOnly, .access])],
    group: .hash, since: "2.0.0", complexity: "O(N) for N fields.", "Answers with the names of all fields.",
    .read { call, view throws(CommandError) in try list(&call, view, fields: true, values: false) })

  static let hvals = Command(
    "hvals", arity: .exactly(2), flags: [.readOnly], categories: [.hash], keys: [.one([.readOnly, .access])],
    group: .hash, since: "2.0.0", complexity: "O(N) for N fields.", "Answers with the values of all fields.",
    .read { call, view throws(CommandError) in try list(&call, view, fields: false, values: true) })

  static let hgetall = Command(
    "hgetall", arity: .exactly(2), flags: [.readOnly], categories: [.hash], keys: [.one([.readOnly, .access])],
    group: .hash, since: "2.0.0", complexity: "O(N) for N fields.", "Answers with all fields and their values.",
    .read { call, view throws(CommandError) in try list(&call, view, fields: true, values: true) })

  private static func list(_ call: inout Call, _ view: ReadView, fields: Bool, values: Bool) throws(CommandError) {
    let hash = try view.hash(call.key(1))
    let header = call.reply.beginDeferred()
    var count = 0
    hash?.forEach { field, value, expiry in
      if let expiry, expiry <= view.now { return true }
      if fields { call.reply.bulk(field) }
      if values { call.reply.bulk(value) }
      count += 1
      return true
    }
    if fields && values {
      call.reply.endMap(header, count: count)
    } else {
      call.reply.endArray(header, count: count)
    }
  }
}
