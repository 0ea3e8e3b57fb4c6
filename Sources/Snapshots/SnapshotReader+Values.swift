internal import VersionedStore

extension SnapshotReader {
  /// Reads the value of a key and hands both to the sink. A kind of value that is to be read in future gets its case
  /// here, and a call of the sink beside `string`.
  mutating func readValue(
    of type: ValueType, key: StringField, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    switch type {
    case .string:
      try readString(key: key, &cursor, into: &sink)
    case .module:
      let module = ModuleID(rawValue: try cursor.length())
      throw .failed(.unsupportedModule(cursor.place(), name: module.name))
    case .list, .set, .sortedSet, .hash, .stream:
      throw .failed(.unsupportedType(cursor.place()))
    }
  }

  private mutating func readString(
    key: StringField, _ cursor: inout ItemCursor, into sink: inout some SnapshotSink
  ) throws(Interruption) {
    let source = cursor.source
    let value = try cursor.string()
    try unpack(key, value, cursor)
    do {
      let (expiryMilliseconds, access) = (expiryMilliseconds, access)
      try key.withText(in: source, or: keyScratch) { key throws(SinkRefusal) in
        try value.withText(in: source, or: valueScratch) { value throws(SinkRefusal) in
          try sink.string(key: key, value: value, expiryMilliseconds: expiryMilliseconds, access: access)
        }
      }
    } catch {
      throw .failed(.refused(cursor.place(), error))
    }
    if valueScratch.capacity > Self.keptCapacity { valueScratch = [] }
    if keyScratch.capacity > Self.keptCapacity { keyScratch = [] }
  }
}
