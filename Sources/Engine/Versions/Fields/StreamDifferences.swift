internal import Values
internal import VersionedStore

/// The differences of two streams: of entries by id, then of groups by name, then of what XINFO tells besides. Nodes that
/// both share are skipped. Either stream may be missing.
struct StreamDifferences {
  private let older: StreamReader?
  private let newer: StreamReader?
  private let hashKey: HashKey

  init(older: Entry?, newer: Entry?, hashKey: HashKey) {
    self.older = older.map { StreamReader($0) }
    self.newer = newer.map { StreamReader($0) }
    self.hashKey = hashKey
  }

  func fill(_ page: inout FieldPage, from place: FieldCursor.Place) throws(CommandError) -> FieldCursor.Place {
    page.groups = FieldChanges()
    var position = HashPosition(0)
    switch place {
    case .start, .pair:
      var first = StreamID.least
      if case .pair(let milliseconds, let sequence) = place { first = StreamID(milliseconds, sequence) }
      if let next = fillEntries(&page, from: first) { return .pair(next.milliseconds, next.sequence) }
      if page.isFull { return .groups(0) }
    case .groups(let rawValue): position = HashPosition(rawValue)
    case .position: throw .invalidCursor
    }
    let next = fillGroups(&page, from: position)
    guard next == HashPosition(0) else { return .groups(next.rawValue) }
    compareProperties(&page)
    return .start
  }

  // MARK: Entries

  /// Returns the id that the next page begins with; nil when all have been met.
  private func fillEntries(_ page: inout FieldPage, from first: StreamID) -> StreamID? {
    for part in parts {
      var before = StreamEntries(older, part.older, from: first)
      var after = StreamEntries(newer, part.newer, from: first)
      while let id = [before.current?.id, after.current?.id].compactMap({ $0 }).min() {
        guard !page.isFull else { return id }
        page.effort -= 1
        let (old, new) = (before.take(id), after.take(id))
        if let old, let new, old.hasSameFields(as: new) { continue }
        guard page.pattern == nil || Array("\(id.milliseconds)-\(id.sequence)".utf8).withBytes(page.admits) else {
          continue
        }
        if old == nil {
          page.fields.added.append(.id(id))
        } else if new == nil {
          page.fields.removed.append(.id(id))
        } else {
          page.fields.changed.append(.id(id))
        }
      }
    }
    return nil
  }

  private var parts: [SequencePart] {
    guard let older, let newer else {
      return [SequencePart(older: 0..<(older?.count ?? 0), newer: 0..<(newer?.count ?? 0))]
    }
    return older.collection.unsharedParts(to: newer.collection)
  }

  // MARK: Groups

  private func fillGroups(_ page: inout FieldPage, from position: HashPosition) -> HashPosition {
    var changes = page.groups ?? FieldChanges()
    defer { page.groups = changes }
    let left = max(page.wanted - page.count, 1)
    func meet(_ difference: KeyDifference) {
      switch difference {
      case .added(let entry): if page.admits(entry.key) { changes.added.append(.name(entry.key)) }
      case .removed(let entry): if page.admits(entry.key) { changes.removed.append(.name(entry.key)) }
      case .changed(_, let after):
        if page.admits(after.key), !isSameGroup(after.key) { changes.changed.append(.name(after.key)) }
      }
    }
    if let older, let newer {
      return older.collection.differences(
        to: newer.collection, from: position, count: left, effort: max(page.effort, 1), hashKey: hashKey, meet)
    }
    guard let sole = older ?? newer else { return HashPosition(0) }
    return sole.collection.scan(from: position, count: left, hashKey: hashKey) {
      meet(newer == nil ? .removed($0) : .added($0))
    }
  }

  private func isSameGroup(_ name: Bytes) -> Bool {
    let hash = hashKey.hash(name)
    guard let before = older?.group(name, hash), let after = newer?.group(name, hash) else { return false }
    return before.isSame(as: after)
  }

  private func compareProperties(_ page: inout FieldPage) {
    guard let older, let newer else { return }
    if older.lastID != newer.lastID { page.properties.append("last-generated-id") }
    if older.maxDeletedID != newer.maxDeletedID { page.properties.append("max-deleted-entry-id") }
    if older.added != newer.added { page.properties.append("entries-added") }
  }
}

/// The live entries in a part of a stream, from an id on.
private struct StreamEntries {
  private let collection: VersionedStore.Collection?
  private let end: Int
  /// The next leaf.
  private var leaf: Int
  private var entries: [StreamNode.Entry] = []
  private var index = 0

  init(_ stream: StreamReader?, _ range: Range<Int>, from first: StreamID) {
    collection = stream?.collection
    end = range.upperBound
    leaf = range.lowerBound
    if let found = collection?.leaf(key: first.milliseconds, isAtOrBefore: { StreamID($0) <= first }) {
      leaf = max(leaf, found.start)
    }
    enterLeaf()
    while let current, current.id < first { advance() }
  }

  var current: StreamNode.Entry? { index < entries.count ? entries[index] : nil }

  /// The entry at hand, if it has this id.
  mutating func take(_ id: StreamID) -> StreamNode.Entry? {
    guard let current, current.id == id else { return nil }
    advance()
    return current
  }

  private mutating func advance() {
    index += 1
    if index == entries.count { enterLeaf() }
  }

  private mutating func enterLeaf() {
    (entries, index) = ([], 0)
    while entries.isEmpty, leaf < end, let next = collection?.leaf(at: leaf) {
      entries = StreamNode(next.bytes).liveEntries
      leaf = next.start + next.weight
    }
  }
}

extension StreamNode.Entry {
  fileprivate func hasSameFields(as other: StreamNode.Entry) -> Bool {
    guard fieldCount == other.fieldCount else { return false }
    var theirs: [(StoredValue, StoredValue)] = []
    other.forEachField { theirs.append(($0, $1)) }
    var (index, isSame) = (0, true)
    forEachField { field, value in
      isSame = isSame && field.isSame(as: theirs[index].0) && value.isSame(as: theirs[index].1)
      index += 1
    }
    return isSame
  }
}

extension StreamGroup {
  /// Whether two groups are alike. The numbers by which pending lists know the consumers do not count, their names do.
  fileprivate func isSame(as other: StreamGroup) -> Bool {
    guard lastID == other.lastID, entriesRead == other.entriesRead, pending.count == other.pending.count else {
      return false
    }
    let (mine, theirs) = (consumers, other.consumers)
    guard mine.map(\.name) == theirs.map(\.name),
      mine.map(\.consumer.seenMilliseconds) == theirs.map(\.consumer.seenMilliseconds)
    else { return false }
    return describedPending == other.describedPending
  }

  private struct Pending: Equatable {
    var id: StreamID
    var delivered: Int64
    var count: UInt64
    var consumer: [UInt8]?
  }

  private var describedPending: [Pending] {
    let names = names
    var all: [Pending] = []
    pending.forEach { record in
      all.append(
        Pending(id: record.id, delivered: record.delivered, count: record.count, consumer: names[record.consumer]))
      return true
    }
    return all
  }
}
