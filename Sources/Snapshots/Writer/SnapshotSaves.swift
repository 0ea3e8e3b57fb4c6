public import Engine
internal import RESP
internal import VersionedStore

/// SAVE, BGSAVE, LASTSAVE, DUMP and the save points: the live dataset into an RDB file.
///
/// A save seals the live dataset and walks what was sealed on another thread, so that nothing is forked and nobody waits
/// but the client that said SAVE. What writers change meanwhile is copied by the writing rule, path by path.
///
/// Confined to the serving thread: Sendable only because handlers of commands are, which run there too.
public final class SnapshotSaves: @unchecked Sendable {
  /// What another thread needs to write a file.
  public struct Job: Sendable {
    public var content: SnapshotContent
    public var options: SnapshotOptions
    /// In the working directory.
    public var file: String
    /// Has the disk keep up while the file is written.
    public var syncsIncrementally: Bool
    /// Slows the save down, for tests of what happens meanwhile: microseconds behind each key, or, below 0, one microsecond
    /// behind one key of so many.
    public var keyDelayMicroseconds = 0
    public var progress = SnapshotProgress()
  }

  private struct Running {
    let pin: VersionPin
    let progress: SnapshotProgress
    /// Those that the save takes off the count.
    var changes: Int
    let beganMilliseconds: Int64
    let bytesBefore: Int
    /// The client that waits for it, as SAVE does.
    let session: Int?
  }

  /// Writes a file on another thread, so that a crash at any moment leaves the old file or the new one, and calls back on
  /// the serving one. Set by what runs the server, as is the next.
  public var write: (Job, @escaping (Result<Void, SnapshotWriteFailure>) -> Void) -> Void = { _, _ in
    preconditionFailure("nobody writes files")
  }
  /// Writes a file at once, on the serving thread: at the end of the process.
  public var writeNow: (Job) -> Result<Void, SnapshotWriteFailure> = { _ in
    preconditionFailure("nobody writes files")
  }
  /// Waits until no file is being written.
  public var waitForWriter: () -> Void = {}
  /// Reads a file at once, on the serving thread: for DEBUG RELOAD.
  public var readNow: (_ path: String, _ form: DatasetLoader.Form) -> Result<DatasetLoader, SnapshotLoads.Failure> = {
    _, _ in preconditionFailure("nobody reads files")
  }
  private var running: Running?
  /// A client has asked for a save when none could begin.
  private var isScheduled = false
  /// When a save was last tried, in milliseconds since 1970.
  private var lastTry: Int64 = 0

  public init() {}

  public var commands: [Command] { [save, backgroundSave, lastSave, DumpCommand.dump, RestoreCommand.restore] }

  /// To be called when the server starts.
  public func attach(to engine: Engine, nowMilliseconds: Int64) {
    engine.persistence.lastSaveTime = nowMilliseconds / 1000
    engine.serializedByteCount = { SnapshotEncoder.byteCount(of: $0) }
    engine.appendPayload = { [settings = engine.settings] entry, queue in
      do throws(SnapshotWriteFailure) {
        try DumpCommand.append(
          entry, newestVersion: settings.rdbNewestVersion, compresses: settings.rdbCompression, to: queue)
        return true
      } catch {
        return false
      }
    }
    engine.reload = { [self, unowned engine] in reload($0, engine) }
    engine.cronTasks.append { [self] engine in cron(engine) }
    engine.allKeysFlushed = { [self, unowned engine] in giveUpOutdated(engine) }
  }

  // MARK: Commands

  private var save: Command {
    Command(
      "save", arity: .exactly(1), flags: [.admin, .noScript, .noAsyncLoading, .noMulti, .mayWait], group: .server,
      since: "1.0.0", complexity: "O(N) where N is the total number of keys; other clients do not wait for it.",
      "Writes the dataset to the disk.",
      .control { [self] call, engine throws(CommandError) in
        guard running == nil else { throw call.refuse("ERR Background save already in progress") }
        call.session.isWaiting = true
        start(engine, session: call.session.id)
      })
  }

  private var backgroundSave: Command {
    Command(
      "bgsave", arity: .atLeast(1), flags: [.admin, .noScript, .noAsyncLoading], group: .server, since: "1.0.0",
      "Starts to write the dataset to the disk.",
      .control { [self] call, engine throws(CommandError) in
        guard call.count == 1 || call.count == 2 && call.matches(1, "schedule") else { throw .syntax }
        guard running == nil else { throw call.refuse("ERR Background save already in progress") }
        // Half a transaction is nothing to keep.
        if !engine.nesting.isEmpty {
          engine.whenKept { [self] _ in isScheduled = true }
          return call.reply.simpleString("Background saving scheduled")
        }
        start(engine, session: nil)
        call.reply.simpleString("Background saving started")
      })
  }

