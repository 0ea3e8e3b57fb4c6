/// SHUTDOWN, or a signal that means the same.
public struct ShutdownRequest: Sendable, Equatable {
  /// Whether the dataset is saved; nil leaves that to the configuration.
  public var saves: Bool?
  /// Replicas are not waited for.
  public var now = false
  /// The server ends though saving fails.
  public var force = false
  /// The end that was asked for before is not to come.
  public var abort = false

  public init() {}
}

/// What has become of a wish that the server end.
public enum ShutdownOutcome: Sendable, Equatable {
  case ends
  /// Replicas are waited for; `Engine.continueShutdown` goes on.
  case waits
  /// Something that was asked for first has failed: the server goes on.
  case refused
}

/// An end that replicas hold up.
struct PendingShutdown {
  let request: ShutdownRequest
  /// When they are not waited for any longer, in milliseconds since 1970.
  let deadline: Int64
  /// Sessions that have asked for it, by id.
  var sessions: [Int] = []
}
