/// How a replica stands, as far as commands and the end of the server want to know.
public struct ReplicaStatus: Sendable, Equatable {
  /// Address and port, as log lines name it.
  public var name: String
  /// Has the dataset and is sent the command stream; otherwise it is on its way there.
  public var isOnline: Bool
  /// What INFO calls the state.
  public var state: String
  /// The last offset that it said to have executed.
  public var acknowledgedOffset: Int64
  /// Seconds since it said so; 0 while it is not online.
  public var lagSeconds: Int64

  public init(name: String, isOnline: Bool, state: String, acknowledgedOffset: Int64, lagSeconds: Int64) {
    self.name = name
    self.isOnline = isOnline
    self.state = state
    self.acknowledgedOffset = acknowledgedOffset
    self.lagSeconds = lagSeconds
  }
}
