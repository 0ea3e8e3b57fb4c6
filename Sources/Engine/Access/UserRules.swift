internal import Values
internal import VersionedStore

/// All that makes a user but his name. Changed as a whole: rules are tried on a copy, which takes the place of the original
/// if all of them are good.
struct UserRules: Equatable {
  /// What a user said of DUMP payloads; it is kept and shown. Here every payload is looked at in full.
  enum Sanitizing {
    case unsaid, skip, sanitize
  }

  /// May log in.
  var isOn = false
  /// Any password is right.
  var needsNoPassword = false
  var sanitizing = Sanitizing.unsaid
  /// SHA-256, in hexadecimal, in the order in which they were given.
  var passwords: [[UInt8]] = []
  /// The root first.
  var selectors: [Selector]

  /// A user who was just made: off, and without permissions.
  init(idLimit: Int, allowsAllChannels: Bool) {
    selectors = [Selector(idLimit: idLimit, allowsAllChannels: allowsAllChannels)]
  }

  /// One selector alone allows everything: nothing has to be checked.
  var allowsEverything: Bool { selectors.contains { $0.allowsEverything } }

  /// Whether this is one of the user's passwords.
  func admits(password: Bytes) -> Bool {
    guard isOn else { return false }
    if needsNoPassword { return true }
    let hash = PasswordHash.hexadecimal(password)
    // All are looked at, so that the time tells nothing of which was right.
    var isRight = false
    for known in passwords {
      let isThis = known.withBytes { known in hash.withBytes { $0.equalsInConstantTime(known) } }
      isRight = isRight || isThis
    }
    return isRight
  }
}

// MARK: Rules

extension UserRules {
  /// Changes the user as rules say, one after the other. `newAllowsAllChannels` is what `acl-pubsub-default` gives.
  mutating func apply(
    _ rules: [[UInt8]], _ commands: AccessCommands, newAllowsAllChannels: Bool
  ) throws(RefusedRule) {
    for rule in rules {
      do throws(AccessRuleError) {
        try apply(rule, commands, newAllowsAllChannels: newAllowsAllChannels)
      } catch {
        throw RefusedRule(rule: AccessRule.text(rule), reason: error)
      }
    }
  }

  mutating func apply(
    _ rule: [UInt8], _ commands: AccessCommands, newAllowsAllChannels: Bool
  ) throws(AccessRuleError) {
    guard let first = rule.first else { return }
    let text = AccessRule.text(rule)
    if AccessRule.isWord(text, "on") {
      isOn = true
    } else if AccessRule.isWord(text, "off") {
      isOn = false
    } else if AccessRule.isWord(text, "skip-sanitize-payload") {
      sanitizing = .skip
    } else if AccessRule.isWord(text, "sanitize-payload") {
      sanitizing = .sanitize
    } else if AccessRule.isWord(text, "nopass") {
      (needsNoPassword, passwords) = (true, [])
    } else if AccessRule.isWord(text, "resetpass") {
      (needsNoPassword, passwords) = (false, [])
    } else if first == UInt8(ascii: ">") || first == UInt8(ascii: "#") {
      let hash = try Self.hash(rule)
      if !passwords.contains(hash) { passwords.append(hash) }
      needsNoPassword = false
    } else if first == UInt8(ascii: "<") || first == UInt8(ascii: "!") {
      let hash = try Self.hash(rule)
      guard let index = passwords.firstIndex(of: hash) else { throw .noSuchPassword }
      passwords.remove(at: index)
    } else if first == UInt8(ascii: "("), rule.last == UInt8(ascii: ")") {
      selectors.append(try Selector(written: rule, commands, allowsAllChannels: newAllowsAllChannels))
    } else if AccessRule.isWord(text, "clearselectors") {
      selectors.removeSubrange(1...)
    } else if AccessRule.isWord(text, "reset") {
      self = UserRules(idLimit: commands.idLimit, allowsAllChannels: newAllowsAllChannels)
      sanitizing = .sanitize
    } else {
      try selectors[0].apply(rule, commands)
    }
  }

  /// The hash that a rule gives (`#`, `!`), or that of the password that it gives (`>`, `<`).
  private static func hash(_ rule: [UInt8]) throws(AccessRuleError) -> [UInt8] {
    let value = Array(rule.dropFirst())
    if rule[0] == UInt8(ascii: ">") || rule[0] == UInt8(ascii: "<") {
      return value.withBytes { PasswordHash.hexadecimal($0) }
    }
    guard PasswordHash.isWellFormed(value) else { throw .badHash }
    return value
  }
}

// MARK: Writing rules down

extension UserRules {
  /// As in ACL LIST, in the configuration file and in the file of users: rules that make this user when they are read back.
  func description(_ commands: AccessCommands) -> [UInt8] {
    var words = flags.map { Array("\($0)".utf8) }
    words += passwords.map { [UInt8(ascii: "#")] + $0 }
    words += selectors[0].description(commands)
    for selector in selectors.dropFirst() {
      let inner = selector.description(commands).map(AccessRule.quotedIfNeeded)
      words.append([UInt8(ascii: "(")] + AccessRule.line(inner) + [UInt8(ascii: ")")])
    }
    return AccessRule.line(words)
  }

  /// As in ACL GETUSER.
  var flags: [StaticString] {
    var flags: [StaticString] = [isOn ? "on" : "off"]
    if needsNoPassword { flags.append("nopass") }
    switch sanitizing {
    case .unsaid: break
    case .skip: flags.append("skip-sanitize-payload")
    case .sanitize: flags.append("sanitize-payload")
    }
    return flags
  }
}
