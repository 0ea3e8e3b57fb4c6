internal import Values
internal import VersionedStore

/// Streams as Redis 7.0 writes them.
extension SnapshotEncoder {
  func append(stream entry: Entry) throws(SnapshotWriteFailure) {
    let stream = StreamReader(entry)
    append(length: stream.nodeCount)
    try stream.forEachNode { node throws(SnapshotWriteFailure) in
      node.master.withBytes { append(text: $0) }
      let elements = node.bytes[StreamID.byteCount..<node.bytes.count]
      append(listpack: PackedElements.validate(elements) ?? 0, elements)
      try drainIfLong()
      return true
    }
    append(length: stream.count)
    append(stream.lastID)
    append(stream.firstID)
    append(stream.maxDeletedID)
    append(length: stream.added)
    append(length: stream.groupCount)
    for (name, group) in stream.groups { try append(group, name) }
  }

  private func append(_ id: StreamID) {
    append(length: id.milliseconds)
    append(length: id.sequence)
  }

  private func append(_ group: StreamGroup, _ name: [UInt8]) throws(SnapshotWriteFailure) {
    name.withBytes { append($0) }
    append(group.lastID)
    append(length: group.entriesRead ?? .max)
    append(length: group.pending.count)
    try group.pending.forEach { record throws(SnapshotWriteFailure) in
      record.id.withBytes { output.append($0) }
      append(littleEndian: UInt64(bitPattern: record.delivered))
      append(length: record.count)
      try drainIfLong()
      return true
    }
    append(length: group.consumerCount)
    for (name, consumer) in group.consumers {
      name.withBytes { append($0) }
      append(littleEndian: UInt64(bitPattern: consumer.seenMilliseconds))
      append(length: consumer.pending.count)
      try consumer.pending.forEach { record throws(SnapshotWriteFailure) in
        record.id.withBytes { output.append($0) }
        try drainIfLong()
        return true
      }
    }
  }
}
