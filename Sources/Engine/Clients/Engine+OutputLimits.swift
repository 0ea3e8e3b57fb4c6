internal import VersionedStore

/// Bounds for output that clients do not read (`client-output-buffer-limit`), by kind of client.
extension Engine {
  /// Drops a client that leaves too much output unread. To be called when the unsent count has changed.
  public func enforceOutputLimit(_ session: Session) {
    let limit = session.outputLimit(settings)
    let waiting = session.limitedOutput
    if limit.hard > 0, waiting >= limit.hard { return dropForOutput(session) }
    guard limit.soft > 0, waiting >= limit.soft else {
      session.softLimitSince = nil
      return
    }
    guard let since = session.softLimitSince else {
      session.softLimitSince = keyspace.now
      return
    }
    if keyspace.now / 1000 - since / 1000 > Int64(limit.softSeconds) { dropForOutput(session) }
  }

  @inline(__always)
  func isBeyondHardLimit(_ session: Session) -> Bool {
    let waiting = session.limitedOutput
    return waiting > 0 && waiting >= session.outputLimit(settings).hardOrNone
  }

  func dropForOutput(_ session: Session) {
    guard !session.isAbandoned, !session.isClosing || session.unsentByteCount > 0 else { return }
    log(
      .warning, "Client \(clientLine(session)) scheduled to be closed ASAP for overcoming of output buffer limits.")
    statistics.outputBufferLimitDisconnections += 1
    abandon(session)
  }
}

extension Session {
  /// Output that every client may leave unread: Redis has a buffer of this size for it, which no limit counts.
  static let fixedOutput = 16 << 10

  /// Output that the client has not read, beyond that (`omem`).
  var waitingOutput: Int { max(limitedOutput - Self.fixedOutput, 0) }

  /// Output that the client has not read, as limits count it: all of it, once it is more than every client may leave.
  @inline(__always)
  var limitedOutput: Int { limitedOutput(with: 0) }

  /// The same when it is sent so many more bytes.
  @inline(__always)
  func limitedOutput(with more: Int) -> Int {
    let total = unsentByteCount &+ output.count &+ heldMessages.count &+ streamOutput &+ more
    return total > Self.fixedOutput ? total : 0
  }

  @inline(__always)
  func outputLimit(_ settings: Settings) -> OutputLimits.Limit {
    if isPrimary { return OutputLimits.Limit(hard: 0, soft: 0, softSeconds: 0) }
    if isReplica { return settings.replicaOutputLimit }
    return isSubscriber ? settings.outputLimits.pubsub : settings.outputLimits.normal
  }
}

extension Settings {
  /// A replica may always leave as much as the backlog holds: what it could have had by coming back costs nothing more.
  fileprivate var replicaOutputLimit: OutputLimits.Limit {
    var limit = outputLimits.replica
    if limit.hard > 0 { limit.hard = max(limit.hard, replBacklogSize) }
    return limit
  }
}

extension OutputLimits.Limit {
  @inline(__always)
  var hardOrNone: Int { hard > 0 ? hard : .max }
}
