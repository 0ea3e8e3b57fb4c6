public import Engine
internal import Snapshots
internal import VersionedStore

/// Brings the dataset of an append-only log back: the base, then the increments, file by file.
///
/// Works in steps, so that whoever runs the engine can serve clients in between, who are told that it is loading. Nothing on
/// the disk changes before all has been read; then, if the last file ends within a command and the configuration allows
/// that, it is cut behind the last one that is whole. So it is if it ends in zeros, as file systems leave one to which bytes
/// were about to be written when the machine lost its power. A log that cannot be read is left as it is.
///
/// Lines of the log are Redis's, which tools wait for.
public final class JournalLoader {
  /// What the log is called, and how it is read.
  public struct Plan {
    public var manifest: JournalManifest
    /// The name of the log (`appendfilename`); a file of this name is one of Redis before 7.
    public var name: String
    /// A log that ends within a command is loaded all the same (`aof-load-truncated`).
    public var loadsCutShort: Bool
    /// A command that is answered with an error ends it (`propagation-error-behavior panic`).
    public var stopsAtError = false

    public init(manifest: JournalManifest, name: String, loadsCutShort: Bool) {
      self.manifest = manifest
      self.name = name
      self.loadsCutShort = loadsCutShort
    }
  }

  public enum Step: Equatable {
    /// There is more to do. So many keys or commands were read.
    case more(count: Int)
    case loaded(Sizes)
    /// The reasons are in the server's log, except for the last lines of it, which are to be written when nothing else will
    /// be.
    case failed(lastWords: [String])
  }

  /// Bytes of the files that were loaded.
  public struct Sizes: Equatable, Sendable {
    public var base: Int
    public var total: Int

    public init(base: Int = 0, total: Int = 0) {
      self.base = base
      self.total = total
    }
  }

  private let engine: Engine
  private let disk: any JournalDisk
  private let plan: Plan
  private let replay: Replay
  private var sizes = Sizes()
  /// Of each file that is to be read.
  private var byteCounts: [Int] = []
  /// Zeros at the end of the last file, which are not read.
  private var zeroCount = 0
  /// The file that is being read.
  private var index = 0
  private var open: Open?
  private var isOver = false

  private struct Open {
    let file: DiskFile
    let byteCount: Int
    var reader = JournalReader()
    /// In nanoseconds, by the clock for durations.
    let began: Int64
  }

  /// Begins to load. Ends with the last step; one that is given up is told so by `giveUp`.
  public init(_ engine: Engine, _ disk: any JournalDisk, _ plan: Plan) {
    self.engine = engine
    self.disk = disk
    self.plan = plan
    replay = engine.beginReplay()
    engine.beginLoading(seconds: engine.nowMicroseconds / 1_000_000)
    engine.persistence.loadingTotalBytes = 0
    engine.persistence.loadingLoadedBytes = 0
  }

  deinit {
    assert(isOver, "a load that was neither ended nor given up")
  }

  // MARK: Steps

  /// Reads on in up to `byteCount` bytes. Time is given in microseconds since 1970.
  public func step(byteCount: Int, nowMicroseconds: Int64) -> Step {
    precondition(!isOver)
    engine.setReplayTime(microseconds: nowMicroseconds)
    if byteCounts.isEmpty {
      guard measure() else { return fail([]) }
      engine.persistence.loadingTotalBytes = sizes.total
    }
    guard index < files.count else { return end() }
    if byteCounts[index] == 0 {
      index += 1
      return .more(count: 0)
    }
    do throws(Stop) {
      return .more(count: try read(upTo: byteCount))
    } catch {
      closeFile()
      return fail(error.lastWords)
    }
  }

  /// Ends before all is read: the process is about to end.
  public func giveUp() {
    guard !isOver else { return }
    closeFile()
    finish()
  }

  private var files: [JournalManifest.File] { plan.manifest.live }
  private var isLastFile: Bool { index == files.count - 1 }

  private func finish() {
    isOver = true
    engine.endReplay(replay)
    engine.persistence.isLoading = false
  }

  private func end() -> Step {
    if zeroCount > 0 {
      // All before them is whole: otherwise they went with what is not.
      do throws(Stop) { try cut(files[index - 1].name, to: byteCounts[index - 1]) } catch {
        return fail(error.lastWords)
      }
    }
    finish()
    return .loaded(sizes)
  }

  private func fail(_ lastWords: [String]) -> Step {
    finish()
    return .failed(lastWords: lastWords)
  }

  private struct Stop: Error {
    var lastWords: [String]
  }

