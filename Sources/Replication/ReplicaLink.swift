public import Snapshots
public import VersionedStore

/// The replica's end of a replication link, as a state machine that does no I/O.
///
/// What happens goes in (`start`, `connected`, `receive`, `closed`, `tick`, ...), and what is to be done comes out of
/// `takeActions`, in order; the driver owns the socket, the clock and the datasets. Times are milliseconds of any steady
/// clock. The protocol is the one that redis-server's `replication.c` speaks:
///
///     replica                                   primary
///     PING                                  ->  +PONG, or an error that asks for AUTH
///     AUTH [user] password                  ->  +OK
///     INFO                                  ->  run_id, to see that we are not talking to ourselves
///     REPLCONF listening-port p             ->  +OK
///     REPLCONF ip-address a                 ->  +OK
///     REPLCONF capa eof capa psync2         ->  +OK
///     PSYNC id offset+1, or PSYNC ? -1      ->  +CONTINUE [id], then the stream of commands from there
///                                               +FULLRESYNC id offset, then a snapshot, then the stream:
///                                                 $length CR LF, snapshot            or
///                                                 $EOF:mark CR LF, snapshot, mark    (mark: 40 characters)
///     REPLCONF ACK offset, once a second
///
/// The snapshot is read into a dataset beside the live one. Nothing is asked to go live before the snapshot's own checksum,
/// its length or end mark, its history and its number of keys are all right: `commit` is the only point at
/// which the live dataset changes, and every failure before it is `discardStaged`.
public struct ReplicaLink: Sendable {
  public enum State: Sendable, Equatable {
    /// Not started, stopped, or a probe that has reported.
    case idle
    case waiting(until: Int64)
    case connecting
    case handshake(HandshakeStep)
    /// Full sync granted; the primary prepares the snapshot.
    case awaitingTransfer
    case staging
    /// Staged and verified; the driver is to answer `commit`.
    case committing
    case streaming
  }

  /// What we have asked, and wait to be answered.
  public enum HandshakeStep: Sendable, Equatable {
    case ping, authentication, information, listeningPort, address, capabilities
    /// PSYNC without its arguments, to see whether it exists (a probe only).
    case synchronizationSupport
    case synchronization
  }

  public private(set) var settings: LinkSettings
  public internal(set) var state = State.idle
  /// What the live dataset holds of the primary's history, if it is from a primary: where a partial resync goes on.
  public internal(set) var position: ReplicationPosition?
  /// The full sync that is under way.
  public internal(set) var progress = LinkProgress()
  /// The last failure; stays until the link streams again.
  public internal(set) var lastError: LinkError?
  /// When the last byte came in, or when reading went on.
  public internal(set) var lastInputTime: Int64 = 0
  /// The driver reads nothing for now: what is not heard is no silence then.
  var isReadingPaused = false
  /// Since when there has been no stream; nil while there is one.
  public internal(set) var downSince: Int64?

  var actions: [LinkAction] = []
  /// Failures since the last stream, of those that cost a snapshot.
  var failureCount = 0
  var jitter: UInt64
  var lastOutputTime: Int64 = 0
  var line = LineBuffer()
  var information: InformationReply?
  var findings = PrimaryFindings()
  var transfer: Transfer?
  /// Why the connection broke while the driver was committing.
  var closedWhileCommitting: String?
  var scanner: StreamScanner?
  /// The primary has answered whether it takes over.
  var isFailoverAnswered = false
  /// When the stream began.
  var streamStart: Int64 = 0
  /// The end of what has been executed. Goes on over connections that break.
  var appliedOffset: ReplicationOffset
  /// The primary goes on from our position, and is to be told how far the dataset is as soon as that is known.
  var owesAcknowledgement = false
  var acknowledgedRequest: ReplicationOffset?

