internal import Values
internal import VersionedStore

/// Values in pieces: one piece is one item.
extension SnapshotReader {
  mutating func readPart(_ cursor: inout ItemCursor, into sink: inout some SnapshotSink) throws(Interruption) {
    guard let value = openValue else { return }
    cursor.openSubject = (value.key, value.type)
    switch value.part {
    case .text: return try readText(value, &cursor, into: &sink)
    case .element:
      let element = try cursor.string()
      try withText(element, cursor) { (text, cursor) throws(Interruption) in
        try Self.give(.element(text), cursor, into: &sink)
      }
    case .field: try readField(&cursor, expiry: nil, into: &sink)
    case .expiringField(let soonest):
      let time = try cursor.length()
      try readField(&cursor, expiry: try Self.expiry(time, soonest, cursor), into: &sink)
    case .textMember, .binaryMember: try readMember(value.part, &cursor, into: &sink)
    case .ziplist: try readBlob(14, try cursor.string(), cursor, into: &sink)
    case .quicklistNode: try readQuicklistNode(&cursor, into: &sink)
    default: try readStreamPart(value, &cursor, into: &sink)
    }
    // A stream's parts say themselves what comes next.
    guard case .some(var rest) = openValue else { return }
    rest.remaining -= 1
    openValue = rest
    if rest.remaining == 0 { try finishPart(cursor, into: &sink) }
  }

  /// Reads as much of a long string as has come.
  private mutating func readText(
    _ value: OpenValue, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let count = min(Int(clamping: value.remaining), max(cursor.source.count - cursor.position, 1))
    let text = cursor.source[try cursor.take(count)]
    try Self.give(.text(text), cursor, into: &sink)
    var rest = value
    rest.remaining -= UInt64(count)
    openValue = rest
    if rest.remaining == 0 { try finishPart(cursor, into: &sink) }
  }

  private static func expiry(
    _ time: UInt64, _ soonest: Int64?, _ cursor: ItemCursor
  ) throws(Interruption) -> Int64? {
    if time == 0 { return nil }
    guard time <= fieldExpiryLimit + 1, soonest.map({ (0...Int64(fieldExpiryLimit)).contains($0) }) ?? true else {
      throw .failed(.corruptValue(cursor.place()))
    }
    let expiry = soonest.map { $0 + Int64(time) - 1 } ?? Int64(time)
    guard expiry <= Int64(fieldExpiryLimit) else { throw .failed(.corruptValue(cursor.place())) }
    return expiry
  }

  /// The last time at which a field may expire: 48 bits of milliseconds.
  static let fieldExpiryLimit: UInt64 = 1 << 48 - 1

  private mutating func readField(
    _ cursor: inout ItemCursor, expiry: Int64?, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let source = cursor.source
    let field = try cursor.string()
    let value = try cursor.string()
    try unpack(field, value, cursor)
    do {
      try field.withText(in: source, or: keyScratch) { field throws(SinkRefusal) in
        try value.withText(in: source, or: valueScratch) { value throws(SinkRefusal) in
          try sink.value(.field(field, value: value, expiryMilliseconds: expiry))
        }
      }
    } catch {
      throw cursor.refused(error)
    }
    if valueScratch.capacity > Self.keptCapacity { valueScratch = [] }
    if keyScratch.capacity > Self.keptCapacity { keyScratch = [] }
  }

  private mutating func readMember(
    _ part: OpenValue.Part, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let member = try cursor.string()
    let score: Double
    if case .binaryMember = part {
      score = Double(bitPattern: try cursor.littleEndian(UInt64.self))
    } else {
      score = try Self.textScore(&cursor)
    }
    guard !score.isNaN else { throw .failed(.corruptValue(cursor.place())) }
    try withText(member, cursor) { (text, cursor) throws(Interruption) in
      try Self.give(.member(text, score: score), cursor, into: &sink)
    }
  }

  /// A length and the digits; 253 to 255 stand for no number and the infinities.
  private static func textScore(_ cursor: inout ItemCursor) throws(Interruption) -> Double {
    let length = try cursor.byte()
    switch length {
    case 253: return .nan
    case 254: return .infinity
    case 255: return -.infinity
    default:
      let digits = try cursor.take(Int(length))
      guard let score = Double(text: cursor.source[digits]) else { throw .failed(.corruptValue(cursor.place())) }
      return score
    }
  }

  mutating func readBlob(
    _ typeByte: UInt8, _ blob: StringField, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    try withText(blob, cursor) { (text, cursor) throws(Interruption) in
      try Self.emitBlob(typeByte, text, cursor, into: &sink)
    }
  }

  private mutating func readQuicklistNode(
    _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let container = try cursor.length()
    let content = try cursor.string()
    switch container {
    case 1:
      try withText(content, cursor) { (text, cursor) throws(Interruption) in
        try Self.give(.element(text), cursor, into: &sink)
      }
    case 2: try readBlob(18, content, cursor, into: &sink)
    default: throw .failed(.corruptValue(cursor.place()))
    }
  }

  /// Goes on to what follows when all pieces of a kind are read.
  mutating func finishPart(_ cursor: ItemCursor, into sink: inout some SnapshotSink) throws(Interruption) {
    guard let value = openValue else { return }
    if try continueStream(value, cursor, into: &sink) { return }
    openValue = nil
    try Self.give(.end, cursor, into: &sink)
  }
}
