public import VersionedStore

/// Where one value stands in the open dataset, to be written: what the editors of all types work on.
@safe
public struct Place {
  private let openDataset: Borrowed<Dataset>
  public let database: Int
  public let key: Bytes
  public let hash: UInt64
  /// The access clock for a value that is made here.
  public let accessClock: UInt32

  @inline(__always)
  public init(_ dataset: Dataset, database: Int, key: Bytes, hash: UInt64, accessClock: UInt32) {
    self.init(Borrowed(dataset), database: database, key: key, hash: hash, accessClock: accessClock)
  }

  @inline(__always)
  public init(_ dataset: Borrowed<Dataset>, database: Int, key: Bytes, hash: UInt64, accessClock: UInt32) {
    openDataset = dataset
    self.database = database
    self.key = key
    self.hash = hash
    self.accessClock = accessClock
  }

  @inline(__always)
  public func hash(_ bytes: Bytes) -> UInt64 { openDataset.with { $0.hash(bytes) } }
  public var hashKey: HashKey { openDataset.with { $0.hashKey } }

  /// What stands here, expired or not; good until the next write.
  @inline(__always)
  public var entry: Entry? { openDataset.with { $0.head.find(database, key, hash) } }

  /// Stores bytes or a word in place of what is here.
  @inline(__always)
  public func put(_ value: StoredValue, tag: UInt8, expiry: Int64?) {
    openDataset.with {
      $0.put(database, key, hash, value, tag: tag, expiry: expiry, accessClock: accessClock)
    }
  }

  /// Replaces a part of the bytes that stand here; see `Dataset.splice`.
  @inline(__always)
  public func splice(_ range: Range<Int>, with bytes: Bytes, tag: UInt8) {
    openDataset.with { $0.splice(database, key, hash, range, with: bytes, tag: tag) }
  }

  /// The bytes that stand here, at least `count` of them, to be written in place; see `Dataset.editBytes`.
  public func editBytes(count: Int, tag: UInt8) -> MutableBytes {
    openDataset.with { $0.editBytes(database, key, hash, count: count, tag: tag, accessClock: accessClock) }
  }

  /// The collection that stands here, to be written; nil if there is none.
  @inline(__always)
  public func openCollection() -> OpenCollection? {
    openDataset.with { $0.openCollection(database, key, hash) }
  }

  /// The collection of what was found here just now, to be written; nil if there is none or if it is sealed, which
  /// `openCollection()` sees to. Saves a lookup.
  @inline(__always)
  func openCollection(of entry: Entry?) -> OpenCollection? {
    guard let entry else { return nil }
    return openDataset.with { $0.openCollection(database, of: entry) }
  }

  /// Puts an empty collection in place of what is here.
  public func putCollection(tag: UInt8, expiry: Int64?, words: Int = 0) -> OpenCollection {
    openDataset.with {
      $0.putCollection(
        database, key, hash, tag: tag, expiry: expiry, accessClock: accessClock, words: words)
    }
  }

  /// Removes what is here.
  public func remove() {
    openDataset.with { _ = $0.remove(database, key, hash) }
  }
}
