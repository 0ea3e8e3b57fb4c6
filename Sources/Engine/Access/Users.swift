public import VersionedStore

/// The users of a server. There is always the one named `default`, as whom connections begin.
///
/// Confined to the serving thread.
public final class Users {
  let commands: AccessCommands
  private let settings: Settings
  public let defaultUser: User
  private var byName: [[UInt8]: User]

  init(_ table: CommandTable, _ settings: Settings) {
    commands = AccessCommands(table)
    self.settings = settings
    defaultUser = User(name: Self.defaultName, rules: Self.defaultRules(commands))
    byName = [Self.defaultName: defaultUser]
  }

  static let defaultName = Array("default".utf8)

  /// What the default user may do until something else is said: everything, without a password.
  private static func defaultRules(_ commands: AccessCommands) -> UserRules {
    var rules = UserRules(idLimit: commands.idLimit, allowsAllChannels: true)
    (rules.isOn, rules.needsNoPassword) = (true, true)
    rules.selectors[0].allowsAllKeys = true
    rules.selectors[0].commands.setAll(true)
    return rules
  }

  /// What is wrong with the rules of a user whatever commands the server has: those that modules above bring are not known
  /// before it starts.
  public static func objection(to rules: [[UInt8]]) -> (rule: [UInt8], reason: String)? {
    let commands = AccessCommands(CommandTable([]))
    do throws(OpenSelector) {
      var made = UserRules(idLimit: commands.idLimit, allowsAllChannels: false)
      for rule in try AccessRule.merge(rules) {
        do throws(AccessRuleError) { try made.apply(rule, commands, newAllowsAllChannels: false) } catch {
          if case .unknownCommand = error { continue }
          return (AccessRule.text(rule), error.text)
        }
      }
      return nil
    } catch {
      return (error.rule, "Unmatched parenthesis in acl selector")
    }
  }

  public var count: Int { byName.count }

  public func find(_ name: Bytes) -> User? { byName[Array(name)] }

  /// By name.
  public var all: [User] { byName.values.sorted { $0.name.lexicographicallyPrecedes($1.name) } }

  /// The lines that make all users.
  public var lines: [[UInt8]] { all.map { $0.line(commands) } }

  private var newAllowsAllChannels: Bool { settings.aclPubsubDefault == .allChannels }

  /// The rules of a user who was just made.
  var emptyRules: UserRules {
    UserRules(idLimit: commands.idLimit, allowsAllChannels: newAllowsAllChannels)
  }

  func apply(_ rule: [UInt8], to rules: inout UserRules) throws(AccessRuleError) {
    try rules.apply(rule, commands, newAllowsAllChannels: newAllowsAllChannels)
  }

  /// The rules of a user after some more, those of a new one if there is none; nothing is changed. Selectors may stand in
  /// several words.
  func rules(of user: User?, after more: [[UInt8]]) throws(AccessFailure) -> UserRules {
    let merged: [[UInt8]]
    do throws(OpenSelector) { merged = try AccessRule.merge(more) } catch { throw .openSelector(error.rule) }
    var rules = user?.rules ?? emptyRules
    do throws(RefusedRule) {
      try rules.apply(merged, commands, newAllowsAllChannels: newAllowsAllChannels)
    } catch {
      throw .refused(error)
    }
    return rules
  }

  func set(_ name: [UInt8], _ rules: UserRules) {
    if let user = byName[name] { user.take(rules) } else { byName[name] = User(name: name, rules: rules) }
  }

  /// The user who is gone; the default one stays.
  func remove(_ name: Bytes) -> User? {
    guard name != Bytes("default") else { return nil }
    return byName.removeValue(forKey: Array(name))
  }

  /// Puts other users in the place of all. The default user, whom sessions rest on, stays the object that he is, with rules
  /// that let him do everything if there is no other word. Answers with those who are gone; of a name that stays there is
  /// another user now.
  func replaceAll(with rules: [[UInt8]: UserRules]) -> [User] {
    let gone = byName.values.filter { $0 !== defaultUser }
    byName = rules.reduce(into: [:]) { $0[$1.key] = User(name: $1.key, rules: $1.value) }
    defaultUser.take(rules[Self.defaultName] ?? Self.defaultRules(commands))
    byName[Self.defaultName] = defaultUser
    return gone
  }

  /// Makes this the one password of the default user; nil lets him in without (`requirepass`).
  func setDefaultPassword(_ password: [UInt8]?) {
    var rules = defaultUser.rules
    rules.needsNoPassword = password == nil
    rules.passwords = password.map { [$0.withBytes { PasswordHash.hexadecimal($0) }] } ?? []
    defaultUser.take(rules)
  }
}

/// Why rules make no user.
enum AccessFailure: Error {
  case openSelector([UInt8])
  case refused(RefusedRule)

  /// As ACL SETUSER says it, without the code.
  var text: [UInt8] {
    switch self {
    case .openSelector(let rule):
      Array("Unmatched parenthesis in acl selector starting at '".utf8) + AccessRule.text(rule) + Array("'.".utf8)
    case .refused(let refused):
      Array("Error in ACL SETUSER modifier '".utf8) + refused.rule + Array("': \(refused.reason.text)".utf8)
    }
  }
}
