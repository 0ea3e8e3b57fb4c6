public import VersionedStore

/// A stream, to be read: of the live dataset or of a sealed version, on any thread.
///
/// A collection: its words are those of `Word`, its sequence has a leaf for each node, weighed by its live entries, and its
/// trie has the consumer groups.
@safe
public struct StreamReader {
  public let collection: VersionedStore.Collection

  enum Word {
    static let lastMilliseconds = 0
    static let lastSequence = 1
    static let deletedMilliseconds = 2
    static let deletedSequence = 3
    static let added = 4
    static let count = 5
  }

  /// `entry` must hold a stream.
  public init(_ entry: Entry) {
    guard let collection = entry.collection else { preconditionFailure("not a stream") }
    self.collection = collection
  }

  init(_ collection: VersionedStore.Collection) { self.collection = collection }

  /// Live entries.
  public var count: Int { collection.weight }
  /// The greatest id ever used.
  public var lastID: StreamID { StreamID(collection.word(Word.lastMilliseconds), collection.word(Word.lastSequence)) }
  /// The greatest id ever deleted.
  public var maxDeletedID: StreamID {
    StreamID(collection.word(Word.deletedMilliseconds), collection.word(Word.deletedSequence))
  }
  /// Entries ever added.
  public var added: UInt64 { collection.word(Word.added) }
  public var groupCount: Int { collection.count }

  /// Meets the nodes in order, until `visit` returns false.
  public func forEachNode<E: Error>(_ visit: (StreamNode) throws(E) -> Bool) throws(E) {
    var index = 0
    while let leaf = collection.leaf(at: index) {
      guard try visit(StreamNode(leaf.bytes)) else { return }
      index = leaf.start + leaf.weight
    }
  }

  public var nodeCount: Int {
    var count = 0
    forEachNode { _ in
      count += 1
      return true
    }
    return count
  }

  /// The leaf in which an id belongs.
  func leaf(_ id: StreamID) -> Leaf? {
    collection.leaf(key: id.milliseconds) { StreamID($0) <= id }
  }

  /// Meets the live entries of a range, both ends among them, until `visit` returns false.
  public func forEach<E: Error>(
    from first: StreamID, through last: StreamID, _ visit: (StreamNode.Entry) throws(E) -> Bool
  ) throws(E) {
    var current = leaf(first)
    while let leaf = current {
      var goesOn = true
      try StreamNode(leaf.bytes).forEach { entry throws(E) in
        // The ids of deleted ones may be above those that follow.
        if entry.isDeleted { return true }
        if entry.id > last {
          goesOn = false
        } else if entry.id >= first {
          goesOn = try visit(entry)
        }
        return goesOn
      }
      guard goesOn else { return }
      current = collection.leaf(at: leaf.start + leaf.weight)
    }
  }

  /// The same from the last entry to the first.
  public func forEachReversed<E: Error>(
    from first: StreamID, through last: StreamID, _ visit: (StreamNode.Entry) throws(E) -> Bool
  ) throws(E) {
    var current = leaf(last)
    while let leaf = current {
      for entry in StreamNode(leaf.bytes).liveEntries.reversed() where entry.id <= last {
        guard entry.id >= first, try visit(entry) else { return }
      }
      current = leaf.start > 0 ? collection.leaf(at: leaf.start - 1) : nil
    }
  }

  /// The first entry that is stored, deleted or not; nil if there is none.
  public var firstStoredID: StreamID? { collection.leaf(at: 0).map { StreamNode($0.bytes).master } }

  /// The first live entry; 0-0 if there is none.
  public var firstID: StreamID {
    var first = StreamID.least
    forEach(from: .least, through: .greatest) { entry in
      first = entry.id
      return false
    }
    return first
  }

  /// The last live entry; 0-0 if there is none.
  public var lastLiveID: StreamID {
    var last = StreamID.least
    forEachReversed(from: .least, through: .greatest) { entry in
      last = entry.id
      return false
    }
    return last
  }

  public func contains(_ id: StreamID) -> Bool {
    var isThere = false
    forEach(from: id, through: id) { _ in
      isThere = true
      return false
    }
    return isThere
  }

  /// The group of this name; nil if there is none.
  public func group(_ name: Bytes, _ hash: UInt64) -> StreamGroup? {
    collection.find(name, hash)?.collection.map { StreamGroup($0) }
  }

  /// The groups, by name.
  public var groups: [(name: [UInt8], group: StreamGroup)] {
    var groups: [(name: [UInt8], group: StreamGroup)] = []
    collection.forEach { entry in
      if let group = entry.collection { groups.append((Array(entry.key), StreamGroup(group))) }
      return true
    }
    return groups.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// The number of entries ever added up to an id, where that can be told; nil where deleted ones hide it.
  public func distance(to id: StreamID) -> UInt64? {
    if added == 0 { return 0 }
    if count == 0, id <= lastID { return added }
    if id == lastID { return added }
    if id > lastID { return nil }
    let first = firstID
    if maxDeletedID == .least || maxDeletedID < first {
      if id < first { return added &- UInt64(count) }
      if id == first { return added &- UInt64(count) &+ 1 }
    }
    return nil
  }

  /// Whether entries from an id on have been deleted.
  public func hasDeleted(from id: StreamID) -> Bool {
    guard count > 0, maxDeletedID != .least, firstID <= maxDeletedID else { return false }
    return id <= maxDeletedID
  }
}

/// A consumer group: its words are those of `Word`, its trie has the consumers, its sequence what is pending.
@safe
public struct StreamGroup {
  public let collection: VersionedStore.Collection

