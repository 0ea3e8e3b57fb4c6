public import Engine
internal import RESP
public import VersionedStore

/// Writes the append-only log: the increment that commands are appended to, and the list of files.
///
/// A state machine over a disk. It has no thread and no clock: time comes in with each call, and what takes long is done by
/// the disk in the background, which calls back.
///
/// *From the stream to the disk.* What the engine tells of writes lies in `buffer` until it is known to be on the disk, not
/// only until it is written:
///
///     buffer   | written to the file, not synced | not written |
///              ^ durable                         ^ written     ^ taken
///
/// A sync that succeeds moves `durable` up to where the file ended when it began. With `appendfsync always` the engine
/// keeps replies back until `durable` has come up to what their senders wrote; one sync serves all that came while the one
/// before it ran. A write to a file that is being synced may have to wait for that, and the serving thread with it: under
/// `always` nothing is written meanwhile, and under `everysec` for up to two seconds.
///
/// *A write that fails* leaves the file as it was: what it wrote of a unit is cut off again, or, where not even that can be
/// done, the rest of the unit is what is written first when writing works again. Nothing is forgotten, since the bytes are
/// in the buffer still; writes of clients are refused until they are in the file.
///
/// *A sync that fails* is another matter. The system may have dropped the pages that it could not write and marked them
/// clean, so that the next sync succeeds and says nothing of them; the file then has a hole which nobody sees before the
/// next start. So no later sync of these bytes is believed. The file is cut back to where it was durable, which drops the
/// doubtful pages, that is synced, and a new increment begins, whose first bytes are those of the buffer: they are written
/// anew, to new pages. Only a sync of these makes anything safe again. The old increment has to be cut for good before the
/// manifest names the new one: a command in both would be executed twice.
/// Where the bytes are no longer in the buffer (`appendfsync no`, or too many of them), the dataset itself is what is left:
/// then a new base is written, see `Journal`.
///
/// *Files.* Increments are ended, and bases put in the place of others, by writing the manifest anew (see `ManifestFile`).
/// Each state of it on the disk names files that make the whole dataset, up to what is durable:
/// - an increment is synced to its end before the manifest names another behind it, so that only the last can be cut short;
/// - what follows is written to the new increment only when the manifest names it, and waits in the buffer until then;
/// - a base is synced, and its name in the directory, before the manifest names it;
/// - files that it no longer names are removed only when it is known to be on the disk.
public final class JournalWriter {
  /// A point between two units of the log.
  struct Mark: Equatable {
    /// Bytes of the increment before it.
    var fileEnd = 0
    /// The same point in the engine's stream.
    var streamEnd: Int64 = 0
    /// The database that is selected there; -1 if the next unit selects its own.
    var database = -1
  }

  enum Failure: Equatable {
    /// What is in the buffer could not be written.
    case writing(DiskError)
    /// What is written of the buffer cannot be relied on.
    case syncing(DiskError)
    /// It was written anew, and no sync has yet shown that this was better.
    case unproven(DiskError)

    var error: DiskError {
      switch self {
      case .writing(let error), .syncing(let error), .unproven(let error): error
      }
    }
  }

  let disk: any JournalDisk
  let names: JournalNames
  /// As it is on the disk, as far as is known.
  public internal(set) var manifest = JournalManifest()
  public var policy = AppendSync.everySecond
  /// Leaves syncing to the system for the time being (`no-appendfsync-on-rewrite`).
  public var isSyncSuspended = false
  /// Notes when commands were executed.
  public var notesTime = false

  /// The increment that is written to; nil while the log is off.
  var file: DiskFile?
  /// The manifest names it. Otherwise it waits for its base.
  var isNamed = false
  let buffer = ByteQueue(capacity: 0)
  /// Bytes of the buffer that are in the file.
  var written = 0
  /// Bytes of the file that are not known to be durable and not in the buffer any more; they come before its first.
  var missing = 0
  /// Bytes in the file.
  var fileEnd = 0
  /// Those at its end that are a part of a unit whose rest could not be written.
  var torn = 0
  /// Ends of what was taken, of the whole units in the file, and of what is durable. `taken` has no place in the file.
  var taken = Mark()
  var filed = Mark()
  var durable = Mark()
  /// What the sync that runs will make durable; nil if none runs.
  var sync: Mark?
  /// Nothing is written until the next increment is there.
  var isSwitching = false
  /// A manifest is being written.
  var isManifestBusy = false
  /// Who wants to end the increment when no sync runs.
  var switchRequest: ((Bool) -> Void)?
  /// The names in the directory are not known to be durable.
  var isDirectoryDirty = false
  var failure: Failure? {
    didSet { if failure?.error != oldValue?.error { onFailure(failure?.error) } }
  }

