public import Engine
internal import VersionedStore

// The history of writes that the live dataset belongs to: by its ID and an offset others can tell what of it they have.
//
//     FULLRESYNC id offset      the primary's history; nothing is left of the own one           adoptHistory
//     CONTINUE id               the primary's under a new name, the old one good up to here     renameHistory
//     REPLICAOF NO ONE          a new one, the old one good up to here                          branchHistory
//     another dataset, errors   a new one, and nobody can go on from the old one                beginHistory, loseHistory
extension ReplicationController {
  /// The history of a primary that has sent all of it.
  func adoptHistory(_ position: ReplicationPosition) {
    historyID = position.id.description
    formerHistory = nil
    isResumable = true
    heldHistory = position
    restartFeed(at: position.offset.rawValue, "the dataset was replaced by that of another primary")
  }

  /// The primary calls the history by another name from here on, which the replicas of this one have to be told.
  func renameHistory(_ id: String) {
    formerHistory = (historyID, offset)
    historyID = id
    feed.dropReplicas("the replication ID has changed")
  }

  /// What follows is this server's own, on top of the history up to now.
  func branchHistory() {
    let former = (id: historyID, end: offset)
    formerHistory = former
    historyID = RunID.random()
    engine.log(
      .warning,
      "Setting secondary replication ID to \(former.id), valid up to offset: \(former.end &+ 1). New replication ID is \(historyID)"
    )
    engine.effects.replicas.forgetDatabase()
    // They have to learn of the new ID, and go on from where they are.
    feed.dropReplicas("the replication ID has changed")
  }

  /// A history that nobody knows anything of.
  func beginHistory() {
    historyID = RunID.random()
    formerHistory = nil
    engine.effects.replicas.forgetDatabase()
  }

  /// The same for a replica, of which no primary knows what it has either.
  func loseHistory(restartingAt restart: Int64? = nil) {
    isResumable = false
    beginHistory()
    restartFeed(at: restart ?? offset, "the dataset is another one")
  }

  /// Nobody can go on from the former history. Without a backlog there is none to begin anew; a replica has one in any case,
  /// for its sibling replicas, should it be promoted.
  func restartFeed(at offset: Int64, _ reason: String) {
    feed.dropReplicas(reason)
    if primary != nil || feed.isActive() { feed.reset(offset) } else { feed.setOffset(offset) }
  }

  /// Hands the primary's stream on, as it came.
  func relay(_ bytes: [UInt8], upTo end: Int64) {
    feed.append(bytes)
    assert(offset == end, "the stream is not counted as the primary counts it")
  }

  // MARK: Files

  /// What an RDB file says of the live dataset: a server that begins with the file can be gone on from where it stopped.
  var origin: ReplicationOrigin? {
    if primary != nil {
      guard isResumable else { return nil }
      return ReplicationOrigin(id: historyID, offset: offset, streamDatabase: streamDatabase)
    }
    // Without a backlog writes are not counted, and nobody has anything of this history.
    guard feed.isActive() else { return nil }
    engine.handOverEffects()
    // In the midst of a transaction the dataset holds what the stream does not yet.
    guard !engine.effects.hasUnwritten else { return nil }
    return ReplicationOrigin(
      id: historyID, offset: offset, streamDatabase: engine.effects.replicas.selectedDatabase ?? 0)
  }

  /// The file that the server began with says what history its dataset belongs to. To be called before `start`.
  public func restore(_ origin: ReplicationOrigin, atMilliseconds now: Int64) {
    guard let id = ReplicationID(origin.id), (0...ReplicationOffset.limit).contains(origin.offset),
      (0..<engine.keyspace.live.databaseCount).contains(origin.streamDatabase)
    else { return }
    if primary != nil {
      historyID = id.description
      streamDatabase = origin.streamDatabase
      isRestored = true
      feed.setOffset(origin.offset)
    } else {
      formerHistory = (id.description, origin.offset)
      feed.reset(origin.offset)
      // From here on the replicas have time to come back.
      feed.noReplicasSince = now
    }
  }
}
