public import VersionedStore

/// The open dataset, to be written by one command: the live one, or one that is being staged.
public struct Edit {
  unowned(unsafe) let keyspace: Keyspace
  unowned(unsafe) public let dataset: Dataset
  public let database: Int
  /// Milliseconds since 1970.
  public let now: Int64

  @inline(__always)
  init(_ keyspace: Keyspace, _ dataset: Dataset, database: Int, now: Int64) {
    self.keyspace = keyspace
    self.dataset = dataset
    self.database = database
    self.now = now
  }

  /// The same dataset with another database selected.
  public func selecting(_ database: Int) -> Edit { Edit(keyspace, dataset, database: database, now: now) }

  /// The entry of `key`; one that has expired is deleted first. Counts as a use of the key, unless `quietly`.
  @inline(__always)
  public func find(_ key: Key, quietly: Bool = false) -> Entry? {
    guard let entry = dataset.head.find(database, key.bytes, key.hash) else { return nil }
    if let expiry = entry.expiry, expiry <= now {
      if !keyspace.leavesExpiryToPrimary { keyspace.expire(database, key.bytes, key.hash) }
      return nil
    }
    if !quietly { keyspace.touch(entry) }
    return entry
  }

  /// Stores a value in place of whatever the key held.
  @inline(__always)
  public func put(_ key: Key, _ value: StoredValue, tag: UInt8, expiry: Int64?) {
    dataset.put(
      database, key.bytes, key.hash, value, tag: tag, expiry: expiry, accessClock: keyspace.accessClock)
    changed()
  }

  @discardableResult
  public func remove(_ key: Key) -> Bool {
    let removed = dataset.remove(database, key.bytes, key.hash)
    if removed { changed() }
    return removed
  }

  @discardableResult
  public func setExpiry(_ key: Key, _ expiry: Int64?) -> Bool {
    let found = dataset.setExpiry(database, key.bytes, key.hash, expiry)
    if found { changed() }
    return found
  }

  @discardableResult
  public func move(_ key: Key, to target: Int, _ newKey: Key) -> Bool {
    let moved = dataset.move(database, key.bytes, key.hash, to: target, newKey.bytes, newKey.hash)
    if moved { changed() }
    return moved
  }

  /// The bytes under `key`, at least `count` of them, to be written; see `Dataset.editBytes`.
  public func editBytes(_ key: Key, count: Int, tag: UInt8) -> MutableBytes {
    changed()
    return dataset.editBytes(
      database, key.bytes, key.hash, count: count, tag: tag, accessClock: keyspace.accessClock)
  }

  public func flush(_ database: Int) {
    let count = dataset.keyCount(database)
    dataset.flush(database)
    keyspace.changesSinceSave &+= count
  }

  /// Counts a change of the dataset.
  @inline(__always)
  public func changed() { keyspace.changesSinceSave &+= 1 }
}
