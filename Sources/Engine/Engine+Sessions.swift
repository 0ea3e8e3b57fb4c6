public import RESP
internal import Values
public import VersionedStore

/// Sessions: how they begin and end, what comes in, and what is answered outside of a command.
extension Engine {
  public func open(_ peer: PeerAddress, now: Int64) -> Session {
    lastSessionID += 1
    let session = Session(id: lastSessionID, peer: peer, user: users.defaultUser, now: now)
    makeDefaultUser(session)
    sessions[session.id] = session
    statistics.connectionsReceived += 1
    return session
  }

  /// What a session lets its client claim; to be set again when it authenticates or the configuration changes.
  public func limits(for session: Session) -> RequestLimits {
    let limit = session.isPrimary ? RequestLimits.unbounded : settings.protoMaxBulkLen
    return RequestLimits(
      maxBulkLength: min(limit, StringForm.lengthLimit),
      authenticated: !needsAuthentication(session))
  }

  public func updateLimits() {
    for session in sessions.values { session.parser.limits = limits(for: session) }
  }

  /// Takes in bytes that a client sent. Nothing is executed before the next tick.
  public func receive(_ bytes: Bytes, from session: Session) {
    guard !session.isClosing else { return }
    statistics.bytesReceived += bytes.count
    statistics.reads += 1
    if session.isPrimary { statistics.primaryBytesReceived += bytes.count }
    session.lastInteraction = keyspace.now
    if session.input.capacity == 0 { session.input.grow(to: Self.inputRoom) }
    session.input.append(bytes)
    let count = session.input.count
    if count > session.inputPeak { session.inputPeak = count }
    if count > settings.clientQueryBufferLimit, !session.isPrimary {
      log(.warning, "Closing client that reached max query buffer length: id=\(session.id) addr=\(session.peer.remote)")
      statistics.queryBufferLimitDisconnections += 1
      return abandon(session)
    }
    if settings.maxmemoryClients != 0 { countMemory(session) }
    if count >= session.needed { markReady(session) }
    // A large argument is on its way: take the memory for it at once, but not before a part of it has come.
    if session.needed > session.input.capacity, count > 64 << 10 {
      session.input.reserve(min(session.needed - count, count))
    }
  }

  func markReady(_ session: Session) {
    guard !session.isReady, !session.isWaiting else { return }
    session.isReady = true
    ready.append(session)
  }

  /// Whether a tick has something to do.
  public var hasWork: Bool { !ready.isEmpty || !dirty.isEmpty || tracking.prefixes.hasChanges }

  /// The connection is gone.
  public func peerClosed(_ session: Session) {
    session.isClosing = true
    forget(session)
    forgetTracking(session)
    countMemory(session)
    sessions[session.id] = nil
  }

  /// Takes a session out of all that is kept about it elsewhere.
  func forget(_ session: Session) {
    readLive(session)
    discardTransaction(session)
    endSubscriptions(session)
    endWait(session)
    stopTracking(session)
    stopMonitoring(session)
    forgetPostponement(session)
    if session.concernsFeed { replicaHooks.sessionEnded(session) }
  }

  /// Ends a session without waiting for its output to be read. A command of its own may be writing a reply just now, and
  /// knows places in the output: what is there goes when the output would be sent.
  public func abandon(_ session: Session) {
    session.isClosing = true
    session.isAbandoned = true
    markDirty(session)
    forget(session)
    countMemory(session)
    transport?.close(session, afterOutput: false)
  }

  /// Ends a session when its output has been sent.
  public func closeAfterReply(_ session: Session) {
    session.isClosing = true
    markDirty(session)
  }

  func markDirty(_ session: Session) {
    guard !session.isDirty else { return }
    session.isDirty = true
    dirty.append(session)
  }

  /// Gives a session that waits its answer, and lets it go on.
  public func answer(_ id: Int, _ write: (inout ReplyWriter) -> Void) {
    guard let session = sessions[id], session.isWaiting else { return }
    var reply = ReplyWriter(session.output, session.version)
    write(&reply)
    markDirty(session)
    resume(session)
  }

  /// Lets a session that waits go on with what it has sent meanwhile.
  func resume(_ session: Session) {
    guard session.isWaiting else { return }
    session.isWaiting = false
    if session.input.count > session.parsed {
      session.needed = 1
      hasResumed = true
      markReady(session)
    }
    if session.isFinished, !session.isReady { closeAfterReply(session) }
    transport?.wake()
  }

  /// Has the output of sessions sent soon, unless a tick is running, which ends with that.
  func wakeIfIdle() { if !isTicking { transport?.wake() } }

  /// The client will send no more: the session ends when what has arrived is executed and answered.
  public func finish(_ session: Session) {
    session.isFinished = true
    // What it is sent has no end: it would never be closed for having no more to be sent.
    if session.isReplica { return abandon(session) }
    if !session.isReady, endsWithInput(session) { closeAfterReply(session) }
  }

  /// Whether a session whose client will send no more has nothing to wait for. One that waits in a blocking command is taken
  /// for gone, as in Redis: what it waits for is not to be lost on it.
  func endsWithInput(_ session: Session) -> Bool { !session.isWaiting || session.wait != nil }
}
