public import VersionedStore

/// Names one open connection between transport and engine: a small number, free again once the engine was told `closed`.
/// The numbers stay as dense as the connections, so that either side may keep an array by `slot`.
public struct ConnectionID: Hashable, Sendable {
  public let slot: Int

  public init(slot: Int) { self.slot = slot }
}

/// What the transport knows of a new connection.
public struct ConnectionInfo: Sendable {
  /// `ip:port`, `[ip6]:port`, or `path:0` for a unix socket: as CLIENT LIST shows it.
  public let peer: String
  public let local: String
  /// The file descriptor, for people to compare with other tools.
  public let fileDescriptor: Int
  public let isUnixSocket: Bool
  /// The peer is on this host.
  public let isLocal: Bool

  public init(peer: String, local: String, fileDescriptor: Int, isUnixSocket: Bool, isLocal: Bool) {
    self.peer = peer
    self.local = local
    self.fileDescriptor = fileDescriptor
    self.isUnixSocket = isUnixSocket
    self.isLocal = isLocal
  }
}

/// Whether the engine takes a new connection.
public enum Admission: Equatable, Sendable {
  case accepted
  /// Not taken: these bytes are sent if the socket takes them at once, and the connection is closed. It was never open:
  /// nothing more is said of it.
  case refused([UInt8])
}

/// The engine as the transport drives it: bytes in, bytes out, time as a parameter.
///
/// Everything runs on the serving loop, and the transport never calls the engine from within one of the engine's own
/// calls. All times are microseconds since 1970.
public protocol ServingEngine: AnyObject {
  /// Comes first, once.
  func attach(_ transport: any ServingTransport)
  func open(_ id: ConnectionID, _ info: ConnectionInfo, nowMicroseconds: Int64) -> Admission
  /// Whether so many connections more could be opened. One that could not is counted as refused: it gets no handshake.
  func hasRoom(for count: Int) -> Bool
  /// Input of a connection. It is only good during the call: the engine appends it to the session's own and executes
  /// nothing; a tick follows.
  func receive(_ bytes: Bytes, from id: ConnectionID)
  /// The peer will send no more, though it may still read. When what has arrived is executed, the engine closes.
  func peerClosed(_ id: ConnectionID)
  /// Executes all that has arrived, and flushes every session that has output.
  func tick(nowMicroseconds: Int64)
  /// Comes `hz` times a second.
  func cron(nowMicroseconds: Int64)
  /// Some of what `flush` could not send at once has gone; so many bytes still wait.
  func drained(_ id: ConnectionID, unsent: Int)
  /// The connection is gone, whoever ended it, and its id with it. Comes exactly once for each accepted one.
  func closed(_ id: ConnectionID)
}

/// What the engine may ask of the transport, from within `tick` and `cron` or any other work on the serving loop.
public protocol ServingTransport: AnyObject {
  /// Sends a session's output, which is only good during the call. Answers how many bytes the connection has taken over
  /// and not yet given to the kernel: above 0, the peer reads more slowly than it asks.
  @discardableResult
  func flush(_ id: ConnectionID, _ bytes: Bytes) -> Int
  /// What `flush` would answer now, with nothing to add.
  func unsentBytes(_ id: ConnectionID) -> Int
  /// Takes no more input, sends what is on its way, closes.
  func close(_ id: ConnectionID)
  /// Closes at once, whatever is on its way.
  func abort(_ id: ConnectionID)
  /// Has a tick run soon, though no input came.
  func requestTick()
  /// Has a tick run at a time, given in microseconds since 1970, unless one was asked for at an earlier time: then that
  /// one may ask again.
  func requestTick(atMicroseconds: Int64)
}
