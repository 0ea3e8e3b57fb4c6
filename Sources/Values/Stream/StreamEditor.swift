public import VersionedStore

/// A stream in the open dataset, to be written. It stays when its last entry goes.
@safe
public struct StreamEditor {
  private let place: Place
  private let limits: EncodingLimits
  private let open: OpenCollection

  /// What stands at `place`, if anything, must be a stream; else an empty one is made.
  public init(_ place: Place, _ limits: EncodingLimits) {
    self.place = place
    self.limits = limits
    open =
      place.openCollection() ?? place.putCollection(tag: ValueTag.stream, expiry: nil, words: StreamReader.Word.count)
  }

  public var reader: StreamReader { StreamReader(open.collection) }

  public func setLastID(_ id: StreamID) {
    open.setWord(StreamReader.Word.lastMilliseconds, id.milliseconds)
    open.setWord(StreamReader.Word.lastSequence, id.sequence)
  }

  public func setMaxDeletedID(_ id: StreamID) {
    open.setWord(StreamReader.Word.deletedMilliseconds, id.milliseconds)
    open.setWord(StreamReader.Word.deletedSequence, id.sequence)
  }

  public func setAdded(_ count: UInt64) { open.setWord(StreamReader.Word.added, count) }

  // MARK: Adding

  /// Largest node in bytes, whatever the configuration says.
  private static let nodeByteCount = 1 << 30

  /// Adds an entry, whose id must be above the last one. `field` gives the fields and values, one after the other, of
  /// which there are `2 * fieldCount`.
  public func append(_ id: StreamID, fieldCount: Int, _ word: (Int) -> Bytes) {
    var byteCount = 0
    for index in 0..<2 * fieldCount { byteCount += word(index).count }
    let collection = open.collection
    if let leaf = collection.leaf(at: collection.weight - 1), hasRoom(leaf, byteCount) {
      append(id, fieldCount, word, to: leaf)
    } else {
      startNode(id, fieldCount, word)
    }
    setLastID(id)
    setAdded(reader.added &+ 1)
  }

  private func hasRoom(_ leaf: Leaf, _ byteCount: Int) -> Bool {
    let limit = limits.streamNodeBytes
    let most = limit == 0 || limit > Self.nodeByteCount ? Self.nodeByteCount : limit
    // The head and the end of a listpack count.
    if leaf.bytes.count - StreamID.byteCount + 7 + byteCount >= most { return false }
    guard limits.streamNodeEntries > 0 else { return true }
    let counts = StreamNode(leaf.bytes).counts
    return counts.live + counts.deleted < limits.streamNodeEntries
  }

  private func startNode(_ id: StreamID, _ fieldCount: Int, _ word: (Int) -> Bytes) {
    var bytes = PackedScratch()
    let name = id.bytes
    for index in 0..<StreamID.byteCount { bytes.append(name[index]) }
    bytes.append(integer: 1)
    bytes.append(integer: 0)
    bytes.append(integer: Int64(fieldCount))
    for index in 0..<fieldCount { bytes.append(word(2 * index)) }
    bytes.append(integer: 0)
    appendEntry(id, id, fieldCount, word, isSame: true, to: &bytes)
    bytes.withBytes { open.insertLeaf(at: open.collection.weight, $0, weight: 1, key: id.milliseconds) }
  }

  private func append(_ id: StreamID, _ fieldCount: Int, _ word: (Int) -> Bytes, to leaf: Leaf) {
    let node = StreamNode(leaf.bytes)
    var entry = PackedScratch()
    appendEntry(id, node.master, fieldCount, word, isSame: hasMasterFields(node, fieldCount, word), to: &entry)
    let (counts, end, start) = (node.counts, leaf.bytes.count, leaf.start)
    entry.withBytes { open.splice(at: start, end..<end, with: $0, weight: 1) }
    setCounts(start, live: counts.live + 1, deleted: counts.deleted)
  }

  private func hasMasterFields(_ node: StreamNode, _ fieldCount: Int, _ word: (Int) -> Bytes) -> Bool {
    let master = node.masterFields
    guard master.count == fieldCount else { return false }
    var at = master.start
    for index in 0..<fieldCount {
      guard node.elements.matches(word(2 * index), at: at) else { return false }
      at = node.elements.next(after: at)
    }
    return true
  }