  /// - Parameters:
  ///   - position: of the live dataset, if a partial resync may be tried.
  ///   - jitterSeed: spreads the retries of many replicas; any number.
  public init(_ settings: LinkSettings, position: ReplicationPosition? = nil, jitterSeed: UInt64) {
    self.settings = settings
    self.position = position
    // Nothing of it waits to be executed: it is the live dataset's.
    appliedOffset = position?.offset ?? ReplicationOffset(rawValue: 0)
    jitter = jitterSeed
  }

  /// What is to be done since the last call.
  public mutating func takeActions() -> [LinkAction] {
    defer { actions = [] }
    return actions
  }

  public mutating func start(at now: Int64) {
    precondition(state == .idle, "a link is started once")
    downSince = now
    connect(at: now)
  }

  /// The connection is open.
  public mutating func connected(at now: Int64) {
    guard state == .connecting else { return }
    lastInputTime = now
    log(.notice, "Non blocking connect for SYNC fired the event.")
    ask(.ping, "PING")
  }

  /// Takes in what has arrived and returns how many bytes it took. If that is not all, perform the actions and offer the
  /// rest again; between `commit` and its answer nothing is taken, so stop reading from the socket.
  ///
  /// - Parameter staging: the dataset made for the last `beginStaging`, nil before it and after its end.
  public mutating func receive(_ bytes: Bytes, at now: Int64, into staging: inout (some SnapshotSink)?) -> Int {
    if bytes.count > 0 { lastInputTime = now }
    var taken = 0
    while taken < bytes.count {
      let rest = bytes[taken..<bytes.count]
      switch state {
      case .idle, .waiting, .connecting:
        return bytes.count  // from a connection that was given up
      case .handshake(.information):
        taken += receiveInformation(rest, at: now)
      case .handshake(let step):
        taken += receiveLine(rest, at: now) { link, line in link.receive(line, replyTo: step, at: now) }
      case .awaitingTransfer:
        taken += receiveLine(rest, at: now) { link, line in link.beginTransfer(line, at: now) }
        if state == .staging { return taken }
      case .staging:
        taken += stage(rest, at: now, into: &staging)
      case .committing:
        return taken
      case .streaming:
        taken += receiveStream(rest, at: now)
      }
    }
    return taken
  }

  /// The connection could not be opened, or has broken.
  public mutating func closed(reason: String, at now: Int64) {
    switch state {
    case .idle, .waiting: break
    case .connecting: fail(.unreachable(reason: reason), at: now)
    case .handshake: fail(.lostInHandshake(reason: reason), at: now)
    case .awaitingTransfer, .staging: fail(.lostInTransfer(reason: reason), at: now)
    case .committing: closedWhileCommitting = reason
    case .streaming: fail(.lostInStream(reason: reason), at: now)
    }
  }

  /// Whether more is to be read while so many bytes of commands wait to be executed. Only the stream makes them more: a new
  /// connection shakes hands, and is sent a snapshot, however far behind the serving side is.
  public func wantsInput(unappliedByteCount: Int, limit: Int) -> Bool {
    state != .streaming || unappliedByteCount <= limit
  }

  /// The driver stops reading from the connection, or goes on with it. A new connection is read from.
  public mutating func reading(_ isReading: Bool, at now: Int64) {
    if isReadingPaused, isReading { lastInputTime = now }
    isReadingPaused = !isReading
  }

  /// Ends the link for good: `REPLICAOF NO ONE`, or another primary.
  public mutating func stop() {
    leave()
    state = .idle
  }

  /// Takes over what the configuration says now; whom the link goes to stays. A link that waits tries at once, since
  /// what it failed of may have been mended.
  public mutating func update(_ changed: LinkSettings, at now: Int64) {
    let (host, port, purpose) = (settings.host, settings.port, settings.purpose)
    settings = changed
    (settings.host, settings.port, settings.purpose) = (host, port, purpose)
    if case .waiting = state {
      failureCount = 0
      connect(at: now)
    }
  }
}
