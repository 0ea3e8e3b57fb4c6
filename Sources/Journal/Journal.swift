public import Engine
public import Snapshots
internal import VersionedStore

/// The append-only log of a server: when it is on, what of it goes where, and when it is rewritten.
///
/// `JournalWriter` brings what it is given to the disk; this decides what that is. Three states:
/// - *off*: nothing is told to it.
/// - *on*: the manifest names a base and increments that make the live dataset.
/// - *awaiting its base*: the commands are written, but what they follow upon is not on the disk yet: the log was turned on
///   while the server runs, or another dataset has taken the place of the live one, or what could not be synced is no longer
///   known. The manifest names what there was before, until the base is whole; a crash meanwhile brings that back.
///
/// *A rewrite* seals the live dataset and has another thread write what was sealed as the new base. From the same moment on
/// commands go to a new increment, so that the new base and this one are the dataset; the former base and increments are it
/// too, until the manifest names the new ones. Nothing is forked and nobody waits. If it fails, the increments are one more
/// than before.
///
/// *`appendfsync always`.* Whoever has written, or may have seen what others wrote, is answered when that is on the disk.
/// Where the disk is at fault, writers are answered when it works again, and readers at once: unlike Redis, which ends itself
/// then, the server goes on to answer everybody else.
///
/// *Another dataset.* If the log was on when another dataset was put in place of the live one, whoever did that and whoever
/// writes from then on waits for its base: until that is on the disk, nothing of it would be there after a crash. Under
/// `everysec`, too, where no more than a second is to be lost. If the log was turned on just now, they do not wait: there was
/// no promise before, and the log makes one when `aof_rewrite_in_progress` is over.
///
/// Confined to the serving thread: Sendable only because handlers of commands are, which run there too.
public final class Journal: @unchecked Sendable {
  enum State { case off, awaitingBase, on }

  let disk: any JournalDisk
  let writer: JournalWriter
  unowned let engine: Engine
  var state = State.off
  /// What `appendfsync` promises holds though the base is not there, or not for good: writers wait for it.
  var holdsWriters = false
  /// The log was on before the base was lost.
  var isRestoring = false
  /// Why there is no log though there was one, in the system's words: writes are refused until there is one again.
  var lossError: String? { didSet { tellFailure() } }
  var rewrite: Rewrite?
  var lastRewriteID = 0
  var isRewriteScheduled = false
  var limit = RewriteLimit()
  /// When a rewrite was last begun, in milliseconds since 1970.
  var lastTry: Int64 = 0
  /// When the history was last to be removed, in milliseconds since 1970.
  private var historyLookedAt: Int64 = 0
  /// Whatever slows a rewrite down behind each key (`rdb-key-save-delay`), for another thread; set by what runs the server.
  public var delay: (_ setting: Int, SnapshotProgress) -> (@Sendable () -> Void)? = { _, _ in nil }
  /// Waits for so many microseconds (DEBUG AOF-FLUSH-SLEEP); set by what runs the server.
  public var wait: (_ microseconds: Int) -> Void = { _ in }
  /// A clock for durations, in nanoseconds.
  public var nanoseconds: () -> Int64 = MonotonicClock.nanoseconds

  public init(_ engine: Engine, on disk: any JournalDisk) {
    self.engine = engine
    self.disk = disk
    writer = JournalWriter(disk: disk, name: engine.settings.appendFilename)
    attach()
  }

  private func attach() {
    writer.log = { [unowned engine] in engine.log($0, $1) }
    writer.onSafe = { [unowned self] in becameSafe(upTo: $0) }
    writer.onFailure = { [unowned self] _ in tellFailure() }
    writer.onLoss = { [unowned self] in wasLost($0) }
    writer.onDelay = { [unowned engine] in engine.noteDelay($0, nanoseconds: $1) }
    writer.isBesideRewrite = { [unowned self] in isBesideRewrite }
    writer.pause = { [unowned self] in if settings.logFlushDelay > 0 { wait(settings.logFlushDelay) } }
    stream.take = { [unowned self] bytes in
      prepareWriter()
      writer.take(bytes, streamEnd: stream.end, database: stream.database)
      noteSizes()
    }
    engine.cronTasks.append { [weak self] _ in self?.cron() }
    engine.datasetReplacements.append { [weak self] in self?.datasetWasReplaced() }
  }

  private func becameSafe(upTo end: Int64) {
    guard state == .on else { return }
    if holdsWriters {
      // The base is there for good.
      holdsWriters = false
      updateSafety()
    }
    if settings.appendSync == .always { engine.journalBecameSafe(upTo: end) }
  }

  private func tellFailure() {
    engine.persistence.logError = writer.failure?.error.text ?? lossError
    engine.updateWriteRefusal()
    updateReaders()
  }

