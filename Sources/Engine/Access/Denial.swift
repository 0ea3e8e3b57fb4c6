internal import VersionedStore

/// Why a user may not do something.
public struct Denial: Equatable {
  public enum Reason: Int, Sendable {
    /// The command itself.
    case command = 1
    /// A key among its arguments.
    case key = 2
    /// Name and password are not those of a user who is on.
    case auth = 3
    /// A channel among its arguments.
    case channel = 4
  }

  public let reason: Reason
  /// The argument with the key or channel.
  public let argument: Int

  init(_ reason: Reason, argument: Int = 0) {
    self.reason = reason
    self.argument = argument
  }

  /// Whether this is the one to be told rather than `other`, of two selectors: that a key is missing says more than that
  /// the command is not allowed at all, and a later argument more than an earlier one.
  func outweighs(_ other: Denial) -> Bool {
    reason.rawValue > other.reason.rawValue || reason == other.reason && argument > other.argument
  }
}

/// Where a command comes from that access is asked for.
public enum AccessContext: Sendable {
  case toplevel
  /// It is to be queued behind MULTI.
  case queued
  /// It was queued, and EXEC is about to run it.
  case exec
  /// A script calls it.
  case script

  /// As in ACL LOG.
  var name: StaticString {
    switch self {
    case .toplevel: "toplevel"
    case .queued, .exec: "multi"
    case .script: "lua"
    }
  }
}

extension Denial {
  /// The error reply. `command` is the full name of the command that was denied.
  func text(_ context: AccessContext, command: String) -> String {
    switch context {
    case .toplevel, .queued:
      switch reason {
      case .command: "NOPERM this user has no permissions to run the '\(command)' command"
      case .key: "NOPERM this user has no permissions to access one of the keys used as arguments"
      case .channel: "NOPERM this user has no permissions to access one of the channels used as arguments"
      case .auth: "NOPERM no permission"
      }
    case .exec:
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
        + "This command is no longer allowed for the following reason: \(execReason)"
    case .script:
      "ERR The user executing the script \(scriptReason)"
    }
  }

  private var execReason: String {
    switch reason {
    case .command: "no permission to execute the command or subcommand"
    case .key: "no permission to touch the specified keys"
    case .channel: "no permission to access one of the channels used as arguments"
    case .auth: "no permission"
    }
  }

  private var scriptReason: String {
    switch reason {
    case .command: "can't run this command or subcommand"
    case .key: "can't access at least one of the keys mentioned in the command arguments"
    case .channel: "can't publish to the channel mentioned in the command"
    case .auth: "lacking the permissions for the command"
    }
  }
}
