internal import Values
internal import VersionedStore

/// Removes keys by the `maxmemory-policy` when memory is short.
///
/// Only what gives memory back is removed: a key that a version holds stays there all the same, so its removal from the
/// live dataset would lose it for the clients and free nothing. Such keys are never chosen.
struct Eviction {
  private var pool = EvictionPool()
  /// The policy that the pool's scores are by.
  private var policy = EvictionPolicy.noEviction
  /// Where the last random choice was made; the next one is made in the next database.
  private var database = 0
  private var random = SplitMix64()

  /// What decides about a key: the policy, and what its score is reckoned with.
  struct Rule {
    let policy: EvictionPolicy
    let sampleCount: Int
    let lfuDecayTime: Int
    let now: Int64

    init(_ settings: Settings, now: Int64) {
      policy = settings.maxmemoryPolicy
      sampleCount = settings.maxmemorySamples
      lfuDecayTime = settings.lfuDecayTime
      self.now = now
    }

    var expiringOnly: Bool {
      switch policy {
      case .volatileLRU, .volatileLFU, .volatileRandom, .volatileTTL: true
      case .allKeysLRU, .allKeysLFU, .allKeysRandom, .noEviction: false
      }
    }

    /// How well a key can be done without: by idle time, by few uses, or by little time left.
    func score(_ entry: Entry) -> UInt64 {
      switch policy {
      case .volatileLRU, .allKeysLRU:
        AccessClock.LRU(rawValue: entry.accessClock).idleMilliseconds(at: AccessClock.LRU(milliseconds: now))
      case .volatileLFU, .allKeysLFU:
        255
          - UInt64(
            AccessClock.LFU(rawValue: entry.accessClock).counter(milliseconds: now, decayMinutes: lfuDecayTime))
      case .volatileTTL:
        UInt64.max - UInt64(max(entry.expiry ?? .max, 0))
      case .volatileRandom, .allKeysRandom, .noEviction:
        0
      }
    }
  }

  /// A key that was removed.
  struct Victim {
    let database: Int
    let key: [UInt8]
  }

  /// Removes one key. Returns nil if there is none that may go and would give memory back.
  mutating func evict(from live: Dataset, _ rule: Rule) -> Victim? {
    switch rule.policy {
    case .noEviction: return nil
    case .allKeysRandom, .volatileRandom: return evictAny(from: live, rule)
    case .allKeysLRU, .allKeysLFU, .volatileLRU, .volatileLFU, .volatileTTL: return evictBest(from: live, rule)
    }
  }

  private mutating func evictAny(from live: Dataset, _ rule: Rule) -> Victim? {
    for _ in 0..<live.databaseCount {
      database = (database + 1) % live.databaseCount
      var victim: Entry?
      let place = HashPosition(random.next())
      live.sampleEvictable(database, behind: place, count: 1, expiringOnly: rule.expiringOnly) { victim = $0 }
      if let victim {
        let key = Array(victim.key)
        live.remove(database, victim.key, live.hash(victim.key))
        return Victim(database: database, key: key)
      }
    }
    return nil
  }

  private mutating func evictBest(from live: Dataset, _ rule: Rule) -> Victim? {
    if rule.policy != policy {
      pool.removeAll()
      policy = rule.policy
    }
    while sample(live, rule) {
      // The best ones may be gone or taken over by a version since they were met.
      while let candidate = pool.takeBest() {
        let evicted = candidate.key.withBytes { key in
          let hash = live.hash(key)
          guard let entry = live.head.find(candidate.database, key, hash), live.isEvictable(entry),
            entry.expires || !rule.expiringOnly
          else { return false }
          return live.remove(candidate.database, key, hash)
        }
        if evicted { return Victim(database: candidate.database, key: candidate.key) }
      }
    }
    return nil
  }

  /// Offers some keys of every database to the pool. Returns false if there are none.
  private mutating func sample(_ live: Dataset, _ rule: Rule) -> Bool {
    var found = false
    for database in 0..<live.databaseCount where live.keyCount(database) > 0 {
      let place = HashPosition(random.next())
      live.sampleEvictable(
        database, behind: place, count: rule.sampleCount, expiringOnly: rule.expiringOnly
      ) { entry in
        found = true
        pool.offer(entry.key, database, score: rule.score(entry))
      }
    }
    return found
  }
}