  /// Milliseconds since 1970, as of the last call.
  var now: Int64 = 0
  var lastSyncSecond: Int64 = 0
  var lastNotedSecond: Int64 = 0
  /// Since when writing waits for a sync, in milliseconds; nil if it does not.
  var postponedSince: Int64?
  /// When to try again what has failed, in milliseconds.
  var retryAt: Int64 = 0
  private var errorLoggedAt: Int64 = .min / 2
  public private(set) var delayedSyncs = 0

  /// Files of the manifest's history are being removed.
  var isRemoving = false
  /// Bytes of the base and of the increments before the present one.
  var formerBytes = 0

  // What the writer tells. All is set by its owner.

  /// What was taken up to there is safe.
  var onSafe: (_ streamEnd: Int64) -> Void = { _ in }
  /// Writes are to be refused for this reason; or, for nil, no longer.
  var onFailure: (DiskError?) -> Void = { _ in }
  /// The log cannot be brought to the disk from what is left of it here: a new base is needed.
  var onLoss: (_ reason: String) -> Void = { _ in }
  var log: (LogLevel, String) -> Void = { _, _ in }
  /// A clock for durations in nanoseconds, where these are to be noted.
  var clock: (() -> Int64)?
  var onDelay: (LogDelay, _ nanoseconds: Int64) -> Void = { _, _ in }
  /// A save or a rewrite is at work beside the writer.
  var isBesideRewrite: () -> Bool = { false }
  /// Is called before something is written.
  var pause: () -> Void = {}

  init(disk: any JournalDisk, name: String) {
    self.disk = disk
    names = JournalNames(log: name)
  }

  deinit { buffer.deallocate() }

  // MARK: State

  public var isOpen: Bool { file != nil }
  /// Bytes that wait to be written.
  public var unwrittenByteCount: Int { buffer.count - written }
  public var bufferCapacity: Int { buffer.capacity }
  public var isSyncing: Bool { sync != nil }
  /// Bytes of all files that the dataset would be loaded from.
  public var byteCount: Int { formerBytes + fileEnd }
  /// Up to where the stream is safe.
  public var safeEnd: Int64 { durable.streamEnd }

  // MARK: In

  /// Takes in whole units. `streamEnd` is where the stream ends behind them, and `database` the one that is selected there.
  public func take(_ bytes: Bytes, streamEnd: Int64, database: Int) {
    guard file != nil else { return }
    if notesTime, now / 1000 > lastNotedSecond {
      lastNotedSecond = now / 1000
      Array("#TS:\(lastNotedSecond)\r\n".utf8).withBytes { buffer.append($0) }
    }
    buffer.append(bytes)
    (taken.streamEnd, taken.database) = (streamEnd, database)
    flush()
  }

  /// To be called by the clock: writes and syncs what is due, and tries again what has failed.
  public func advance(now: Int64) {
    self.now = now
    guard file != nil else { return }
    if failure != nil {
      if buffer.count > Self.keptByteCount { return onLoss("there is too much that the disk does not take") }
      guard now >= retryAt || retryAt - now > Self.retryMilliseconds else { return }
      retryAt = now + Self.retryMilliseconds
      if case .syncing = failure { return recover() }
    }
    flush()
    if buffer.count == 0 { buffer.shrink(to: Self.capacityKept) }
  }

  public func setTime(_ now: Int64) { self.now = now }

  static let retryMilliseconds: Int64 = 1000
  /// Milliseconds for which a sync that runs has writing wait.
  private static let postponement: Int64 = 2000
  /// Bytes that wait for a sync when one begins, however little time has passed since the last.
  private static let earlySyncByteCount = 16 << 20
  /// Bytes beyond which what is written is not kept until it is durable, and what cannot be written is not kept at all: a
  /// primary goes on to send, however full the disk of its replica is.
  private static let keptByteCount = 64 << 20
  /// Memory that an empty buffer keeps.
  private static let capacityKept = 1 << 20
  /// Milliseconds between two lines about one error.
  private static let errorLogInterval: Int64 = 30_000

  // MARK: Writing

  /// Writes what is to be written now, and begins to sync it if that is due.
  func flush(force: Bool = false) {
    guard let file, !isSwitching else { return }
    if case .syncing = failure { return }
    if written < buffer.count {
      if sync != nil, !force, waitsForSync() { return }
      _ = write(to: file)
    }
    syncIfDue()
  }

  /// Whether what is to be written waits for the sync that runs.
  private func waitsForSync() -> Bool {
    switch policy {
    case .never: return false
    // Nobody is answered before the next sync in any case. Memory has an end, though.
    case .always: return buffer.count - written < Self.keptByteCount
    case .everySecond: break
    }
    guard let since = postponedSince else {
      postponedSince = now
      return true
    }
    // The clock may have been set back.
    if now - since < Self.postponement, now >= since { return true }
    delayedSyncs += 1
    log(
      .notice,
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis."
    )
    return false
  }

