/// What is known of a command beyond its declaration: arguments, history, tips. It is read by people and by clients when
/// they start, and so kept apart from what runs, as text that is taken to pieces when somebody asks for the first time.
struct CommandDocumentation: Sendable {
  /// nil if the command takes none.
  var arguments: [CommandArgument]?
  /// What changed with which version of Redis, the oldest first.
  var history: [(since: String, change: String)] = []
  var deprecatedSince: String?
  /// What to use instead.
  var successor: String?
  var tips: [String] = []
  /// Is for the servers themselves, or for their tests.
  var isInternal = false

  /// What COMMAND DOCS says of it in single words.
  var flags: [StaticString] {
    (deprecatedSince == nil ? [] : ["deprecated"]) + (isInternal ? ["syscmd"] : [])
  }

  /// Of the command of this full name; empty if there is nothing to say.
  static func of(_ fullName: String) -> CommandDocumentation { all[fullName] ?? CommandDocumentation() }

  /// By full name.
  static let all: [String: CommandDocumentation] = {
    var all: [String: CommandDocumentation] = [:]
    for (name, syntax) in CommandSyntax.all.flatMap({ entries($0) }) {
      all[name, default: .init()].arguments = ArgumentNotation.parse(syntax)
    }
    for (name, rest) in entries(CommandHistory.changes) {
      let (since, change) = firstWord(rest)
      all[name, default: .init()].history.append((since, change))
    }
    for (name, rest) in entries(CommandHistory.deprecations) {
      (all[name, default: .init()].deprecatedSince, all[name, default: .init()].successor) = firstWord(rest)
    }
    for (name, tips) in entries(CommandTips.all) {
      all[name, default: .init()].tips = tips.split(separator: " ").map(String.init)
    }
    for name in ["debug", "pfdebug", "pfselftest", "replconf", "restore-asking"] {
      all[name, default: .init()].isInternal = true
    }
    return all
  }()

  /// The lines of a text, each as its first word and the rest.
  static func entries(_ text: String) -> [(String, String)] {
    text.split(separator: "\n").map { firstWord(String($0)) }
  }

  private static func firstWord(_ line: String) -> (String, String) {
    guard let blank = line.firstIndex(of: " ") else { return (line, "") }
    return (String(line[..<blank]), String(line[line.index(after: blank)...]))
  }
}
