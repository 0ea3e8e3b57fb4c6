/// A collection of the open head, to be written. Made by `Dataset.openCollection` and `Dataset.putCollection`.
///
/// A handle; good until the dataset is written in any other way (its own writes leave it good). `Bytes` that come from the
/// collection must not be given to a write other than as said there.
@safe
public struct OpenCollection {
  let dataset: Borrowed<Dataset>
  let home: Home

  /// The same collection to be read; what is found there is good until the next write.
  @inline(__always)
  public var collection: Collection { home.sequence }

  // MARK: Words

  /// Writes a word of the type's own.
  @inline(__always)
  public func setWord(_ index: Int, _ value: UInt64) { collection.setWord(index, value) }

  // MARK: The trie

  /// Stores a value under `key`, in place of what was there; `value` may lie in the store. Returns whether the key is new.
  @discardableResult
  @inline(__always)
  public func put(_ key: Bytes, _ hash: UInt64, _ value: StoredValue, tag: UInt8 = 0, expiry: Int64? = nil) -> Bool {
    dataset.with { $0.put(home, key, hash, value, tag: tag, expiry: expiry, accessClock: 0) }
  }

  /// Removes `key`. Returns whether it was there.
  @discardableResult
  @inline(__always)
  public func remove(_ key: Bytes, _ hash: UInt64) -> Bool { dataset.with { $0.remove(home, key, hash) } }

  /// Gives `key` a time to live, in milliseconds since 1970, or takes it away with nil. Returns whether it is there.
  @discardableResult
  public func setExpiry(_ key: Bytes, _ hash: UInt64, _ expiry: Int64?) -> Bool {
    dataset.with { $0.setExpiry(home, key, hash, expiry) }
  }

  /// Stores an empty collection under `key`, in place of what was there. This handle and the one that is returned both
  /// stay good while only the two are written.
  public func putCollection(_ key: Bytes, _ hash: UInt64, words: Int, tag: UInt8 = 0) -> OpenCollection {
    dataset.with {
      let inner = $0.newCollection(home, words: words)
      $0.hang(inner, home, key, hash, tag: tag, expiry: nil, accessClock: 0)
      return within(inner)
    }
  }

  /// The collection under `key`, to be written; nil if there is none. Both handles stay good, as above.
  public func openCollection(_ key: Bytes, _ hash: UInt64) -> OpenCollection? {
    dataset.with { $0.open(home, key, hash) }.map(within)
  }

  private func within(_ inner: Collection) -> OpenCollection {
    let ledger = home.ledger ?? collection
    return OpenCollection(dataset: dataset, home: Home(home.database, trie: inner, ledger: ledger))
  }

  // MARK: The sequence

  /// In the leaf that holds the element at `index`, replaces the bytes of `range` by `bytes`, and adds `weight` to what the
  /// leaf counts for. `bytes` must not lie in the sequence. The leaf's bytes must not become 2^32 or more.
  /// What `Collection.leaf` gave before is not good any more.
  @inline(__always)
  public func splice(at index: Int, _ range: Range<Int>, with bytes: Bytes, weight: Int = 0) {
    dataset.with { $0.splice(home, index, range, with: bytes, weight: weight) }
  }

  /// The bytes of the leaf at `index`, to be written in place; good until the next write.
  public func editLeaf(at index: Int) -> MutableBytes { dataset.with { $0.editLeaf(home, index) } }

  /// Puts a new leaf before the element at `index`, which must be the first of its leaf, or behind the last leaf with
  /// `index` equal to the weight of all. `weight` must be above 0. `bytes` must not lie in the sequence.
  public func insertLeaf(at index: Int, _ bytes: Bytes, weight: Int, key: UInt64 = 0) {
    dataset.with { $0.insertLeaf(home, at: index, bytes, weight: weight, key: key) }
  }

  /// Removes the leaf that holds the element at `index`.
  public func removeLeaf(at index: Int) { dataset.with { $0.removeLeaf(home, at: index) } }

  /// Cuts the leaf that holds the element at `index` in two at a byte: the first part keeps `weight` of what the leaf
  /// counts for (above 0, and not all of it), the second gets the rest and `key`.
  public func splitLeaf(at index: Int, byteOffset: Int, weight: Int, key: UInt64 = 0) {
    dataset.with { $0.splitLeaf(home, at: index, byteOffset: byteOffset, weight: weight, key: key) }
  }
}
