internal import RESP
internal import Values
internal import VersionedStore

/// ACL: users and what they may do. Behaviour and reply texts follow Redis 7.0.
enum ACLCommands {
  static let all = [acl]

  static let acl = Command(
    "acl", arity: .atLeast(2), group: .server, since: "6.0.0", complexity: "Depends on subcommand.",
    "A container for commands about users and what they may do.",
    subcommands: [
      cat, delUser, dryRun, genPass, getUser, help, list, load, log, save, setUser, users, whoAmI,
    ])

  /// Flags of what concerns nobody but who asks.
  static let open: CommandFlags = [.noScript, .loading, .stale]
  /// Flags of what shows or changes what others may do.
  static let guarded: CommandFlags = [.admin, .noScript, .loading, .stale]

  private static let whoAmI = Command(
    "whoami", arity: .exactly(2), flags: open, group: .server, since: "6.0.0",
    "Tells the name of the user that the connection has logged in as.",
    .control { call, _ throws(CommandError) in call.reply.bulk(call.session.user.name) })

  private static let cat = Command(
    "cat", arity: .atLeast(2), flags: open, group: .server, since: "6.0.0",
    complexity: "O(1), since commands and categories are given.",
    "Names the categories, or the commands of one.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 3 else { throw call.refuseSubcommandOrArity() }
      let commands = engine.users.commands
      if call.count == 2 {
        call.reply.arrayHeader(commands.categories.count)
        for category in commands.categories { call.reply.bulk(Array(category.name.utf8)) }
        return
      }
      guard let category = commands.category(call[2].prefix { $0 != 0 }) else {
        throw call.refuse("ERR Unknown category '", call[2].prefix(128), "'")
      }
      let ids = commands.topLevel.flatMap { [$0] + commands[$0].subcommands }
        .filter { category.members.contains($0) && !commands[$0].isAbsent }
      call.reply.arrayHeader(ids.count)
      for id in ids { call.reply.bulk(Array(commands[id].fullName.utf8)) }
    })

  private static let genPass = Command(
    "genpass", arity: .atLeast(2), flags: open, group: .server, since: "6.0.0",
    "Makes up a password that nobody will guess.",
    .control { call, _ throws(CommandError) in
      guard call.count <= 3 else { throw call.refuseSubcommandOrArity() }
      let bits = call.count == 3 ? try call.integer(2) : 256
      guard (1...4096).contains(bits) else {
        throw call.refuse(
          "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")
      }
      var generator = SystemRandomNumberGenerator()
      let digits = Array("0123456789abcdef".utf8)
      call.reply.bulk((0..<(Int(bits) + 3) / 4).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
    })

  private static let dryRun = Command(
    "dryrun", arity: .atLeast(4), flags: guarded, group: .server, since: "7.0.0",
    "Tells whether a user may run a command, without running it.",
    .control { call, engine throws(CommandError) in
      guard let user = engine.users.find(call[2]) else {
        throw call.refuse("ERR User '", call[2], "' not found")
      }
      let arguments = call.arguments(from: 3)
      guard let record = engine.commands.find(call[3], subcommand: call.count > 4 ? call[4] : nil) else {
        throw call.refuse("ERR Command '", call[3], "' not found")
      }
      guard record.value.arity.admits(arguments.count) else {
        throw call.refuse("ERR wrong number of arguments for '\(record.value.fullName)' command")
      }
      guard let denial = engine.denial(of: user, record, arguments) else { return call.reply.ok() }
      let object = Array(arguments[denial.argument].prefix { $0 != 0 })
      switch denial.reason {
      case .command, .auth:
        call.reply.bulk(
          Array("This user has no permissions to run the '\(record.value.fullName)' command".utf8))
      case .key:
        call.reply.bulk(Array("This user has no permissions to access the '".utf8) + object + Array("' key".utf8))
      case .channel:
        call.reply.bulk(Array("This user has no permissions to access the '".utf8) + object + Array("' channel".utf8))
      }
    })

  private static let log = Command(
    "log", arity: .atLeast(2), flags: guarded, group: .server, since: "6.0.0",
    complexity: "O(N) where N is the number of entries that are shown.",
    "Shows what users were denied last.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 3 else { throw call.refuseSubcommandOrArity() }
      if call.count == 3, call.matches(2, "reset") {
        engine.accessLog.removeAll()
        return call.reply.ok()
      }
      let count = call.count == 3 ? max(try call.integer(2), 0) : 10
      let entries = engine.accessLog.entries.prefix(Int(clamping: count))
      call.reply.arrayHeader(entries.count)
      for entry in entries { call.reply.entry(entry, now: call.now) }
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], group: .server, since: "6.0.0", "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "CAT [<category>]",
        "    Name the commands of <category>, or all categories.",
        "DELUSER <username> [<username> ...]",
        "    Remove users, and end their connections.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Tell whether a user may run a command, without running it.",
        "GENPASS [<bits>]",
        "    Make up a password of 256 bits, or of <bits>.",
        "GETUSER <username>",
        "    Describe a user.",
        "LIST",
        "    Show users as lines of a configuration file.",
        "LOAD",
        "    Read the users from their file again.",
        "LOG [<count> | RESET]",
        "    Show what was denied last, or forget it.",
        "SAVE",
        "    Write the users to their file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Make a user, or change what he may do.",
        "USERS",
        "    Name all users.",
        "WHOAMI",
        "    Tell which user this connection has logged in as.",
      ])
    })
}

extension ReplyWriter {
  fileprivate mutating func entry(_ entry: AccessLog.Entry, now: Int64) {
    mapHeader(7)
    bulk("count")
    integer(entry.count)
    bulk("reason")
    bulk(entry.reason.name)
    bulk("context")
    bulk(entry.context.name)
    bulk("object")
    bulk(entry.object)
    bulk("username")
    bulk(entry.username)
    bulk("age-seconds")
    double(Double(now - entry.time) / 1000)
    bulk("client-info")
    bulk(Array(entry.client.utf8))
  }
}