  enum Word {
    static let lastMilliseconds = 0
    static let lastSequence = 1
    /// All bits set: unknown.
    static let entriesRead = 2
    /// The next number for a consumer that cannot have its usual one.
    static let nextConsumer = 3
    static let count = 4
  }

  init(_ collection: VersionedStore.Collection) { self.collection = collection }

  /// What was delivered last.
  public var lastID: StreamID { StreamID(collection.word(Word.lastMilliseconds), collection.word(Word.lastSequence)) }
  /// Entries delivered so far; nil if that is unknown.
  public var entriesRead: UInt64? {
    let word = collection.word(Word.entriesRead)
    return word == .max ? nil : word
  }
  public var pending: PendingList { PendingList(collection) }
  public var consumerCount: Int { collection.count }

  public func consumer(_ name: Bytes, _ hash: UInt64) -> StreamConsumer? {
    collection.find(name, hash)?.collection.map { StreamConsumer($0) }
  }

  /// The consumers, by name.
  public var consumers: [(name: [UInt8], consumer: StreamConsumer)] {
    var consumers: [(name: [UInt8], consumer: StreamConsumer)] = []
    collection.forEach { entry in
      if let consumer = entry.collection { consumers.append((Array(entry.key), StreamConsumer(consumer))) }
      return true
    }
    return consumers.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// The names of the consumers by their numbers.
  public var names: [UInt64: [UInt8]] {
    Dictionary(consumers.map { ($0.consumer.number, $0.name) }) { first, _ in first }
  }
}

/// A consumer: its words are those of `Word`, its sequence the ids that are pending for it.
@safe
public struct StreamConsumer {
  public let collection: VersionedStore.Collection

  enum Word {
    static let number = 0
    static let seen = 1
    static let count = 2
  }

  init(_ collection: VersionedStore.Collection) { self.collection = collection }

  /// By which the group's pending list knows it, and by which it is found without a walk: mostly the hash of its name.
  public var number: UInt64 { collection.word(Word.number) }
  /// When it was last heard of, in milliseconds since 1970.
  public var seenMilliseconds: Int64 { Int64(bitPattern: collection.word(Word.seen)) }
  /// Ids alone: the group has the rest.
  public var pending: PendingList { PendingList(collection, stride: PendingList.idStride) }
}

/// Entries that were delivered and not acknowledged, by id: records of one size in the leaves of a sequence.
@safe
public struct PendingList {
  /// What a group knows of a pending entry.
  public struct Record: Sendable {
    public var id: StreamID
    /// Milliseconds since 1970.
    public var delivered: Int64
    public var count: UInt64
    /// The number of the consumer.
    public var consumer: UInt64

    public init(id: StreamID, delivered: Int64, count: UInt64, consumer: UInt64) {
      (self.id, self.delivered, self.count, self.consumer) = (id, delivered, count, consumer)
    }
  }

  static let idStride = 16
  static let recordStride = 40
  /// Where in a record the consumer stands.
  static let consumerOffset = 32

  let collection: VersionedStore.Collection
  let stride: Int

  init(_ collection: VersionedStore.Collection, stride: Int = Self.recordStride) {
    self.collection = collection
    self.stride = stride
  }

  public var count: Int { collection.weight }

  /// Where an id stands or belongs: its leaf, the byte offset there, its rank, and whether it is there.
  func position(_ id: StreamID) -> (leaf: Leaf, offset: Int, rank: Int, isThere: Bool)? {
    guard let leaf = collection.leaf(key: id.milliseconds, isAtOrBefore: { StreamID($0) <= id }) else { return nil }
    var (low, high) = (0, leaf.weight)
    while low < high {
      let middle = (low + high) / 2
      if StreamID(leaf.bytes, at: middle * stride) < id { low = middle + 1 } else { high = middle }
    }
    let isThere = low < leaf.weight && StreamID(leaf.bytes, at: low * stride) == id
    return (leaf, low * stride, leaf.start + low, isThere)
  }

  private func record(_ bytes: Bytes, _ offset: Int) -> Record {
    guard stride == Self.recordStride else {
      return Record(id: StreamID(bytes, at: offset), delivered: 0, count: 0, consumer: 0)
    }
    return Record(
      id: StreamID(bytes, at: offset), delivered: bytes.littleEndian(at: offset + 16, as: Int64.self),
      count: bytes.littleEndian(at: offset + 24, as: UInt64.self),
      consumer: bytes.littleEndian(at: offset + 32, as: UInt64.self))
  }

  /// What is known of an id; nil if it is not pending.
  public func find(_ id: StreamID) -> Record? {
    guard let found = position(id), found.isThere else { return nil }
    return record(found.leaf.bytes, found.offset)
  }

  /// Meets the records from an id on, until `visit` returns false.
  public func forEach<E: Error>(from id: StreamID = .least, _ visit: (Record) throws(E) -> Bool) throws(E) {
    guard let found = position(id) else { return }
    var rank = found.rank
    while let leaf = collection.leaf(at: rank) {
      for index in rank - leaf.start..<leaf.weight {
        guard try visit(record(leaf.bytes, index * stride)) else { return }
      }
      rank = leaf.start + leaf.weight
    }
  }

  public var last: Record? {
    collection.leaf(at: count - 1).map { record($0.bytes, ($0.weight - 1) * stride) }
  }
}
