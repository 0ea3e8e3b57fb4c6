internal import Values
public import VersionedStore

/// The databases with what belongs to their use: time, access clocks, counters, and what is to be deleted because its time
/// has come. Commands see it through a `ReadView` or an `Edit`.
public final class Keyspace {
  public let history: History
  public let settings: Settings
  /// The live dataset of the history, kept here for the hot path.
  public private(set) var live: Dataset
  /// What every command reads or counts.
  let hot = Fixed(HotState())
  public var statistics: KeyspaceStatistics {
    get { hot.value.statistics }
    set { hot.value.statistics = newValue }
  }
  /// Milliseconds since 1970 of the present batch.
  @inline(__always)
  public var now: Int64 { hot.value.now }
  /// Keys that a reader found expired: they are deleted when the command is over.
  private(set) var expiredOnRead: [(database: Int, key: [UInt8])] = []
  /// Those of them that subscribers were told of.
  private var toldExpired: Set<[UInt8]> = []
  /// A replica keeps expired keys, which its readers do not see, until the primary deletes them.
  public var leavesExpiryToPrimary = false {
    didSet {
      hot.value.isReplica = leavesExpiryToPrimary
      if !leavesExpiryToPrimary { ownKeys.removeAll() }
    }
  }
  /// What clients have written to this replica, and its primary will not delete.
  var ownKeys = OwnKeys()
  /// A log is being replayed: what it does has happened before.
  var isReplaying = false
  /// Whether keys expire by themselves, without being asked for (DEBUG SET-ACTIVE-EXPIRE).
  public var isActiveExpiryOn = true
  /// The change that is being told is nobody's doing but time's.
  private(set) var isDeletingExpired = false
  /// Clients are paused: nothing expires and nothing is evicted meanwhile.
  var isPaused = false
  /// Takes the changes of keys that somebody is interested in; set by the engine.
  var onChange: (KeyChange) -> Void = { _ in }
  /// The commands that wait for keys.
  let waits = Waits()
  /// What command runs within which.
  var nesting: Nesting = []
  /// Tells replicas and the append-only log what is done here.
  public let effects: Effects
  /// The changes that are not told yet, while it is open whether they stay.
  var heldChanges: HeldChanges?
  /// Writes a warning to the log for a command that has only the keyspace; set by the engine.
  var warn: (String) -> Void = { _ in }
  /// Changes since the last save.
  public var changesSinceSave: Int {
    get { hot.value.changesSinceSave }
    set { hot.value.changesSinceSave = newValue }
  }
  var expiryCycle: ExpiryCycle
  var eviction = Eviction()
  var fieldExpiry = FieldExpiry()
  /// Memory is being brought below `maxmemory`, a slice at a time.
  var isMakingRoom = false
  /// When the present `version-interval` began, in milliseconds since 1970; nil while there is none.
  var intervalBegan: Int64?

  public init(settings: Settings, history: History) {
    self.settings = settings
    self.history = history
    live = history.live
    effects = Effects(hot)
    expiryCycle = ExpiryCycle(databases: history.live.databaseCount)
  }

  deinit {
    hot.value.probes.deallocate()
    hot.deallocate()
  }

  /// To be called when another dataset has gone live.
  public func liveDatasetChanged() {
    takeLiveDataset()
    ownKeys.removeAll()
    if !hot.value.interest.isEmpty { tell(.replaced) }
  }

  /// The same where nothing has changed for those who are told of changes.
  func takeLiveDataset() {
    live = history.live
    hot.value.hasFreshProbes = false
    // Where the walk stood says nothing of another dataset.
    fieldExpiry = FieldExpiry()
    fieldExpiry.noteNeeded()
  }

  /// Sets the time for the commands that follow.
  public func setTime(milliseconds: Int64) {
    let isLFU = settings.maxmemoryPolicy == .allKeysLFU || settings.maxmemoryPolicy == .volatileLFU
    hot.value.now = milliseconds
    hot.value.isLFU = isLFU
    hot.value.accessClock =
      isLFU ? AccessClock.LFU(milliseconds: now).rawValue : AccessClock.LRU(milliseconds: now).rawValue
  }

  /// Notes that `entry` was used.
  @inline(__always)
  func touch(_ entry: Entry) {
    if hot.value.isLFU {
      touchLFU(entry)
    } else if entry.accessClock != hot.value.accessClock {
      entry.accessClock = hot.value.accessClock
    }
  }

