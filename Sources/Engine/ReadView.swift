public import VersionedStore

/// A root and a clock: all that a read command sees. It may be the live dataset or an old version, and the handler cannot
/// tell; nor can it write.
@safe
public struct ReadView {
  public let root: Root
  public let database: Int
  /// Milliseconds since 1970; what expires at or before it is not there.
  public let now: Int64
  private let databases: Borrowed<Keyspace>
  private let hot: Fixed<HotState>
  var keyspace: Keyspace { databases.object }
  public var settings: Settings { databases.object.settings }
  /// For commands that choose at random.
  var random: SharedRandom { SharedRandom(hot) }
  /// Whether this is the live dataset, where reading leaves traces: access clocks and counters.
  public let isLive: Bool
  /// CLIENT NO-TOUCH.
  let touches: Bool

  @inline(__always)
  init(_ keyspace: Keyspace, root: Root, database: Int, now: Int64, isLive: Bool, touches: Bool = true) {
    self.root = root
    self.database = database
    self.now = now
    databases = Borrowed(keyspace)
    hot = keyspace.hot
    self.isLive = isLive
    self.touches = touches
  }

  /// The entry of `key`, if it has not expired. Counts as a hit or a miss and, when `touching`, as a use of the key; none
  /// of that when `quietly`. Subscribers learn of a miss when `tellingMiss`.
  @inline(__always)
  public func find(
    _ key: Key, touching: Bool = true, quietly: Bool = false, tellingMiss: Bool = true
  ) -> Entry? {
    guard isLive else { return living(root.find(database, key.bytes, key.hash)) }
    let found: Entry?
    if key.probe >= 0, hot.value.hasFreshProbes {
      found = hot.value.probes.find(key.probe, key.bytes)
    } else {
      found = root.find(database, key.bytes, key.hash)
    }
    guard let entry = found, entry.expiry == nil || isAlive(entry) else {
      if !quietly {
        hot.value.statistics.misses &+= 1
        if tellingMiss, hot.value.interest.contains(.published) {
          keyspace.tell(database, key.bytes, .miss("keymiss"), isModified: false)
        }
      }
      return nil
    }
    if !quietly {
      hot.value.statistics.hits &+= 1
      if touches && touching { databases.with { $0.touch(entry) } }
    }
    return entry
  }

  private func isAlive(_ entry: Entry) -> Bool {
    if living(entry) != nil { return true }
    deleteLater(entry)
    return false
  }

  /// Has an expired entry deleted when the command is over.
  func deleteLater(_ entry: Entry) {
    if isLive { keyspace.deleteLater(database, entry.key) }
  }

  /// The same view for a client that asked for its reading to leave no traces and now names keys to be touched.
  var touching: ReadView {
    ReadView(keyspace, root: root, database: database, now: now, isLive: isLive, touches: true)
  }

  @inline(__always)
  private func living(_ entry: Entry?) -> Entry? {
    guard let entry else { return nil }
    if let expiry = entry.expiry, expiry <= now { return nil }
    return entry
  }

  /// Whether `entry`, met in a walk, has expired.
  @inline(__always)
  public func hasExpired(_ entry: Entry) -> Bool {
    guard let expiry = entry.expiry else { return false }
    return expiry <= now
  }

  public var keyCount: Int { root.keyCount(database) }
}
