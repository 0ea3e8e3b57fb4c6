/// Reasons to look at a command more closely before it runs. While neither its session nor the engine has any, a command
/// takes the short way: one test of one word.
public struct Attention: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  // Of a session.

  /// Has not said who it is, or may not do everything.
  public static let restricted = Attention(rawValue: 1 << 0)
  /// Commands are queued for EXEC.
  public static let transaction = Attention(rawValue: 1 << 1)
  /// Waits for messages in RESP2, where few commands are allowed.
  public static let subscriber = Attention(rawValue: 1 << 2)
  /// The keys that it reads are remembered, to tell it when they change.
  public static let tracking = Attention(rawValue: 1 << 3)
  /// Is a replica, which has no business with the keyspace.
  public static let replica = Attention(rawValue: 1 << 4)

  // Of the engine.

  /// Somebody is shown every command.
  public static let monitored = Attention(rawValue: 1 << 8)
  /// Commands of clients are put off.
  public static let paused = Attention(rawValue: 1 << 9)
  /// Writes are refused, as too few replicas are near.
  public static let fewReplicas = Attention(rawValue: 1 << 12)
  /// A script has run for too long, and only what may end it runs beside it.
  public static let busy = Attention(rawValue: 1 << 10)

  /// The primary of this replica is out of reach, and what is here is not to be served (`replica-serve-stale-data no`).
  public static let stale = Attention(rawValue: 1 << 11)

  mutating func set(_ reason: Attention, _ isThere: Bool) {
    if isThere { insert(reason) } else { remove(reason) }
  }
}

/// What the engine is in the middle of, when a command runs within another one. Inside of either, nothing may wait.
public struct Nesting: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// EXEC runs what was queued.
  public static let transaction = Nesting(rawValue: 1 << 0)
  /// A script calls commands.
  public static let script = Nesting(rawValue: 1 << 1)
}

/// What commands have left to be done once the whole of them, an EXEC or a script among them, is over.
struct Aftermath: OptionSet, Sendable {
  let rawValue: UInt8

  /// Somebody waits for a key that was changed.
  static let readyKeys = Aftermath(rawValue: 1 << 0)
  /// Clients keep keys in their caches that were changed.
  static let invalidations = Aftermath(rawValue: 1 << 1)
  /// A session has sent itself messages, which must not fall into the midst of its reply.
  static let messages = Aftermath(rawValue: 1 << 2)
  /// What was done is to be told to replicas or to the append-only log.
  static let effects = Aftermath(rawValue: 1 << 3)
}
