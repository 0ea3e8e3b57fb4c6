internal import Engine
internal import RESP
internal import VersionedStore

// Increments: the first, the next, one in the place of one that cannot be relied on, and the end of the last.
extension JournalWriter {
  // MARK: The first

  /// Goes on with the last increment of the manifest, or begins one, and waits for the disk: at the start of the server, when
  /// all that the manifest names has been loaded. A log without any file gets the base that `makeBase` writes under the
  /// name that it is given. On an error the log stays off.
  func openAtStart(
    manifest loaded: JournalManifest, now: Int64, baseIsSnapshot: Bool, streamEnd: Int64,
    makeBase: (String) throws(DiskError) -> Void
  ) throws(DiskError) {
    self.now = now
    var next = loaded
    let isEmpty = next.live.isEmpty
    try goBehindFiles(&next)
    if isEmpty {
      let name = next.replaceBase(of: names.log, isSnapshot: baseIsSnapshot)
      try makeBase(name)
      log(.notice, "Creating AOF base file \(name) on server start")
    }
    let last = next.increments.last?.name
    let name = last ?? next.addIncrement(to: names.log)
    let opened: DiskFile
    do throws(DiskError) { opened = try disk.open(name, truncating: last == nil) } catch {
      log(.warning, "Can't open the append-only file \(name): \(error.text)")
      throw error
    }
    let fileEnd: Int
    do throws(DiskError) {
      // What the last process has written and not synced is to be relied on from here on.
      try disk.sync(opened)
      fileEnd = try disk.byteCount(of: opened)
      try disk.syncDirectory()
      if next != loaded {
        switch ManifestFile.replace(names, with: next, on: disk) {
        case .replaced: break
        case .failed(let error, let line), .unsynced(let error, let line):
          log(.warning, line)
          throw error
        }
      }
    } catch {
      disk.close(opened)
      throw error
    }
    manifest = next
    formerBytes = next.live.dropLast().reduce(0) { $0 + byteCount(of: $1.name) }
    begin(opened, fileEnd: fileEnd, streamEnd: streamEnd, isNamed: true)
    log(.notice, "\(last == nil ? "Creating" : "Opening") AOF incr file \(name) on server start")
  }

  /// Where the manifest names no increment, has new files numbered behind all that there are: it may have been lost, and they
  /// are what it would be made again from.
  func goBehindFiles() throws(DiskError) { try goBehindFiles(&manifest) }

  private func goBehindFiles(_ manifest: inout JournalManifest) throws(DiskError) {
    guard manifest.increments.isEmpty else { return }
    do throws(DiskError) { manifest.goBehind(try disk.list(), of: names.log) } catch {
      log(.warning, "Can't look what there is in the append-only dir: \(error.text)")
      throw error
    }
  }

  /// Removes what a crash has left of files that were not done.
  func removeTemporaries() {
    for name in names.temporaries(among: (try? disk.list()) ?? []) { try? disk.remove(name) }
  }

  /// Begins an increment whose base is not there yet: no manifest names it before that is.
  func openTemporary(now: Int64, streamEnd: Int64) throws(DiskError) {
    self.now = now
    // One that could not be removed when it was given up is not emptied: a crash might bring back what it held, under the name
    // that this one will have.
    do throws(DiskError) { try disk.remove(names.temporaryIncrement) } catch { if !error.isMissingFile { throw error } }
    let opened = try disk.open(names.temporaryIncrement, truncating: true)
    log(.notice, "Creating AOF incr file \(names.temporaryIncrement) on background rewrite")
    begin(opened, fileEnd: 0, streamEnd: streamEnd, isNamed: false)
    formerBytes = 0
  }

  private func begin(_ opened: DiskFile, fileEnd: Int, streamEnd: Int64, isNamed: Bool) {
    assert(file == nil && sync == nil && !isSwitching)
    file = opened
    self.isNamed = isNamed
    self.fileEnd = fileEnd
    buffer.truncate(to: 0)
    (written, missing, torn) = (0, 0, 0)
    taken = Mark(fileEnd: 0, streamEnd: streamEnd, database: -1)
    filed = Mark(fileEnd: fileEnd, streamEnd: streamEnd, database: -1)
    durable = filed
    postponedSince = nil
    lastSyncSecond = now / 1000
    failure = nil
  }

