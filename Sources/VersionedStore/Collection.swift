/// A large value: a trie of entries of its own, a sequence of packed leaves of its own, some words, or any of these
/// together, under one header. A hash has a trie, a list a sequence, a sorted set both.
///
/// A handle to be read; it may be of the open head or of a sealed version. Good as long as what it was found in: until the
/// next write to the dataset, or as long as the version.
@safe
public struct Collection: BitwiseCopyable {
  let base: UnsafeMutableRawPointer

  /// Entries in the trie.
  public var count: Int { fatalError() }
  /// Entries in the trie with a time to live.
  public var expiringCount: Int { fatalError() }
  /// The sum of the weights of all leaves of the sequence: elements, or bytes, as the type counts.
  public var weight: Int { fatalError() }
  /// The number of words that the collection was made with.
  public var wordCount: Int { fatalError() }
  /// Bytes of memory that the header and all below it take, as rounded by the allocator. Constant time. For a collection
  /// within a collection only those of the outer one are known: 0.
  public var allocatedBytes: Int { fatalError() }

  /// A word of the type's own.
  public func word(_ index: Int) -> UInt64 { fatalError() }

  // MARK: The trie

  /// The entry of `key`, whether it has expired or not.
  @inline(__always)
  public func find(_ key: Bytes, _ hash: UInt64) -> Entry? { fatalError() }

  /// Meets at least `count` entries from `position` on, as `Root.scan` does for a database.
  public func scan(
    from position: HashPosition, count: Int, expiringOnly: Bool = false, hashKey: HashKey, _ visit: (Entry) -> Void
  ) -> HashPosition { fatalError() }

  /// Meets all entries, in hash order, until `visit` returns false.
  public func forEach<E: Error>(_ visit: (Entry) throws(E) -> Bool) throws(E) { fatalError() }

  /// An entry chosen so that every one is equally likely, or nil if there is none.
  public func randomEntry(using generator: inout some RandomNumberGenerator) -> Entry? { fatalError() }

  /// The differences of two tries, as `Root.differences` for databases: what they share is skipped.
  public func differences(
    to newer: Collection, from position: HashPosition, count: Int, effort: Int = .max, hashKey: HashKey,
    _ visit: (KeyDifference) -> Void
  ) -> HashPosition { fatalError() }

  // MARK: The sequence

  /// The leaf that holds the element at `index`, 0 up to `weight`; nil outside. The next leaf is the one at
  /// `leaf.start + leaf.weight`, the one before it at `leaf.start - 1`.
  @inline(__always)
  public func leaf(at index: Int) -> Leaf? { fatalError() }

  /// The leaf in which something with the order `key` belongs: the last whose first element stands at or before it, or
  /// the first leaf if there is none such; nil if the sequence is empty. Leaves are compared by the `key` that they were
  /// given; where that is equal, `isAtOrBefore` is asked, with the leaf's bytes, whether its first element stands at or
  /// before what is looked for.
  @inline(__always)
  public func leaf(key: UInt64, isAtOrBefore: (Bytes) -> Bool) -> Leaf? { fatalError() }
}

/// One leaf of a sequence.
@safe
public struct Leaf {
  /// What the leaf holds; good as long as the collection it was found in.
  public let bytes: Bytes
  /// The weight of all leaves before it.
  public let start: Int
  /// What it counts for: its elements, or its bytes.
  public let weight: Int
  /// The order of its first element, as it was given.
  public let key: UInt64
}

extension Entry {
  /// The collection that is the value; nil if the value is bytes or a word.
  @inline(__always)
  public var collection: Collection? { fatalError() }
}
