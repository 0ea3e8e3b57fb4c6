internal import VersionedStore

/// Work that is done in slices between commands, so that it never stops the serving loop: some hundred microseconds of
/// each kind a tick.
extension Engine {
  /// Whether a tick should follow soon, though no input may come: one of the works below is not done.
  public var wantsTick: Bool {
    !keyspace.history.isReclaimed || isExpiring || keyspace.isMakingRoom
  }

  /// One slice of each work that waits; ends every tick.
  func housekeep() {
    _ = keyspace.history.reclaim(limit: Self.reclaimSlice)
    if isExpiring {
      keyspace.statistics.expiryNanoseconds += watching(.expireCycle) { continueExpiryCycle() }
    }
    if keyspace.isMakingRoom { _ = makeRoom() }
    if !keyspace.hot.value.aftermath.isEmpty { settle() }
  }

  /// Deletes what had expired when the server read the dataset that it begins with.
  public func deleteExpiredAtStart(_ keys: [(database: Int, name: [UInt8])]) {
    for key in keys {
      key.name.withBytes { keyspace.deleteExpiredAtStart(key.database, $0) }
      handOverEffects()
    }
  }

  /// Objects to free in one turn: about a quarter of a millisecond, when they are not in the cache.
  private static let reclaimSlice = 2000
}