  /// Looks how long the files are; false if one is not there.
  private func measure() -> Bool {
    for file in files {
      do throws(DiskError) {
        let open = try disk.openForReading(file.name)
        defer { disk.close(open) }
        byteCounts.append(try disk.byteCount(of: open))
        if plan.loadsCutShort, file == plan.manifest.increments.last { try leaveOutZeros(open) }
      } catch {
        engine.log(.warning, "Unable to obtain the AOF file \(file.name) length. stat: \(error.text)")
        return false
      }
    }
    sizes.total = byteCounts.reduce(0, +)
    sizes.base = plan.manifest.base == nil ? 0 : byteCounts[0]
    return true
  }

  /// Leaves out zeros at the end of the last file. No command ends in one, but a snapshot may.
  private func leaveOutZeros(_ file: DiskFile) throws(DiskError) {
    let byteCount = byteCounts[byteCounts.count - 1]
    var (end, isOver) = (byteCount, false)
    while end > 0, !isOver {
      let start = max(end - Self.zeroChunk, 0)
      var kept: Int?
      try disk.read(file, at: start, upTo: end - start) { bytes in
        // Less than is there says nothing of its end.
        if bytes.count == end - start { kept = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0 }
      }
      isOver = kept != 0
      end = kept.map { start + $0 } ?? byteCount
    }
    zeroCount = byteCount - end
    byteCounts[byteCounts.count - 1] = end
  }

  private static let zeroChunk = 1 << 16

  // MARK: One file

  private func read(upTo byteCount: Int) throws(Stop) -> Int {
    var file: Open
    if let present = open.take() { file = present } else { file = try openFile() }
    let name = files[index].name
    let offset = file.reader.byteOffset
    var sink = EngineSink(self, name: name, staged: staged.take())
    let before = file.reader.keyCount + file.reader.commandCount
    var failure: JournalFailure?
    do throws(DiskError) {
      try disk.read(file.file, at: offset, upTo: min(byteCount, file.byteCount - offset)) { bytes in
        do throws(JournalFailure) { try file.reader.receive(bytes, into: &sink) } catch { failure = error }
      }
    } catch {
      open = file
      throw Stop(lastWords: ["Unrecoverable error reading the append only file \(name): \(error.text)"])
    }
    let taken = file.reader.byteOffset - offset
    engine.persistence.loadingLoadedBytes += taken
    let isAtEnd = taken == 0 || file.reader.byteOffset == file.byteCount
    if failure == nil, isAtEnd {
      do throws(JournalFailure) { try file.reader.finish(into: &sink) } catch { failure = error }
    }
    staged = sink.staged
    let reader = file.reader
    open = file
    if let failure { try settle(failure, reader, name) }
    if isAtEnd || failure != nil {
      closeFile()
      note(name, began: file.began)
      index += 1
    }
    return reader.keyCount + reader.commandCount - before
  }

  /// The dataset that the snapshot of the present file is read into.
  private var staged: DatasetLoader?

  private func openFile() throws(Stop) -> Open {
    replay.selectFirstDatabase()
    do throws(DiskError) {
      return Open(
        file: try disk.openForReading(files[index].name), byteCount: byteCounts[index], began: engine.monotonicNow)
    } catch {
      throw Stop(
        lastWords: ["Fatal error: can't open the append log file \(files[index].name) for reading: \(error.text)"])
    }
  }

  private func closeFile() {
    if let open { disk.close(open.file) }
    open = nil
  }

  private func note(_ name: String, began: Int64) {
    let kind = index == 0 && plan.manifest.base != nil ? "base" : "incr"
    engine.log(.notice, "DB loaded from \(kind) file \(name): \(Self.seconds(since: began, engine)) seconds")
  }

  /// What has passed, with three decimals.
  public static func seconds(since began: Int64, _ engine: Engine) -> String {
    let milliseconds = (engine.monotonicNow - began) / 1_000_000
    return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
  }

  // MARK: What can be wrong

  /// Goes on behind a failure, where that is possible.
  private func settle(_ failure: JournalFailure, _ reader: JournalReader, _ name: String) throws(Stop) {
    switch failure {
    case .cutShort: try mend(reader, name)
    case .malformed:
      throw Stop(lastWords: [
        "Bad file format reading the append only file \(name): make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>"
      ])
    case .snapshot(let error):
      engine.log(.warning, "\(error)")
      throw Stop(lastWords: [snapshotWords(name)])
    case .keyCount(let read, let announced):
      engine.log(.warning, "It holds \(read) keys where \(announced) were announced")
      throw Stop(lastWords: [snapshotWords(name)])
    case .unknownCommand(let command):
      throw Stop(lastWords: ["Unknown command '\(command)' reading the append only file \(name)"])
    case .refused(let command, let reason):
      throw Stop(lastWords: ["Command '\(command)' of the append only file \(name) was not executed: \(reason)"])
    }
  }

