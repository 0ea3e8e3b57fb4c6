/// A collection of the open head, to be written. Made by `Dataset.openCollection` and `Dataset.putCollection`.
///
/// A handle; good until the dataset is written in any other way (its own writes leave it good). `Bytes` that come from the
/// collection must not be given to a write other than as said there.
@safe
public struct OpenCollection {
  let dataset: Borrowed<Dataset>

  /// The same collection to be read; what is found there is good until the next write.
  public var collection: Collection { fatalError() }

  // MARK: Words

  /// Writes a word of the type's own.
  public func setWord(_ index: Int, _ value: UInt64) { fatalError() }

  // MARK: The trie

  /// Stores a value under `key`, in place of what was there; `value` may lie in the store. Returns whether the key is new.
  @discardableResult
  @inline(__always)
  public func put(_ key: Bytes, _ hash: UInt64, _ value: StoredValue, tag: UInt8 = 0, expiry: Int64? = nil) -> Bool {
    fatalError()
  }

  /// Removes `key`. Returns whether it was there.
  @discardableResult
  public func remove(_ key: Bytes, _ hash: UInt64) -> Bool { fatalError() }

  /// Gives `key` a time to live, in milliseconds since 1970, or takes it away with nil. Returns whether it is there.
  @discardableResult
  public func setExpiry(_ key: Bytes, _ hash: UInt64, _ expiry: Int64?) -> Bool { fatalError() }

  /// Stores an empty collection under `key`, in place of what was there. This handle and the one that is returned both
  /// stay good while only the two are written.
  public func putCollection(_ key: Bytes, _ hash: UInt64, words: Int, tag: UInt8 = 0) -> OpenCollection {
    fatalError()
  }

  /// The collection under `key`, to be written; nil if there is none. Both handles stay good, as above.
  public func openCollection(_ key: Bytes, _ hash: UInt64) -> OpenCollection? { fatalError() }

  // MARK: The sequence

  /// In the leaf that holds the element at `index`, replaces the bytes of `range` by `bytes`, and adds `weight` to what the
  /// leaf counts for. `bytes` must not lie in the sequence. The leaf's bytes must not become 2^32 or more.
  /// What `Collection.leaf` gave before is not good any more.
  public func splice(at index: Int, _ range: Range<Int>, with bytes: Bytes, weight: Int = 0) { fatalError() }

  /// The bytes of the leaf at `index`, to be written in place; good until the next write.
  public func editLeaf(at index: Int) -> MutableBytes { fatalError() }

  /// Puts a new leaf before the element at `index`, which must be the first of its leaf, or behind the last leaf with
  /// `index` equal to the weight of all. `weight` must be above 0. `bytes` must not lie in the sequence.
  public func insertLeaf(at index: Int, _ bytes: Bytes, weight: Int, key: UInt64 = 0) { fatalError() }

  /// Removes the leaf that holds the element at `index`.
  public func removeLeaf(at index: Int) { fatalError() }

  /// Cuts the leaf that holds the element at `index` in two at a byte: the first part keeps `weight` of what the leaf
  /// counts for (above 0, and not all of it), the second gets the rest and `key`.
  public func splitLeaf(at index: Int, byteOffset: Int, weight: Int, key: UInt64 = 0) { fatalError() }
}

extension Dataset {
  /// Stores an empty collection under `key`, in place of what was there.
  ///
  /// - Parameter words: 64-bit words that the type keeps in the header, at most 32; they begin as 0.
  public func putCollection(
    _ database: Int, _ key: Bytes, _ hash: UInt64, tag: UInt8, expiry: Int64?, accessClock: UInt32, words: Int = 0
  ) -> OpenCollection { fatalError() }

  /// The collection under `key`, to be written; nil if the key holds none.
  @inline(__always)
  public func openCollection(_ database: Int, _ key: Bytes, _ hash: UInt64) -> OpenCollection? { fatalError() }

  /// Replaces `range` of the bytes under `key` (which must hold bytes) by others, which must not lie in them. There is no
  /// slack beyond what the allocator's size classes leave.
  public func splice(
    _ database: Int, _ key: Bytes, _ hash: UInt64, _ range: Range<Int>, with bytes: Bytes, tag: UInt8
  ) { fatalError() }

  /// Copies the value of an entry, which may be of a sealed version, of another database or of another lineage, with all
  /// that is below it, to `key`.
  public func copy(
    _ entry: Entry, to database: Int, _ key: Bytes, _ hash: UInt64, expiry: Int64?, accessClock: UInt32
  ) { fatalError() }
}
