public import Values
public import VersionedStore

/// The open dataset, to be written by one command: the live one, or one that is being staged.
@safe
public struct Edit {
  private let databases: Borrowed<Keyspace>
  private let openDataset: Borrowed<Dataset>
  private let hot: Fixed<HotState>
  var keyspace: Keyspace { databases.object }
  public var dataset: Dataset { openDataset.object }
  public let database: Int
  /// What expires at or before it is gone, in milliseconds since 1970. Whoever reckons with the time asks the call: here
  /// no time has come in the primary's stream, since it is for the primary to delete what has expired.
  let now: Int64

  @inline(__always)
  init(_ keyspace: Keyspace, _ dataset: Dataset, database: Int, now: Int64) {
    databases = Borrowed(keyspace)
    openDataset = Borrowed(dataset)
    hot = keyspace.hot
    self.database = database
    self.now = now
  }

  /// The same dataset with another database selected.
  public func selecting(_ database: Int) -> Edit { Edit(keyspace, dataset, database: database, now: now) }

  /// Counts a payload that is looked at in full.
  public func noteChecked() { hot.value.statistics.payloadsChecked += 1 }

  /// The entry of `key`; one that has expired is deleted first. Counts as a use of the key, unless `quietly`.
  @inline(__always)
  public func find(_ key: Key, quietly: Bool = false) -> Entry? {
    guard let entry = openDataset.with({ $0.head.find(database, key.bytes, key.hash) }) else { return nil }
    if let expiry = entry.expiry, expiry <= now {
      expire(key)
      return nil
    }
    if !quietly { databases.with { $0.touch(entry) } }
    return entry
  }

  private func expire(_ key: Key) {
    guard dataset.remove(database, key.bytes, key.hash) else { return }
    hot.value.statistics.expiredKeys += 1
    if tellsEffects { keyspace.tellRemoval(database, key.bytes, isLazy: settings.lazyfreeLazyExpire) }
    if hasAudience { keyspace.tell(database, key.bytes, .expired("expired"), isModified: true) }
  }

  /// The entry of `key` for a command that answers with what it finds, such as GETDEL: counted as a hit or a miss.
  public func read(_ key: Key) -> Entry? {
    let entry = find(key)
    if entry == nil {
      hot.value.statistics.misses &+= 1
      notify(key, .miss("keymiss"))
    } else {
      hot.value.statistics.hits &+= 1
    }
    return entry
  }

  /// Stores a value in place of whatever the key held. Counts as a use of the key. That something was changed is for the
  /// command to count and to tell, here and with all that follows.
  @inline(__always)
  public func put(_ key: Key, _ value: StoredValue, tag: UInt8, expiry: Int64?) {
    if hasAudience || hot.value.tellsEffects { prepareToPut(key) }
    if expiry != nil { noteExpiry(key) }
    let clock = accessClock(forNew: key)
    openDataset.with {
      $0.put(database, key.bytes, key.hash, value, tag: tag, expiry: expiry, accessClock: clock)
    }
  }

  /// A key is given a time to live: on a replica by a client, so that it is not for the primary to delete it.
  @inline(__always)
  func noteExpiry(_ key: Key) {
    if hot.value.isReplica, now != .min { keyspace.rememberOwn(database, key.bytes) }
  }

  /// The access clock for a value that is stored in place of whatever the key held.
  @inline(__always)
  func accessClock(forNew key: Key) -> UInt32 { hot.value.isLFU ? frequency(key) : hot.value.accessClock }

  /// The same under LFU, where a key keeps its count of uses.
  private func frequency(_ key: Key) -> UInt32 {
    guard let old = dataset.head.find(database, key.bytes, key.hash) else { return hot.value.accessClock }
    keyspace.touch(old)
    return old.accessClock
  }

  /// Where the value of `key` stands, for the editors of the types. They do not count as changes: that is for the command.
  @inline(__always)
  public func place(_ key: Key) -> Place {
    place(key, accessClock: hot.value.isLFU ? presentFrequency(key) : hot.value.accessClock)
  }