  // MARK: The next

  /// Has `body` called when no sync runs and no manifest is written, with everything that is taken from there on waiting for the next increment:
  /// either it calls `performSwitch` or `abandonSwitch`, or it is called with false since the log is at fault.
  func requestSwitch(_ body: @escaping (Bool) -> Void) {
    if sync == nil, !isManifestBusy { beginSwitch(body) } else { switchRequest = body }
  }

  func beginSwitch(_ body: (Bool) -> Void) {
    guard file != nil, failure == nil, !isManifestBusy else { return body(false) }
    isSwitching = true
    body(true)
    assert(!isSwitching || isManifestBusy, "a switch was neither performed nor abandoned")
  }

  func abandonSwitch() {
    isSwitching = false
    flush()
  }

  /// Ends the increment here, behind all that was taken, and begins the next. Calls back when the manifest names that, or
  /// with false: then everything goes on as before.
  func performSwitch(_ completion: @escaping (Bool) -> Void) {
    guard let file, written == buffer.count || write(to: file) else {
      abandonSwitch()
      return completion(false)
    }
    let mark = filed
    var next = manifest
    let name = next.addIncrement(to: names.log)
    isManifestBusy = true
    let (disk, names, manifest) = (disk, names, next)
    disk.inBackground(.sync) {
      do throws(DiskError) { try disk.sync(file) } catch { return Switch.notSynced(error) }
      return Switch.make(name, manifest, names, disk)
    } _: { [weak self] outcome in
      guard let self else { return }
      isManifestBusy = false
      isSwitching = false
      switch outcome {
      case .notSynced(let error):
        // Without a promise, too: what the system has dropped may leave a hole that no load gets over.
        failSync(error)
        completion(false)
        proceed()
      case .notNamed(_, let line):
        becameDurable(mark)
        log(.warning, line)
        completion(false)
        proceed()
      case .named(let opened, let fault):
        becameDurable(mark)
        adopt(opened, manifest, fault)
        log(.notice, "Creating AOF incr file \(name) on background rewrite")
        completion(true)
        proceed()
      }
    }
  }

  /// The next increment is there and named.
  private func adopt(_ opened: DiskFile, _ next: JournalManifest, _ fault: ManifestFault?) {
    if let file { close(file) }
    formerBytes += fileEnd
    file = opened
    manifest = next
    fileEnd = 0
    torn = 0
    filed = Mark(fileEnd: 0, streamEnd: durable.streamEnd, database: durable.database)
    durable = filed
    if let fault {
      log(.warning, fault.line)
      isDirectoryDirty = true
    }
  }

  private func close(_ file: DiskFile) {
    let disk = disk
    disk.inBackground(.rewrite) {
      disk.close(file)
    } _: {
    }
  }

  // MARK: One that cannot be relied on

  /// Begins an increment with what is in the buffer, in the place of what was written and could not be synced.
  func recover() {
    guard case .syncing(let error) = failure, let file, !isSwitching, !isManifestBusy else { return }
    guard isNamed, missing == 0 else { return onLoss("what could not be synced is no longer known") }
    isSwitching = true
    isManifestBusy = true
    var next = manifest
    let name = next.addIncrement(to: names.log)
    let (disk, names, manifest, end) = (disk, names, next, durable.fileEnd)
    disk.inBackground(.sync) {
      do throws(DiskError) {
        try disk.truncate(file, to: end)
        try disk.sync(file)
      } catch {
        return Switch.notSynced(error)
      }
      return Switch.make(name, manifest, names, disk)
    } _: { [weak self] outcome in
      guard let self else { return }
      isManifestBusy = false
      isSwitching = false
      retryAt = now + Self.retryMilliseconds
      switch outcome {
      case .notSynced(let error), .notNamed(let error, _):
        failure = .syncing(error)
        proceed()
      case .named(let opened, let fault):
        log(.notice, "Creating AOF incr file \(name) in the place of what could not be synced")
        fileEnd = durable.fileEnd
        adopt(opened, manifest, fault)
        written = 0
        selectAgain()
        failure = .unproven(error)
        proceed()
      }
    }
  }

