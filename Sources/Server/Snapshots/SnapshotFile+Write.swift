import Dispatch
import Glibc
import NIOCore
import Snapshots
import VersionedStore

/// Writes RDB files: beside the old one, synced, renamed over it, and the directory synced, so that a crash at any moment
/// leaves the old file or the new one.
extension SnapshotFile {
  private static let writing = DispatchQueue(label: "saving", qos: .utility)

  /// Lets `saves` write files, and go on on the serving loop when that is done.
  static func attach(_ saves: SnapshotSaves, eventLoop: any EventLoop) {
    saves.write = { job, completion in
      let completion = NIOLoopBound(completion, eventLoop: eventLoop)
      let directory = WorkingDirectory()
      writing.async {
        let result = Result { () throws(SnapshotWriteFailure) in try write(job, in: directory) }
        eventLoop.execute { completion.value(result) }
      }
    }
    saves.writeNow = { job in
      let directory = WorkingDirectory()
      // Behind one that is being written, which has been told to stop: both use one name.
      return writing.sync { Result { () throws(SnapshotWriteFailure) in try write(job, in: directory) } }
    }
    saves.readNow = { path, form in
      Result { () throws(SnapshotLoads.Failure) in try load(path, form, memoryLimit: nil) }
    }
    saves.waitForWriter = { writing.sync {} }
  }

  /// A file that is not complete yet has this name, in the working directory.
  private static var temporary: String { "temp-\(getpid()).rdb" }

  /// Removes the half of a file, if there is one: for a process that ends while it writes.
  static func removeTemporary() { _ = unsafe unlink(temporary) }

  /// Bytes after which what was written is pushed to the disk.
  private static let syncedByteCount = 32 << 20

  private static func write(
    _ job: SnapshotSaves.Job, in directory: WorkingDirectory
  ) throws(SnapshotWriteFailure) {
    guard let place = directory.descriptor else { throw .output(reason: Files.errorText(directory.error)) }
    do throws(SnapshotWriteFailure) {
      let file = unsafe openat(place, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      try check(file >= 0)
      defer { close(file) }
      try fill(file, job)
      try check(fsync(file) == 0)
      try check(unsafe renameat(place, temporary, place, job.file) == 0)
    } catch {
      _ = unsafe unlinkat(place, temporary, 0)
      throw error
    }
    try check(fsync(place) == 0)
  }

  private static func fill(_ file: Int32, _ job: SnapshotSaves.Job) throws(SnapshotWriteFailure) {
    var (written, synced) = (0, 0)
    let (delay, progress) = (job.keyDelayMicroseconds, job.progress)
    let wait = { KeyDelay.waitBehindKey(setting: delay) { progress.isCancelled } }
    try SnapshotWriter.write(job.content, job.options, progress: progress, keyWritten: delay == 0 ? nil : wait) {
      bytes throws(SnapshotWriteFailure) in
      try output { () throws(Files.Failure) in try Files.writeAll(file, bytes) }
      written += bytes.count
      guard job.syncsIncrementally, written - synced >= syncedByteCount else { return }
      try check(fdatasync(file) == 0)
      synced = written
    }
  }

  private static func check(_ isGood: Bool) throws(SnapshotWriteFailure) {
    guard isGood else { throw .output(reason: Files.errorText(errno)) }
  }

  private static func output(_ body: () throws(Files.Failure) -> Void) throws(SnapshotWriteFailure) {
    do throws(Files.Failure) { try body() } catch { throw .output(reason: error.text) }
  }
}
