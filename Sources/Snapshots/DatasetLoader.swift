public import Engine
public import Values
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
  private var builder: ValueBuilder
  private let pending = PendingStrings()
  /// What the snapshot says of the history it was taken from.
  public private(set) var origin = SnapshotOrigin()
  public private(set) var outcome = LoadOutcome()
  private var libraryByteCount = 0

  /// What a dataset needs to know of the server that it is for.
  public struct Form: Sendable, Equatable {
    public var databaseCount: Int
    /// Access clocks count uses rather than time (`maxmemory-policy`).
    public var countsUses: Bool
    public var limits = EncodingLimits()
    /// What has expired is left out. A replica keeps it until its primary says that it is gone.
    public var dropsExpired = false
    /// What has expired is taken in all the same, and named, if the snapshot belongs to a history: replicas that go on from
    /// there have it and must be told that it is gone.
    public var leavesExpiredToHistory = false
    /// Of several values of one key the last is taken. Otherwise they are an error.
    public var replacesDuplicates = false

    public init(databaseCount: Int, countsUses: Bool) {
      self.databaseCount = databaseCount
      self.countsUses = countsUses
    }

    public init(_ keyspace: Keyspace) {
      let policy = keyspace.settings.maxmemoryPolicy
      self.init(
        databaseCount: keyspace.live.databaseCount,
        countsUses: policy == .allKeysLFU || policy == .volatileLFU)
      limits = keyspace.settings.encodingLimits
      dropsExpired = keyspace.settings.replicaOf == nil
    }
  }

  /// - Parameter nowMilliseconds: since 1970; where access clocks begin, and what expired before is left out if the form
  ///   says so.
  public init(_ form: Form, nowMilliseconds: Int64) {
    self.form = form
    self.nowMilliseconds = nowMilliseconds
    dataset = Dataset(databases: form.databaseCount, lineage: Lineage.next())
    builder = ValueBuilder(dataset, form.limits, expiredBefore: form.dropsExpired ? nowMilliseconds : .min)
  }

  public mutating func auxiliary(name: Bytes, value: Bytes) {
    origin.note(name: name, value: value)
    if form.leavesExpiredToHistory, origin.replicationID != nil { builder.keepsExpired = true }
  }

  /// Whether a key has expired and is not to be there.
  private func isExpired(_ expiry: Int64?) -> Bool {
    guard form.dropsExpired, let expiry else { return false }
    return expiry < nowMilliseconds
  }

  /// Counts a key that was taken in, or names it as one that is to go.
  private mutating func noteStored(_ key: Bytes, _ expiry: Int64?) {
    guard isExpired(expiry) else { return outcome.loadedKeys += 1 }
    outcome.expiredKeys += 1
    outcome.expiredInHistory.append(ExpiredKey(database: database, name: Array(key)))
  }

  public mutating func select(database: UInt64) throws(SinkRefusal) {
    guard database < UInt64(form.databaseCount) else { throw .databaseOutOfRange(databaseCount: form.databaseCount) }
    try storePending()
    self.database = Int(database)
  }

  public mutating func finish() throws(SinkRefusal) { try storePending() }

  public mutating func announce(keys: UInt64, expiring: UInt64) {}

  /// Function libraries belong to the dataset: they are sealed, committed, rolled back and saved with it.
  public mutating func functionLibrary(_ source: Bytes) throws(SinkRefusal) {
    try admit(source.count)
    libraryByteCount += source.count
    dataset.attachments.append(Array(source))
  }

  public mutating func string(
    key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint
  ) throws(SinkRefusal) {
    try admit(key.count + value.count)
    if isExpired(expiryMilliseconds), !builder.keepsExpired {
      outcome.expiredKeys += 1
      return
    }
    let item = PendingStrings.Item(
      keyByteCount: key.count, valueByteCount: value.count, expiryMilliseconds: expiryMilliseconds,
      accessClock: accessClock(access))
    if key.count + value.count <= PendingStrings.byteLimit {
      pending.append(key, value, dataset.head, database, item)
      if pending.isFull { try storePending() }
    } else {
      try storePending()
      try store(key, dataset.hash(key), value, item)
    }
  }

  private mutating func storePending() throws(SinkRefusal) {
    guard !pending.isEmpty else { return }
    try pending.takeAll { key, hash, value, item throws(SinkRefusal) in try store(key, hash, value, item) }
  }

  private mutating func store(
    _ key: Bytes, _ hash: UInt64, _ value: Bytes, _ item: PendingStrings.Item
  ) throws(SinkRefusal) {
    if form.replacesDuplicates { dataset.remove(database, key, hash) }
    let former = dataset.keyCount(database)
    let place = Place(dataset, database: database, key: key, hash: hash, accessClock: item.accessClock)
    StringEditor.put(value, at: place, expiry: item.expiryMilliseconds)
    if dataset.keyCount(database) == former { throw .duplicateKey(Array(key)) }
    noteStored(key, item.expiryMilliseconds)
  }

  public mutating func value(_ event: SnapshotEvent) throws(SinkRefusal) {
    try storePending()
    try admit(event.byteCount)
    switch event {
    case .begin(let key, let type, let expiry, let access):
      if form.replacesDuplicates { dataset.remove(database, key, dataset.hash(key)) }
      try builder.begin(database, key, type, expiry: expiry, accessClock: accessClock(access))
    case .end:
      switch try builder.end() {
      case .stored(let key, let expiry): key.withBytes { noteStored($0, expiry) }
      case .expired: outcome.expiredKeys += 1
      case .empty(let key): outcome.noteEmptyKey(key)
      }
    default: try builder.take(event)
    }
  }

  private func admit(_ byteCount: Int) throws(SinkRefusal) {
    guard let memoryLimit, dataset.arena.allocatedBytes + libraryByteCount + byteCount > memoryLimit else { return }
    throw .memoryLimit(byteCount: memoryLimit)
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

extension SnapshotEvent {
  /// Bytes of what it brings.
  fileprivate var byteCount: Int {
    switch self {
    case .begin(let bytes, _, _, _), .text(let bytes), .element(let bytes), .member(let bytes, _),
      .packed(let bytes, _), .integers(let bytes), .streamNode(_, let bytes, _), .streamGroup(let bytes, _, _),
      .streamConsumer(let bytes, _):
      bytes.count
    case .field(let field, let value, _): field.count + value.count
    case .streamState, .streamPending, .streamConsumerPending, .end: 0
    }
  }
}
