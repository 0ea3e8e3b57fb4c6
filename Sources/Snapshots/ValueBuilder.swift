internal import Values
internal import VersionedStore

/// Puts values together in a dataset from the events of a snapshot. What is compact there and fits our limits is taken as it
/// is, once it has been looked at.
struct ValueBuilder {
  let dataset: Dataset
  let limits: EncodingLimits
  private var database = 0
  private var key: [UInt8] = []
  private var hash: UInt64 = 0
  private var type = ValueType.string
  private var expiry: Int64?
  private var accessClock: UInt32 = 0
  /// The group and the consumer of a stream whose pending entries are being read.
  private var group: [UInt8] = []
  private var isInGroup = false
  private var consumer: [UInt8] = []
  /// Keys and fields with an earlier time to live are left out.
  private let expiredBefore: Int64
  /// They are left in.
  var keepsExpired = false
  private var hasExpiredFields = false

  /// What became of a value.
  enum Ending {
    case stored(key: [UInt8], expiry: Int64?), expired
    /// There was nothing in it.
    case empty([UInt8])
  }

  init(_ dataset: Dataset, _ limits: EncodingLimits, expiredBefore: Int64) {
    self.dataset = dataset
    self.limits = limits
    self.expiredBefore = expiredBefore
  }

  mutating func begin(
    _ database: Int, _ key: Bytes, _ type: ValueType, expiry: Int64?, accessClock: UInt32
  ) throws(SinkRefusal) {
    let hash = dataset.hash(key)
    guard dataset.head.find(database, key, hash) == nil else { throw .duplicateKey(Array(key)) }
    self.key.removeAll(keepingCapacity: true)
    self.key.append(contentsOf: key)
    (self.database, self.hash, self.type) = (database, hash, type)
    (self.expiry, self.accessClock) = (expiry, accessClock)
    hasExpiredFields = false
    group.removeAll(keepingCapacity: true)
    isInGroup = false
  }

  /// Ends the value. One that has expired was put together all the same, because only so it is known to be whole.
  mutating func end() throws(SinkRefusal) -> Ending {
    if type == .stream { try endGroup() }
    let (expiry, key) = (expiry, key)
    var ending = Ending.stored(key: key, expiry: expiry)
    try withPlace { place throws(SinkRefusal) in
      guard place.entry != nil else {
        ending = hasExpiredFields ? .expired : .empty(key)
        return
      }
      guard let expiry else { return }
      if expiry < expiredBefore, !keepsExpired {
        place.remove()
        ending = .expired
      } else {
        dataset.setExpiry(database, place.key, hash, expiry)
      }
    }
    return ending
  }

  private func withPlace(_ body: (Place) throws(SinkRefusal) -> Void) throws(SinkRefusal) {
    try key.withBytes { key throws(SinkRefusal) in
      try body(Place(dataset, database: database, key: key, hash: hash, accessClock: accessClock))
    }
  }

  mutating func take(_ event: SnapshotEvent) throws(SinkRefusal) {
    if type == .stream { return try takeStream(event) }
    if case .field(_, _, let expiry?) = event, type == .hash, expiry < expiredBefore, !keepsExpired {
      hasExpiredFields = true
      return
    }
    let (type, limits) = (type, limits)
    try withPlace { place throws(SinkRefusal) in
      switch (event, type) {
      case (.text(let bytes), .string):
        var string = StringEditor(place, place.entry)
        string.append(bytes)
      case (.element(let element), .list): ListEditor(place, limits).pushTail(element)
      case (.element(let element), .set): try Self.insert(element, SetEditor(place, limits))
      case (.field(let field, let value, let expiry), .hash):
        guard HashEditor(place, limits).set(field, value, expiry: expiry) else { throw .duplicateElement }
      case (.member(let member, let score), .sortedSet): try Self.insert(member, score, SortedSetEditor(place, limits))
      case (.packed(let elements, let count), .list):
        ListEditor(place, limits).appendNode(PackedElements(elements), count: count)
      case (.packed(let elements, let count), .set):
        try Self.insertAll(PackedElements(elements), count, SetEditor(place, limits))
      case (.packed(let elements, let count), .hash):
        try Self.fillHash(place, limits, PackedElements(elements), count)
      case (.packed(let elements, let count), .sortedSet):
        try Self.fillSortedSet(place, limits, PackedElements(elements), count)
      case (.integers(let bytes), .set): try Self.fillSet(place, limits, bytes)
      default: throw .invalidElement
      }
    }
  }

