internal import VersionedStore

extension Engine {
  /// Gives a change of keys on to those who want to be told.
  func distribute(_ change: KeyChange) {
    let interest = keyspace.hot.value.interest
    if interest.contains(.watched) { watches.notice(change, keyspace) }
    if interest.contains(.published), case .key(let database, let key, let event?, _) = change {
      publish(event, database, key)
    }
    if interest.contains(.awaited) { keyspace.waits.notice(change, keyspace) }
    if interest.contains(.cached) { noticeForCaches(change) }
  }

  /// To be called when nobody is in the middle of a command any more: does what the commands have left to be done.
  @inline(never)
  func settle() {
    guard nesting.isEmpty else { return }
    if keyspace.hot.value.aftermath.contains(.effects) { effects.endUnit() }
    if keyspace.hot.value.aftermath.remove(.invalidations) != nil { endTracking() }
    if keyspace.hot.value.aftermath.contains(.readyKeys) { serveReadyKeys() }
    if keyspace.hot.value.aftermath.contains(.messages) { releaseHeldMessages() }
  }
}
