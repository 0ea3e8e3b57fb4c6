internal import Values
internal import VersionedStore

/// Streams: nodes, what the stream knows beside them, groups with what is pending for them and for each consumer.
extension SnapshotReader {
  mutating func readStreamPart(
    _ value: OpenValue, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    switch value.part {
    case .streamNode: try readNode(&cursor, into: &sink)
    case .streamState: try readState(value, &cursor, into: &sink)
    case .streamGroup: try readGroup(value, &cursor, into: &sink)
    case .streamPending:
      let id = try cursor.streamID()
      let time = try cursor.littleEndian(Int64.self)
      let count = try cursor.length()
      try Self.give(.streamPending(id, deliveredMilliseconds: time, count: count), cursor, into: &sink)
    case .streamConsumers(let groups):
      // The number of consumers stands for itself.
      let count = try cursor.length()
      guard count < .max else { throw .failed(.corruptValue(cursor.place())) }
      next(.streamConsumer(groups: groups), count + 1)
    case .streamConsumer(let groups): try readConsumer(value, groups, &cursor, into: &sink)
    case .streamConsumerPending:
      try Self.give(.streamConsumerPending(try cursor.streamID()), cursor, into: &sink)
    default: break
    }
  }

  /// Has so many pieces of a kind come next; the piece that is being read counts as one of them.
  private mutating func next(_ part: OpenValue.Part, _ remaining: UInt64) {
    openValue?.part = part
    openValue?.remaining = remaining
  }

  private mutating func readNode(_ cursor: inout ItemCursor, into sink: inout some SnapshotSink) throws(Interruption) {
    let id = try cursor.string()
    let content = try cursor.string()
    guard id.unpack(from: cursor.source, into: &keyScratch) else {
      throw .failed(.corruptCompression(cursor.place()))
    }
    var master: StreamID?
    id.withText(in: cursor.source, or: keyScratch) { if $0.count == StreamID.byteCount { master = StreamID($0) } }
    guard let master else { throw .failed(.corruptValue(cursor.place())) }
    try withText(content, cursor) { (blob, cursor) throws(Interruption) in
      guard let list = Listpack.elements(blob) else { throw .failed(.corruptValue(cursor.place())) }
      try Self.give(.streamNode(master, list.elements, count: list.count), cursor, into: &sink)
    }
  }

  private mutating func readState(
    _ value: OpenValue, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let length = try cursor.length()
    let last = StreamID(try cursor.length(), try cursor.length())
    var (first, maxDeleted, added): (StreamID?, StreamID?, UInt64?)
    if value.typeByte >= 19 {
      first = StreamID(try cursor.length(), try cursor.length())
      maxDeleted = StreamID(try cursor.length(), try cursor.length())
      added = try cursor.length()
    }
    let groups = try cursor.length()
    guard groups < .max else { throw .failed(.corruptValue(cursor.place())) }
    try Self.give(
      .streamState(length: length, last: last, first: first, maxDeleted: maxDeleted, added: added), cursor,
      into: &sink)
    next(.streamGroup, groups + 1)
  }

  private mutating func readGroup(
    _ value: OpenValue, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let name = try cursor.string()
    let last = StreamID(try cursor.length(), try cursor.length())
    let entriesRead = value.typeByte >= 19 ? try cursor.length() : nil
    let pending = try cursor.length()
    guard pending < .max else { throw .failed(.corruptValue(cursor.place())) }
    try withText(name, cursor) { (name, cursor) throws(Interruption) in
      try Self.give(.streamGroup(name: name, last: last, entriesRead: entriesRead), cursor, into: &sink)
    }
    // This one is still counted among the groups that are left.
    next(.streamPending(groups: value.remaining - 1), pending + 1)
  }

  private mutating func readConsumer(
    _ value: OpenValue, _ groups: UInt64, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let name = try cursor.string()
    let seen = try cursor.littleEndian(Int64.self)
    if value.typeByte >= 21 { _ = try cursor.littleEndian(Int64.self) }
    let pending = try cursor.length()
    guard pending < .max else { throw .failed(.corruptValue(cursor.place())) }
    try withText(name, cursor) { (name, cursor) throws(Interruption) in
      try Self.give(.streamConsumer(name: name, seenMilliseconds: seen), cursor, into: &sink)
    }
    next(.streamConsumerPending(consumers: value.remaining - 1, groups: groups), pending + 1)
  }

  /// What follows the last piece of a kind; false if the value ends there.
  mutating func continueStream(
    _ value: OpenValue, _ cursor: ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) -> Bool {
    switch value.part {
    case .streamNode: next(.streamState, 1)
    case .streamPending(let groups): next(.streamConsumers(groups: groups), 1)
    case .streamConsumerPending(let consumers, let groups):
      next(.streamConsumer(groups: groups), consumers)
      if consumers == 0, let value = openValue { return try continueStream(value, cursor, into: &sink) }
    case .streamConsumer(let groups):
      guard groups > 0 else { return false }
      next(.streamGroup, groups)
    default: return false
    }
    return true
  }
}

extension ItemCursor {
  /// 16 bytes, big-endian.
  fileprivate mutating func streamID() throws(Interruption) -> StreamID {
    StreamID(source, at: try take(StreamID.byteCount).lowerBound)
  }
}