  private func touchLFU(_ entry: Entry) {
    let clock = AccessClock.LFU(rawValue: entry.accessClock).accessed(
      milliseconds: now, decayMinutes: settings.lfuDecayTime, logFactor: settings.lfuLogFactor,
      random: UInt32(truncatingIfNeeded: hot.value.random.next()))
    entry.accessClock = clock.rawValue
  }

  /// Deletes a key because its time has come. That it has was told.
  private func expire(_ database: Int, _ key: Bytes, _ hash: UInt64) {
    guard live.remove(database, key, hash) else { return }
    statistics.expiredKeys += 1
    if hot.value.tellsEffects { tellRemoval(database, key, isLazy: settings.lazyfreeLazyExpire) }
    guard !hot.value.interest.isEmpty else { return }
    isDeletingExpired = true
    tell(database, key, nil, isModified: true)
    isDeletingExpired = false
  }

  /// The same of a key that clients have written to a replica; subscribers are told.
  func expireOwn(_ database: Int, _ key: Bytes, _ hash: UInt64) {
    expire(database, key, hash)
    if !hot.value.interest.isEmpty { tell(database, key, .expired("expired"), isModified: false) }
  }

  /// Deletes a key of the dataset that the server began with, for those who have it and go on from there. It does not count:
  /// it had expired before.
  func deleteExpiredAtStart(_ database: Int, _ key: Bytes) {
    let count = statistics.expiredKeys
    expire(database, key, live.hash(key))
    statistics.expiredKeys = count
  }

  /// Has a key that a reader found expired deleted when the command is over. Subscribers are told at once, since the reader
  /// may tell them more: that the key is missing.
  func deleteLater(_ database: Int, _ key: Bytes) {
    let key = Array(key)
    expiredOnRead.append((database, key))
    guard hot.value.interest.contains(.published), !leavesExpiryToPrimary, toldExpired.insert(key).inserted else {
      return
    }
    key.withBytes { tell(database, $0, .expired("expired"), isModified: false) }
  }

  /// Deletes what readers found expired, unless it was written meanwhile.
  func deleteExpiredOnRead() {
    let keys = expiredOnRead
    expiredOnRead.removeAll(keepingCapacity: true)
    if !toldExpired.isEmpty { toldExpired.removeAll() }
    hot.value.hasFreshProbes = false
    guard !leavesExpiryToPrimary, !isPaused else { return }
    for item in keys {
      item.key.withBytes { key in
        let hash = live.hash(key)
        if let expiry = live.head.find(item.database, key, hash)?.expiry, expiry <= now {
          expire(item.database, key, hash)
        }
      }
    }
  }
}

/// What every command reads or counts of the keyspace, where it costs no reference count.
struct HotState {
  var statistics = KeyspaceStatistics()
  var random = SplitMix64()
  /// What the choices of the present batch are drawn from, for the ways to them that are gone ahead.
  var drawSeed: UInt64 = 0
  /// The lookups of the present batch, which went ahead of the commands.
  let probes = ProbeBatch()
  /// Nothing was written since the lookups were made, so that what they found is still there.
  var hasFreshProbes = false
  /// Milliseconds since 1970 of the present batch.
  var now: Int64 = 0
  /// The access clock to write into what is used now; see `AccessClock`.
  var accessClock: UInt32 = 0
  var isLFU = false
  var changesSinceSave = 0
  /// Who wants to be told of changes.
  var interest: Interest = []
  /// What is to be done when the command is over.
  var aftermath: Aftermath = []
  /// The primary deletes what has expired.
  var isReplica = false
  /// Somebody is told what commands do.
  var tellsEffects = false

  /// The random numbers of the command whose key was lookup number `probe` of the batch.
  @inline(__always)
  func drawGenerator(_ probe: Int) -> SplitMix64 {
    SplitMix64(seed: drawSeed &+ UInt64(truncatingIfNeeded: probe) &* 0xD134_2543_DE82_EF95)
  }
}

/// Counters of INFO stats; CONFIG RESETSTAT sets them back.
public struct KeyspaceStatistics {
  public var hits = 0
  public var misses = 0
  public var expiredKeys = 0
  /// Fields of hashes that were deleted because their time had come.
  public var expiredFields = 0
  public var evictedKeys = 0
  /// Share of keys that active expiry found to be expired, a running estimate in percent.
  public var expiredStalePercentage = 0.0
  public var expiredTimeCapReached = 0
  /// Time that active expiry has taken.
  public var expiryNanoseconds: Int64 = 0
  /// Values that RESTORE has looked at in full before it took them.
  public var payloadsChecked = 0

  public init() {}
}
