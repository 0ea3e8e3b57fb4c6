internal import VersionedStore

/// What happens at `maxmemory`.
extension Engine {
  /// Bytes that count against `maxmemory`: what all arenas hold, that is the live dataset and all that versions keep
  /// beside it. Clients' buffers do not count, nor does what only a save or a full sync still holds: it comes free by itself,
  /// and keys would be evicted or writes refused in its stead. (So it is in Redis with the pages that a child keeps.)
  public var usedMemory: Int { keyspace.history.allocatedBytes - keyspace.history.readerBytes }

  /// Brings memory below `maxmemory` as far as that may be done: first by freeing what was given up already, then by
  /// dropping automatic versions, the oldest first, and at last by evicting keys as `maxmemory-policy` says.
  ///
  /// A replica that leaves eviction to its primary only drops versions, and is never short.
  ///
  /// Returns false if memory stays short. When much has to be freed it is done in slices, by the commands and ticks that
  /// follow, and the commands are let in meanwhile.
  func makeRoom() -> Bool {
    // Nothing is evicted in the middle of a script, nor from what is not there as a whole yet.
    if attention.contains(.busy) || persistence.isLoading { return true }
    guard settings.maxmemory > 0, !keyspace.isPaused, isShort else {
      keyspace.isMakingRoom = false
      if memoryExceededSince != nil { noteMemoryExceeded(false) }
      return true
    }
    if isReplica, settings.replicaIgnoreMaxmemory {
      keyspace.isMakingRoom = dropVersions() == .running
      return true
    }
    var progress = Progress.done
    watching(.evictionCycle) { progress = freeMemory() }
    if progress == .stuck || memoryExceededSince != nil { noteMemoryExceeded(progress == .stuck) }
    keyspace.isMakingRoom = progress == .running
    return progress != .stuck
  }

  /// Memory has come above the limit and could not be brought below, or has come below again.
  private func noteMemoryExceeded(_ isExceeded: Bool) {
    let now = monotonicNanoseconds()
    if let since = memoryExceededSince, !isExceeded {
      statistics.memoryExceededMicroseconds += (now - since) / 1000
      memoryExceededSince = nil
    } else if isExceeded, memoryExceededSince == nil {
      memoryExceededSince = now
    }
  }

  /// To be called when `maxmemory` has changed: nobody may ask for anything for a while.
  public func memoryLimitChanged() {
    guard settings.maxmemory > 0 else { return }
    keyspace.hot.value.hasFreshProbes = false
    _ = makeRoom()
    if keyspace.isMakingRoom { wakeIfIdle() }
  }

  private enum Progress {
    case done, running, stuck
  }

  /// Objects, and keys, that one call frees at most: some hundred microseconds each.
  private static let objectsAtMost = 2000
  private static let keysAtMost = 200

  private func freeMemory() -> Progress {
    let progress = dropVersions()
    return progress == .stuck ? evictKeys() : progress
  }

  /// Frees what was given up, and drops automatic versions as long as memory is short.
  private func dropVersions() -> Progress {
    let history = keyspace.history
    while true {
      guard history.reclaim(limit: Self.objectsAtMost) else { return isShort ? .running : .done }
      guard isShort else { return .done }
      guard !history.isUndoable, let oldest = oldestAutomatic, (try? history.drop([oldest.id])) != nil else {
        return .stuck
      }
      log(.notice, "Dropped version \(oldest.label): memory is short")
    }
  }

  private var oldestAutomatic: Version? { keyspace.history.versions.first { $0.isAutomatic && $0.holds.isEmpty } }

  /// Bytes that `maxmemory` leaves beside all that is held, and those that automatic versions would give back.
  public var freeMemoryBesideLive: (free: Int, droppable: Int) {
    let history = keyspace.history
    let automatic = history.versions.filter { $0.isAutomatic && $0.holds.isEmpty }.map(\.id)
    let droppable = automatic.isEmpty ? 0 : (try? history.bytesGivenBack(byDropping: automatic)) ?? 0
    return (settings.maxmemory - usedMemory + history.bytes.waiting, droppable)
  }

  /// Drops automatic versions, the oldest first, until `maxmemory` leaves so many bytes.
  public func dropAutomaticVersions(toHold byteCount: Int, reason: String) {
    guard settings.maxmemory > 0 else { return }
    var missing = byteCount - freeMemoryBesideLive.free
    let history = keyspace.history
    while missing > 0, !history.isUndoable, let oldest = oldestAutomatic, let given = try? history.drop([oldest.id]) {
      missing -= given
      log(.notice, "Dropped version \(oldest.label): \(reason)")
    }
    if !history.isReclaimed { wakeIfIdle() }
  }

  /// Asked before every command: the sum of all arenas is at hand, what readers hold is looked for only when it matters.
  private var isShort: Bool {
    keyspace.history.allocatedBytes > settings.maxmemory && usedMemory > settings.maxmemory
  }

  private func evictKeys() -> Progress {
    // What versions hold does not come free by evicting keys: nothing is lost for nothing.
    guard keyspace.live.evictableBytes >= usedMemory - settings.maxmemory else { return .stuck }
    let rule = Eviction.Rule(settings, now: keyspace.now)
    for _ in 0..<Self.keysAtMost {
      guard let victim = keyspace.eviction.evict(from: keyspace.live, rule) else { return .stuck }
      keyspace.statistics.evictedKeys += 1
      victim.key.withBytes { key in
        keyspace.changed(victim.database, key, .evicted("evicted"))
        keyspace.tellRemoval(victim.database, key, isLazy: settings.lazyfreeLazyEviction)
      }
      keyspace.endRemovals()
      if !isShort { return .done }
    }
    return .running
  }
}
