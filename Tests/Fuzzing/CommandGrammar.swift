import RESP
import TestSupport

/// What the command table says of its commands: their names, how many arguments they want, and which. A command that
/// joins the table is fuzzed without a word here.
struct CommandGrammar {
  /// An argument, as COMMAND DOCS describes it.
  struct Argument {
    var name = ""
    var type = ""
    var token: String?
    var flags: Set<String> = []
    var arguments: [Argument] = []
  }

  /// A command, or a subcommand with its container's name before its own.
  struct Command {
    var words: [String]
    var group = ""
    var arguments: [Argument] = []
  }

  private(set) var commands: [Command] = []
  /// Every word that some command knows.
  private(set) var tokens: [String] = []

  /// Reads the reply of COMMAND DOCS in RESP2.
  init(_ docs: Reply) {
    for (name, fields) in Self.pairs(docs) { add(name, fields) }
    var found: Set<String> = []
    for command in commands {
      found.formUnion(command.words)
      for argument in command.arguments { Self.collect(argument, into: &found) }
    }
    tokens = found.sorted()
  }

  private mutating func add(_ name: String, _ fields: Reply) {
    var command = Command(words: name.split(separator: "|").map(String.init))
    var isContainer = false
    for (field, value) in Self.pairs(fields) {
      switch field {
      case "group": command.group = value.text ?? ""
      case "arguments": command.arguments = Self.arguments(value)
      case "subcommands":
        isContainer = true
        for (name, fields) in Self.pairs(value) { add(name, fields) }
      default: break
      }
    }
    if !isContainer { commands.append(command) }
  }

  private static func arguments(_ reply: Reply) -> [Argument] {
    guard case .array(let items) = reply else { return [] }
    return items.map { item in
      var argument = Argument()
      for (field, value) in pairs(item) {
        switch field {
        case "name": argument.name = value.text ?? ""
        case "type": argument.type = value.text ?? ""
        case "token": argument.token = value.text
        case "arguments": argument.arguments = arguments(value)
        case "flags":
          if case .array(let flags) = value { argument.flags = Set(flags.compactMap(\.text)) }
        default: break
        }
      }
      return argument
    }
  }

  private static func collect(_ argument: Argument, into found: inout Set<String>) {
    if let token = argument.token, !token.isEmpty { found.insert(token) }
    for inner in argument.arguments { collect(inner, into: &found) }
  }

  /// A flat array of names and values.
  private static func pairs(_ reply: Reply) -> [(String, Reply)] {
    guard case .array(let items) = reply else { return [] }
    return stride(from: 0, to: items.count - 1, by: 2).compactMap { index in
      items[index].text.map { ($0, items[index + 1]) }
    }
  }
}
