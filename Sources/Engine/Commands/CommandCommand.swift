internal import RESP
internal import Values
internal import VersionedStore

/// COMMAND: the table of commands, as clients read it. Reply forms follow Redis 7.0.
enum CommandCommand {
  static let all = [command]

  private static let flags: CommandFlags = [.loading, .stale]
  private static let perCommand: StaticString = "O(N) where N is the number of commands that are asked for"
  private static let perArgument: StaticString = "O(N) where N is the number of the command's arguments"

  static let command = Command(
    "command", arity: .atLeast(1), flags: flags, categories: [.connection], group: .server, since: "2.8.13",
    complexity: "O(N) where N is the number of commands", "Describes all commands.",
    subcommands: [count, docs, getKeys, getKeysAndFlags, help, info, list],
    .control { call, engine throws(CommandError) in
      describe(engine.commands.all, &call.reply)
    })

  private static let count = Command(
    "count", arity: .exactly(2), flags: flags, categories: [.connection], group: .server, since: "2.8.13",
    "Tells how many commands there are.",
    .control { call, engine throws(CommandError) in call.reply.integer(engine.commands.all.count) })

  private static let info = Command(
    "info", arity: .atLeast(2), flags: flags, categories: [.connection], group: .server, since: "2.8.13",
    complexity: perCommand, "Describes commands for clients.",
    .control { call, engine throws(CommandError) in
      if call.count == 2 { return describe(engine.commands.all, &call.reply) }
      call.reply.arrayHeader(call.count - 2)
      for index in 2..<call.count {
        if let record = engine.commands.find(fullName: call[index]) {
          call.reply.description(of: record.value)
        } else {
          call.reply.null()
        }
      }
    })

  private static func describe(_ records: [Fixed<CommandRecord>], _ reply: inout ReplyWriter) {
    reply.arrayHeader(records.count)
    for record in records { reply.description(of: record.value) }
  }

  private static let docs = Command(
    "docs", arity: .atLeast(2), flags: flags, categories: [.connection], group: .server, since: "7.0.0",
    complexity: perCommand, "Describes commands for people.",
    .control { call, engine throws(CommandError) in
      let records =
        call.count == 2
        ? engine.commands.all : (2..<call.count).compactMap { engine.commands.find(fullName: call[$0]) }
      call.reply.mapHeader(records.count)
      for record in records {
        call.reply.bulk(record.value.fullName)
        call.reply.documentation(of: record.value)
      }
    })

  private static let list = Command(
    "list", arity: .atLeast(2), flags: flags, categories: [.connection], group: .server, since: "7.0.0",
    complexity: "O(N) where N is the number of commands", "Names all commands, or those that a filter lets through.",
    .control { call, engine throws(CommandError) in
      let filter = try CommandFilter(call)
      let records = engine.commands.all.flatMap { [$0] + $0.value.subcommands }.filter { filter.admits($0.value) }
      call.reply.arrayHeader(records.count)
      for record in records { call.reply.bulk(record.value.fullName) }
    })

  private static let getKeys = Command(
    "getkeys", arity: .atLeast(4), flags: flags, categories: [.connection], group: .server, since: "2.8.13",
    complexity: perArgument, "Picks the keys out of a command.",
    .control { call, engine throws(CommandError) in
      let keys = try KeyFinder.keys(in: &call, from: 2, engine.commands)
      call.reply.arrayHeader(keys.count)
      for key in keys { call.reply.bulk(call[key.index]) }
    })

  private static let getKeysAndFlags = Command(
    "getkeysandflags", arity: .atLeast(4), flags: flags, categories: [.connection], group: .server, since: "7.0.0",
    complexity: perArgument, "Picks the keys out of a command, and tells what it does with each.",
    .control { call, engine throws(CommandError) in
      let keys = try KeyFinder.keys(in: &call, from: 2, engine.commands)
      call.reply.arrayHeader(keys.count)
      for key in keys {
        call.reply.arrayHeader(2)
        call.reply.bulk(call[key.index])
        call.reply.names(of: key.access, among: KeySpecification.Access.names)
      }
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: flags, categories: [.connection], group: .server, since: "5.0.0",
    "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "(no subcommand)",
        "    Describe all commands for clients.",
        "COUNT",
        "    Tell how many commands there are.",
        "DOCS [<command-name> ...]",
        "    Describe commands, or all of them, for people.",
        "GETKEYS <full-command>",
        "    Pick the keys out of a command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Pick the keys out of a command, and tell what it does with each.",
        "INFO [<command-name> ...]",
        "    Describe commands, or all of them, for clients.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    Name all commands, or those that a filter lets through.",
      ])
    })
}

/// COMMAND LIST FILTERBY.
private enum CommandFilter {
  case none
  /// There are no modules, and so no commands of one.
  case module
  /// nil for a category that does not exist.
  case category(CommandCategories?)
  case pattern([UInt8])

  init(_ call: Call) throws(CommandError) {
    if call.count == 2 {
      self = .none
      return
    }
    guard call.count == 5, call.matches(2, "filterby") else { throw .syntax }
    if call.matches(3, "module") {
      self = .module
    } else if call.matches(3, "aclcat") {
      let named = CommandCategories.names.first {
        Bytes($0.1).dropFirst().elementsEqual(call[4].lazy.map(\.lowercased))
      }
      self = .category(named?.0)
    } else if call.matches(3, "pattern") {
      self = .pattern(Array(call[4]))
    } else {
      throw .syntax
    }
  }

  func admits(_ record: CommandRecord) -> Bool {
    switch self {
    case .none: true
    case .module: false
    case .category(let category): category.map { record.command.allCategories.contains($0) } ?? false
    case .pattern(let pattern):
      pattern.withBytes { pattern in
        Array(record.fullName.utf8).withBytes { Glob.matches(pattern, $0, ignoringCase: true) }
      }
    }
  }
}

extension CommandTable {
  /// The command of this name, or the subcommand that is named as `container|subcommand`.
  func find(fullName: Bytes) -> Fixed<CommandRecord>? {
    guard let bar = fullName.firstIndex(of: UInt8(ascii: "|")) else { return find(fullName) }
    return find(fullName[0..<bar])?.value.subcommand(fullName[bar + 1..<fullName.count])
  }
}
