internal import RESP
internal import VersionedStore

/// MONITOR. Behaviour and reply texts follow Redis 7.0.
enum MonitorCommand {
  static let monitor = Command(
    "monitor", arity: .exactly(1), flags: [.admin, .noScript, .loading, .stale], group: .server, since: "1.0.0",
    "Shows the connection every command that is executed.",
    .control { call, engine throws(CommandError) in
      guard engine.nesting.isEmpty else { throw call.refuse("ERR MONITOR isn't allowed for DENY BLOCKING client") }
      // Who is shown all commands already is not answered.
      guard !call.session.isMonitoring else { return }
      engine.startMonitoring(call.session)
      call.reply.ok()
    })
}