  /// A file begins with no database selected, and what comes first here relies on one, be it in the buffer or still to come.
  private func selectAgain() {
    guard durable.database >= 0 else { return }
    let select = ByteQueue(capacity: 64)
    defer { select.deallocate() }
    var writer = ReplyWriter(select, .resp2)
    writer.arrayHeader(2)
    writer.bulk("SELECT")
    writer.bulk(durable.database)
    buffer.insert(select.bytes, at: 0)
  }

  // MARK: The end

  /// Waits until no sync runs and no manifest is written.
  func settle() {
    while sync != nil || isManifestBusy { disk.settle(.sync) }
  }

  /// Writes all that there is, whatever else is under way: for those who read the files.
  func writeOut() -> DiskError? {
    settle()
    // Which may be another one than before.
    guard let file else { return nil }
    if case .syncing(let error) = failure { return error }
    guard written == buffer.count || write(to: file) else { return failure?.error }
    return nil
  }

  /// Writes and syncs all that there is, and waits for the disk. The log stays open.
  func syncNow() -> DiskError? {
    if let error = writeOut() { return error }
    // What that has begun may still run.
    settle()
    guard let file else { return nil }
    if case .syncing(let error) = failure { return error }
    guard written == buffer.count || write(to: file) else { return failure?.error }
    do throws(DiskError) {
      try disk.sync(file)
      if isDirectoryDirty { try disk.syncDirectory() }
    } catch {
      failSync(error)
      return error
    }
    isDirectoryDirty = false
    becameDurable(filed)
    if failure != nil { failure = nil }
    return nil
  }

  /// Gives the increment up as it is on the disk, with what is not written yet. What is written is left to the disk to sync,
  /// unless `removing` the file. Of what a sync has failed for, another would make a hole for good, which no load gets over:
  /// it is cut off, where it is known where that begins, and otherwise left alone.
  func abandon(removing: Bool) {
    if let request = switchRequest {
      switchRequest = nil
      request(false)
    }
    settle()
    guard let file else { return }
    var (isDoubtful, end) = (false, Int?.none)
    if case .syncing = failure { (isDoubtful, end) = (true, missing == 0 ? durable.fileEnd : nil) }
    self.file = nil
    isSwitching = false
    buffer.truncate(to: 0)
    buffer.shrink(to: 0)
    (written, missing, torn, fileEnd) = (0, 0, 0, 0)
    failure = nil
    let disk = disk
    if removing {
      disk.close(file)
      // At once, since the next one may have the same name.
      try? disk.remove(names.temporaryIncrement)
    } else {
      disk.inBackground(.sync) { [isDoubtful, end] in
        defer { disk.close(file) }
        do throws(DiskError) {
          if let end { try disk.truncate(file, to: end) }
          if !isDoubtful || end != nil { try disk.sync(file) }
        } catch {}
      } _: {
      }
    }
  }
}

/// What went wrong with a manifest that is in force all the same.
struct ManifestFault: Sendable {
  let error: DiskError
  let line: String
}

/// What has become of the next increment.
private enum Switch: Sendable {
  /// The present one could not be synced to its end.
  case notSynced(DiskError)
  /// There is none. With what to log.
  case notNamed(DiskError, String)
  case named(DiskFile, ManifestFault?)

  static func make(
    _ name: String, _ manifest: JournalManifest, _ names: JournalNames, _ disk: any JournalDisk
  ) -> Switch {
    let opened: DiskFile
    do throws(DiskError) { opened = try disk.open(name, truncating: true) } catch {
      return .notNamed(error, "Can't open the append-only file \(name): \(error.text)")
    }
    do throws(DiskError) { try disk.syncDirectory() } catch {
      disk.close(opened)
      try? disk.remove(name)
      return .notNamed(error, "Fail to fsync AOF directory \(names.manifest): \(error.text).")
    }
    switch ManifestFile.replace(names, with: manifest, on: disk) {
    case .replaced: return .named(opened, nil)
    case .unsynced(let error, let line): return .named(opened, ManifestFault(error: error, line: line))
    case .failed(let error, let line):
      disk.close(opened)
      try? disk.remove(name)
      return .notNamed(error, line)
    }
  }
}
