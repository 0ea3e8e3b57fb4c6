internal import RESP
internal import VersionedStore

/// WAIT: has a client wait until replicas have what it has written, and what it has seen of others. Behaviour and reply texts follow Redis 7.0.
enum WaitCommand {
  static let all = [wait]

  static let wait = Command(
    "wait", arity: .exactly(3), flags: [.noScript], categories: [.connection], group: .generic, since: "3.0.0",
    "Waits until so many replicas have acknowledged all that the client has written.",
    .control { call, engine throws(CommandError) in
      if engine.isReplica {
        throw call.refuse(
          "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated."
        )
      }
      let wanted = try call.integer(1)
      let deadline = try call.deadline(milliseconds: 2)
      let offset = engine.offsetKnown(to: call.session)
      let replicas = engine.replicaHooks.acknowledged(offset)
      guard replicas < wanted, call.mayWait else { return call.reply.integer(replicas) }
      call.wait(for: 0..<0, .replicas(count: wanted, offset: offset), until: deadline)
      engine.beginsToWaitForReplicas(call.session)
    })
}
