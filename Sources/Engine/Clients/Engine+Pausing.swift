internal import VersionedStore

/// CLIENT PAUSE: what is put off, and until when.
struct ClientPause {
  enum Extent: Int {
    /// What may change the dataset or reach replicas.
    case writes
    /// Every command.
    case all
  }

  var extent: Extent
  /// Milliseconds since 1970; the pause is over once this time has passed.
  var end: Int64
}

/// While clients are paused, keys neither expire nor are evicted: the dataset stays as it is, apart from what the primary
/// sends. Commands that are put off stay in the input of their sessions, and are looked at anew when the pause ends.
extension Engine {
  /// Begins a pause. If there is one, the longer and the stricter of the two holds.
  func pauseClients(until end: Int64, _ extent: ClientPause.Extent) {
    if let former = pause {
      pause?.end = max(former.end, end)
      if extent.rawValue > former.extent.rawValue { pause?.extent = extent }
    } else {
      pause = ClientPause(extent: extent, end: end)
    }
    attention.insert(.paused)
    keyspace.isPaused = true
    endPauseInTime()
  }

  /// Ends the pause, and lets those go on that have waited for it.
  func unpauseClients() {
    guard pause != nil else { return }
    pause = nil
    attention.remove(.paused)
    keyspace.isPaused = false
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

  /// Ends the pause if its time has passed.
  func endPauseInTime() {
    if let pause, pause.end < keyspace.now { unpauseClients() }
  }

  /// Puts off a command with these flags if the pause concerns it. Returns whether it was.
  func postpone(_ session: Session, _ flags: CommandFlags) -> Bool {
    guard let pause, !session.isMonitoring, !session.isReplica, !session.isPrimary else { return false }
    guard pause.extent == .all || !flags.isDisjoint(with: [.write, .mayReplicate]) else { return false }
    session.isWaiting = true
    session.isPostponed = true
    postponed.append(session)
    return true
  }
}
