internal import Engine
internal import Snapshots
internal import VersionedStore

/// What another thread needs to write a base: a sealed version of the dataset, and how.
struct BaseFile: Sendable {
  var content: SnapshotContent
  var options: SnapshotOptions
  /// As a snapshot, or as commands.
  var isSnapshot: Bool
  /// Where it is commands: the second since 1970 at which it was sealed, if that is to be noted.
  var second: Int64?
  var syncsIncrementally: Bool
  var progress = SnapshotProgress()
  /// Is called behind each key, to slow it down; nil for not at all.
  var keyWritten: (@Sendable () -> Void)?

  /// Bytes after which what was written is pushed to the disk.
  private static let syncedByteCount = 32 << 20

  /// Writes the base under its temporary name, and has the disk keep it. Returns its length.
  func write(_ name: String, on disk: any JournalDisk) throws(SnapshotWriteFailure) -> Int {
    do throws(SnapshotWriteFailure) {
      let file = try Self.check { () throws(DiskError) in try disk.open(name, truncating: true) }
      defer { disk.close(file) }
      let byteCount = try fill(file, on: disk)
      try Self.check { () throws(DiskError) in try disk.sync(file) }
      return byteCount
    } catch {
      try? disk.remove(name)
      throw error
    }
  }

  private func fill(_ file: DiskFile, on disk: any JournalDisk) throws(SnapshotWriteFailure) -> Int {
    var (written, synced) = (0, 0)
    let take: (Bytes) throws(SnapshotWriteFailure) -> Void = { bytes throws(SnapshotWriteFailure) in
      try Self.check { () throws(DiskError) in try disk.appendAll(bytes, to: file) }
      written += bytes.count
      guard syncsIncrementally, written - synced >= Self.syncedByteCount else { return }
      try Self.check { () throws(DiskError) in try disk.sync(file) }
      synced = written
    }
    if isSnapshot {
      try SnapshotWriter.write(content, options, progress: progress, keyWritten: keyWritten, to: take)
    } else {
      try CommandBase.write(content, noteTime: second, progress: progress, keyWritten: keyWritten, to: take)
    }
    return written
  }

  private static func check<Result>(_ body: () throws(DiskError) -> Result) throws(SnapshotWriteFailure) -> Result {
    do throws(DiskError) { return try body() } catch { throw .output(reason: error.text) }
  }
}
