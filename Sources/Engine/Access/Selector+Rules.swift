internal import Values
internal import VersionedStore

extension Selector {
  /// A selector from its written form, with the parentheses.
  init(
    written rule: [UInt8], _ commands: AccessCommands, allowsAllChannels: Bool
  ) throws(AccessRuleError) {
    self.init(idLimit: commands.idLimit, allowsAllChannels: allowsAllChannels)
    let inner = AccessRule.text(Array(rule.dropFirst().dropLast()))
    // As in Redis, what is wrongly quoted says nothing.
    for word in ConfigurationArguments.split(inner) ?? [] { try apply(word, commands) }
  }

  /// Changes the permissions as one rule says.
  mutating func apply(_ rule: [UInt8], _ commands: AccessCommands) throws(AccessRuleError) {
    let text = AccessRule.text(rule)
    if AccessRule.isWord(text, "allkeys") || text == Array("~*".utf8) {
      (allowsAllKeys, keys) = (true, [])
    } else if AccessRule.isWord(text, "resetkeys") {
      (allowsAllKeys, keys) = (false, [])
    } else if AccessRule.isWord(text, "allchannels") || text == Array("&*".utf8) {
      (allowsAllChannels, channels) = (true, [])
    } else if AccessRule.isWord(text, "resetchannels") {
      (allowsAllChannels, channels) = (false, [])
    } else if AccessRule.isWord(text, "allcommands") || AccessRule.isWord(text, "+@all") {
      self.commands.setAll(true)
    } else if AccessRule.isWord(text, "nocommands") || AccessRule.isWord(text, "-@all") {
      self.commands.setAll(false)
    } else {
      switch text.first {
      case UInt8(ascii: "~"): try addKeys(.all, Array(rule.dropFirst()))
      case UInt8(ascii: "%"): try addKeys(prefixed: rule)
      case UInt8(ascii: "&"): try addChannels(Array(rule.dropFirst()))
      case UInt8(ascii: "+"), UInt8(ascii: "-"): try applyCommandRule(text, commands)
      default: throw .syntax
      }
    }
  }

  /// `%R~pattern`, `%W~pattern` and `%RW~pattern`.
  private mutating func addKeys(prefixed rule: [UInt8]) throws(AccessRuleError) {
    if allowsAllKeys { throw .keyPatternAfterAll }
    var permission: KeyPermission = []
    var rest = rule.dropFirst()
    while let letter = rest.popFirst(), letter != UInt8(ascii: "~") {
      let added: KeyPermission
      switch letter.lowercased {
      case UInt8(ascii: "r"): added = .read
      case UInt8(ascii: "w"): added = .write
      default: throw .syntax
      }
      guard permission.isDisjoint(with: added) else { throw .syntax }
      permission.insert(added)
    }
    // A pattern that permits nothing could not be written down again.
    guard !permission.isEmpty else { throw .syntax }
    try addKeys(permission, Array(rest))
  }

  private mutating func addKeys(_ permission: KeyPermission, _ pattern: [UInt8]) throws(AccessRuleError) {
    if allowsAllKeys { throw .keyPatternAfterAll }
    if AccessRule.hasBlanks(pattern) { throw .syntax }
    if let known = keys.firstIndex(where: { $0.pattern == pattern }) {
      keys[known].permission.formUnion(permission)
    } else {
      keys.append(KeyPattern(pattern: pattern, permission: permission))
    }
  }

  private mutating func addChannels(_ pattern: [UInt8]) throws(AccessRuleError) {
    if allowsAllChannels { throw .channelPatternAfterAll }
    if AccessRule.hasBlanks(pattern) { throw .syntax }
    if !channels.contains(pattern) { channels.append(pattern) }
  }

  /// `+name`, `-name`, `+container|subcommand`, `+@category` and so on.
  private mutating func applyCommandRule(_ text: [UInt8], _ commands: AccessCommands) throws(AccessRuleError) {
    let allows = text.first == UInt8(ascii: "+")
    let name = text.dropFirst()
    if name.first == UInt8(ascii: "@") {
      guard let category = commands.category(name.dropFirst()) else { throw .unknownCommand }
      self.commands.set(category, allows)
    } else if let bar = name.lastIndex(of: UInt8(ascii: "|")), allows {
      try allowPart(name[..<bar], Array(name[(bar + 1)...]), whole: name, commands)
    } else {
      guard let command = commands.find(name) else { throw .unknownCommand }
      self.commands.set(command, allows)
    }
  }

  /// A subcommand or, of a command that has none, a first argument.
  private mutating func allowPart(
    _ name: ArraySlice<UInt8>, _ part: [UInt8], whole: ArraySlice<UInt8>, _ commands: AccessCommands
  ) throws(AccessRuleError) {
    guard let command = commands.find(name) else { throw .unknownCommand }
    if command.isSubcommand { throw .firstArgumentOfSubcommand }
    // One with blanks could not be written down again.
    if part.isEmpty || AccessRule.hasBlanks(part) { throw .syntax }
    guard !command.subcommands.isEmpty else { return self.commands.add(firstArgument: part, of: command) }
    guard let subcommand = commands.find(whole) else { throw .unknownCommand }
    self.commands.set(subcommand, true)
  }
}