  /// Writes all that is in the buffer and not in the file yet. False if that has failed.
  func write(to file: DiskFile) -> Bool {
    pause()
    postponedSince = nil
    let began = clock?()
    let bytes = buffer.bytes[written..<buffer.count]
    var done = 0
    do throws(DiskError) {
      while done < bytes.count { done += try disk.append(bytes[done..<bytes.count], to: file) }
    } catch {
      noteWrite(began)
      undo(done, of: bytes.count, in: file, error)
      return false
    }
    noteWrite(began)
    fileEnd += done
    written += done
    torn = 0
    filed = Mark(fileEnd: fileEnd, streamEnd: taken.streamEnd, database: taken.database)
    if case .writing = failure {
      failure = nil
      log(.warning, "AOF write error looks solved, Redis can write again.")
    }
    if failure == nil, policy == .never || written > Self.keptByteCount { forgetWritten() }
    return true
  }

  /// Does not keep what is written any longer, durable or not.
  private func forgetWritten() {
    missing += written
    buffer.consume(written, keep: .max)
    written = 0
  }

  /// Takes a part of a write back.
  private func undo(_ done: Int, of count: Int, in file: DiskFile, _ error: DiskError) {
    let isLogged = now - errorLoggedAt > Self.errorLogInterval || now < errorLoggedAt
    if isLogged { errorLoggedAt = now }
    var done = done
    if done == 0 {
      if isLogged { log(.warning, "Error writing to the AOF file: \(error.text)") }
    } else {
      if isLogged {
        log(.warning, "Short write while writing to the AOF file: (nwritten=\(done), expected=\(count)): \(error.text)")
      }
      do throws(DiskError) {
        try disk.truncate(file, to: fileEnd)
        done = 0
      } catch {
        if isLogged {
          log(
            .warning,
            "Could not remove short write from the append-only file, its rest is written when that is possible. ftruncate: \(error.text)"
          )
        }
      }
    }
    fileEnd += done
    written += done
    torn += done
    retryAt = now + Self.retryMilliseconds
    if case .unproven = failure { failure = .unproven(error) } else { failure = .writing(error) }
  }

  private func noteWrite(_ began: Int64?) {
    guard let began, let clock else { return }
    let taken = clock() - began
    onDelay(sync != nil ? .writePendingSync : isBesideRewrite() ? .writeBesideRewrite : .writeAlone, taken)
    onDelay(.write, taken)
  }

  // MARK: Syncing

  private func syncIfDue() {
    guard sync == nil, !isSwitching, switchRequest == nil else { return }
    // Even of nothing: it is to show that the disk works again.
    if case .unproven = failure { return startSync() }
    guard filed.fileEnd > durable.fileEnd || isDirectoryDirty else { return }
    if isSyncSuspended, !isDirectoryDirty {
      if policy == .always, isNamed { onSafe(filed.streamEnd) }
      return
    }
    switch policy {
    case .never: break
    case .always: startSync()
    case .everySecond:
      let isDue = now / 1000 != lastSyncSecond || filed.fileEnd - durable.fileEnd >= Self.earlySyncByteCount
      if isDue { startSync() }
    }
  }

  private func startSync() {
    guard let file else { return }
    let (mark, withDirectory) = (filed, isDirectoryDirty)
    sync = mark
    lastSyncSecond = now / 1000
    let began = policy == .always ? clock?() : nil
    let disk = disk
    disk.inBackground(.sync) { () -> DiskError? in
      do throws(DiskError) {
        try disk.sync(file)
        if withDirectory { try disk.syncDirectory() }
        return nil
      } catch {
        return error
      }
    } _: { [weak self] error in
      guard let self, self.file == file, sync == mark else { return }
      if let began, let clock { onDelay(.syncAlways, clock() - began) }
      endSync(mark, withDirectory, error)
    }
  }

  private func endSync(_ mark: Mark, _ withDirectory: Bool, _ error: DiskError?) {
    sync = nil
    if let error {
      failSync(error)
    } else {
      if withDirectory { isDirectoryDirty = false }
      becameDurable(mark)
      if case .unproven = failure {
        failure = nil
        log(.warning, "AOF write error looks solved, Redis can write again.")
      }
    }
    proceed()
  }

  /// Goes on when something that was done in the background is over.
  func proceed() {
    if let request = switchRequest, sync == nil, !isManifestBusy {
      switchRequest = nil
      beginSwitch(request)
    }
    flush()
  }

  /// What the file holds up to `mark` is on the disk.
  func becameDurable(_ mark: Mark) {
    let count = mark.fileEnd - durable.fileEnd
    let gone = min(missing, count)
    missing -= gone
    buffer.consume(count - gone, keep: .max)
    written -= count - gone
    durable = mark
    // Where the directory is not synced, a crash may bring back a manifest that does not name the file.
    if isNamed, !isDirectoryDirty { onSafe(mark.streamEnd) }
  }

  func failSync(_ error: DiskError) {
    if case .syncing = failure {} else { log(.warning, "Fail to fsync the AOF file: \(error.text)") }
    failure = .syncing(error)
    // The first attempt to mend it comes with the next call of the clock.
    retryAt = now
  }
}
