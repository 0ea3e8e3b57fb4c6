internal import RESP
internal import Values
internal import VersionedStore

/// Commands that answer with members of one set, or tell of them.
extension SetCommands {
  static let reading = [sismember, smismember, scard, smembers, sscan]

  static let sismember = Command(
    "sismember", arity: .exactly(3), flags: [.readOnly, .fast], categories: [.set], keys: [.one([.readOnly])],
    member: 2,
    group: .set, since: "1.0.0", "Tells whether something is a member of a set.",
    .read { call, view throws(CommandError) in
      let member = call.key(2)
      let isThere = try view.set(call.key(1))?.contains(member.bytes, member.hash) ?? false
      call.reply.integer(isThere ? 1 : 0)
    })

  static let smismember = Command(
    "smismember", arity: .atLeast(3), flags: [.readOnly, .fast], categories: [.set],
    keys: [.one([.readOnly, .access])], member: 2, group: .set, since: "6.2.0", complexity: "O(N) for N members.",
    "Tells for several things whether each is a member of a set.",
    .read { call, view throws(CommandError) in
      let set = try view.set(call.key(1))
      call.reply.arrayHeader(call.count - 2)
      for index in 2..<call.count {
        let member = call.key(index)
        call.reply.integer(set?.contains(member.bytes, member.hash) ?? false ? 1 : 0)
      }
    })

  static let scard = Command(
    "scard", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.set], keys: [.one([.readOnly])],
    group: .set, since: "1.0.0", "Answers with the number of members.",
    .read { call, view throws(CommandError) in call.reply.integer(try view.set(call.key(1))?.count ?? 0) })

  static let smembers = Command(
    "smembers", arity: .exactly(2), flags: [.readOnly], categories: [.set], keys: [.one([.readOnly, .access])],
    group: .set, since: "1.0.0", complexity: "O(N) for N members.", "Answers with all members.",
    .read { call, view throws(CommandError) in
      guard let set = try view.set(call.key(1)) else { return call.reply.setHeader(0) }
      call.reply.setHeader(set.count)
      set.forEach {
        call.reply.bulk($0)
        return true
      }
    })

  static let sscan = Command(
    "sscan", arity: .atLeast(3), flags: [.readOnly], categories: [.set], keys: [.one([.readOnly, .access])],
    group: .set, since: "2.8.0", complexity: "O(N) for N members looked at by a call.",
    "Answers with some of the members, and with a cursor for the next call; 0 begins and ends.",
    .read { call, view throws(CommandError) in
      guard let (entry, position) = try call.beginScan(view, .set) else { return }
      let options = try MemberScan(call)
      try call.answerPage { reply in
        var count = 0
        func meet(_ member: StoredValue) -> Bool {
          if options.admits(member) {
            reply.bulk(member)
            count += 1
          }
          return true
        }
        if let trie = entry.collection {
          let next = trie.scan(from: position, count: options.count, hashKey: view.root.hashKey) {
            _ = meet(.bytes($0.key))
          }
          return (count, next)
        }
        SetReader(entry).forEach(meet)
        return (count, HashPosition(0))
      }
    })
}
