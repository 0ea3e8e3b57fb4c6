/// Why an access rule is refused. Texts are those of Redis 7.0.
public enum AccessRuleError: Error, Sendable {
  case syntax
  case unknownCommand
  case keyPatternAfterAll
  case channelPatternAfterAll
  case noSuchPassword
  case badHash
  case firstArgumentOfSubcommand

  public var text: String {
    switch self {
    case .syntax: "Syntax error"
    case .unknownCommand: "Unknown command or category name in ACL"
    case .keyPatternAfterAll:
      "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
    case .channelPatternAfterAll:
      "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
    case .noSuchPassword: "The password you are trying to remove from the user does not exist"
    case .badHash: "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
    case .firstArgumentOfSubcommand: "Allowing first-arg of a subcommand is not supported"
    }
  }
}

/// The word that was refused, and why.
public struct RefusedRule: Error, Sendable {
  public let rule: [UInt8]
  public let reason: AccessRuleError
}

/// A selector that begins at this word is never closed.
public struct OpenSelector: Error, Sendable {
  public let rule: [UInt8]
}