  private mutating func takeStream(_ event: SnapshotEvent) throws(SinkRefusal) {
    switch event {
    case .streamGroup(let name, _, _):
      try endGroup()
      group = Array(name)
      isInGroup = true
    case .streamConsumer(let name, _): consumer = Array(name)
    default: break
    }
    let (limits, group, consumer) = (limits, group, consumer)
    try withPlace { place throws(SinkRefusal) in
      let isGood = StreamEditor(place, limits).take(event, group: group, consumer: consumer)
      guard isGood else { throw .invalidElement }
    }
  }

  /// What is pending for a group must be pending for one of its consumers.
  private func endGroup() throws(SinkRefusal) {
    guard isInGroup else { return }
    let (limits, group) = (limits, group)
    try withPlace { place throws(SinkRefusal) in
      let isOwned = group.withBytes { StreamEditor(place, limits).group($0)?.isOwned ?? false }
      guard isOwned else { throw .invalidElement }
    }
  }

  private static func insert(_ member: Bytes, _ editor: SetEditor) throws(SinkRefusal) {
    guard editor.insert(member) else { throw .duplicateElement }
  }

  private static func insert(_ member: Bytes, _ score: Double, _ editor: SortedSetEditor) throws(SinkRefusal) {
    guard editor.score(of: member) == nil else { throw .duplicateElement }
    editor.insert(member, exactly: score)
  }

  private static func insertAll(
    _ elements: PackedElements, _ count: Int, _ editor: SetEditor
  ) throws(SinkRefusal) {
    var at = elements.start
    while at < elements.end {
      let (member, next) = elements.element(at: at)
      try member.withBytes { member throws(SinkRefusal) in try insert(member, editor) }
      at = next
    }
  }

  private static func fillSet(_ place: Place, _ limits: EncodingLimits, _ bytes: Bytes) throws(SinkRefusal) {
    let set = IntegerSet(bytes)
    if set.count == 0 { return }
    if set.count <= limits.setIntegers { return place.put(.bytes(bytes), tag: ValueTag.integerSet, expiry: nil) }
    for index in 0..<set.count {
      let text = StoredValue.word(set[index])
      try text.withBytes { member throws(SinkRefusal) in try insert(member, SetEditor(place, limits)) }
    }
  }

  private static func fillHash(
    _ place: Place, _ limits: EncodingLimits, _ elements: PackedElements, _ count: Int
  ) throws(SinkRefusal) {
    guard count % 2 == 0 else { throw .invalidElement }
    if count == 0 { return }
    if count / 2 <= min(limits.hashEntries, EncodingLimits.packedEntries),
      elements.areShort(limits.hashValue)
    {
      guard elements.areDistinct(every: 2, count: count) else { throw .duplicateElement }
      return place.putPacked(
        count: count, elements.bytes[elements.start..<elements.end], tag: ValueTag.packedHash, expiry: nil)
    }
    try elements.forEachPair { field, value throws(SinkRefusal) in
      try field.withBytes { field throws(SinkRefusal) in
        try value.withBytes { value throws(SinkRefusal) in
          guard HashEditor(place, limits).set(field, value) else { throw .duplicateElement }
        }
      }
    }
  }