  /// Has readers wait with the writers, or lets them go on: as long as the disk is at fault, or the base is not there, they
  /// would wait for something that nobody knows the end of.
  func updateReaders() {
    engine.holdsReaders =
      state == .on && settings.appendSync == .always && writer.failure == nil && lossError == nil
  }

  var settings: Settings { engine.settings }
  var stream: EffectStream { engine.effects.journal }
  var now: Int64 { engine.keyspace.now }
  private var isBesideRewrite: Bool { rewrite != nil || engine.persistence.isSaving }

  /// Whether what has been told leads to the live dataset as it is now. Between the commands of a transaction, and while a
  /// file is loaded, it does not.
  var canSeal: Bool { engine.nesting.isEmpty && !engine.persistence.isLoading }

  /// Tells the writer what it has to know of the present.
  func prepareWriter() {
    writer.setTime(now)
    writer.notesTime = settings.logTimestamps
    writer.isSyncSuspended = settings.skipsAppendSyncOnRewrite && isBesideRewrite
    writer.clock = settings.latencyMonitorThreshold > 0 ? nanoseconds : nil
  }

  // MARK: On and off

  /// Turns the log on when the server starts and all that the manifest names has been loaded; a log without any file begins
  /// with a base of the live dataset. The server must not go on when this fails; the log says why.
  ///
  /// - Parameter baseByteCount: the length of the base that was loaded.
  public func begin(_ manifest: JournalManifest, baseByteCount: Int = 0) throws(DiskError) {
    precondition(state == .off && rewrite == nil)
    do throws(DiskError) { try disk.makeDirectory() } catch {
      engine.log(.warning, "Can't open or create append-only dir \(settings.appendDirectory): \(error.text)")
      throw error
    }
    writer.removeTemporaries()
    prepareWriter()
    var madeByteCount = 0
    try writer.openAtStart(
      manifest: manifest, now: now, baseIsSnapshot: settings.logBaseIsSnapshot, streamEnd: stream.end
    ) { name throws(DiskError) in madeByteCount = try makeBase(name) }
    state = .on
    engine.persistence.log.baseSize = max(baseByteCount, madeByteCount)
    open()
    writer.removeHistoryUnless(settings.keepsLogHistory)
  }

  /// Knows the files that a log which is off has left behind, for when it is turned on.
  public func know(_ manifest: JournalManifest) { writer.manifest = manifest }

  /// A base of the live dataset, at once.
  private func makeBase(_ name: String) throws(DiskError) -> Int {
    let pin = engine.keyspace.history.pinLive(atMilliseconds: now)
    defer { engine.keyspace.history.unpin(pin) }
    let temporary = writer.names.temporaryBase(lastRewriteID)
    do throws(SnapshotWriteFailure) {
      let byteCount = try baseFile(pin).write(temporary, on: disk)
      try check { () throws(DiskError) in
        try disk.rename(temporary, to: name)
        try disk.syncDirectory()
      }
      return byteCount
    } catch {
      engine.log(.warning, "Write error writing append only file on disk: \(error)")
      throw DiskError(code: 5, text: "\(error)")
    }
  }

  private func check(_ body: () throws(DiskError) -> Void) throws(SnapshotWriteFailure) {
    do throws(DiskError) { try body() } catch { throw .output(reason: error.text) }
  }

  /// Begins to take what is told.
  func open() {
    stream.isOpen = true
    stream.forgetDatabase()
    policyChanged()
    noteSizes()
    publish()
  }

  /// CONFIG SET appendonly: true if the log is as the configuration says now.
  public func enabledChanged() -> Bool {
    if settings.appendOnly, state == .off { return turnOn() }
    if !settings.appendOnly, state != .off { turnOff() }
    return true
  }

  private func turnOn() -> Bool {
    state = .awaitingBase
    if engine.persistence.isSaving {
      isRewriteScheduled = true
      engine.log(
        .warning,
        "AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible."
      )
    } else if !canSeal {
      isRewriteScheduled = true
      engine.log(
        .warning,
        "AOF was enabled during a transaction. An AOF background was scheduled to start when possible.")
    } else {
      if rewrite != nil {
        engine.log(
          .warning,
          "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now."
        )
        cancelRewrite()
        // It may be about to put its base in place.
        writer.settle()
      }
      if !startRewrite() {
        state = .off
        publish()
        engine.log(
          .warning,
          "The AOF is to be enabled but a background AOF rewrite can't be started. Check the above logs for more info about the error."
        )
        return false
      }
    }
    publish()
    return true
  }

