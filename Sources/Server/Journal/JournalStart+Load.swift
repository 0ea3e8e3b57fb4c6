import Engine
import Glibc
import Journal
import NIOCore
import Snapshots
import VersionedStore

/// Brings the append-only log and the engine together: when the server starts, and for DEBUG LOADAOF.
///
/// Confined to the serving loop.
final class JournalStart {
  enum Outcome {
    /// The dataset is there, and the log, if there is to be one, is written to.
    case ready
    /// The server must not start. The last lines for its log say why.
    case failed(lastWords: [String])
  }

  private let engine: Engine
  private let journal: Journal
  private let disk: SystemDisk
  private let delay: KeyDelay
  private let eventLoop: any EventLoop
  private var load: JournalLoad?

  init(_ engine: Engine, _ journal: Journal, _ disk: SystemDisk, delay: KeyDelay, eventLoop: any EventLoop) {
    self.engine = engine
    self.journal = journal
    self.disk = disk
    self.delay = delay
    self.eventLoop = eventLoop
    engine.loadJournal = { [unowned self] inSlices, completion in reload(inSlices: inSlices, completion) }
  }

  private var settings: Settings { engine.settings }
  private var name: String { settings.appendFilename }

  /// Ends what is under way: before the process ends.
  func stop() {
    load?.giveUp()
    load = nil
  }

  // MARK: At the start

  /// The files that the log consists of, or the last words of a server that cannot know them.
  func readManifest() -> Result<JournalManifest, LastWords> {
    Result { () throws(LastWords) in
      do throws(JournalManifest.LoadFailure) { return try JournalManifest.load(name, from: disk) } catch {
        switch error {
        case .fault(let fault): throw LastWords(lines: fault.report)
        case .unreadable(let error):
          let file = "\(settings.appendDirectory)/\(JournalManifest.name(for: name))"
          throw LastWords(lines: ["Fatal error: can't open the AOF manifest file \(file) for reading: \(error.text)"])
        }
      }
    }
  }

  struct LastWords: Error {
    let lines: [String]
  }

  /// Loads the log that is there, and goes on with it. Until that is done, clients are told to wait.
  func begin(_ manifest: JournalManifest, _ completion: @escaping (Outcome) -> Void) {
    engine.setReplayTime(microseconds: Transport.now())
    let began = engine.monotonicNow
    var plan = JournalLoader.Plan(manifest: manifest, name: name, loadsCutShort: settings.loadsTruncatedLog)
    plan.stopsAtError = settings.propagationErrors == .panic
    let need = JournalUpgrade.need(
      manifest, log: name, isOld: Self.isFile(name), isMoved: Self.isFile("\(settings.appendDirectory)/\(name)"))
    switch need {
    case .none: break
    case .old: plan.manifest = JournalUpgrade.manifest(manifest, log: name)
    case .unclear:
      let line = "Fatal error: there is an AOF file \(name) and another in \(settings.appendDirectory), and no manifest"
      return completion(.failed(lastWords: [line]))
    }
    guard !plan.manifest.live.isEmpty else { return beginWithout(manifest, completion) }
    // An old file is read where it lies.
    let source = need == .old ? SystemDisk(".", eventLoop: eventLoop) : disk
    run(JournalLoader(engine, source, plan), inSlices: true) { [self] step in
      switch step {
      case .more: break
      case .failed(let lines): completion(.failed(lastWords: lines))
      case .loaded(let sizes):
        if need == .old, let failure = upgrade(plan.manifest) { return completion(.failed(lastWords: [failure])) }
        engine.log(
          .notice, "DB loaded from append only file: \(JournalLoader.seconds(since: began, engine)) seconds")
        open(plan.manifest, baseByteCount: sizes.base, completion)
      }
    }
  }

  /// There is no log yet.
  private func beginWithout(_ manifest: JournalManifest, _ completion: (Outcome) -> Void) {
    if Self.isFile(settings.dbFilename) {
      engine.log(
        .warning,
        "There is no AOF yet, and '\(settings.dbFilename)' is not loaded where the AOF is on: the dataset is empty. To begin the AOF with what that file holds, start with 'appendonly no' and turn it on by CONFIG SET."
      )
    }
    open(manifest, baseByteCount: 0, completion)
  }