  /// Under LFU a value that takes another form keeps its count of uses.
  private func presentFrequency(_ key: Key) -> UInt32 {
    dataset.head.find(database, key.bytes, key.hash)?.accessClock ?? hot.value.accessClock
  }

  @inline(__always)
  func place(_ key: Key, accessClock: UInt32) -> Place {
    Place(openDataset, database: database, key: key.bytes, hash: key.hash, accessClock: accessClock)
  }

  /// For commands that choose at random.
  var random: SharedRandom { SharedRandom(hot) }
  /// Writes a warning to the log.
  public func warn(_ text: String) { keyspace.warn(text) }

  public var settings: Settings { databases.object.settings }
  /// Whether what has expired stays until the primary deletes it.
  public var leavesExpiryToPrimary: Bool { databases.object.leavesExpiryToPrimary }
  /// Up to where values keep their compact encodings.
  public var limits: EncodingLimits { databases.with { $0.settings.encodingLimits } }

  /// Copies what an entry holds, of whatever type, version or database, to `key`.
  /// The copy counts as used now, unless an access clock is given.
  public func copy(_ entry: Entry, to key: Key, expiry: Int64?, accessClock: UInt32? = nil) {
    // It may come from where no active expiry has looked for fields whose time has come.
    if entry.type == .hash, let collection = entry.collection, collection.expiringCount > 0 {
      keyspace.fieldExpiry.noteNeeded()
    }
    if expiry != nil { noteExpiry(key) }
    dataset.copy(
      entry, to: database, key.bytes, key.hash, expiry: expiry, accessClock: accessClock ?? hot.value.accessClock)
  }

  /// Removes a key. Returns whether it was there; one that had expired was not.
  @discardableResult
  public func remove(_ key: Key) -> Bool {
    guard find(key, quietly: true) != nil else { return false }
    return discard(key)
  }

  /// Removes a key, expired or not. Returns whether it was there.
  @discardableResult
  public func discard(_ key: Key) -> Bool { openDataset.with { $0.remove(database, key.bytes, key.hash) } }

  @discardableResult
  public func setExpiry(_ key: Key, _ expiry: Int64?) -> Bool {
    if expiry != nil { noteExpiry(key) }
    return openDataset.with { $0.setExpiry(database, key.bytes, key.hash, expiry) }
  }

  @discardableResult
  public func move(_ key: Key, to target: Int, _ newKey: Key) -> Bool {
    if hot.value.isReplica, now != .min { keyspace.rememberOwn(target, newKey.bytes) }
    keyspace.fieldExpiry.noteMoved()
    return dataset.move(database, key.bytes, key.hash, to: target, newKey.bytes, newKey.hash)
  }

  public func flush(_ database: Int) {
    let count = dataset.keyCount(database)
    dataset.flush(database)
    hot.value.changesSinceSave &+= count
    if hasAudience { keyspace.tell(.flushed(database: database)) }
  }

  /// Exchanges two databases.
  func swap(_ first: Int, _ second: Int) {
    dataset.swap(first, second)
    keyspace.fieldExpiry.noteMoved()
    changed()
    if hasAudience { keyspace.tell(.swapped(first, second)) }
  }

  /// Whether somebody wants to be told of changes. Nobody learns of what happens to a dataset that is not live.
  @inline(__always)
  var hasAudience: Bool { !hot.value.interest.isEmpty && isLive }

  private var isLive: Bool { dataset === keyspace.live }

  /// Whether somebody is told what is done here, so that a command has to say it.
  @inline(__always)
  public var tellsEffects: Bool { hot.value.tellsEffects && isLive }

  /// Counts a change of the dataset.
  @inline(__always)
  public func changed() { hot.value.changesSinceSave &+= 1 }

  /// Counts several changes; a negative number takes back what was counted too much.
  @inline(__always)
  public func changed(_ count: Int) { hot.value.changesSinceSave &+= count }
}
