internal import RESP
internal import Values
internal import VersionedStore

// CLIENT PAUSE and UNPAUSE.
extension ClientCommands {
  static let pause = Command(
    "pause", arity: .atLeast(3), flags: others, categories: [.connection], group: .connection, since: "2.9.50",
    "Puts off commands for some time.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 4 else { throw call.refuseSubcommandOrArity() }
      var extent = ClientPauses.Extent.all
      if call.count == 4 {
        if call.matches(3, "write") {
          extent = .writes
        } else if !call.matches(3, "all") {
          throw call.refuse("ERR CLIENT PAUSE mode must be WRITE or ALL")
        }
      }
      guard let milliseconds = Int64(text: call[2]) else {
        throw call.refuse("ERR timeout is not an integer or out of range")
      }
      guard milliseconds >= 0 else { throw call.refuse("ERR timeout is negative") }
      let (end, overflows) = call.now.addingReportingOverflow(milliseconds)
      if overflows { throw call.refuse("ERR timeout is out of range") }
      // No time at all is over at once, unless there is a pause already, which may become stricter.
      engine.pauseClients(.command, until: milliseconds == 0 ? 0 : end, extent)
      call.reply.ok()
    })

  static let unpause = Command(
    "unpause", arity: .exactly(2), flags: others, categories: [.connection], group: .connection, since: "6.2.0",
    complexity: "O(N) where N is the number of paused clients", "Ends a pause.",
    .control { call, engine throws(CommandError) in
      engine.unpauseClients(.command)
      call.reply.ok()
    })
}