  private func open(_ manifest: JournalManifest, baseByteCount: Int, _ completion: (Outcome) -> Void) {
    do throws(DiskError) { try journal.begin(manifest, baseByteCount: baseByteCount) } catch {
      // The log has said it.
      return completion(.failed(lastWords: []))
    }
    completion(.ready)
  }

  private func upgrade(_ manifest: JournalManifest) -> String? {
    let directory = settings.appendDirectory
    let failure = JournalUpgrade.perform(manifest, log: name, directory: directory, on: disk) {
      [name] () throws(DiskError) in
      guard unsafe rename(name, "\(directory)/\(name)") == 0 else {
        throw DiskError(code: errno, text: Files.errorText(errno))
      }
      do throws(Files.Failure) { try Files.syncDirectory(of: name) } catch {
        throw DiskError(code: error.code, text: error.text)
      }
    }
    if failure == nil {
      engine.log(
        .notice, "Successfully migrated an old-style AOF file (\(name)) into the AOF directory (\(directory)).")
    }
    return failure
  }

  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private func run(
    _ loader: JournalLoader, inSlices: Bool, _ completion: @escaping (JournalLoader.Step) -> Void
  ) {
    let load = JournalLoad(loader, delay: delay, eventLoop: eventLoop) { [unowned self] step in
      self.load = nil
      completion(step)
    }
    self.load = load
    if inSlices { load.run() } else { load.runAtOnce() }
  }

  // MARK: DEBUG LOADAOF

  /// Loads the log in place of the live dataset, and takes that back if it cannot be loaded.
  private func reload(inSlices: Bool, _ completion: @escaping (String?) -> Void) {
    let failure = "ERR Error trying to load the AOF files, check server logs"
    if let error = journal.writeOut() {
      engine.log(.warning, "The AOF cannot be written: \(error.text)")
      return completion(failure)
    }
    let manifest: JournalManifest
    switch readManifest() {
    case .success(let read): manifest = read
    case .failure(let words):
      for line in words.lines { engine.log(.warning, line) }
      return completion(failure)
    }
    guard !manifest.live.isEmpty else {
      engine.log(.warning, "There is no AOF to load")
      return completion(failure)
    }
    // A log that is off goes on from what is there when it is turned on.
    if !engine.persistence.log.isEnabled { journal.know(manifest) }
    let isOfLiveDataset = journal.holdsLiveDataset
    let keyspace = engine.keyspace
    let changes = keyspace.changesSinceSave
    let former = keyspace.history.commit(
      Dataset(databases: settings.databases, lineage: Lineage.next()), reason: "loadaof", atMilliseconds: keyspace.now)
    keyspace.liveDatasetChanged()
    // A file that is written to is not cut.
    var plan = JournalLoader.Plan(manifest: manifest, name: name, loadsCutShort: false)
    plan.stopsAtError = settings.propagationErrors == .panic
    // In between, a rewrite may take the files away, and a primary commit a dataset or go on with its stream.
    let isAlone = !engine.persistence.log.isRewriting && !engine.isReplica
    let loader = JournalLoader(engine, disk, plan)
    run(loader, inSlices: inSlices && isAlone) { [engine] step in
      keyspace.changesSinceSave = changes
      if case .failed(let lines) = step {
        for line in lines { engine.log(.warning, line) }
        _ = try? keyspace.history.rollback(to: former.id, keepCurrent: false, atMilliseconds: keyspace.now)
        keyspace.liveDatasetChanged()
      } else {
        engine.log(.warning, "Append Only File loaded by DEBUG LOADAOF")
        // Whoever follows the live dataset has followed another.
        if !isOfLiveDataset { engine.datasetWasReplaced() }
      }
      _ = try? keyspace.history.drop([former.id])
      if case .loaded = step { completion(nil) } else { completion(failure) }
    }
  }
}
