internal import RESP
internal import Values
internal import VersionedStore

/// Commands that store and remove fields.
extension HashCommands {
  static let writing = [hset, hmset, hsetnx, hdel]

  static let hset = Command(
    "hset", arity: .atLeast(4), flags: [.write, .denyOOM, .fast], categories: [.hash],
    keys: [.one([.readWrite, .update])], member: 2, group: .hash, since: "2.0.0", complexity: "O(N) for N fields.",
    "Stores values under fields of a hash.",
    .write { call, edit throws(CommandError) in call.reply.integer(try set(&call, edit)) })

  static let hmset = Command(
    "hmset", arity: .atLeast(4), flags: [.write, .denyOOM, .fast], categories: [.hash],
    keys: [.one([.readWrite, .update])], member: 2, group: .hash, since: "2.0.0", complexity: "O(N) for N fields.",
    "The former name of HSET for several fields.",
    .write { call, edit throws(CommandError) in
      _ = try set(&call, edit)
      call.reply.ok()
    })

  /// Returns the number of new fields.
  @inline(__always)
  private static func set(_ call: inout Call, _ edit: Edit) throws(CommandError) -> Int {
    guard call.count % 2 == 0 else {
      throw call.refuse("ERR wrong number of arguments for '\(call.command.value.fullName)' command")
    }
    let key = call.key(1)
    let hash = try edit.hash(addingTo: key)
    var added = 0
    var index = 2
    while index < call.count {
      if hash.set(call[index], call[index + 1], now: edit.now) { added &+= 1 }
      index += 2
    }
    edit.changed(key, .hash("hset"), count: call.count / 2 &- 1)
    return added
  }

  static let hsetnx = Command(
    "hsetnx", arity: .exactly(4), flags: [.write, .denyOOM, .fast], categories: [.hash],
    keys: [.one([.readWrite, .insert])], member: 2, group: .hash, since: "2.0.0",
    "Stores a value under a field that is not there yet.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let hash = try edit.hash(key)
      var isStale = false
      if let entry = edit.place(key).entry {
        let field = call.key(2)
        let isThere = HashReader(entry).value(of: field.bytes, field.hash, now: edit.now) != nil
        if isThere { return call.reply.integer(0) }
        isStale = HashReader(entry).holds(field)
      } else {
        edit.created(key)
      }
      hash.set(call[2], call[3])
      edit.changed(key, .hash("hset"))
      // Elsewhere the field that has expired here would still be there.
      if isStale { edit.tellInstead(setting: [(call[2], call[3])], of: key.bytes) }
      call.reply.integer(1)
    })

  static let hdel = Command(
    "hdel", arity: .atLeast(3), flags: [.write, .fast], categories: [.hash],
    keys: [.one([.readWrite, .delete])], member: 2, group: .hash, since: "2.0.0", complexity: "O(N) for N fields.",
    "Removes fields of a hash; the key goes with the last of them.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      guard let entry = edit.find(key) else { return call.reply.integer(0) }
      guard entry.type == .hash else { throw .wrongType }
      let hash = HashEditor(edit.place(key), edit.limits)
      let count = HashReader(entry).count
      var removed = 0
      for index in 2..<call.count where hash.remove(call[index], now: edit.now) { removed += 1 }
      if removed > 0 {
        edit.changed(key, .hash("hdel"), count: removed)
      } else if edit.tellsEffects, edit.place(key).entry.map({ HashReader($0).count }) ?? 0 < count {
        // What had expired has gone with it.
        edit.effects.tellCommand()
      }
      edit.tellIfGone(key)
      call.reply.integer(removed)
    })
}
