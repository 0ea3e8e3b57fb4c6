public import VersionedStore

/// Where the engine's output goes.
public protocol SessionTransport: AnyObject {
  /// Sends bytes, which are good during the call only. What the socket does not take at once is queued, and counted in
  /// `session.unsentByteCount`.
  func send(_ bytes: Bytes, to session: Session)
  /// Ends the connection, at once or when all output is sent, and reports it by `peerClosed`.
  func close(_ session: Session, afterOutput: Bool)
  /// Has a tick run soon, though no input came.
  func wake()
}
