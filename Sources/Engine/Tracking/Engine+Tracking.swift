internal import RESP
internal import VersionedStore

/// Client-side caching: clients that have read keys are told when these change, so that they can drop their copies.
///
/// What is remembered of the keys that a client reads lies in `TrackedKeys`; who is told of all changes under a prefix, in
/// `BroadcastPrefixes`. Messages to others are sent when the change is made. What a client is to be told of changes that
/// its own command makes waits until that command has been answered, an EXEC or a script in full. Broadcasts go out once
/// a tick, all changes under a prefix in one message.
extension Engine {
  // MARK: Who tracks

  /// Turns tracking on, or changes how a session tracks: prefixes are added to those that it has.
  func startTracking(_ session: Session, _ options: ClientTracking.Options, redirect: Int, prefixes: [[UInt8]]) {
    if session.tracking == nil {
      tracking.clientCount += 1
      if !session.hasTracked { tracking.readerCount += 1 }
      session.hasTracked = true
      session.attention.insert(.tracking)
      keyspace.hot.value.interest.insert(.cached)
    }
    var state = session.tracking ?? ClientTracking()
    state.options = options
    state.redirect = redirect
    state.isRedirectBroken = false
    for prefix in prefixes where state.insert(prefix) { tracking.prefixes.insert(prefix, session.id) }
    session.tracking = state
  }

  func stopTracking(_ session: Session) {
    guard let state = session.tracking else { return }
    for prefix in state.prefixes { tracking.prefixes.remove(prefix, session.id) }
    session.tracking = nil
    session.attention.remove(.tracking)
    tracking.clientCount -= 1
    if tracking.current == session.id { tracking.current = 0 }
  }

  /// The session is gone, and with the last one that ever tracked so is the reason to remember keys.
  func forgetTracking(_ session: Session) {
    stopTracking(session)
    guard session.hasTracked else { return }
    session.hasTracked = false
    tracking.readerCount -= 1
    guard tracking.readerCount == 0 else { return }
    tracking.keys.removeAll()
    keyspace.hot.value.interest.remove(.cached)
  }

  private func tracks(_ id: Int) -> Bool { sessions[id]?.tracking != nil }

  // MARK: The command of a session in tracking mode

  /// Begins to look at a command of a session in tracking mode.
  func beginTracking(_ session: Session) {
    guard nesting.isEmpty else { return }
    tracking.current = session.id
    keyspace.hot.value.aftermath.insert(.invalidations)
    limitTrackedKeys()
    if settings.maxmemory > 0 { _ = makeRoom() }
  }

  /// The command is over, and answered.
  func endTracking() {
    tracking.isReplying = false
    tracking.isAllTold = false
    if !tracking.pending.isEmpty { sendPendingInvalidations() }
    tracking.current = 0
  }

  /// Runs `body`, which answers a command that a session has waited in: what it is told of what that changes comes behind
  /// the answer, too.
  func answering(_ session: Session, _ body: () -> Void) {
    guard session.tracking != nil else { return body() }
    let outer = (tracking.current, tracking.isReplying, tracking.pending)
    (tracking.current, tracking.isReplying, tracking.pending) = (session.id, true, [])
    body()
    sendPendingInvalidations()
    (tracking.current, tracking.isReplying, tracking.pending) = outer
  }

  /// Such a command calls a script: whatever that reads, it is the keys of this command that are remembered.
  func beginTrackingScript(_ call: Call) {
    tracking.script = call
    attention.insert(.tracking)
  }

  func endTrackingScript() {
    tracking.script = nil
    attention.remove(.tracking)
  }

  // MARK: What clients read

  /// Remembers the keys of a command that reads: for its session, or for the caller of the script that has called it.
  func rememberKeys(of call: Call, _ record: CommandRecord, _ session: Session) {
    if !nesting.contains(.script) {
      remember(call, record, for: session)
    } else if let script = tracking.script {
      remember(script, script.command.value, for: script.session)
    }
  }

  private func remember(_ call: Call, _ record: CommandRecord, for session: Session) {
    guard let state = session.tracking, state.remembersKeys, !record.flags.contains(.pubsub) else { return }
    for found in KeyFinder.find(record.command, in: call) {
      tracking.keys.insert(call[found.index], session.id) { tracks($0) }
    }
  }

  /// Keeps the table at the size that `tracking-table-max-keys` allows: some keys go as if they had changed, the more the
  /// longer the table has been too large.
  func limitTrackedKeys() {
    let limit = settings.trackingTableMaxKeys
    guard limit > 0, tracking.keys.count > limit else {
      tracking.timesTooLarge = 0
      return
    }
    for _ in 0..<100 * (tracking.timesTooLarge + 1) {
      guard let (key, ids) = tracking.keys.removeAny(keyspace.hot.value.random.next()) else { break }
      key.withBytes { tell(ids, $0) }
      if tracking.keys.count <= limit {
        tracking.timesTooLarge = 0
        return
      }
    }
    tracking.timesTooLarge += 1
  }