  private var lastSave: Command {
    Command(
      "lastsave", arity: .exactly(1), flags: [.loading, .stale, .fast], categories: [.admin, .dangerous],
      group: .server, since: "1.0.0", "Answers with the time of the last save, in seconds since 1970.",
      .control { call, engine in call.reply.integer(Int(engine.persistence.lastSaveTime)) })
  }

  // MARK: Saving

  private func job(_ root: Root, _ engine: Engine) -> Job {
    return Job(
      content: SnapshotContent(root, of: engine, isLogBase: false),
      options: SnapshotOptions(engine.settings, now: engine.keyspace.now),
      file: engine.settings.dbFilename, syncsIncrementally: engine.settings.rdbIncrementalSync,
      keyDelayMicroseconds: engine.settings.rdbKeySaveDelay)
  }

  private func start(_ engine: Engine, session: Int?) {
    let keyspace = engine.keyspace
    isScheduled = false
    let pin = keyspace.history.pinLive(atMilliseconds: keyspace.now)
    let job = job(pin.root, engine)
    running = Running(
      pin: pin, progress: job.progress, changes: keyspace.changesSinceSave, beganMilliseconds: keyspace.now,
      bytesBefore: keyspace.history.allocatedBytes, session: session)
    lastTry = keyspace.now
    engine.persistence.isSaving = true
    engine.persistence.keysToSave = pin.root.keyCount
    engine.persistence.keysSaved = 0
    engine.persistence.currentSaveSeconds = 0
    engine.log(.notice, "Background saving started by thread")
    write(job) { [self, unowned engine] in finish($0, engine) }
  }

  private func finish(_ result: Result<Void, SnapshotWriteFailure>, _ engine: Engine) {
    guard let running else { return }
    self.running = nil
    note(running, engine)
    engine.keyspace.history.unpin(running.pin)
    engine.persistence.isSaving = false
    (engine.persistence.keysSaved, engine.persistence.keysToSave) = (0, 0)
    engine.persistence.lastSaveSeconds = engine.persistence.currentSaveSeconds
    engine.persistence.currentSaveSeconds = -1
    engine.persistence.lastRetainedBytes = engine.persistence.currentRetainedBytes
    engine.persistence.currentRetainedBytes = 0
    settle(result, changes: running.changes, engine)
    if case .success = result { engine.log(.notice, "Background saving terminated with success") }
    guard let session = running.session else { return }
    engine.answer(session) { reply in
      switch result {
      case .success: reply.ok()
      case .failure(let failure): reply.error(failure.isForOperator ? "ERR can't save: \(failure)" : "ERR")
      }
    }
  }

  private func settle(_ result: Result<Void, SnapshotWriteFailure>, changes: Int, _ engine: Engine) {
    switch result {
    case .success:
      engine.keyspace.changesSinceSave -= changes
      engine.persistence.lastSaveTime = engine.nowMicroseconds / 1_000_000
      engine.persistence.saveCount += 1
      engine.persistence.lastSaveSucceeded = true
      engine.log(.notice, "DB saved on disk")
    case .failure(.cancelled):
      engine.log(.notice, "Background saving was given up")
    case .failure(let failure):
      engine.persistence.lastSaveSucceeded = false
      engine.log(.warning, "Background saving error: \(failure)")
    }
    engine.updateWriteRefusal()
  }

  /// As in Redis, what FLUSHALL has removed is not to come back with a file that a background save was about to finish.
  private func giveUpOutdated(_ engine: Engine) {
    guard let running, running.session == nil else { return }
    engine.log(.notice, "FLUSHALL: the background save that is going on is given up")
    running.progress.cancel()
  }

  private func note(_ running: Running, _ engine: Engine) {
    engine.persistence.keysSaved = running.progress.keyCount
    engine.persistence.currentSaveSeconds = (engine.keyspace.now - running.beganMilliseconds) / 1000
    engine.persistence.currentRetainedBytes = max(
      0, engine.keyspace.history.allocatedBytes - running.bytesBefore)
  }

