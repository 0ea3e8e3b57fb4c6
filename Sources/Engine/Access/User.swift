/// Somebody who may log in, and what he may do then. Sessions hold the object itself, so that a change of his rules concerns
/// them at once.
///
/// Confined to the serving thread.
public final class User {
  public let name: [UInt8]
  /// Changed through `Users` alone, which knows whom a change concerns.
  private(set) var rules: UserRules
  /// Nothing that he does has to be checked.
  public private(set) var isUnrestricted: Bool
  private var writtenRules: [UInt8]?

  init(name: [UInt8], rules: UserRules) {
    self.name = name
    self.rules = rules
    isUnrestricted = rules.allowsEverything
  }

  /// Any password is right for him.
  public var needsNoPassword: Bool { rules.needsNoPassword }

  /// Every connection is let in as this user, if it is the default one.
  var letsEverybodyIn: Bool { rules.isOn && rules.needsNoPassword }

  func take(_ rules: UserRules) {
    self.rules = rules
    isUnrestricted = rules.allowsEverything
    writtenRules = nil
  }

  /// The line that makes him, in a file of users and in ACL LIST. To find the rules takes a while, so they are kept.
  func line(_ commands: AccessCommands) -> [UInt8] {
    let rules = writtenRules ?? self.rules.description(commands)
    writtenRules = rules
    return Array("user ".utf8) + name + [UInt8(ascii: " ")] + rules
  }
}
