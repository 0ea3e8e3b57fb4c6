internal import RESP
internal import Values
internal import VersionedStore

/// Commands that add and remove members.
extension SetCommands {
  static let writing = [sadd, srem, smove]

  static let sadd = Command(
    "sadd", arity: .atLeast(3), flags: [.write, .denyOOM, .fast], categories: [.set],
    keys: [.one([.readWrite, .insert])], member: 2, group: .set, since: "1.0.0", complexity: "O(N) for N members.",
    "Adds members to a set.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let set = try edit.set(addingTo: key)
      var added = 0
      for index in 2..<call.count where set.insert(call[index]) { added &+= 1 }
      if added > 0 { edit.changed(key, .set("sadd"), count: added) }
      call.reply.integer(added)
    })

  static let srem = Command(
    "srem", arity: .atLeast(3), flags: [.write, .fast], categories: [.set], keys: [.one([.readWrite, .delete])],
    member: 2,
    group: .set, since: "1.0.0", complexity: "O(N) for N members.",
    "Removes members from a set; the key goes with the last of them.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let set = try edit.set(key)
      var removed = 0
      for index in 2..<call.count where set.remove(call[index]) { removed += 1 }
      if removed > 0 {
        edit.changed(key, .set("srem"), count: removed)
        edit.tellIfGone(key)
      }
      call.reply.integer(removed)
    })

  static let smove = Command(
    "smove", arity: .exactly(4), flags: [.write, .fast], categories: [.set],
    keys: [.one([.readWrite, .access, .delete]), .one([.readWrite, .insert], at: 2)], member: 3, group: .set,
    since: "1.0.0",
    "Moves a member from one set to another.",
    .write { call, edit throws(CommandError) in
      let (source, target, member) = (call.key(1), call.key(2), call.key(3))
      let isSourceThere = edit.find(source) != nil
      // Whatever comes of it: what has expired there goes now, as with Redis, and not when somebody asks for it next.
      let isTargetFit = edit.find(target)?.type ?? .set == .set
      guard isSourceThere else { return call.reply.integer(0) }
      guard isTargetFit, edit.find(source)?.type == .set else { throw .wrongType }
      let isThere = try edit.readSet(source)?.contains(member.bytes, member.hash) ?? false
      guard isThere else { return call.reply.integer(0) }
      if source.bytes != target.bytes {
        try edit.set(source).remove(member.bytes)
        edit.changed(source, .set("srem"))
        edit.tellIfGone(source)
        if edit.find(target, quietly: true) == nil { edit.created(target) }
        if try edit.set(target).insert(member.bytes) { edit.changed(target, .set("sadd")) }
      }
      call.reply.integer(1)
    })
}
