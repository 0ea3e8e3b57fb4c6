internal import VersionedStore

/// Deletes keys whose time has come and that nobody asks for.
///
/// Each database is walked in hash order along the marks of what expires, so that keys without a time to live cost
/// nothing and every other key is met in its turn; a walk goes on where the one before has stopped. A cycle takes a
/// portion of keys from each database in turn, and stays with one as long as more of its portions had expired than is
/// acceptable. Work is counted in keys and not in time, so that the same calls always do the same.
///
/// The cycle is run in slices of well under a millisecond: one by the cron, the others by the ticks that follow.
/// Thresholds and shares by `active-expire-effort` are those of Redis.
struct ExpiryCycle {
  /// Keys that one slice looks at.
  static let slice = 500

  /// Where to go on in each database.
  private var positions: [HashPosition]
  /// The database that is walked now.
  private var database = 0
  /// Databases still to be visited in this cycle, this one included.
  private var databasesLeft = 0
  /// Keys left of the round through this database, at most one a cycle.
  private var keysLeft = 0
  /// Keys that this cycle may still look at.
  private var budget = 0
  private var examined = 0
  private var expired = 0

  init(databases: Int) { positions = Array(repeating: HashPosition(0), count: databases) }

  /// Whether a slice would have something to do.
  var hasWork: Bool { databasesLeft > 0 && budget > 0 }

  /// Begins a cycle. One that has not come to its end is given a new budget instead.
  mutating func begin(_ live: Dataset, hz: Int, effort: Int) {
    // A key takes about a microsecond, and a cycle a quarter of the time or, with more effort, up to 43 percent.
    budget = 1_000_000 / hz * (25 + 2 * (effort - 1)) / 100
    if databasesLeft == 0 {
      databasesLeft = positions.count
      keysLeft = live.expiringCount(database)
    }
  }

  /// Goes on for one slice. `removing` is told each key that goes.
  mutating func run(
    _ live: Dataset, now: Int64, effort: Int, _ statistics: inout KeyspaceStatistics,
    removing: (_ database: Int, Bytes) -> Void
  ) {
    var left = Self.slice
    let portion = 20 * (4 + effort)
    let acceptablePercentage = 11 - effort
    while hasWork, left > 0 {
      var expiredHere = 0
      var examinedHere = 0
      let here = database
      if keysLeft > 0 {
        (positions[database], examinedHere) = live.removeExpired(
          database, from: positions[database], count: min(portion, keysLeft, budget, left), now: now
        ) { key in
          expiredHere += 1
          removing(here, key)
        }
        keysLeft -= examinedHere
        left -= max(examinedHere, 1)
        budget -= max(examinedHere, 1)
        examined += examinedHere
        expired += expiredHere
        statistics.expiredKeys += expiredHere
      }
      // Between the last key with a time to live and the first there may be no portion at all.
      let isStale = examinedHere == 0 || expiredHere * 100 > acceptablePercentage * examinedHere
      if keysLeft <= 0 || !isStale { visitNext(live) }
    }
    if !hasWork { finish(&statistics) }
  }

  private mutating func visitNext(_ live: Dataset) {
    databasesLeft -= 1
    database = (database + 1) % positions.count
    keysLeft = live.expiringCount(database)
  }

  /// The cycle has come to its end, or its budget has.
  private mutating func finish(_ statistics: inout KeyspaceStatistics) {
    if databasesLeft > 0 { statistics.expiredTimeCapReached += 1 }
    let percentage = examined == 0 ? 0 : Double(expired) * 100 / Double(examined)
    statistics.expiredStalePercentage = 0.05 * percentage + 0.95 * statistics.expiredStalePercentage
    (examined, expired) = (0, 0)
  }
}

extension Engine {
  /// One cycle of active expiry, as far as a slice gets; the ticks that follow go on with it. Called by the cron.
  func runExpiryCycle() {
    guard isExpiryOurs else { return }
    keyspace.expiryCycle.begin(keyspace.live, hz: settings.hz, effort: settings.activeExpireEffort)
    continueExpiryCycle()
  }

  /// Whether a cycle has begun that may go on.
  var isExpiring: Bool { keyspace.expiryCycle.hasWork && isExpiryOurs }

  func continueExpiryCycle() {
    guard isExpiring else { return }
    // Who is told of a key may look for it: that comes when all are gone.
    let hasAudience = !keyspace.hot.value.interest.isEmpty || effects.isWanted
    var expired: [(database: Int, key: [UInt8])] = []
    keyspace.expiryCycle.run(
      keyspace.live, now: keyspace.now, effort: settings.activeExpireEffort, &keyspace.statistics
    ) { database, key in
      if hasAudience { expired.append((database, Array(key))) }
    }
    for (database, key) in expired {
      key.withBytes { key in
        keyspace.changed(database, key, .expired("expired"))
        keyspace.tellRemoval(database, key, isLazy: settings.lazyfreeLazyExpire)
      }
      keyspace.endRemovals()
    }
  }

  /// A replica waits for its primary to delete what has expired, and nothing expires while clients are paused.
  private var isExpiryOurs: Bool { keyspace.isActiveExpiryOn && !keyspace.leavesExpiryToPrimary && !keyspace.isPaused }
}
