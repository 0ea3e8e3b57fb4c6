internal import VersionedStore

/// While clients are paused, keys neither expire nor are evicted: the dataset stays as it is, apart from what the primary
/// sends. Commands that are put off stay in the input of their sessions, and are looked at anew when the pause ends.
extension Engine {
  /// Begins a pause; see `ClientPauses`.
  func pauseClients(_ purpose: ClientPauses.Purpose, until end: Int64, _ extent: ClientPauses.Extent) {
    pauses.begin(purpose, until: end, extent)
    attention.insert(.paused)
    keyspace.isPaused = true
    endPauseInTime()
  }

  /// Ends the pause that is wanted for `purpose`, and lets those go on that nothing else holds back.
  func unpauseClients(_ purpose: ClientPauses.Purpose) {
    let former = pauses.extent
    pauses.end(purpose)
    pauseMayHaveEnded(former)
  }

  /// Puts off what may write until `resumeWrites`: a replica is about to take over.
  public func pauseWritesForFailover() { pauseClients(.failover, until: .max, .writes) }

  public func resumeWritesAfterFailover() { unpauseClients(.failover) }

  /// Whether commands are put off just now.
  public var hasPausedClients: Bool {
    endPauseInTime()
    return pauses.extent != nil
  }

  /// Ends the pauses whose time has passed.
  func endPauseInTime() {
    guard pauses.end < keyspace.now else { return }
    let former = pauses.extent
    pauses.endOverdue(at: keyspace.now)
    pauseMayHaveEnded(former)
  }

  /// Lets sessions go on whose commands were put off, if what holds now is less strict than before: some of them may be put
  /// off again.
  private func pauseMayHaveEnded(_ former: ClientPauses.Extent?) {
    if pauses.extent == nil {
      attention.remove(.paused)
      keyspace.isPaused = false
    }
    guard let former, pauses.extent.map({ $0.rawValue < former.rawValue }) ?? true else { return }
    let waiting = postponed
    postponed.removeAll()
    postponedGone = 0
    for session in waiting where session.isPostponed && !session.isClosing {
      session.isPostponed = false
      resume(session)
    }
  }

  /// A session is gone before the pause is over. However many come and go, the list holds at most as many of them as are
  /// still there.
  func forgetPostponement(_ session: Session) {
    guard session.isPostponed else { return }
    session.isPostponed = false
    postponedGone += 1
    guard postponedGone > postponed.count / 2 else { return }
    postponed.removeAll { !$0.isPostponed }
    postponedGone = 0
  }

  /// Puts off a command with these flags if the pause concerns it. Returns whether it was.
  func postpone(_ session: Session, _ flags: CommandFlags) -> Bool {
    guard let extent = pauses.extent, !session.isMonitoring, !session.isReplica, !session.isPrimary else {
      return false
    }
    guard extent == .all || !flags.isDisjoint(with: [.write, .mayReplicate]) else { return false }
    session.isWaiting = true
    session.isPostponed = true
    postponed.append(session)
    return true
  }
}