  private func turnOff() {
    let wasRewriting = rewrite != nil
    cancelRewrite()
    engine.handOverEffects()
    if let error = writer.syncNow() { engine.log(.warning, "Fail to fsync the AOF file: \(error.text)") }
    writer.abandon(removing: state == .awaitingBase)
    stream.isOpen = false
    state = .off
    (holdsWriters, isRestoring, lossError) = (false, false, nil)
    isRewriteScheduled = false
    if wasRewriting { engine.log(.notice, "Killing running AOF rewrite: it is a thread, and no child") }
    engine.journalBecameSafe(upTo: .max)
    publish()
  }

  /// `appendfsync` may have changed.
  public func policyChanged() {
    writer.policy = settings.appendSync
    updateReaders()
    updateSafety()
    writer.flush()
  }

  /// Says up to where writers may be answered.
  private func updateSafety() {
    let isPromised =
      switch settings.appendSync {
      case .always: state == .on || holdsWriters
      case .everySecond: holdsWriters
      case .never: false
      }
    if !isPromised {
      if engine.journalSafe != .max { engine.journalBecameSafe(upTo: .max) }
    } else if state == .on, !writer.isDirectoryDirty {
      engine.journalBecameSafe(upTo: writer.safeEnd)
    } else if engine.journalSafe == .max {
      holdFromHereOn()
    }
  }

  /// Whoever writes from here on waits. What others were answered already is none of it.
  private func holdFromHereOn() {
    if canSeal { engine.handOverEffects() }
    engine.journalSafe = stream.end
  }

  /// `aof-disable-auto-gc` may have changed.
  public func historyPolicyChanged() {
    guard !settings.keepsLogHistory, rewrite == nil else { return }
    writer.removeHistory()
    // Whoever has asked for it finds it done.
    disk.settle(.rewrite)
    writer.settle()
  }

  // MARK: Another dataset

  private func datasetWasReplaced() {
    guard state != .off else { return }
    startAnew("another dataset has taken the place of the one that it holds")
  }

  /// The writer cannot bring to the disk what it was given.
  private func wasLost(_ reason: String) {
    lossError = writer.failure?.error.text
    if state == .awaitingBase, rewrite != nil {
      // The next attempt begins by the clock, and not at once: the disk may not be better yet.
      rewrite?.progress.cancel()
      failRewrite(reason)
    } else {
      startAnew(reason)
    }
  }

  /// Leaves the log as it is on the disk, and begins another with the dataset as it is now.
  private func startAnew(_ reason: String) {
    engine.log(.notice, "The AOF begins anew, since \(reason)")
    cancelRewrite()
    if canSeal { engine.handOverEffects() }
    if state == .on { _ = writer.writeOut() }
    writer.abandon(removing: state == .awaitingBase)
    if state == .on {
      isRestoring = true
      holdsWriters = true
    }
    if settings.appendSync == .never { holdsWriters = false }
    state = .awaitingBase
    if holdsWriters {
      if engine.journalSafe == .max { holdFromHereOn() }
      // That there is another dataset is a write, too, though no command tells of it: whoever did it waits for the base.
      stream.skip()
    } else {
      stream.isOpen = false
    }
    isRewriteScheduled = true
    if canSeal { _ = startRewrite() }
    publish()
  }

  // MARK: By the clock

  private func cron() {
    prepareWriter()
    writer.advance(now: now)
    if !engine.persistence.isLoading { rewriteCron() }
    if state != .off, rewrite == nil, now - historyLookedAt >= 1000 || now < historyLookedAt {
      historyLookedAt = now
      writer.removeHistoryUnless(settings.keepsLogHistory)
    }
    noteSizes()
    publish()
  }

  /// Figures that every write changes.
  func noteSizes() {
    if state != .off { engine.persistence.log.currentSize = writer.byteCount }
    engine.persistence.log.bufferedBytes = writer.unwrittenByteCount
  }

  func publish() {
    updateReaders()
    engine.persistence.log.isEnabled = state != .off
    engine.persistence.log.isRewriting = rewrite != nil
    engine.persistence.log.isRewriteScheduled = isRewriteScheduled
    engine.persistence.log.bufferCapacity = writer.bufferCapacity
    engine.persistence.log.pendingSyncs = writer.isSyncing ? 1 : 0
    engine.persistence.log.delayedSyncs = writer.delayedSyncs
  }

  // MARK: For others

  /// Writes all that was told so far to the files, for somebody who reads them: what went wrong, in the system's words.
  public func writeOut() -> DiskError? {
    engine.handOverEffects()
    return writer.writeOut()
  }

  /// Whether what the files hold, with what is not written yet, is the live dataset.
  public var holdsLiveDataset: Bool { state == .on }

  /// The files as they are named now.
  public var manifest: JournalManifest { writer.manifest }
}

extension JournalWriter {
  func removeHistoryUnless(_ isKept: Bool) { if !isKept { removeHistory() } }
}
