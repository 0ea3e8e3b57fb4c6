/// How a replica stands, as far as commands and the end of the server want to know.
public struct ReplicaStatus: Sendable, Equatable {
  /// Address and port, as log lines name it.
  public var name: String
  /// Has the dataset and is sent the command stream; otherwise it is on its way there.
  public var isOnline: Bool
  /// What INFO calls the state.
  public var state: String
  /// It has said at all how far it is: before that nobody knows whether it has taken in what it was sent.
  public var hasAcknowledged: Bool
  /// The last offset that it said to have executed; 0 if none.
  public var acknowledgedOffset: Int64
  /// Seconds since it said so; 0 while it is not online.
  public var lagSeconds: Int64

  public init(
    name: String, isOnline: Bool, state: String, hasAcknowledged: Bool, acknowledgedOffset: Int64, lagSeconds: Int64
  ) {
    self.name = name
    self.isOnline = isOnline
    self.state = state
    self.hasAcknowledged = hasAcknowledged
    self.acknowledgedOffset = acknowledgedOffset
    self.lagSeconds = lagSeconds
  }

  /// Whether it is known to hold all up to `end`.
  func isInSync(with end: Int64) -> Bool { hasAcknowledged && acknowledgedOffset == end }
}