  private func appendEntry(
    _ id: StreamID, _ master: StreamID, _ fieldCount: Int, _ word: (Int) -> Bytes, isSame: Bool,
    to bytes: inout PackedScratch
  ) {
    bytes.append(integer: isSame ? StreamNode.hasMasterFields : 0)
    bytes.append(integer: Int64(truncatingIfNeeded: id.milliseconds &- master.milliseconds))
    bytes.append(integer: Int64(truncatingIfNeeded: id.sequence &- master.sequence))
    if !isSame { bytes.append(integer: Int64(fieldCount)) }
    for index in 0..<fieldCount {
      if !isSame { bytes.append(word(2 * index)) }
      bytes.append(word(2 * index + 1))
    }
    bytes.append(integer: Int64(isSame ? fieldCount + 3 : 2 * fieldCount + 4))
  }

  /// Writes the counts of the node at `index`.
  private func setCounts(_ index: Int, live: Int, deleted: Int) {
    guard let leaf = open.collection.leaf(at: index) else { return }
    let start = StreamID.byteCount
    let end = StreamNode(leaf.bytes).countsEnd
    var counts = PackedScratch()
    counts.append(integer: Int64(live))
    counts.append(integer: Int64(deleted))
    counts.withBytes { counts in
      if counts.count == end - start {
        open.editLeaf(at: index).replace(at: start, with: counts)
      } else {
        open.splice(at: index, start..<end, with: counts)
      }
    }
  }

  // MARK: Removing

  /// Deletes an entry. Returns whether it was there.
  public func delete(_ id: StreamID) -> Bool {
    guard let leaf = reader.leaf(id) else { return false }
    let node = StreamNode(leaf.bytes)
    var found: Int?
    node.forEach { entry in
      if entry.isDeleted { return true }
      if entry.id == id { found = entry.offset }
      return entry.id < id
    }
    guard let found else { return false }
    mark([found], leaf)
    if id > reader.maxDeletedID { setMaxDeletedID(id) }
    return true
  }

  /// Marks the entries at these offsets of a leaf as deleted; a node without live ones goes.
  private func mark(_ offsets: [Int], _ leaf: Leaf) {
    let counts = StreamNode(leaf.bytes).counts
    guard counts.live > offsets.count else { return open.removeLeaf(at: leaf.start) }
    let start = leaf.start
    let bytes = open.editLeaf(at: start)
    // Flags are numbers of one byte.
    for offset in offsets { bytes[offset] |= UInt8(StreamNode.isDeleted) }
    open.splice(at: start, 0..<0, with: Bytes(), weight: -offsets.count)
    setCounts(start, live: counts.live - offsets.count, deleted: counts.deleted + offsets.count)
  }

  /// What to trim by.
  public enum Limit {
    case length(Int)
    case least(StreamID)
  }

  /// Removes entries from the beginning. With `isApproximate` only whole nodes go, of no more than `most` entries if that is
  /// not 0. Returns how many entries went.
  public func trim(_ limit: Limit, isApproximate: Bool, most: Int) -> Int {
    var removed = 0
    while let leaf = open.collection.leaf(at: 0) {
      if case .length(let length) = limit, reader.count <= length { break }
      let entries = leaf.weight
      if most > 0, removed + entries > most { break }
      let goes: Bool
      switch limit {
      case .length(let length): goes = reader.count - entries >= length
      case .least(let id): goes = Self.lastID(StreamNode(leaf.bytes)) < id
      }
      if goes {
        open.removeLeaf(at: 0)
        removed += entries
        continue
      }
      if isApproximate { break }
      let offsets = offsets(StreamNode(leaf.bytes), limit)
      removed += offsets.count
      if !offsets.isEmpty { mark(offsets, leaf) }
      break
    }
    return removed
  }

  /// The id of the last entry of a node, deleted or not.
  private static func lastID(_ node: StreamNode) -> StreamID {
    var last = node.master
    node.forEach { entry in
      last = entry.id
      return true
    }
    return last
  }

  private func offsets(_ node: StreamNode, _ limit: Limit) -> [Int] {
    var (offsets, left) = ([Int](), reader.count)
    node.forEach { entry in
      switch limit {
      case .length(let length): guard left > length else { return false }
      case .least(let id): guard entry.id < id else { return false }
      }
      if !entry.isDeleted {
        offsets.append(entry.offset)
        left -= 1
      }
      return true
    }
    return offsets
  }

  // MARK: Loading

  /// Adds a node that has been validated, behind all others. Returns whether it belongs there.
  public func appendNode(_ master: StreamID, _ elements: Bytes) -> Bool {
    let collection = open.collection
    if collection.weight > 0, reader.lastLiveID >= master { return false }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(StreamID.byteCount + elements.count)
    master.withBytes { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: elements)
    bytes.withBytes { bytes in
      open.insertLeaf(
        at: collection.weight, bytes, weight: StreamNode(bytes).counts.live, key: master.milliseconds)
    }
    return true
  }

