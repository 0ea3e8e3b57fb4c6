internal import Engine
internal import RESP
internal import VersionedStore

/// What the feed does by the clock.
extension PrimaryFeed {
  private static let trimmedByCron = 640

  /// To be called with the engine's cron.
  func cron() {
    trim(limit: Self.trimmedByCron)
    startDueSyncs()
    guard now / 1000 != secondOfCron else { return }
    secondOfCron = now / 1000
    ping()
    showLife()
    dropSilent()
    freeUnused()
    engine.updateGoodReplicas()
  }

  /// Lets replicas know that we are there. Those of a replica hear it from its primary.
  private func ping() {
    secondsSincePing += 1
    guard secondsSincePing >= settings.replPingReplicaPeriod else { return }
    secondsSincePing = 0
    guard controller.primary == nil, !replicas.isEmpty else { return }
    // A replica that is to take over in time could never be told to have everything.
    if controller.failover.deadline != nil, engine.hasPausedClients { return }
    engine.effects.add(-1, count: 1, targets: .replicas) { $0.bulk("PING") }
    engine.handOverEffects()
  }

  /// A lone LF is for those who wait: it belongs to nothing.
  private func showLife() {
    for replica in replicas where isBeforeSnapshot(replica) && replica.session.unsentByteCount == 0 {
      [10].withBytes { engine.feed($0, to: replica.session) }
    }
  }

  /// Nothing of a snapshot has been sent: the replica waits for others, or for the length of what it will be sent.
  private func isBeforeSnapshot(_ replica: Replica) -> Bool {
    switch replica.state {
    case .waiting: true
    case .receiving: replica.transfer.map { !$0.kind.hasMark && !$0.isBeingSent } ?? false
    case .online: false
    }
  }

  private func dropSilent() {
    for replica in replicas {
      let limit = Int64(settings.replTimeout)
      if replica.state == .online, !replica.isPreSync, now / 1000 - replica.acknowledgedAt / 1000 > limit {
        engine.log(.warning, "Disconnecting timedout replica (streaming sync): \(replica.name)")
        drop(replica)
      } else if replica.state == .receiving, replica.session.unsentByteCount > 0,
        now / 1000 - replica.sentAt / 1000 > limit
      {
        engine.log(.warning, "Disconnecting timedout replica (full sync): \(replica.name)")
        drop(replica)
      }
    }
  }

  /// A primary without replicas gives up the backlog after a while. Its history gets another name then: what is written from
  /// here on is not counted, so that nobody may go on from an offset of before.
  private func freeUnused() {
    let limit = settings.replBacklogTTL
    guard replicas.isEmpty, backlog != nil, limit > 0, controller.primary == nil,
      now / 1000 - noReplicasSince / 1000 > Int64(limit)
    else { return }
    controller.beginHistory()
    freeBacklog()
    engine.log(.notice, "Replication backlog freed after \(limit) seconds without connected replicas.")
  }
}
