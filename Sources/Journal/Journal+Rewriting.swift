internal import Engine
internal import Snapshots
internal import VersionedStore

// A new base for the log, while it goes on.
extension Journal {
  struct Rewrite {
    enum Phase {
      /// The present increment is being ended.
      case cutting
      /// The base is being written.
      case writing
      /// It is written, and no manifest names it.
      case written(byteCount: Int)
      /// The manifest is being written.
      case swapping
      /// What is needless now is being removed.
      case tidying
    }

    let id: Int
    var phase: Phase
    let isSnapshot: Bool
    let progress = SnapshotProgress()
    let beganMilliseconds: Int64
    let bytesBefore: Int
    /// The increment that follows upon the base; nil for the one that no manifest names yet, or none.
    var firstIncrement: Int64?
  }

  /// How often a rewrite that fails again and again is tried, as Redis has it: after three failures in a row a minute later,
  /// then two, four and so on, up to an hour.
  struct RewriteLimit {
    private var minutes: Int64 = 0
    private var next: Int64?
    private static let threshold = 3
    private static let longest: Int64 = 60

    /// Whether one has to wait. `warn` is told when that begins.
    mutating func forbids(failures: Int, second: Int64, _ warn: (_ minutes: Int64) -> Void) -> Bool {
      guard failures >= Self.threshold else {
        self = RewriteLimit()
        return false
      }
      if let next {
        if second < next { return true }
        self.next = nil
        return false
      }
      minutes = min(max(1, minutes * 2), Self.longest)
      next = second + minutes * 60
      warn(minutes)
      return true
    }
  }

  /// Whether it is too early for another attempt.
  private func isLimited() -> Bool {
    // As long as there is no log, a minute is long.
    if state == .awaitingBase {
      let wait = Int64(1000) << min(engine.persistence.log.consecutiveFailures, 5)
      return now - lastTry < (holdsWriters ? 1000 : wait) && now >= lastTry
    }
    return limit.forbids(failures: engine.persistence.log.consecutiveFailures, second: now / 1000) { minutes in
      engine.log(
        .warning,
        "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in \(minutes) minutes")
    }
  }

  func rewriteCron() {
    if let rewrite {
      note(rewrite)
      if case .written = rewrite.phase { swap() }
      return
    }
    if isRewriteScheduled {
      // Where writers wait for it, nothing else comes first.
      if holdsWriters || !engine.persistence.isSaving, !isLimited() { _ = startRewrite() }
    } else if state == .on, settings.autoRewritePercentage > 0, !engine.persistence.isSaving {
      rewriteIfGrown()
    }
  }

  private func rewriteIfGrown() {
    let (size, base) = (writer.byteCount, max(1, engine.persistence.log.baseSize))
    guard size > settings.autoRewriteMinSize else { return }
    let growth = Int(clamping: Int64(Double(size) * 100 / Double(base)) - 100)
    guard growth >= settings.autoRewritePercentage, !isLimited() else { return }
    engine.log(.notice, "Starting automatic rewriting of AOF on \(growth)% growth")
    _ = startRewrite()
  }

  // MARK: Its course

  /// Begins a rewrite. False if that has failed; the log says why.
  func startRewrite() -> Bool {
    precondition(rewrite == nil)
    lastTry = now
    prepareWriter()
    if state != .on {
      do throws(DiskError) {
        do throws(DiskError) { try disk.makeDirectory() } catch {
          engine.log(.warning, "Can't open or create append-only dir \(settings.appendDirectory): \(error.text)")
          throw error
        }
        if lastRewriteID == 0 { writer.removeTemporaries() }
        try writer.goBehindFiles()
        if state == .awaitingBase { try openTemporary() }
      } catch {
        engine.persistence.log.lastRewriteSucceeded = false
        engine.persistence.log.consecutiveFailures += 1
        if isRestoring { lossError = error.text }
        return false
      }
    }
    lastRewriteID += 1
    let id = lastRewriteID
    rewrite = Rewrite(
      id: id, phase: .cutting, isSnapshot: settings.logBaseIsSnapshot, beganMilliseconds: now,
      bytesBefore: engine.keyspace.history.allocatedBytes)
    isRewriteScheduled = false
    engine.persistence.log.rewriteCount += 1
    engine.persistence.log.currentRewriteSeconds = 0
    engine.log(.notice, "Background append only file rewriting started by thread")
    if state == .on {
      writer.requestSwitch { [weak self] isGranted in self?.cut(id, isGranted) }
    } else {
      let pin = engine.keyspace.history.pinLive(atMilliseconds: now)
      writeBase(id, pin, baseFile(pin))
    }
    publish()
    return true
  }

  private func openTemporary() throws(DiskError) {
    engine.handOverEffects()
    do throws(DiskError) { try writer.openTemporary(now: now, streamEnd: stream.end) } catch {
      engine.log(.warning, "Can't open the append-only file \(writer.names.temporaryIncrement): \(error.text)")
      throw error
    }
    open()
  }

  /// Ends the increment, and seals what it has led to.
  private func cut(_ id: Int, _ isGranted: Bool) {
    guard rewrite?.id == id else {
      if isGranted { writer.abandonSwitch() }
      return
    }
    guard isGranted else { return failRewrite("the log is at fault") }
    guard canSeal else {
      writer.abandonSwitch()
      endRewrite()
      isRewriteScheduled = true
      return
    }
    engine.handOverEffects()
    let pin = engine.keyspace.history.pinLive(atMilliseconds: now)
    // With all that it has to know of the dataset as it is now.
    let file = baseFile(pin)
    stream.forgetDatabase()
    writer.performSwitch { [weak self] isDone in
      guard let self else { return }
      guard isDone, rewrite?.id == id else {
        engine.keyspace.history.unpin(pin)
        if rewrite?.id == id { failRewrite("the log is at fault") }
        return
      }
      rewrite?.firstIncrement = writer.manifest.incrementSequence
      writeBase(id, pin, file)
    }
  }