  /// Saves at once and has everybody wait: when the process is about to end, or for DEBUG RELOAD.
  public func saveNow(_ engine: Engine) -> Bool {
    if let running {
      engine.log(.warning, "There is a thread saving an .rdb. Telling it to stop!")
      running.progress.cancel()
    }
    let pin = engine.keyspace.history.pinLive(atMilliseconds: engine.keyspace.now)
    let result = writeNow(job(pin.root, engine))
    engine.keyspace.history.unpin(pin)
    switch result {
    // Whoever asked for it is told, and goes on: as in Redis that is no reason to refuse writes from here on.
    case .failure(let failure): engine.log(.warning, "Error saving the dataset: \(failure)")
    case .success: settle(result, changes: engine.keyspace.changesSinceSave, engine)
    }
    guard case .success = result else { return false }
    // The one before may have been done already, and only its end not be known here: its changes are off the count.
    running?.changes = 0
    return true
  }

  /// Gives up the save that is running, and waits until its half of a file is removed: before the process ends.
  public func stop() {
    guard let running else { return }
    running.progress.cancel()
    waitForWriter()
  }

  /// DEBUG RELOAD. Everybody waits, so that nothing is written between the two. Answers with an error's text; then nothing
  /// has changed.
  private func reload(_ options: ReloadOptions, _ engine: Engine) -> String? {
    if options.saves, !saveNow(engine) { return "ERR" }
    var form = DatasetLoader.Form(engine.keyspace)
    form.replacesDuplicates = options.merges
    let loader: DatasetLoader
    switch readNow(engine.settings.dbFilename, form) {
    case .failure(let failure): return failReload("\(failure)", engine)
    case .success(let read): loader = read
    }
    let former = engine.keyspace.live
    if options.flushes {
      engine.keyspace.history.replaceLive(with: loader.dataset)
    } else if let failure = loader.dataset.add(to: engine, replacing: options.merges) {
      return failReload(failure, engine)
    }
    engine.keyspace.liveDatasetChanged()
    engine.note(loader.outcome, libraries: loader.dataset.attachments.count)
    if options.saves, options.flushes { engine.datasetReloaded(former) } else { engine.datasetWasReplaced() }
    engine.log(.warning, "DB reloaded by DEBUG RELOAD")
    return nil
  }

  private func failReload(_ reason: String, _ engine: Engine) -> String {
    engine.log(.warning, "DEBUG RELOAD failed: \(reason)")
    return "ERR Error trying to load the RDB dump"
  }

  // MARK: Save points

  /// Seconds to wait after a failure.
  private static let retrySeconds: Int64 = 5

  private func cron(_ engine: Engine) {
    if let running { return note(running, engine) }
    guard !engine.persistence.isLoading else { return }
    let (now, changes) = (engine.keyspace.now, engine.keyspace.changesSinceSave)
    let state = engine.persistence
    guard state.lastSaveSucceeded || now / 1000 - lastTry / 1000 > Self.retrySeconds else { return }
    if isScheduled { return start(engine, session: nil) }
    let due = engine.settings.savePoints.first {
      changes >= $0.changes && now / 1000 - state.lastSaveTime > Int64($0.seconds)
    }
    guard let due else { return }
    engine.log(.notice, "\(due.changes) changes in \(due.seconds) seconds. Saving...")
    start(engine, session: nil)
  }
}

extension Root {
  fileprivate var keyCount: Int { (0..<databaseCount).reduce(0) { $0 + keyCount($1) } }
}

extension SnapshotEncoder {
  /// Bytes that a value takes in a file, uncompressed.
  static func byteCount(of entry: Entry) -> Int {
    let queue = ByteQueue()
    defer { queue.deallocate() }
    var byteCount = 0
    let encoder = SnapshotEncoder(output: queue, compresses: false) { queue in
      byteCount += queue.count
      queue.consume(queue.count)
    }
    try? encoder.append(valueOf: entry)
    return byteCount + queue.count
  }
}

extension SnapshotWriteFailure {
  /// Something that only the operator can change, who is told at once; the rest is in the log.
  fileprivate var isForOperator: Bool {
    if case .needsNewerVersion = self { true } else { false }
  }
}

extension SnapshotWriteFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .output(let reason): reason
    case .cancelled: "it was given up"
    case .needsNewerVersion(let key, let version, let allowed):
      "the value at '\(String(decoding: key.prefix(128), as: UTF8.self))' needs RDB version \(version), and rdb-newest-version allows \(allowed)"
    }
  }
}
