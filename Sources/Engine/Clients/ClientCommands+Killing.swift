internal import RESP
internal import VersionedStore

// CLIENT KILL.
extension ClientCommands {
  static let kill = Command(
    "kill", arity: .atLeast(3), flags: others, categories: [.connection], group: .connection, since: "2.4.0",
    complexity: perClient, "Ends connections.",
    .control { call, engine throws(CommandError) in
      let filter = try ClientFilter(&call, engine.users)
      let asker = call.session
      let killed = engine.sessionsByAge.filter { filter.matches($0, asking: asker) }
      for session in killed where session !== asker { engine.abandon(session) }
      if call.count > 3 {
        call.reply.integer(killed.count)
      } else if killed.isEmpty {
        throw call.refuse("ERR No such client")
      } else {
        call.reply.ok()
      }
      if killed.contains(where: { $0 === asker }) { engine.closeAfterReply(asker) }
    })
}