  func baseFile(_ pin: VersionPin) -> BaseFile {
    BaseFile(
      content: SnapshotContent(pin.root, of: engine, isLogBase: true),
      options: SnapshotOptions(settings, now: now), isSnapshot: settings.logBaseIsSnapshot,
      second: settings.logTimestamps ? now / 1000 : nil, syncsIncrementally: settings.rewriteIncrementalSync)
  }

  private func writeBase(_ id: Int, _ pin: VersionPin, _ file: BaseFile) {
    guard let rewrite, rewrite.id == id else { return engine.keyspace.history.unpin(pin) }
    self.rewrite?.phase = .writing
    var file = file
    file.isSnapshot = rewrite.isSnapshot
    file.progress = rewrite.progress
    file.keyWritten = settings.rdbKeySaveDelay == 0 ? nil : delay(settings.rdbKeySaveDelay, rewrite.progress)
    let (disk, names, name, base) = (disk, writer.names, writer.names.temporaryBase(id), file)
    disk.inBackground(.rewrite) {
      // A base that was given up is removed at once; if the disk did not do that, now is the time, when room is wanted.
      for former in names.temporaryBases(among: (try? disk.list()) ?? []) { try? disk.remove(former) }
      return Result { () throws(SnapshotWriteFailure) in try base.write(name, on: disk) }
    } _: { [weak self] result in
      guard let self else { return }
      if self.rewrite?.id == id, let rewrite = self.rewrite { note(rewrite) }
      engine.keyspace.history.unpin(pin)
      guard self.rewrite?.id == id else {
        // It was written to the end though nobody wants it.
        if case .success = result { try? disk.remove(name) }
        return
      }
      engine.persistence.log.lastRetainedBytes = engine.persistence.currentRetainedBytes
      engine.persistence.currentRetainedBytes = 0
      switch result {
      case .success(let byteCount):
        engine.log(.notice, "Successfully created the temporary AOF base file \(name)")
        engine.log(.notice, "Background AOF rewrite terminated with success")
        self.rewrite?.phase = .written(byteCount: byteCount)
        swap()
      case .failure(let failure):
        failRewrite("\(failure)")
      }
    }
  }

  /// Has the manifest name the new base, unless it is being written for another reason: then the cron goes on.
  private func swap() {
    guard let rewrite, case .written(let byteCount) = rewrite.phase, !writer.isManifestBusy else { return }
    self.rewrite?.phase = .swapping
    let id = rewrite.id
    writer.replaceBase(
      writer.names.temporaryBase(id), isSnapshot: rewrite.isSnapshot, byteCount: byteCount,
      firstIncrement: rewrite.firstIncrement
    ) { [weak self] isDone in
      guard let self, self.rewrite?.id == id else { return }
      guard isDone else { return failRewrite("the new base could not be put in place") }
      baseIsInPlace()
    }
  }

  private func baseIsInPlace() {
    if state == .awaitingBase {
      state = .on
      isRestoring = false
      lossError = nil
      // Otherwise a crash may bring back the manifest before this one: writers wait for the sync that is to come.
      if !writer.isDirectoryDirty { holdsWriters = false }
      policyChanged()
    }
    if state == .on { engine.persistence.log.baseSize = writer.byteCount }
    engine.persistence.log.lastRewriteSucceeded = true
    engine.persistence.log.consecutiveFailures = 0
    rewrite?.phase = .tidying
    let id = rewrite?.id
    let end = { [weak self] in
      guard let self, rewrite?.id == id else { return }
      engine.log(.notice, "Background AOF rewrite finished successfully")
      endRewrite()
    }
    if settings.keepsLogHistory { end() } else { writer.removeHistory(end) }
  }

  // MARK: Its end

  func failRewrite(_ reason: String) {
    engine.log(.warning, "Background AOF rewrite terminated with error: \(reason)")
    engine.persistence.log.lastRewriteSucceeded = false
    engine.persistence.log.consecutiveFailures += 1
    endRewrite()
    if isRestoring { lossError = reason }
    if state == .awaitingBase { giveUpTemporary() }
  }

  /// What was written since the base that has failed is of no use. The next attempt begins anew.
  private func giveUpTemporary() {
    engine.log(.notice, "Removing the temp incr aof file \(writer.names.temporaryIncrement) in the background")
    writer.abandon(removing: true)
    if !holdsWriters { stream.isOpen = false }
    isRewriteScheduled = true
    publish()
  }

  private func endRewrite() {
    guard let rewrite else { return }
    engine.persistence.log.lastRewriteSeconds = (now - rewrite.beganMilliseconds) / 1000
    engine.persistence.log.currentRewriteSeconds = -1
    self.rewrite = nil
    noteSizes()
    publish()
  }

  /// Gives the rewrite that runs up. What it does in the background ends by itself, and is cleared away then.
  func cancelRewrite() {
    guard let rewrite else { return }
    rewrite.progress.cancel()
    engine.persistence.currentRetainedBytes = 0
    endRewrite()
  }

  private func note(_ rewrite: Rewrite) {
    engine.persistence.log.currentRewriteSeconds = (now - rewrite.beganMilliseconds) / 1000
    guard case .writing = rewrite.phase, !engine.persistence.isSaving else { return }
    engine.persistence.currentRetainedBytes = max(
      0, engine.keyspace.history.allocatedBytes - rewrite.bytesBefore)
  }
}
