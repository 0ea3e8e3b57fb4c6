public import VersionedStore

/// A node of a stream as it stands in a leaf: its master id (16 bytes), then the elements of the listpack that Redis has
/// there:
///
///     live entries, deleted entries, number of master fields, the master fields, 0
///     for each entry:
///       flags (1 deleted, 2 the fields are the master's), id as two differences from the master id,
///       number of fields, fields and values      or, with the master's fields, the values alone,
///       number of elements of the entry before this one
///
/// The ids of live entries rise. Those of deleted ones may be above what follows, or the same: XSETID sets the last id of a
/// stream back behind them.
///
/// Source: `t_stream.c` of Redis 7.0.
@safe
public struct StreamNode {
  public let bytes: Bytes
  let elements: PackedElements

  static let isDeleted: Int64 = 1
  static let hasMasterFields: Int64 = 2

  public init(_ bytes: Bytes) {
    self.bytes = bytes
    elements = PackedElements(bytes, start: StreamID.byteCount)
  }

  public var master: StreamID { StreamID(bytes) }

  /// The integer at `offset`, and where the next element stands.
  func integer(at offset: Int) -> (value: Int64, next: Int) {
    let (value, next) = elements.element(at: offset)
    if case .word(let word) = value { return (word, next) }
    return (0, next)
  }

  /// Live and deleted entries.
  public var counts: (live: Int, deleted: Int) {
    let (live, next) = integer(at: elements.start)
    return (Int(live), Int(integer(at: next).value))
  }

  /// Where the counts end.
  var countsEnd: Int { elements.next(after: elements.next(after: elements.start)) }

  /// The number of master fields, where they begin, and where the first entry does.
  var masterFields: (count: Int, start: Int, end: Int) {
    let (count, start) = integer(at: countsEnd)
    var at = start
    for _ in 0..<count { at = elements.next(after: at) }
    return (Int(count), start, elements.next(after: at))
  }

  /// An entry of the node, deleted ones among them.
  @safe
  public struct Entry {
    let node: StreamNode
    /// Where its flags stand.
    let offset: Int
    public let id: StreamID
    public let isDeleted: Bool
    let hasMasterFields: Bool
    public let fieldCount: Int
    /// Where its fields begin, or its values.
    let content: Int
    let masterStart: Int
    /// Where the next entry begins.
    public let end: Int

    /// Meets fields and values.
    public func forEachField<E: Error>(_ visit: (StoredValue, StoredValue) throws(E) -> Void) throws(E) {
      var (field, at) = (masterStart, content)
      for _ in 0..<fieldCount {
        if hasMasterFields {
          let (name, nextField) = node.elements.element(at: field)
          let (value, next) = node.elements.element(at: at)
          try visit(name, value)
          (field, at) = (nextField, next)
        } else {
          let (name, second) = node.elements.element(at: at)
          let (value, next) = node.elements.element(at: second)
          try visit(name, value)
          at = next
        }
      }
    }
  }

  /// The entry whose flags stand at `offset`; nil at the end.
  func entry(at offset: Int, _ master: (count: Int, start: Int, end: Int)) -> Entry? {
    guard offset < elements.end else { return nil }
    let (flags, second) = integer(at: offset)
    let (milliseconds, third) = integer(at: second)
    let (sequence, fourth) = integer(at: third)
    let isSame = flags & Self.hasMasterFields != 0
    let (own, content) = isSame ? (Int64(master.count), fourth) : integer(at: fourth)
    var end = content
    for _ in 0..<(isSame ? own : 2 * own) { end = elements.next(after: end) }
    let base = self.master
    return Entry(
      node: self, offset: offset,
      id: StreamID(
        base.milliseconds &+ UInt64(bitPattern: milliseconds), base.sequence &+ UInt64(bitPattern: sequence)),
      isDeleted: flags & Self.isDeleted != 0, hasMasterFields: isSame, fieldCount: Int(own), content: content,
      masterStart: master.start, end: elements.next(after: end))
  }

  /// Meets the entries in order, deleted ones too, until `visit` returns false.
  public func forEach<E: Error>(_ visit: (Entry) throws(E) -> Bool) throws(E) {
    let master = masterFields
    var at = master.end
    while let entry = entry(at: at, master) {
      guard try visit(entry) else { return }
      at = entry.end
    }
  }

  /// All entries that are not deleted.
  public var liveEntries: [Entry] {
    var entries: [Entry] = []
    forEach { entry in
      if !entry.isDeleted { entries.append(entry) }
      return true
    }
    return entries
  }

  /// Whether elements that nobody has vouched for (they are elements, but nothing more is known) are those of a node: every
  /// number where it should be, ids of live entries that rise from the master id on, counts that are right.
  public static func validate(_ master: StreamID, _ elements: Bytes) -> Bool {
    var reader = Validator(elements: PackedElements(elements), at: 0)
    return reader.isNode(master)
  }

  private struct Validator {
    let elements: PackedElements
    var at: Int

    mutating func integer() -> Int64? {
      guard at < elements.end else { return nil }
      let (value, next) = elements.element(at: at)
      at = next
      return Int64(value)
    }

    mutating func word() -> Int64? {
      guard at < elements.end, case .word(let word) = elements.element(at: at).value else { return nil }
      at = elements.next(after: at)
      return word
    }

    mutating func skip(_ count: Int64) -> Bool {
      var left = count
      while left > 0 {
        guard at < elements.end else { return false }
        at = elements.next(after: at)
        left -= 1
      }
      return count >= 0
    }

    mutating func isNode(_ master: StreamID) -> Bool {
      guard let live = word(), let deleted = word(), let fields = word(), live >= 0, deleted >= 0, fields >= 0,
        skip(fields), word() == 0
      else { return false }
      var (liveSeen, deletedSeen) = (Int64(0), Int64(0))
      var former: StreamID?
      while at < elements.end {
        guard let entry = entry(master, fields), entry.id >= master else { return false }
        if entry.isDeleted {
          deletedSeen += 1
          continue
        }
        if let former, entry.id <= former { return false }
        former = entry.id
        liveSeen += 1
      }
      return live == liveSeen && deleted == deletedSeen && live > 0
    }

    mutating func entry(_ master: StreamID, _ masterFields: Int64) -> (id: StreamID, isDeleted: Bool)? {
      // Flags are changed in place: they take one byte.
      guard at < elements.end, elements.bytes[at] <= 3, let flags = word(), let milliseconds = word(),
        let sequence = word()
      else { return nil }
      // Differences are of 64 bits without a sign: from 1 to the last millisecond of all it is -2.
      let ms = master.milliseconds &+ UInt64(bitPattern: milliseconds)
      let seq = master.sequence &+ UInt64(bitPattern: sequence)
      var count = 3 + masterFields
      if flags & StreamNode.hasMasterFields == 0 {
        guard let own = word(), own >= 0, own < 1 << 40, skip(2 * own) else { return nil }
        count = 4 + 2 * own
      } else if !skip(masterFields) {
        return nil
      }
      guard word() == count else { return nil }
      return (StreamID(ms, seq), flags & StreamNode.isDeleted != 0)
    }
  }
}
