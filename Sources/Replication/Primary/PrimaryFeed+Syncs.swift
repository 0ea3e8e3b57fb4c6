internal import Engine
internal import Snapshots
internal import VersionedStore

/// Full syncs: who waits for one, who shares it, and what becomes of it.
extension PrimaryFeed {
  /// Walks that are under way at the same time, at most: each takes a thread, the processor, and what the dataset was when it
  /// began. Whoever comes later shares the next one.
  static let walksAtMost = 4

  /// A replica is to be sent a snapshot, together with all others that ask in the same tick.
  func awaitSync(_ replica: Replica) {
    add(replica)
    newcomers.append(replica)
    guard newcomers.count == 1 else { return }
    engine.whenTickEnds { [weak self] in self?.syncNewcomers() }
  }

  private func syncNewcomers() {
    let asked = newcomers
    newcomers = []
    startDueSyncs()
    for replica in asked where replica.state == .waiting && !replica.isGone {
      engine.log(
        .notice,
        isAtLimit
          ? "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"
          : "Delay next BGSAVE for diskless SYNC")
    }
  }

  private var isAtLimit: Bool { transfers.count { !$0.hasEnded } >= Self.walksAtMost }

  func kind(_ replica: Replica) -> SnapshotKind {
    let profile = replica.profile
    let hasExpiringFields = profile.content == .all && engine.keyspace.live.hasHadInnerExpiry
    let newest = profile.capabilities.contains(.expiringFields) ? 12 : 10
    return SnapshotKind(
      hasMark: profile.capabilities.contains(.mark), content: profile.content,
      newestVersion: hasExpiringFields ? min(newest, settings.rdbNewestVersion) : settings.rdbNewestVersion)
  }

  /// Begins the syncs that are due: of those who share a kind of snapshot, the first has waited long enough, or they are
  /// enough.
  func startDueSyncs() {
    var left = replicas.filter { $0.state == .waiting }
    while let first = left.first {
      let kind = kind(first)
      let group = left.filter { self.kind($0) == kind }
      left.removeAll { self.kind($0) == kind }
      if !isAtLimit, isDue(group, kind) { startSync(kind, group) }
    }
  }

  private func isDue(_ group: [Replica], _ kind: SnapshotKind) -> Bool {
    // As in Redis, nobody waits for others who would not have been sent a snapshot from memory there.
    guard settings.replDisklessSync, kind.hasMark else { return true }
    let enough = settings.replDisklessSyncMaxReplicas
    return enough > 0 && group.count >= enough
      || group.contains { now - $0.askedAt >= Int64(settings.replDisklessSyncDelay) * 1000 }
  }

  /// Seals the live dataset at the present offset and begins to send it.
  private func startSync(_ kind: SnapshotKind, _ group: [Replica]) {
    engine.handOverEffects()
    engine.log(.notice, "Starting BGSAVE for SYNC with target: replicas sockets")
    // Whoever begins to read our stream here does not know what database it is in.
    engine.effects.replicas.forgetDatabase()
    let keyspace = engine.keyspace
    let pin = keyspace.history.pinLive(atMilliseconds: keyspace.now)
    var content = SnapshotContent(pin.root, of: engine, isLogBase: false)
    if kind.content == .nothing { content.functionLibraries = [] }
    if kind.content != .all { (content.holdsKeys, content.mayHaveExpiringFields) = (false, false) }
    var options = SnapshotOptions(settings, now: keyspace.now)
    options.newestVersion = kind.newestVersion
    var walk = SnapshotWalk(content, options, hasMark: kind.hasMark)
    walk.keyDelayMicroseconds = settings.rdbKeySaveDelay
    let transfer = SnapshotTransfer(kind, pin, walk, group)
    transfers.append(transfer)
    for replica in group {
      replica.state = .receiving
      replica.transfer = transfer
      if !replica.isSnapshotOnly { replica.cursor = offset }
    }
    let announcement = Array("+FULLRESYNC \(controller.historyID) \(offset)\r\n".utf8)
    for replica in group where !replica.isPreSync && !replica.isGone {
      announcement.withBytes { engine.feed($0, to: replica.session) }
    }
    engine.log(
      .notice, "Background RDB transfer started by pid \(controller.processIdentifier), on a thread of its own")
    let running = startWalk(walk) { [weak self] event in self?.receive(event, transfer) }
    if !transfer.hasEnded { transfer.running = running }
    if transfer.isCancelled { running.cancel() }
  }

  /// Ends all walks. To be called before the server ends.
  public func shutDown() {
    for transfer in transfers { transfer.cancel() }
  }

  private func receive(_ event: WalkEvent, _ transfer: SnapshotTransfer) {
    switch event {
    case .piece(let piece, let isLast):
      transfer.append(piece, isLast: isLast)
      for replica in transfer.replicas { pump(replica) }
    case .ended(let result):
      engine.keyspace.history.unpin(transfer.pin)
      transfer.hasEnded = true
      transfer.running = nil
      switch result {
      case .success:
        engine.log(.notice, "Background RDB transfer terminated with success")
      case .failure(.cancelled):
        engine.log(.warning, "Background transfer terminated: nobody waits for it any more")
      case .failure(let failure):
        engine.log(.warning, "Background transfer error: \(failure)")
        for replica in transfer.replicas {
          engine.log(.warning, "SYNC failed for replica \(replica.name). The snapshot could not be made")
          drop(replica)
        }
      }
      endIfOver(transfer)
    }
  }

  /// Lets go of the pieces that everybody was given.
  func release(_ transfer: SnapshotTransfer) {
    let wasGiven = transfer.isGiven
    transfer.release()
    guard transfer.isGiven, !wasGiven, !transfer.isCancelled else { return }
    let count = transfer.replicas.count + transfer.completeCount
    engine.log(.warning, "Diskless rdb transfer, done reading from pipe, \(count) replicas still up.")
  }

  /// A replica has been sent all of its snapshot.
  func complete(_ transfer: SnapshotTransfer, _ replica: Replica) {
    transfer.completeCount += 1
    remove(replica, from: transfer)
    if replica.isSnapshotOnly {
      engine.log(
        .notice, "RDB transfer completed, rdb only replica (\(replica.name)) should be disconnected asap")
      engine.closeAfterReply(replica.session)
      engine.transport?.wake()
      return
    }
    if transfer.kind.hasMark {
      engine.log(
        .notice,
        "Streamed RDB transfer with replica \(replica.name) succeeded (socket). Waiting for REPLCONF ACK from slave to enable streaming"
      )
    }
    replica.state = .online
    replica.awaitsAcknowledgement = transfer.kind.hasMark
    replica.acknowledgedAt = now
    engine.updateGoodReplicas()
    engine.log(.notice, "Synchronization with replica \(replica.name) succeeded")
  }

  /// A replica has gone before it had all of its snapshot.
  func leave(_ transfer: SnapshotTransfer, _ replica: Replica) {
    let isLast = transfer.replicas.count == 1 && transfer.completeCount == 0
    if isLast, !transfer.isGiven, !transfer.isCancelled {
      engine.log(.warning, "Diskless rdb transfer, last replica dropped, killing fork child.")
      transfer.cancel()
    }
    remove(replica, from: transfer)
  }

  private func remove(_ replica: Replica, from transfer: SnapshotTransfer) {
    replica.transfer = nil
    transfer.replicas.removeAll { $0 === replica }
    release(transfer)
    endIfOver(transfer)
  }

  private func endIfOver(_ transfer: SnapshotTransfer) {
    if transfer.replicas.isEmpty, transfer.hasEnded { transfers.removeAll { $0 === transfer } }
  }
}
