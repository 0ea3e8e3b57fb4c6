internal import VersionedStore

/// The instructions of an RDB file. Every other byte in their place is a type of value.
enum Opcode: UInt8 {
  /// Slot, keys, expiring keys: sizes for a cluster node that keeps its slots apart.
  case slotInfo = 244
  case function = 245
  /// Function libraries as the release candidates of Redis 7.0 wrote them.
  case functionBeforeRelease = 246
  case moduleAuxiliary = 247
  case idle = 248
  case frequency = 249
  case auxiliary = 250
  case resizeDatabase = 251
  case expiryMilliseconds = 252
  case expirySeconds = 253
  case selectDatabase = 254
  case end = 255
}

extension SnapshotReader {
  /// Reads one item: an instruction, or a key with its value.
  mutating func readItem(_ cursor: inout ItemCursor, into sink: inout some SnapshotSink) throws(Interruption) {
    let byte = try cursor.byte()
    if endsAfterOneValue, counts.keys > 0, byte != Opcode.end.rawValue {
      throw .failed(.unknownOpcode(cursor.place(), byte))
    }
    guard let opcode = Opcode(rawValue: byte) else {
      return try readKey(typeByte: byte, &cursor, into: &sink)
    }
    switch opcode {
    case .expiryMilliseconds:
      let time = try cursor.littleEndian(Int64.self)
      expiryMilliseconds = time == -1 ? nil : time
    case .expirySeconds:
      expiryMilliseconds = Int64(try cursor.littleEndian(Int32.self)) * 1000
    case .idle:
      access = .idleSeconds(try cursor.length())
    case .frequency:
      access = .frequency(try cursor.byte())
    case .selectDatabase:
      let database = try cursor.length()
      do { try sink.select(database: database) } catch { throw cursor.refused(error) }
      counts.select()
    case .resizeDatabase:
      let keys = try cursor.length()
      let expiring = try cursor.length()
      counts.announce(keys: keys)
      sink.announce(keys: keys, expiring: expiring)
    case .slotInfo:
      for _ in 0..<3 { _ = try cursor.length() }
    case .auxiliary:
      try readAuxiliary(&cursor, into: &sink)
    case .function:
      try readFunctionLibrary(&cursor, into: &sink)
    case .functionBeforeRelease:
      throw .failed(.unsupportedFunctionFormat(cursor.place()))
    case .moduleAuxiliary:
      let module = ModuleID(rawValue: try cursor.length())
      throw .failed(.unsupportedModule(cursor.place(), name: module.name))
    case .end:
      do { try sink.finish() } catch { throw cursor.refused(error) }
      phase = version >= 5 ? .checksum : .finished
    }
  }

  private mutating func readKey(
    typeByte: UInt8, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    guard let type = ValueType(typeByte: typeByte) else { throw .failed(.unknownOpcode(cursor.place(), typeByte)) }
    let key = try cursor.string()
    cursor.subject = (key, type)
    try readValue(typeByte, of: type, key: key, &cursor, into: &sink)
    counts.add(expiring: expiryMilliseconds != nil)
    expiryMilliseconds = nil
    access = .none
  }

  private mutating func readAuxiliary(
    _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let name = try cursor.string()
    let value = try cursor.string()
    try unpack(name, value, cursor)
    var origin = origin
    name.withText(in: cursor.source, or: keyScratch) { name in
      value.withText(in: cursor.source, or: valueScratch) { value in
        origin.note(name: name, value: value)
        sink.auxiliary(name: name, value: value)
      }
    }
    self.origin = origin
  }

  private mutating func readFunctionLibrary(
    _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let source = try cursor.string()
    guard source.unpack(from: cursor.source, into: &valueScratch) else {
      throw .failed(.corruptCompression(cursor.place()))
    }
    do {
      try source.withText(in: cursor.source, or: valueScratch) { text throws(SinkRefusal) in
        try sink.functionLibrary(text)
      }
    } catch {
      throw cursor.refused(error)
    }
  }

  /// Leaves in the scratch buffers what of the two strings cannot be used in place.
  mutating func unpack(_ key: StringField, _ value: StringField, _ cursor: ItemCursor) throws(Interruption) {
    guard key.unpack(from: cursor.source, into: &keyScratch), value.unpack(from: cursor.source, into: &valueScratch)
    else { throw .failed(.corruptCompression(cursor.place())) }
  }
}