  // MARK: Groups

  /// A new group; nil if there is one of this name.
  public func createGroup(_ name: Bytes, _ last: StreamID, entriesRead: UInt64?) -> StreamGroupEditor? {
    let hash = place.hash(name)
    guard open.collection.find(name, hash) == nil else { return nil }
    let group = StreamGroupEditor(
      open.putCollection(name, hash, words: StreamGroup.Word.count), place.hashKey)
    group.setPosition(last, entriesRead: entriesRead)
    return group
  }

  public func group(_ name: Bytes) -> StreamGroupEditor? {
    open.openCollection(name, place.hash(name)).map { StreamGroupEditor($0, place.hashKey) }
  }

  public func removeGroup(_ name: Bytes) -> Bool { open.remove(name, place.hash(name)) }
}

/// A consumer group, to be written.
@safe
public struct StreamGroupEditor {
  private let open: OpenCollection
  private let hashKey: HashKey

  init(_ open: OpenCollection, _ hashKey: HashKey) {
    self.open = open
    self.hashKey = hashKey
  }

  public var reader: StreamGroup { StreamGroup(open.collection) }

  public func setPosition(_ last: StreamID, entriesRead: UInt64?) {
    open.setWord(StreamGroup.Word.lastMilliseconds, last.milliseconds)
    open.setWord(StreamGroup.Word.lastSequence, last.sequence)
    open.setWord(StreamGroup.Word.entriesRead, entriesRead ?? .max)
  }

  // MARK: Consumers

  /// A new consumer; false if there is one of this name.
  public func createConsumer(_ name: Bytes, seen: Int64) -> Bool {
    let hash = hashKey.hash(name)
    guard open.collection.find(name, hash) == nil else { return false }
    let number = number(for: hash)
    let consumer = open.putCollection(name, hash, words: StreamConsumer.Word.count)
    consumer.setWord(StreamConsumer.Word.number, number)
    consumer.setWord(StreamConsumer.Word.seen, UInt64(bitPattern: seen))
    return true
  }

  /// Notes that a consumer was heard of, and makes it if need be. Returns its number.
  public func touchConsumer(_ name: Bytes, seen: Int64) -> (number: UInt64, isNew: Bool) {
    let isNew = createConsumer(name, seen: seen)
    guard let consumer = open.openCollection(name, hashKey.hash(name)) else { return (0, isNew) }
    consumer.setWord(StreamConsumer.Word.seen, UInt64(bitPattern: seen))
    return (consumer.collection.word(StreamConsumer.Word.number), isNew)
  }

  /// Removes a consumer with what is pending for it. Returns how much that was; nil if there is no such consumer.
  public func removeConsumer(_ name: Bytes) -> Int? {
    let hash = hashKey.hash(name)
    guard let consumer = reader.consumer(name, hash) else { return nil }
    var ids: [StreamID] = []
    consumer.pending.forEach { record in
      ids.append(record.id)
      return true
    }
    for id in ids { Self.remove(open, id, PendingList.recordStride) }
    open.remove(name, hash)
    return ids.count
  }

  // MARK: Pending entries

  /// Notes a delivery, in place of what was known of the id.
  public func setPending(_ record: PendingList.Record) {
    if let former = reader.pending.find(record.id) {
      if former.consumer != record.consumer {
        withConsumer(former.consumer) { Self.remove($0, record.id, PendingList.idStride) }
      }
      Self.remove(open, record.id, PendingList.recordStride)
      if former.consumer != record.consumer { withConsumer(record.consumer) { Self.insertID($0, record.id) } }
    } else {
      withConsumer(record.consumer) { Self.insertID($0, record.id) }
    }
    var bytes: [UInt8] = []
    record.id.withBytes { bytes.append(contentsOf: $0) }
    for word in [UInt64(bitPattern: record.delivered), record.count, record.consumer] {
      for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
    }
    bytes.withBytes { Self.insert(open, record.id, $0) }
  }

  /// Takes an id off the list. Returns whether it was pending.
  @discardableResult
  public func removePending(_ id: StreamID) -> Bool {
    guard let record = reader.pending.find(id) else { return false }
    withConsumer(record.consumer) { Self.remove($0, id, PendingList.idStride) }
    Self.remove(open, id, PendingList.recordStride)
    return true
  }

  /// The number of a consumer that is not known yet.
  private static let unowned = UInt64.max

