internal import VersionedStore

// What happens by the clock, `hz` times a second, whether clients ask for anything or not.
extension Engine {
  /// Time is given in microseconds since 1970.
  public func cron(nowMicroseconds: Int64) {
    setTime(microseconds: nowMicroseconds)
    if attention.contains(.paused) { endPauseInTime() }
    if isCronPaused { return }
    rates.sample(statistics, now: keyspace.now)
    let expiryTime = watching(.expireCycle) {
      runExpiryCycle()
      runFieldExpiry()
      keyspace.expireOwnKeys(atMost: 1000)
    }
    keyspace.statistics.expiryNanoseconds += expiryTime
    versionsCron()
    for task in cronTasks { task(self) }
    if shutdown != nil { continueShutdown() }
    endOverdueWaits()
    if tracking.keys.count > 0 { limitTrackedKeys() }
    if !keyspace.hot.value.aftermath.isEmpty { settle() }
    handOverEffects()
    if keyspace.now - buffersLookedAfter >= 400 || keyspace.now < buffersLookedAfter {
      buffersLookedAfter = keyspace.now
      shrinkBuffers()
    }
    if keyspace.now / 1000 != secondOfCron {
      secondOfCron = keyspace.now / 1000
      peakMemory.note(ProcessMemory.now().allocated)
      lookAfterSessions()
    }
  }

  /// Drops clients that were silent for too long, or that have left too much output unread for too long. One that has
  /// said QUIT and does not read its replies holds their memory like any other.
  private func lookAfterSessions() {
    for session in Array(sessions.values) where !session.isClosing || session.unsentByteCount > 0 {
      if isIdle(session) {
        log(.verbose, "Closing idle client")
        abandon(session)
      } else if session.unsentByteCount > 0 || session.isReplica {
        enforceOutputLimit(session)
      }
    }
  }

  private func isIdle(_ session: Session) -> Bool {
    let isExempt =
      session.isPrimary || session.isReplica || session.isWaiting || session.isMonitoring || session.isSubscriber
    guard settings.timeout > 0, !isExempt else { return false }
    // Whole seconds, as Redis compares them.
    return keyspace.now / 1000 - session.lastInteraction / 1000 > Int64(settings.timeout)
  }
}
