public import Engine
internal import Values
public import VersionedStore

/// Fills a new dataset with what a snapshot holds, on whatever thread the snapshot is read.
///
/// The dataset is nobody else's until it is taken from here; a loader that is let go gives its arena back as a whole.
public struct DatasetLoader: SnapshotSink {
  public let dataset: Dataset
  /// Bytes that the dataset may take; nil sets no limit. May be changed while it is being filled.
  public var memoryLimit: Int?
  private let form: Form
  private let nowMilliseconds: Int64
  private var database = 0

  /// What a dataset needs to know of the server that it is for.
  public struct Form: Sendable, Equatable {
    public var databaseCount: Int
    /// Access clocks count uses rather than time (`maxmemory-policy`).
    public var countsUses: Bool

    public init(databaseCount: Int, countsUses: Bool) {
      self.databaseCount = databaseCount
      self.countsUses = countsUses
    }

    public init(_ keyspace: Keyspace) {
      let policy = keyspace.settings.maxmemoryPolicy
      self.init(
        databaseCount: keyspace.live.databaseCount,
        countsUses: policy == .allKeysLFU || policy == .volatileLFU)
    }
  }

  /// - Parameter nowMilliseconds: since 1970; where access clocks begin.
  public init(_ form: Form, nowMilliseconds: Int64) {
    self.form = form
    self.nowMilliseconds = nowMilliseconds
    dataset = Dataset(databases: form.databaseCount, lineage: Lineage.next())
  }

  public mutating func auxiliary(name: Bytes, value: Bytes) {}

  public mutating func select(database: UInt64) throws(SinkRefusal) {
    guard database < UInt64(form.databaseCount) else { throw .databaseOutOfRange(databaseCount: form.databaseCount) }
    self.database = Int(database)
  }

  public mutating func announce(keys: UInt64, expiring: UInt64) {}

  /// Functions live beside the keys; a server that runs none has no use for them.
  public mutating func functionLibrary(_ source: Bytes) {}

  public mutating func string(
    key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint
  ) throws(SinkRefusal) {
    let byteCount = dataset.arena.allocatedBytes + key.count + value.count
    if let memoryLimit, byteCount > memoryLimit { throw .memoryLimit(byteCount: memoryLimit) }
    let form = StringForm(value)
    let former = dataset.keyCount(database)
    dataset.put(
      database, key, dataset.hash(key), form.value, tag: form.tag, expiry: expiryMilliseconds,
      accessClock: accessClock(access))
    if dataset.keyCount(database) == former { throw .duplicateKey }
  }

  private func accessClock(_ access: AccessHint) -> UInt32 {
    let now = nowMilliseconds
    switch access {
    case .frequency(let counter) where form.countsUses:
      return AccessClock.LFU(counter: counter, milliseconds: now).rawValue
    case .idleSeconds(let seconds) where !form.countsUses:
      return AccessClock.LRU(idleSeconds: Int64(clamping: seconds), before: .init(milliseconds: now)).rawValue
    case .none, .frequency, .idleSeconds:
      return form.countsUses ? AccessClock.LFU(milliseconds: now).rawValue : AccessClock.LRU(milliseconds: now).rawValue
    }
  }
}
