internal import Engine
internal import VersionedStore

/// Commands for another server, one behind the other.
struct MigrationQuery {
  let queue = ByteQueue()

  func command(_ words: [[UInt8]]) {
    header("*", words.count)
    for word in words { bulk(word) }
  }

  /// RESTORE of a value. What is left of its life is told in milliseconds, 0 for ever.
  func restore(
    _ key: Bytes, _ entry: Entry, timeToLive: Int64, replaces: Bool, _ settings: Settings
  ) throws(SnapshotWriteFailure) {
    let payload = ByteQueue()
    defer { payload.deallocate() }
    try DumpCommand.append(
      entry, newestVersion: settings.rdbNewestVersion, compresses: settings.rdbCompression, to: payload)
    header("*", replaces ? 5 : 4)
    bulk(Array("RESTORE".utf8))
    bulk(key)
    bulk(Array("\(timeToLive)".utf8))
    bulk(payload.bytes)
    if replaces { bulk(Array("REPLACE".utf8)) }
  }

  private func header(_ sign: Character, _ count: Int) { append(Array("\(sign)\(count)\r\n".utf8)) }

  private func bulk(_ bytes: Bytes) {
    header("$", bytes.count)
    queue.append(bytes)
    append(Array("\r\n".utf8))
  }

  private func bulk(_ bytes: [UInt8]) { bytes.withBytes { bulk($0) } }

  private func append(_ bytes: [UInt8]) { bytes.withBytes { queue.append($0) } }
}