  private func snapshotWords(_ name: String) -> String {
    "Error reading the RDB \(name == plan.name ? "preamble of the AOF" : "base") file \(name), AOF loading aborted"
  }

  /// The file ends within a command or a transaction: it is cut behind what is whole, if that is wanted.
  private func mend(_ reader: JournalReader, _ name: String) throws(Stop) {
    if reader.isInTransaction { engine.log(.warning, "Revert incomplete MULTI/EXEC transaction in AOF file \(name)") }
    guard plan.loadsCutShort else { throw Stop(lastWords: [Self.cutShortWords(name)]) }
    engine.log(.warning, "!!! Warning: short read while loading the AOF file \(name)!!!")
    guard isLastFile else {
      throw Stop(lastWords: ["Fatal error: the truncated file is not the last file"])
    }
    let offset = reader.wholeOffset
    try cut(name, to: offset)
    let surplus = byteCounts[index] - offset
    sizes.total -= surplus
    if index == 0, plan.manifest.base != nil { sizes.base -= surplus }
  }

  /// Cuts the last file to what is whole, for good.
  private func cut(_ name: String, to offset: Int) throws(Stop) {
    if zeroCount > 0 { engine.log(.warning, "The AOF \(name) ends in \(zeroCount) zeros, which are no command") }
    zeroCount = 0
    engine.log(.warning, "!!! Truncating the AOF \(name) at offset \(offset) !!!")
    do throws(DiskError) {
      let file = try disk.open(name, truncating: false)
      defer { disk.close(file) }
      try disk.truncate(file, to: offset)
      try disk.sync(file)
    } catch {
      engine.log(.warning, "Error truncating the AOF file \(name): \(error.text)")
      throw Stop(lastWords: [Self.cutShortWords(name)])
    }
    engine.log(.warning, "AOF \(name) loaded anyway because aof-load-truncated is enabled")
  }

  private static func cutShortWords(_ name: String) -> String {
    "Unexpected end of file reading the append only file \(name). You can: "
      + "1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. "
      + "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server."
  }
}

// MARK: The engine

extension JournalLoader {
  /// Puts what a file holds into the engine.
  private struct EngineSink: JournalSink {
    private let loader: JournalLoader
    private let name: String
    var staged: DatasetLoader?

    init(_ loader: JournalLoader, name: String, staged: DatasetLoader?) {
      self.loader = loader
      self.name = name
      self.staged = staged
    }

    private var engine: Engine { loader.engine }

    var snapshot: DatasetLoader {
      get { staged! }
      _modify { yield &staged! }
    }

    mutating func beginSnapshot() {
      engine.log(
        .notice,
        name == loader.plan.name ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...")
      var form = DatasetLoader.Form(engine.keyspace)
      // What follows may be about keys whose time has come meanwhile.
      form.dropsExpired = false
      staged = DatasetLoader(form, nowMilliseconds: engine.keyspace.now)
    }

    mutating func endSnapshot() {
      guard let loaded = staged.take() else { return }
      engine.keyspace.history.replaceLive(with: loaded.dataset)
      engine.keyspace.liveDatasetChanged()
      engine.note(loaded.outcome, libraries: loaded.dataset.attachments.count)
      if name == loader.plan.name { engine.log(.notice, "Reading the remaining AOF tail...") }
    }

    mutating func check(_ arguments: BytesList) throws(JournalFailure) {
      do throws(Engine.ReplayRefusal) { try engine.checkReplay(arguments) } catch {
        throw Self.failure(error, arguments)
      }
    }

    mutating func execute(_ arguments: BytesList) throws(JournalFailure) {
      let error: String?
      do throws(Engine.ReplayRefusal) { error = try engine.replay(arguments, loader.replay) } catch {
        throw Self.failure(error, arguments)
      }
      guard let error else { return }
      let command = String(decoding: arguments[0].prefix(128), as: UTF8.self)
      engine.log(
        .warning,
        "== CRITICAL == This server is sending an error to its AOF-loading-client: '\(error)' after processing the command '\(command)'"
      )
      // What follows a SELECT that failed is for a database that is not there, and not for the one before.
      let isSelection = command.lowercased() == "select"
      if isSelection || loader.plan.stopsAtError { throw .refused(name: command, reason: error) }
    }

    private static func failure(_ refusal: Engine.ReplayRefusal, _ arguments: BytesList) -> JournalFailure {
      switch refusal {
      case .unknownCommand: .unknownCommand(name: String(decoding: arguments[0].prefix(128), as: UTF8.self))
      case .wrongArity(let command): .refused(name: command, reason: "wrong number of arguments")
      case .notForLogs(let command): .refused(name: command, reason: "it is not for logs")
      }
    }
  }
}
