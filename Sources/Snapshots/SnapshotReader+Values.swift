internal import Values
internal import VersionedStore

/// A value of which pieces are still to come.
struct OpenValue {
  /// What comes next.
  enum Part {
    case text, element, field, expiringField(soonest: Int64?), textMember, binaryMember, ziplist, quicklistNode
    case streamNode, streamState
    case streamGroup
    case streamPending(groups: UInt64)
    case streamConsumers(groups: UInt64)
    case streamConsumer(groups: UInt64)
    case streamConsumerPending(consumers: UInt64, groups: UInt64)
  }

  let typeByte: UInt8
  let type: ValueType
  let key: [UInt8]
  var part: Part
  /// So many of them.
  var remaining: UInt64
}

extension SnapshotReader {
  /// Reads a string key, or the beginning of any other.
  ///
  /// A value that may be long is read in pieces, so that no more of it than one piece has to be there at a time; one that
  /// its writer packed into one string comes whole.
  mutating func readValue(
    _ typeByte: UInt8, of type: ValueType, key: StringField, _ cursor: inout ItemCursor,
    into sink: inout some SnapshotSink
  ) throws(Interruption) {
    switch typeByte {
    case 0: return try readString(key: key, &cursor, into: &sink)
    case 6, 7:
      let module = ModuleID(rawValue: try cursor.length())
      throw .failed(.unsupportedModule(cursor.place(), name: module.name))
    case 9, 10, 11, 12, 13, 16, 17, 20: return try readPacked(typeByte, key: key, type, &cursor, into: &sink)
    case 23, 25:
      // When the first field expires: for readers who do not look into the value.
      if typeByte == 25 { _ = try cursor.littleEndian(Int64.self) }
      return try readPacked(typeByte, key: key, type, &cursor, into: &sink)
    default: break
    }
    var part: OpenValue.Part =
      switch typeByte {
      case 1, 2: .element
      case 3: .textMember
      case 4: .field
      case 5: .binaryMember
      case 14: .ziplist
      case 18: .quicklistNode
      case 22, 24: .expiringField(soonest: nil)
      default: .streamNode
      }
    if typeByte == 24 { part = .expiringField(soonest: try cursor.littleEndian(Int64.self)) }
    let count = try cursor.length()
    try begin(key, type, cursor, into: &sink)
    openValue = OpenValue(
      typeByte: typeByte, type: type, key: key.copied(from: cursor.source), part: part, remaining: count)
    if count == 0 { try finishPart(cursor, into: &sink) }
  }

  private mutating func begin(
    _ key: StringField, _ type: ValueType, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    guard key.unpack(from: cursor.source, into: &keyScratch) else {
      throw .failed(.corruptCompression(cursor.place()))
    }
    do {
      let (expiryMilliseconds, access) = (expiryMilliseconds, access)
      try key.withText(in: cursor.source, or: keyScratch) { key throws(SinkRefusal) in
        try sink.value(.begin(key: key, type: type, expiryMilliseconds: expiryMilliseconds, access: access))
      }
    } catch {
      throw cursor.refused(error)
    }
    if keyScratch.capacity > Self.keptCapacity { keyScratch = [] }
  }

  static func give(
    _ event: SnapshotEvent, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    do throws(SinkRefusal) { try sink.value(event) } catch { throw cursor.refused(error) }
  }

  /// Reads a value that its writer packed into one string.
  private mutating func readPacked(
    _ typeByte: UInt8, key: StringField, _ type: ValueType, _ cursor: inout ItemCursor,
    into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let blob = try cursor.string()
    try begin(key, type, cursor, into: &sink)
    try withText(blob, cursor) { (blob, cursor) throws(Interruption) in
      try Self.emitBlob(typeByte, blob, cursor, into: &sink)
    }
    try Self.give(.end, cursor, into: &sink)
  }

  /// Calls `body` with a string of the item.
  mutating func withText(
    _ field: StringField, _ cursor: ItemCursor, _ body: (Bytes, ItemCursor) throws(Interruption) -> Void
  ) throws(Interruption) {
    guard field.unpack(from: cursor.source, into: &valueScratch) else {
      throw .failed(.corruptCompression(cursor.place()))
    }
    try field.withText(in: cursor.source, or: valueScratch) { text throws(Interruption) in try body(text, cursor) }
    if valueScratch.capacity > Self.keptCapacity { valueScratch = [] }
  }

