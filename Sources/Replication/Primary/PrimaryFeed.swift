public import Engine
internal import Snapshots
public import VersionedStore

/// What this server sends to its replicas: snapshots of the dataset, and the command stream behind them.
///
/// Bytes of the stream come in by `append`, whosever they are: the effects of our own clients, or what our primary has sent.
/// They go into the backlog alone. A replica is handed some of it whenever nothing waits in its connection, so that a
/// slow one costs a place in the backlog, which stays for it, and no copy. How much may stay for it is for
/// `client-output-buffer-limit replica` to say.
///
/// Does no I/O and reads no clock: bytes leave by `Engine.feed`, time comes with `cron`. Confined to the serving thread.
public final class PrimaryFeed {
  /// Begins to walk, on another thread or at once, and has the events told on the serving thread. Set by what runs the
  /// server, as is the next.
  public var startWalk: (SnapshotWalk, _ tell: @escaping (WalkEvent) -> Void) -> any RunningWalk = { _, _ in
    preconditionFailure("nobody walks")
  }
  /// Has `pumpAll` called soon, when what is at work now has come to its end.
  public var continueLater: () -> Void = {}
  /// Lets the kernel gather small writes to a replica (`repl-disable-tcp-nodelay`).
  public var gatherWrites: (Session) -> Void = { _ in }

  unowned let controller: ReplicationController
  var engine: Engine { controller.engine }
  /// Nil as long as nobody has been a replica, or has been for `repl-backlog-ttl`: then nothing is counted either.
  private(set) var backlog: Backlog?
  /// Where the history ends while there is no backlog.
  private var offsetWithoutBacklog: Int64 = 0
  /// How far the offset is ahead of the count of the engine's own stream.
  private(set) var streamBase: Int64 = 0
  /// In the order in which they came.
  public internal(set) var replicas: [Replica] = []
  /// By session: what clients have said of themselves that are no replicas yet.
  var profiles: [Int: ReplicaProfile] = [:]
  var transfers: [SnapshotTransfer] = []
  /// Replicas that have asked for a full sync in the present tick.
  var newcomers: [Replica] = []
  /// Since when there is no replica, in milliseconds since 1970.
  var noReplicasSince: Int64 = 0
  var secondOfCron: Int64 = 0
  var secondsSincePing = 0
  /// A further round of sending was asked for.
  private var isContinuing = false

  init(_ controller: ReplicationController) { self.controller = controller }

  var settings: Settings { engine.settings }
  var now: Int64 { engine.keyspace.now }

  // MARK: The stream

  /// The end of the history (`master_repl_offset`).
  public var offset: Int64 { backlog?.end ?? offsetWithoutBacklog }

  /// The offset behind all that a session had written when the engine's stream of effects ended at `end`
  /// (`Session.writtenReplicas`). Only to be asked of a primary.
  public func offset(ofStreamEnd end: Int64) -> Int64 { end + streamBase }

  /// Adds to the stream, and hands replicas what they can take. Without a backlog nobody keeps it, and nobody counts it.
  public func append(_ bytes: Bytes) {
    guard backlog != nil else { return }
    let isGrown = backlog!.append(bytes)
    streamBase = offset - engine.effects.replicas.end
    pumpAll()
    guard isGrown else { return }
    for replica in replicas where replica.cursor != nil { engine.enforceOutputLimit(replica.session) }
    trim(limit: Self.trimmedAtOnce)
  }

  public func append(_ bytes: [UInt8]) { bytes.withBytes { append($0) } }

  /// Another history begins at `offset`: nothing of the former one can be sent any more. From here on bytes are counted.
  public func reset(_ offset: Int64) {
    engine.handOverEffects()
    for replica in replicas where replica.cursor != nil { drop(replica) }
    backlog = Backlog(size: settings.replBacklogSize, at: offset)
    controller.updateStream()
    streamBase = offset - engine.effects.replicas.end
  }

  /// Whether there is a backlog, and bytes are counted.
  public func isActive() -> Bool { backlog != nil }

  /// Gives up the backlog; the offset stands still.
  func freeBacklog() {
    engine.handOverEffects()
    offsetWithoutBacklog = offset
    backlog = nil
    controller.updateStream()
  }

  /// The history is at this offset, where nothing was counted up to now.
  func setOffset(_ offset: Int64) {
    guard offset != self.offset else { return }
    if backlog == nil { offsetWithoutBacklog = offset } else { reset(offset) }
  }

