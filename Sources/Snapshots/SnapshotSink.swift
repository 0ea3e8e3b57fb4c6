public import VersionedStore

/// What a snapshot is read into: a dataset that is being staged, a counter, a check.
///
/// The calls come in the order of the snapshot. All `Bytes` are good until the call returns. Keys belong to the database
/// of the last `select`, and to database 0 before the first.
public protocol SnapshotSink {
  /// A fact about the snapshot, such as `redis-ver` or `repl-stream-db`. Unknown names are to be passed over.
  mutating func auxiliary(name: Bytes, value: Bytes)
  mutating func select(database: UInt64) throws(SinkRefusal)
  /// The selected database is about to receive so many keys, `expiring` of them with an expiry. It is the writer's word
  /// and not checked: take no memory in proportion to it.
  mutating func announce(keys: UInt64, expiring: UInt64)
  /// The source of one function library, as FUNCTION LOAD takes it.
  mutating func functionLibrary(_ source: Bytes) throws(SinkRefusal)
  /// A string key, unless the string is long: that comes in pieces. The expiry is a Unix time and may lie in the past: a replica keeps such a key until its primary
  /// deletes it.
  mutating func string(key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint) throws(SinkRefusal)
  /// The snapshot is over, but for its checksum: what was put off is to be done.
  mutating func finish() throws(SinkRefusal)
  /// A piece of a key of any other type, or of a long string.
  mutating func value(_ event: SnapshotEvent) throws(SinkRefusal)
}

extension SnapshotSink {
  public mutating func finish() throws(SinkRefusal) {}
}

/// What the writer of a snapshot knew about the use of a key, under the eviction policy it had.
public enum AccessHint: Sendable, Equatable {
  case none
  /// Seconds since the last use (LRU policies).
  case idleSeconds(UInt64)
  /// The logarithmic counter of uses (LFU policies).
  case frequency(UInt8)
}

/// Why a sink does not take what it was given. The reader stops and reports it as ``SnapshotError/refused(_:_:)``.
public enum SinkRefusal: Error, Sendable, Equatable {
  /// There are only so many databases here.
  case databaseOutOfRange(databaseCount: Int)
  /// The key has been in this database of the snapshot before. It may be found out behind its place.
  case duplicateKey([UInt8])
  /// A field or member that the value has already.
  case duplicateElement
  /// A piece that no value of its type has.
  case invalidElement
  /// The dataset would exceed the memory limit.
  case memoryLimit(byteCount: Int)
}
