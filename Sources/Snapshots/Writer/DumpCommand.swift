internal import Engine
internal import RESP
public import VersionedStore

/// DUMP: a value as RDB holds it, for RESTORE.
///
///     type: 1 byte, value, RDB version: 2 bytes little-endian, CRC-64 over all before: 8 bytes little-endian
public enum DumpCommand {
  static let dump = Command(
    "dump", arity: .exactly(2), flags: [.readOnly], categories: [.keyspace], keys: [.one([.readOnly, .access])],
    group: .generic,
    since: "2.6.0", complexity: "O(N) in the length of the value.",
    "Answers with the value at a key in a form that RESTORE takes.",
    .read { call, view throws(CommandError) in
      guard let entry = view.find(call.key(1)) else { return call.reply.null() }
      let newest = view.settings.rdbNewestVersion
      let queue = ByteQueue()
      defer { queue.deallocate() }
      do throws(SnapshotWriteFailure) {
        try append(entry, newestVersion: newest, compresses: view.settings.rdbCompression, to: queue)
      } catch {
        throw call.refuse("ERR can't dump: \(error)")
      }
      call.reply.bulk(queue.bytes)
    })

  /// Appends what DUMP answers with for `entry`.
  public static func append(
    _ entry: Entry, newestVersion: Int, compresses: Bool, to queue: ByteQueue
  ) throws(SnapshotWriteFailure) {
    var version = SnapshotWriter.usualVersion
    if SnapshotEncoder.hasExpiringFields(entry) {
      version = SnapshotWriter.expiringFieldsVersion
      guard version <= newestVersion else {
        throw .needsNewerVersion(key: Array(entry.key), version: version, allowed: newestVersion)
      }
    }
    let encoder = SnapshotEncoder(output: queue, compresses: compresses)
    encoder.append(SnapshotEncoder.typeByte(of: entry))
    try encoder.append(valueOf: entry)
    queue.append(word: UInt64(version), count: 2)
    var checksum = CRC64()
    checksum.update(queue.bytes)
    queue.append(word: checksum.value, count: 8)
  }
}
