internal import Engine

/// What commands and the end of the server ask of replicas.
extension ReplicationController {
  /// Has the engine find out how replicas stand.
  func attachStatus() {
    let feed = feed
    engine.replicaHooks.replicas = { feed.replicas.map { $0.status(now: feed.now) } }
    engine.replicaHooks.end = { feed.offset }
    engine.replicaHooks.offset = { feed.offset(ofStreamEnd: $0) }
    engine.replicaHooks.acknowledged = { offset in feed.count(acknowledging: offset) }
    engine.replicaHooks.acknowledgementsCame = { [unowned self] in continueFailover() }
    engine.replicaHooks.forgetHistory = { [unowned self] in
      historyID = RunID.random()
      formerHistory = nil
    }
    engine.replicaHooks.staging = { [unowned self] in
      guard let status = link?.status, status.state.isStaging else { return nil }
      return LoadFigures(
        seconds: status.stagingMilliseconds / 1000, totalBytes: Int(status.progress.totalByteCount ?? 0),
        loadedBytes: Int(status.progress.readByteCount))
    }
    engine.cronTasks.append { [unowned self] _ in continueFailover() }
    onFailoverAnswer = { [unowned self] in failoverWasAnswered($0) }
  }
}

extension ReplicationController {
  /// Says now and then that the primary's commands are executed though the disk cannot be written to: clients would be
  /// refused, but a replica that does less than its primary is none.
  func warnOfDisk() {
    let now = engine.keyspace.now
    guard now - warnedOfDiskAt > 10_000 || now < warnedOfDiskAt else { return }
    warnedOfDiskAt = now
    engine.log(.warning, "Replica is applying a command even though it is unable to write to disk.")
  }
}

extension Replica {
  /// Whole seconds since it has last acknowledged something, as Redis counts them; 0 while it has not the dataset.
  func lagSeconds(now: Int64) -> Int64 { state == .online ? max(now / 1000 - acknowledgedAt / 1000, 0) : 0 }

  fileprivate func status(now: Int64) -> ReplicaStatus {
    ReplicaStatus(
      name: name, isOnline: state == .online, state: stateName, hasAcknowledged: hasAcknowledged,
      acknowledgedOffset: acknowledgedOffset, lagSeconds: lagSeconds(now: now))
  }
}

extension PrimaryFeed {
  /// How many replicas have said that they hold all up to `offset`. One whose former connection is not known to be dead yet
  /// counts once: whoever waits for two wants two copies.
  fileprivate func count(acknowledging offset: Int64) -> Int {
    var places: Set<String> = []
    var count = 0
    for replica in replicas
    where replica.state == .online && replica.hasAcknowledged && replica.acknowledgedOffset >= offset {
      if replica.profile.port == 0 || places.insert(replica.name).inserted { count += 1 }
    }
    return count
  }
}
