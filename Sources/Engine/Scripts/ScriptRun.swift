internal import VersionedStore

/// A script or function that runs, from its first instruction to its reply.
public struct ScriptRun {
  public enum Kind: Sendable {
    case script, function
  }

  public let kind: Kind
  /// The digest of the script, or the name of the function: as errors, logs and FUNCTION STATS name it.
  public let name: String
  /// Calls no command that writes.
  public let isReadOnly: Bool
  /// Writes even where memory is short.
  public let allowsOOM: Bool

  /// Who runs it, and the session that its commands are run in.
  let caller: Borrowed<Session>
  let session: Borrowed<Session>
  /// The command that runs it, which is good until the script is over.
  let command: (arguments: BytesList, first: Int, count: Int)
  /// By the monotonic clock, in nanoseconds.
  public let began: Int64
  /// Memory was short when it began.
  let beganShort: Bool
  /// It has called a command that writes, and cannot be killed any more.
  public internal(set) var hasWritten = false
  /// It has run for longer than `busy-reply-threshold`.
  var isOverdue = false
  var isKilled = false

  /// The words of that command.
  public var commandWords: [[UInt8]] {
    (0..<command.count).map { Array(command.arguments[command.first + $0]) }
  }
}

/// What a script or function says of itself.
public struct ScriptFlags: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let noWrites = ScriptFlags(rawValue: 1 << 0)
  public static let allowOOM = ScriptFlags(rawValue: 1 << 1)
  public static let allowStale = ScriptFlags(rawValue: 1 << 2)
  public static let noCluster = ScriptFlags(rawValue: 1 << 3)
  public static let allowCrossSlotKeys = ScriptFlags(rawValue: 1 << 4)
  /// It says nothing of itself: what it may do is asked of each command that it calls.
  public static let undeclared = ScriptFlags(rawValue: 1 << 8)

  /// What the flags make of those of the command that runs the script.
  public var commandFlags: CommandFlags {
    if contains(.undeclared) { return [] }
    var flags: CommandFlags = []
    if !contains(.noWrites) { flags.insert(.write) }
    if isDisjoint(with: [.noWrites, .allowOOM]) { flags.insert(.denyOOM) }
    if contains(.allowStale) { flags.insert(.stale) }
    return flags
  }
}
