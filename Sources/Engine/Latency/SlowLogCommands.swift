internal import RESP
internal import Values
internal import VersionedStore

/// SLOWLOG. Behaviour and reply texts follow Redis 7.0.
enum SlowLogCommands {
  static let all = [slowLog]

  private static let flags: CommandFlags = [.admin, .loading, .stale]
  private static let usualCount: Int64 = 10

  static let slowLog = Command(
    "slowlog", arity: .atLeast(2), group: .server, since: "2.2.12", complexity: "Depends on subcommand.",
    "Container for commands about the commands that took longest.", subcommands: [get, len, reset, help])

  private static let get = Command(
    "get", arity: .atLeast(2), flags: flags, group: .server, since: "2.2.12",
    complexity: "O(N) where N is the number of commands shown", "Shows the commands that took longest, newest first.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 3 else { throw call.refuseSubcommandOrArity() }
      var count = usualCount
      if call.count == 3 {
        count = (try? call.integer(2)) ?? -2
        guard count >= -1 else { throw call.refuse("ERR count should be greater than or equal to -1") }
      }
      engine.trimSlowLog()
      let entries = Array(engine.slowLog.newest(count == -1 ? .max : Int(count)))
      call.reply.arrayHeader(entries.count)
      for entry in entries { call.reply.slowLogEntry(entry) }
    })

  private static let len = Command(
    "len", arity: .exactly(2), flags: flags, group: .server, since: "2.2.12", "Tells how many commands are kept.",
    .control { call, engine throws(CommandError) in
      engine.trimSlowLog()
      call.reply.integer(engine.slowLog.count)
    })

  private static let reset = Command(
    "reset", arity: .exactly(2), flags: flags, group: .server, since: "2.2.12",
    complexity: "O(N) where N is the number of commands kept", "Forgets all of them.",
    .control { call, engine throws(CommandError) in
      engine.slowLog.removeAll()
      call.reply.ok()
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], group: .server, since: "6.2.0", "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "GET [<count>]",
        "    Show the <count> newest of the commands that took long (10 by default, all with -1):",
        "    number, time, microseconds, arguments, address and name of the client.",
        "LEN",
        "    Tell how many commands are kept.",
        "RESET",
        "    Forget all of them.",
      ])
    })
}

extension ReplyWriter {
  fileprivate mutating func slowLogEntry(_ entry: SlowLog.Entry) {
    arrayHeader(6)
    integer(entry.id)
    integer(Int(entry.second))
    integer(Int(entry.microseconds))
    arrayHeader(entry.arguments.count)
    for argument in entry.arguments { bulk(argument) }
    bulk(entry.client)
    bulk(entry.name)
  }
}