  /// Takes a blob apart as its type says.
  static func emitBlob(
    _ typeByte: UInt8, _ blob: Bytes, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    switch typeByte {
    case 9:
      guard let map = Zipmap.elements(blob) else { throw .failed(.corruptValue(cursor.place())) }
      try map.elements.withBytes { elements throws(Interruption) in
        try give(.packed(elements, count: map.count), cursor, into: &sink)
      }
    case 10, 12, 13, 14:
      guard let list = Ziplist.elements(blob) else { throw .failed(.corruptValue(cursor.place())) }
      try list.elements.withBytes { elements throws(Interruption) in
        try give(.packed(elements, count: list.count), cursor, into: &sink)
      }
    case 11:
      guard IntegerSet.validate(blob) else { throw .failed(.corruptValue(cursor.place())) }
      try give(.integers(blob), cursor, into: &sink)
    case 23, 25:
      guard let list = Listpack.elements(blob), list.count % 3 == 0 else {
        throw .failed(.corruptValue(cursor.place()))
      }
      try emitExpiring(PackedElements(list.elements), cursor, into: &sink)
    default:
      guard let list = Listpack.elements(blob) else { throw .failed(.corruptValue(cursor.place())) }
      try give(.packed(list.elements, count: list.count), cursor, into: &sink)
    }
  }

  /// Fields with values and when they expire, 0 for never.
  private static func emitExpiring(
    _ elements: PackedElements, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    var at = elements.start
    while at < elements.end {
      let (field, second) = elements.element(at: at)
      let (value, third) = elements.element(at: second)
      let (time, next) = elements.element(at: third)
      guard case .word(let expiry) = time, (0...Int64(fieldExpiryLimit)).contains(expiry) else {
        throw .failed(.corruptValue(cursor.place()))
      }
      do {
        try field.withBytes { field throws(SinkRefusal) in
          try value.withBytes { value throws(SinkRefusal) in
            try sink.value(.field(field, value: value, expiryMilliseconds: expiry == 0 ? nil : expiry))
          }
        }
      } catch {
        throw cursor.refused(error)
      }
      at = next
    }
  }

  private mutating func readString(
    key: StringField, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let source = cursor.source
    let (found, byteCount) = try cursor.string(upTo: StringForm.wholeLimit)
    guard let value = found else {
      try begin(key, .string, cursor, into: &sink)
      openValue = OpenValue(
        typeByte: 0, type: .string, key: key.copied(from: source), part: .text, remaining: UInt64(byteCount))
      return
    }
    if case .compressed(let range, let byteCount) = value, byteCount > StringForm.wholeLimit {
      return try readCompressed(source[range], byteCount, key: key, cursor, into: &sink)
    }
    try unpack(key, value, cursor)
    do {
      let (expiryMilliseconds, access) = (expiryMilliseconds, access)
      try key.withText(in: source, or: keyScratch) { key throws(SinkRefusal) in
        try value.withText(in: source, or: valueScratch) { value throws(SinkRefusal) in
          try sink.string(key: key, value: value, expiryMilliseconds: expiryMilliseconds, access: access)
        }
      }
    } catch {
      throw cursor.refused(error)
    }
    if valueScratch.capacity > Self.keptCapacity { valueScratch = [] }
    if keyScratch.capacity > Self.keptCapacity { keyScratch = [] }
  }

  /// Reads a long string that is compressed: the text is handed on while it is decompressed.
  private mutating func readCompressed(
    _ compressed: Bytes, _ byteCount: Int, key: StringField, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    try begin(key, .string, cursor, into: &sink)
    let isSound = try LZF.decompress(compressed, byteCount: byteCount, using: &valueScratch) {
      text throws(Interruption) in
      try Self.give(.text(text), cursor, into: &sink)
    }
    guard isSound else { throw .failed(.corruptCompression(cursor.place())) }
    try Self.give(.end, cursor, into: &sink)
  }
}