  static let trimmedAtOnce = 64

  func trim(limit: Int) {
    backlog?.size = settings.replBacklogSize
    backlog?.trim(needed: replicas.compactMap(\.cursor).min(), limit: limit)
  }

  // MARK: Replicas

  /// Ends the connections of all replicas. They come back, and find out that they have to begin anew.
  public func dropReplicas(_ reason: String) {
    guard !replicas.isEmpty else { return }
    engine.log(.notice, "Disconnecting replicas: \(reason)")
    for replica in replicas { drop(replica) }
  }

  func drop(_ replica: Replica) { engine.abandon(replica.session) }

  func replica(_ session: Session) -> Replica? { replicas.first { $0.session === session } }

  func add(_ replica: Replica) {
    profiles[replica.session.id] = nil
    engine.becomeReplica(replica.session)
    replicas.append(replica)
    engine.updateGoodReplicas()
  }

  /// What a client says of itself before it asks to be a replica.
  func note(_ profile: ReplicaProfile, of session: Session) {
    session.concernsFeed = true
    profiles[session.id] = profile
  }

  /// The session is over.
  func ended(_ session: Session) {
    profiles[session.id] = nil
    guard let index = replicas.firstIndex(where: { $0.session === session }) else { return }
    let replica = replicas.remove(at: index)
    replica.isGone = true
    replica.cursor = nil
    engine.log(.warning, "Connection with replica \(replica.name) lost.")
    engine.updateGoodReplicas()
    if replicas.isEmpty { noReplicasSince = now }
    if let transfer = replica.transfer { leave(transfer, replica) }
    trim(limit: Self.trimmedAtOnce)
  }

  /// `REPLCONF ACK`.
  func acknowledge(_ session: Session, _ offset: Int64) {
    guard let replica = replica(session) else { return }
    if offset > replica.acknowledgedOffset { replica.acknowledgedOffset = offset }
    replica.hasAcknowledged = true
    replica.acknowledgedAt = now
    engine.replicasHaveAcknowledged()
    if replica.awaitsAcknowledgement, replica.state == .online {
      replica.awaitsAcknowledgement = false
      pump(replica)
    }
  }

  /// A replica is busy with what it was sent, which may take longer than it may be silent.
  func showedLife(_ session: Session) { replica(session)?.acknowledgedAt = now }

  // MARK: Sending

  /// Bytes that one replica is handed in one go; who takes more gets it a turn of the loop later.
  private static let turnSize = 1 << 20

  /// Hands all replicas what they can take.
  public func pumpAll() {
    isContinuing = false
    for replica in replicas { pump(replica) }
  }

  func drained(_ session: Session) {
    guard let replica = replica(session) else { return }
    replica.sentAt = now
    pump(replica)
  }

  /// Hands a replica bytes as long as none wait in its connection.
  func pump(_ replica: Replica) {
    // Handing them over may tell of the connection at once: that it has drained, or that it is no more.
    guard !replica.isSending, !replica.isGone else { return }
    replica.isSending = true
    defer { replica.isSending = false }
    var budget = Self.turnSize
    while !replica.isGone, replica.session.unsentByteCount == 0 {
      if let transfer = replica.transfer, transfer.isComplete(for: replica) { complete(transfer, replica) }
      guard budget > 0 else {
        askToContinue()
        break
      }
      let count = sendNext(to: replica)
      if count == 0 { break }
      budget -= count
      replica.sentAt = now
    }
    if !replica.isGone, let cursor = replica.cursor { replica.session.streamOutput = Int(offset - cursor) }
  }

  private func askToContinue() {
    guard !isContinuing else { return }
    isContinuing = true
    continueLater()
  }

  /// Returns how many bytes there were to be sent.
  private func sendNext(to replica: Replica) -> Int {
    if let transfer = replica.transfer {
      guard let piece = transfer.next(for: replica) else { return 0 }
      replica.nextPiece += 1
      piece.withBytes { engine.feed($0, to: replica.session) }
      release(transfer)
      return piece.count
    }
    guard replica.state == .online, !replica.awaitsAcknowledgement, let cursor = replica.cursor,
      let block = backlog?.block(at: cursor)
    else { return 0 }
    let bytes = block.bytes(from: cursor)
    replica.cursor = cursor + Int64(bytes.count)
    withExtendedLifetime(block) { engine.feed(bytes, to: replica.session) }
    return bytes.count
  }
}
