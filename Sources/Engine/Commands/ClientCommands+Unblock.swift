internal import RESP
internal import VersionedStore

extension ClientCommands {
  static let unblock = Command(
    "unblock", arity: .atLeast(3), flags: [.admin, .noScript, .loading, .stale], categories: [.connection],
    group: .connection, since: "5.0.0", complexity: "O(log N) where N is the number of client connections",
    "Ends the wait of a client in a blocking command.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 4 else { throw StreamCommands.syntax(&call, "CLIENT") }
      let isError = call.count == 4 && call.matches(3, "error")
      guard call.count == 3 || isError || call.matches(3, "timeout") else {
        throw call.refuse("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
      }
      let id = try call.integer(2)
      guard let session = engine.sessions[Int(id)], !session.isClosing else { return call.reply.integer(0) }
      call.reply.integer(engine.unblock(session, withError: isError) ? 1 : 0)
    })
}