  private static func fillSortedSet(
    _ place: Place, _ limits: EncodingLimits, _ elements: PackedElements, _ count: Int
  ) throws(SinkRefusal) {
    guard count % 2 == 0 else { throw .invalidElement }
    if count == 0 { return }
    let isOrdered = try elements.areOrderedByScore()
    if isOrdered, count / 2 <= min(limits.sortedSetEntries, EncodingLimits.packedEntries),
      elements.areShort(limits.sortedSetValue, every: 2)
    {
      guard elements.areDistinct(every: 2, count: count) else { throw .duplicateElement }
      return place.putPacked(
        count: count, elements.bytes[elements.start..<elements.end], tag: ValueTag.packedSortedSet, expiry: nil)
    }
    let editor = SortedSetEditor(place, limits)
    try elements.forEachPair { member, score throws(SinkRefusal) in
      guard let score = SortedSetReader.score(score) else { throw .invalidElement }
      try member.withBytes { member throws(SinkRefusal) in try insert(member, score, editor) }
    }
  }
}

extension PackedElements {
  /// Calls `body` with elements and those behind them; their number is even.
  fileprivate func forEachPair(
    _ body: (StoredValue, StoredValue) throws(SinkRefusal) -> Void
  ) throws(SinkRefusal) {
    var at = start
    while at < end {
      let (first, second) = element(at: at)
      let (other, next) = element(at: second)
      try body(first, other)
      at = next
    }
  }

  /// Whether no element has more than so many bytes; of so many elements only the first is looked at.
  fileprivate func areShort(_ limit: Int, every stride: Int = 1) -> Bool {
    var (at, index) = (start, 0)
    while at < end {
      let (value, next) = element(at: at)
      if index % stride == 0, value.byteCount > limit { return false }
      (at, index) = (next, index + 1)
    }
    return true
  }

  fileprivate func areDistinct(every stride: Int, count: Int) -> Bool {
    var seen: Set<[UInt8]> = []
    var at = start
    while at < end {
      let (value, next) = element(at: at)
      let behind = self.next(after: next)
      if count <= 64 {
        guard value.withBytes({ find($0, from: behind, every: stride) }) == nil else { return false }
      } else {
        guard seen.insert(value.withBytes { Array($0) }).inserted else { return false }
      }
      at = behind
    }
    return true
  }

  /// Whether members and scores stand in the order of a sorted set. Throws if a score is none.
  fileprivate func areOrderedByScore() throws(SinkRefusal) -> Bool {
    var former: (member: [UInt8], score: Double)?
    var isOrdered = true
    try forEachPair { member, value throws(SinkRefusal) in
      guard let score = SortedSetReader.score(value) else { throw .invalidElement }
      let name = member.withBytes { Array($0) }
      if let former {
        let isBehind = former.score != score ? former.score < score : former.member.lexicographicallyPrecedes(name)
        if !isBehind { isOrdered = false }
      }
      former = (name, score)
    }
    return isOrdered
  }
}

extension StreamEditor {
  /// Takes a piece of a stream; false if it does not fit to what is there.
  fileprivate func take(_ event: SnapshotEvent, group: [UInt8], consumer: [UInt8]) -> Bool {
    switch event {
    case .streamNode(let master, let elements, _):
      return StreamNode.validate(master, elements) && appendNode(master, elements)
    case .streamState(let length, let last, _, let maxDeleted, let added):
      guard length == UInt64(reader.count), reader.count == 0 || reader.lastLiveID <= last else { return false }
      setLastID(last)
      setMaxDeletedID(maxDeleted ?? .least)
      setAdded(added ?? length)
      return true
    case .streamGroup(let name, let last, let entriesRead):
      // What comes from before 7.0 is worked out, as Redis does.
      return createGroup(name, last, entriesRead: entriesRead ?? reader.distance(to: last)) != nil
    case .streamPending(let id, let delivered, let count):
      return group.withBytes { self.group($0)?.insertUnowned(id, delivered: delivered, count: count) ?? false }
    case .streamConsumer(let name, let seen):
      return group.withBytes { self.group($0)?.createConsumer(name, seen: seen) ?? false }
    case .streamConsumerPending(let id):
      return group.withBytes { group in
        consumer.withBytes { consumer in self.group(group)?.own(id, by: consumer) ?? false }
      }
    default: return false
    }
  }
}
