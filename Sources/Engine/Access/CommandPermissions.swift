internal import Values
internal import VersionedStore

/// Which commands may be run: the part of access rules that begins with `+` and `-`.
struct CommandPermissions: Equatable {
  private(set) var allowed: CommandSet
  /// The last word on all commands was that they are allowed: so would those be that are added to the server later.
  /// It decides how the rules are written down.
  private(set) var includesFuture = false
  /// By id, the first arguments with which a command that is not allowed may be run all the same (`+select|0`).
  private(set) var firstArguments: [Int: [[UInt8]]] = [:]

  init(idLimit: Int) { allowed = CommandSet(idLimit: idLimit) }

  var allowsAll: Bool { allowed.isFull }

  func allows(_ id: Int, _ arguments: CommandArguments) -> Bool {
    if allowed.contains(id) { return true }
    guard !firstArguments.isEmpty, arguments.count > 1, let list = firstArguments[id] else { return false }
    return list.contains { $0.withBytes { arguments[1].equalsIgnoringCase($0) } }
  }

  mutating func setAll(_ isAllowed: Bool) {
    allowed.setAll(isAllowed)
    includesFuture = isAllowed
    firstArguments = [:]
  }

  /// A command; a container brings its subcommands along.
  mutating func set(_ command: AccessCommands.Entry, _ isAllowed: Bool) {
    allowed.set(command.id, isAllowed)
    firstArguments[command.id] = nil
    for id in command.subcommands { allowed.set(id, isAllowed) }
  }

  mutating func set(_ category: AccessCommands.Category, _ areAllowed: Bool) {
    allowed.set(category.reach, areAllowed)
    guard !firstArguments.isEmpty else { return }
    for id in firstArguments.keys where category.members.contains(id) { firstArguments[id] = nil }
  }

  /// Allows a command with this first argument alone.
  mutating func add(firstArgument: [UInt8], of command: AccessCommands.Entry) {
    let list = firstArguments[command.id] ?? []
    let isKnown = list.contains { known in
      known.withBytes { known in firstArgument.withBytes { known.equalsIgnoringCase($0) } }
    }
    if !isKnown { firstArguments[command.id] = list + [firstArgument] }
  }
}

// MARK: Writing rules down

extension CommandPermissions {
  /// The rules that make these permissions, a word each, as ACL LIST shows them: all or nothing first, then the categories that fit
  /// best, then single commands.
  ///
  /// The words are chosen as Redis 7.0 chooses them, so that a rule comes out as it went in wherever that can be.
  func description(_ commands: AccessCommands) -> [[UInt8]] {
    var rules = [includesFuture ? "+@all" : "-@all"]
    // What the rules that are written so far allow.
    var written = CommandPermissions(idLimit: commands.idLimit)
    written.setAll(includesFuture)
    var rest = allowed
    var unused = commands.categories
    while let best = bestCategory(unused, rest) {
      let category = unused.remove(at: best)
      rules.append((includesFuture ? "-@" : "+@") + category.name)
      written.set(category, !includesFuture)
      rest.set(category.reach, includesFuture)
    }
    var words = rules.map { Array($0.utf8) }
    for id in commands.topLevel { describe(commands[id], commands, &written, &words) }
    return words
  }

  /// The number of the category that has more in common with what is still to be written than not, and differs least.
  private func bestCategory(_ categories: [AccessCommands.Category], _ rest: CommandSet) -> Int? {
    var best: (index: Int, different: Int, same: Int)?
    for (index, category) in categories.enumerated() {
      let on = rest.intersectionCount(category.members)
      let off = category.members.count - on
      let (different, same) = includesFuture ? (on, off) : (off, on)
      guard same > different else { continue }
      if let best, different > best.different || different == best.different && same <= best.same { continue }
      best = (index, different, same)
    }
    return best?.index
  }

  private func describe(
    _ command: AccessCommands.Entry, _ commands: AccessCommands, _ written: inout CommandPermissions,
    _ words: inout [[UInt8]]
  ) {
    let isAllowed = allowed.contains(command.id)
    if isAllowed != written.allowed.contains(command.id) {
      words.append(Array(((isAllowed ? "+" : "-") + command.fullName).utf8))
      written.set(command, isAllowed)
    }
    for id in command.subcommands { describe(commands[id], commands, &written, &words) }
    guard !isAllowed, let arguments = firstArguments[command.id] else { return }
    words += arguments.map { Array("+\(command.fullName)|".utf8) + $0 }
  }
}
