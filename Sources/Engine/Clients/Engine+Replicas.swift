internal import RESP
public import VersionedStore

/// What the module that feeds replicas wants to know of sessions, and what it has to tell of itself.
public struct ReplicaHooks {
  /// A session that `concernsFeed` is over. May be told more than once.
  public var sessionEnded: (Session) -> Void = { _ in }
  /// A replica has sent an empty line: it is alive, though it has nothing to acknowledge yet.
  public var showedLife: (Session) -> Void = { _ in }
  /// Some of a replica's output has gone.
  public var drained: (Session) -> Void = { _ in }
  /// This server has become a replica itself, or a primary.
  public var roleChanged: () -> Void = {}
  public var figures: () -> ReplicaFigures = { ReplicaFigures() }
  /// All replicas, in the order in which they came.
  public var replicas: () -> [ReplicaStatus] = { [] }
  /// Where the command stream ends, in the offsets that replicas acknowledge.
  public var end: () -> Int64 = { 0 }
  /// The offset behind what was told when the engine's own stream ended there (`Session.writtenReplicas`).
  public var offset: (_ ofStreamEnd: Int64) -> Int64 = { $0 }
  /// How many replicas have acknowledged an offset.
  public var acknowledged: (_ offset: Int64) -> Int = { _ in 0 }
  /// Replicas have said how far they are, and clients that waited for that were answered.
  public var acknowledgementsCame: () -> Void = {}
  /// A dataset from the primary that is being taken in beside the live one.
  public var staging: () -> LoadFigures? = { nil }
  /// Gives the history of writes another ID (DEBUG CHANGE-REPL-ID).
  public var forgetHistory: () -> Void = {}
}

/// How far a dataset is that is being loaded, as INFO tells it.
public struct LoadFigures: Sendable {
  /// How long ago it began.
  public var seconds: Int64
  /// 0 if it is not known.
  public var totalBytes: Int
  public var loadedBytes: Int

  public init(seconds: Int64, totalBytes: Int, loadedBytes: Int) {
    self.seconds = seconds
    self.totalBytes = totalBytes
    self.loadedBytes = loadedBytes
  }
}

/// What replicas and the backlog take, as INFO tells it.
public struct ReplicaFigures: Sendable {
  /// Bytes of memory for the command stream, the backlog's and what replicas still need beyond it.
  public var memory = 0
  /// Of these, what counts as the backlog's, and what as the replicas'.
  public var backlogMemory = 0
  public var replicaMemory = 0
  /// Snapshots that are being sent.
  public var syncs = 0

  public init() {}
}

/// Sessions that are replicas: what they are sent goes past the replies, straight to the transport.
extension Engine {
  /// From here on the session is sent what `feed` is given, and no replies. It has nothing in its output.
  public func becomeReplica(_ session: Session) {
    precondition(session.output.count == 0, "a reply would stand within the stream")
    endSubscriptions(session)
    stopTracking(session)
    session.isReplica = true
    session.concernsFeed = true
    countMemory(session)
  }

  /// Whether something is still to be sent to the session: a replica's stream would stand behind it.
  public func hasOutput(_ session: Session) -> Bool {
    session.output.count > 0 || session.unsentByteCount > 0 || !session.heldMessages.isEmpty
  }

  /// Whether the session is shown the commands of all (MONITOR).
  public func isMonitor(_ session: Session) -> Bool { session.isMonitoring }

  /// Sends bytes to a replica. What does not leave at once is counted in `session.unsentByteCount`.
  public func feed(_ bytes: Bytes, to session: Session) {
    guard !session.isClosing else { return }
    statistics.bytesSent += bytes.count
    statistics.replicaBytesSent += bytes.count
    statistics.writes += 1
    transport?.send(bytes, to: session)
  }

  /// The transport has sent some of what had to wait.
  public func drained(_ session: Session, unsent: Int) {
    session.unsentByteCount = unsent
    if session.isReplica { replicaHooks.drained(session) }
  }

  /// A replica has sent something that asks for a reply, which would stand in the midst of its stream: it is none.
  func breakOffReplica(_ session: Session, _ before: Int) {
    guard session.output.count > before else { return }
    let reply = session.output.bytes[before..<session.output.count].prefix { $0 != 13 }.prefix(128)
    let name = session.lastCommand.map { $0.value.fullName } ?? "<unknown>"
    if reply.first == UInt8(ascii: "-") {
      statistics.unexpectedErrorReplies += 1
      log(
        .warning,
        "== CRITICAL == This master is sending an error to its replica: '\(String(decoding: reply.dropFirst(), as: UTF8.self))' after processing the command '\(name)'"
      )
    }
    log(
      .warning,
      "Replica generated a reply to command '\(name)', disconnecting it: '\(String(decoding: reply, as: UTF8.self))'")
    session.output.truncate(to: before)
    abandon(session)
  }
}