  /// While a snapshot is loaded: a pending entry whose consumer is not known yet.
  public func insertUnowned(_ id: StreamID, delivered: Int64, count: UInt64) -> Bool {
    guard reader.pending.find(id) == nil else { return false }
    var bytes: [UInt8] = []
    id.withBytes { bytes.append(contentsOf: $0) }
    for word in [UInt64(bitPattern: delivered), count, Self.unowned] {
      for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
    }
    bytes.withBytes { Self.insert(open, id, $0) }
    return true
  }

  /// Gives an entry of ``insertUnowned(_:delivered:count:)`` to a consumer. False if there is none, or it has one.
  public func own(_ id: StreamID, by name: Bytes) -> Bool {
    guard let found = reader.pending.position(id), found.isThere,
      found.leaf.bytes.littleEndian(at: found.offset + PendingList.consumerOffset, as: UInt64.self) == Self.unowned,
      let consumer = open.openCollection(name, hashKey.hash(name))
    else { return false }
    let number = consumer.collection.word(StreamConsumer.Word.number)
    let bytes = open.editLeaf(at: found.rank)
    for index in 0..<8 {
      bytes[found.offset + PendingList.consumerOffset + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
    }
    Self.insertID(consumer, id)
    return true
  }

  /// Whether every pending entry has the consumer that it was delivered to.
  public var isOwned: Bool {
    reader.consumers.reduce(0) { $0 + $1.consumer.pending.count } == reader.pending.count
  }

  /// The number that a consumer with such a name has: the hash but for the highest bit.
  private static func usualNumber(_ hash: UInt64) -> UInt64 { hash & ~highestBit }
  /// Marks the numbers of those whose usual one is another's.
  private static let highestBit: UInt64 = 1 << 63

  /// A number for a new consumer that no other has.
  private func number(for hash: UInt64) -> UInt64 {
    let usual = Self.usualNumber(hash)
    guard name(ofUsualNumber: usual) != nil else { return usual }
    let next = open.collection.word(StreamGroup.Word.nextConsumer)
    open.setWord(StreamGroup.Word.nextConsumer, next &+ 1)
    return Self.highestBit | next
  }

  /// The consumer of a number that is the hash of its name but for a bit: it stands in one of two places of the trie.
  private func name(ofUsualNumber number: UInt64) -> [UInt8]? {
    var name: [UInt8]?
    for hash in [number, number | Self.highestBit] where name == nil {
      _ = open.collection.scan(from: HashPosition(hash), count: 1, hashKey: hashKey) { entry in
        if entry.collection?.word(StreamConsumer.Word.number) == number { name = Array(entry.key) }
      }
    }
    return name
  }

  private func name(ofNumber number: UInt64) -> [UInt8]? {
    if number & Self.highestBit == 0 { return name(ofUsualNumber: number) }
    var name: [UInt8]?
    open.collection.forEach { entry in
      if entry.collection?.word(StreamConsumer.Word.number) == number { name = Array(entry.key) }
      return name == nil
    }
    return name
  }

  private func withConsumer(_ number: UInt64, _ body: (OpenCollection) -> Void) {
    name(ofNumber: number)?.withBytes { name in
      if let consumer = open.openCollection(name, hashKey.hash(name)) { body(consumer) }
    }
  }

  private static let leafRecords = 64

  private static func insertID(_ open: OpenCollection, _ id: StreamID) { id.withBytes { insert(open, id, $0) } }

  private static func insert(_ open: OpenCollection, _ id: StreamID, _ bytes: Bytes) {
    let stride = bytes.count
    guard let found = PendingList(open.collection, stride: stride).position(id) else {
      return open.insertLeaf(at: 0, bytes, weight: 1, key: id.milliseconds)
    }
    let (start, weight) = (found.leaf.start, found.leaf.weight)
    if weight >= leafRecords, found.offset == weight * stride, start + weight == open.collection.weight {
      return open.insertLeaf(at: start + weight, bytes, weight: 1, key: id.milliseconds)
    }
    open.splice(at: start, found.offset..<found.offset, with: bytes, weight: 1)
    guard weight >= leafRecords, let leaf = open.collection.leaf(at: start) else { return }
    let half = leaf.weight / 2
    open.splitLeaf(
      at: start, byteOffset: half * stride, weight: half,
      key: StreamID(leaf.bytes, at: half * stride).milliseconds)
  }

  private static func remove(_ open: OpenCollection, _ id: StreamID, _ stride: Int) {
    guard let found = PendingList(open.collection, stride: stride).position(id), found.isThere else { return }
    if found.leaf.weight == 1 { return open.removeLeaf(at: found.rank) }
    open.splice(
      at: found.leaf.start, found.offset..<found.offset + stride, with: Bytes(), weight: -1)
  }
}