  // MARK: What changes

  /// Takes a change of keys. All keys count as changed when a database was flushed or another dataset has gone live.
  func noticeForCaches(_ change: KeyChange) {
    switch change {
    case .key(_, let key, let event, let isModified):
      guard isModified else { return }
      if tracking.prefixes.count > 0 { tracking.prefixes.note(key, writer: writer(event)) }
      tell(tracking.keys.remove(key), key)
    case .flushed, .swapped, .replaced:
      tellOfAll()
      tracking.keys.removeAll()
    }
  }

  /// The client that made a change, as NOLOOP tells one's own from those of others. As in Redis, time and memory are
  /// nobody, and neither is a script.
  private func writer(_ event: KeyspaceEvent?) -> Int {
    if nesting.contains(.script) || keyspace.isDeletingExpired || event?.kind == .expired || event?.kind == .evicted {
      return 0
    }
    return tracking.current
  }

  private func tell(_ ids: [Int], _ key: Bytes) {
    for id in ids {
      guard let session = sessions[id], let state = session.tracking, !state.options.contains(.broadcast) else {
        continue
      }
      if id == tracking.current {
        if state.options.contains(.noLoop) { continue }
        if tracking.isReplying {
          postpone(Array(key))
          continue
        }
      }
      invalidate(session) { reply in
        reply.arrayHeader(1)
        reply.bulk(key)
      }
    }
  }

  /// Once for all databases that a command flushes.
  private func tellOfAll() {
    guard tracking.clientCount > 0, !tracking.isAllTold else { return }
    tracking.isAllTold = true
    keyspace.hot.value.aftermath.insert(.invalidations)
    for session in sessionsByAge where session.tracking != nil {
      if session.id == tracking.current, tracking.isReplying {
        postpone(nil)
      } else {
        invalidateAll(session)
      }
    }
  }

  private func postpone(_ key: [UInt8]?) {
    tracking.pending.append(key)
    keyspace.hot.value.aftermath.insert(.invalidations)
  }

  /// Tells the client whose command is over of what that command has changed.
  func sendPendingInvalidations() {
    let pending = tracking.pending
    tracking.pending.removeAll(keepingCapacity: true)
    guard let session = sessions[tracking.current] else { return }
    for key in pending {
      guard let key else {
        invalidateAll(session)
        continue
      }
      invalidate(session) { reply in
        reply.arrayHeader(1)
        reply.bulk(key)
      }
    }
  }

  /// Tells clients in broadcast mode of all that has changed since the last time.
  func broadcastInvalidations() {
    for message in tracking.prefixes.takeChanges() {
      for id in message.ids {
        guard let session = sessions[id], let state = session.tracking else { continue }
        let isLoop = { (writer: Int) in state.options.contains(.noLoop) && writer == id }
        let keys = message.changes.filter { !isLoop($0.writer) }
        if keys.isEmpty { continue }
        invalidate(session) { reply in
          reply.arrayHeader(keys.count)
          for (key, _) in keys { reply.bulk(key) }
        }
      }
    }
  }

  // MARK: Messages

  /// Tells a client that all keys are to be dropped.
  private func invalidateAll(_ session: Session) {
    let version = session.version
    invalidate(session) { reply in
      // As its own protocol has it, whoever is told.
      let own = reply.version
      reply.version = version
      reply.null()
      reply.version = own
    }
  }

  /// Sends what `keys` writes to a session in tracking mode, or to the one that it has chosen: as a push in RESP3, as a
  /// message on a channel to a subscriber in RESP2, and not at all to others.
  private func invalidate(_ session: Session, _ keys: (inout ReplyWriter) -> Void) {
    let redirect = session.tracking?.redirect ?? 0
    guard redirect != 0 else {
      if session.version == .resp3 { pushInvalidation(session, keys) }
      return
    }
    guard let target = sessions[redirect], !target.isClosing else {
      session.tracking?.isRedirectBroken = true
      if session.version == .resp3 {
        push(session) { reply in
          reply.pushHeader(2)
          reply.bulk("tracking-redir-broken")
          reply.integer(redirect)
        }
      }
      return
    }
    if target.version == .resp3 {
      pushInvalidation(target, keys)
    } else if target.attention.contains(.subscriber) {
      push(target) { reply in
        reply.arrayHeader(3)
        reply.bulk("message")
        reply.bulk("__redis__:invalidate")
        keys(&reply)
      }
    }
  }

  private func pushInvalidation(_ session: Session, _ keys: (inout ReplyWriter) -> Void) {
    push(session) { reply in
      reply.pushHeader(2)
      reply.bulk("invalidate")
      keys(&reply)
    }
  }

  private func push(_ session: Session, _ write: (inout ReplyWriter) -> Void) {
    Message.with(messageScratch, write) { deliver($0.bytes(session.version), to: session) }
  }
}
