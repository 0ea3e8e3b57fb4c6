import Engine
import Journal
import RESP
import Snapshots
import TestSupport
import Testing
import VersionedStore

/// An engine and a log on a disk in memory.
final class LoadingHarness: SessionTransport {
  let disk = FileTable()
  let engine: Engine
  private(set) var log: [String] = []
  private var output: [Int: [UInt8]] = [:]
  private let clock = ManualClock()
  private let saves = SnapshotSaves()

  init(_ settings: Settings = Settings()) {
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    engine = Engine(
      settings: settings, keyspace: Keyspace(settings: settings, history: history),
      commands: CommandTable(StandardCommands.families + [saves.commands]))
    saves.attach(to: engine, nowMilliseconds: Int64(clock.milliseconds))
    engine.transport = self
    engine.log = { [unowned self] _, text in log.append(text) }
    engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000)
  }

  var now: Int64 { Int64(clock.milliseconds) }

  /// Forgets what was loaded. To make a table of commands takes time: who loads often has one engine do it.
  func reset() {
    engine.keyspace.history.replaceLive(
      with: Dataset(databases: engine.settings.databases, lineage: Lineage.next()))
    engine.keyspace.liveDatasetChanged()
    log = []
  }

  /// Puts files on the disk, with a manifest of them: `b` and `i` say what the names are.
  func put(_ files: (type: String, content: [UInt8])...) {
    var text = ""
    for (number, file) in files.enumerated() {
      let name = "log.\(number + 1).\(file.type == "b" ? "base.rdb" : "incr.aof")"
      disk.files[name] = file.content
      text += "file \(name) seq \(number + 1) type \(file.type)\n"
    }
    disk.files["log.manifest"] = Array(text.utf8)
  }

  func load(cutShort: Bool = true, stopsAtError: Bool = false, slice: Int = 100, at time: Int64? = nil) throws
    -> JournalLoader.Step
  {
    let manifest = try JournalManifest.load("log", from: disk)
    var plan = JournalLoader.Plan(manifest: manifest, name: "log", loadsCutShort: cutShort)
    plan.stopsAtError = stopsAtError
    let loader = JournalLoader(engine, disk, plan)
    while true {
      #expect(engine.persistence.isLoading)
      let step = loader.step(byteCount: slice, nowMicroseconds: (time ?? now) * 1000)
      guard case .more = step else {
        #expect(!engine.persistence.isLoading && disk.openCount == 0)
        return step
      }
    }
  }

  func ask(_ words: String...) throws -> Reply? {
    let peer = PeerAddress(
      remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    let session = engine.open(peer, now: now)
    defer { engine.peerClosed(session) }
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    request.withBytes { engine.receive($0, from: session) }
    engine.tick(nowMicroseconds: now * 1000)
    var parser = ReplyParser()
    let reply = output.removeValue(forKey: session.id) ?? []
    unsafe parser.append(reply.span.bytes)
    return try parser.next()
  }

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }
  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }
  func wake() {}
}

@Suite struct LoaderTests {
  private func command(_ words: String...) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.command(words.map { Array($0.utf8) })
    return bytes
  }

  @Test func baseAndIncrements() throws {
    let harness = LoadingHarness()
    harness.put(
      ("b", LogText.snapshot()),
      ("i", command("SELECT", "3") + command("SET", "a", "1")), ("i", []),
      ("i", command("INCR", "b") + command("MULTI") + command("APPEND", "k1", "x") + command("EXEC")))
    let total = harness.disk.files.filter { $0.key != "log.manifest" }.reduce(0) { $0 + $1.value.count }
    #expect(try harness.load() == .loaded(.init(base: LogText.snapshot().count, total: total)))
    #expect(try harness.ask("GET", "k1") == .bulk("v1x"))
    // Every file begins in the first database.
    #expect(try harness.ask("GET", "b") == .bulk("1"))
    #expect(try harness.ask("DBSIZE") == .integer(2))
    #expect(harness.engine.persistence.loadingTotalBytes == total)
    #expect(harness.engine.persistence.loadingLoadedBytes == total)
    #expect(harness.engine.persistence.keysLoaded == 1)
    #expect(harness.log.contains("Reading RDB base file on AOF loading..."))
    #expect(harness.log.contains { $0.hasPrefix("DB loaded from base file log.1.base.rdb: 0.") })
    #expect(harness.log.contains { $0.hasPrefix("DB loaded from incr file log.4.incr.aof: 0.") })
    // Of an empty file nothing is told.
    #expect(!harness.log.contains { $0.contains("log.3.incr.aof") })
  }

  @Test func nothingExpiresOnTheWay() throws {
    let harness = LoadingHarness()
    let past = "\(harness.now - 5000)"
    harness.put(
      (
        "i",
        command("RPUSH", "list", "foo") + command("PEXPIREAT", "list", "1000") + command("RPUSH", "list", "bar")
          + command("SET", "s", "1", "PXAT", past) + command("INCR", "s") + command("PERSIST", "s")
          + command("SET", "t", "1", "PXAT", past)
      ))
    #expect(try harness.load() == .loaded(.init(base: 0, total: harness.disk.files["log.1.incr.aof"]!.count)))
    #expect(try harness.ask("LLEN", "list") == .integer(0))
    #expect(try harness.ask("GET", "s") == .bulk("2"))
    #expect(try harness.ask("GET", "t") == .null)
  }

  /// What comes later in the log may have kept a field from expiring, or names it.
  @Test func noFieldExpiresOnTheWay() throws {
    let source = LoadingHarness()
    _ = try source.ask("HSET", "h", "f", "v", "g", "w")
    _ = try source.ask("HPEXPIREAT", "h", "\(source.now + 1000)", "FIELDS", "1", "f")
    guard case .bulk(let payload)? = try source.ask("DUMP", "h") else { throw Unloaded() }
    var restore: [UInt8] = []
    restore.command([Array("RESTORE".utf8), Array("h".utf8), Array("0".utf8), payload])
    let harness = LoadingHarness()
    harness.put(("i", restore + command("HPERSIST", "h", "FIELDS", "1", "f")))
    guard case .loaded = try harness.load(at: harness.now + 5000) else { throw Unloaded() }
    #expect(try harness.ask("HGET", "h", "f") == .bulk("v"))
    #expect(try harness.ask("HLEN", "h") == .integer(2))
  }

  /// What follows would go into another database than it did.
  @Test func aDatabaseThatIsNotThereEndsIt() throws {
    let settings = Settings()
    settings.databases = 4
    let harness = LoadingHarness(settings)
    harness.put(("i", command("SET", "a", "1") + command("SELECT", "9") + command("SET", "b", "1")))
    #expect(
      try harness.load()
        == .failed(lastWords: [
          "Command 'SELECT' of the append only file log.1.incr.aof was not executed: ERR DB index is out of range"
        ]))
  }

  @Test func relativeTimesCountFromNow() throws {
    let harness = LoadingHarness()
    harness.put(("i", command("SET", "a", "1") + command("EXPIRE", "a", "100")))
    guard case .loaded = try harness.load() else { throw Unloaded() }
    #expect(try harness.ask("PEXPIRETIME", "a") == .integer(Int(harness.now) + 100_000))
  }

  @Test func nobodyIsToldAndNothingIsLimited() throws {
    let settings = Settings()
    settings.maxmemory = 1
    settings.replicaReadOnly = true
    let harness = LoadingHarness(settings)
    harness.engine.isReplica = true
    harness.engine.effects.replicas.isOpen = true
    var told: [UInt8] = []
    harness.engine.effects.replicas.take = { told += Array($0) }
    harness.put(("i", command("SET", "a", "1") + command("FLUSHALL") + command("SET", "b", "2")))
    guard case .loaded = try harness.load() else { throw Unloaded() }
    #expect(harness.engine.keyspace.history.versions.isEmpty)
    harness.engine.handOverEffects()
    #expect(told.isEmpty)
    harness.engine.isReplica = false
    settings.maxmemory = 0
    #expect(try harness.ask("GET", "b") == .bulk("2"))
    #expect(try harness.ask("SET", "c", "2") == .simple("OK"))
    #expect(String(decoding: told, as: UTF8.self).contains("SET\r\n$1\r\nc"))
  }

  private struct Unloaded: Error {}

  @Test func aCutIsMended() throws {
    let harness = LoadingHarness()
    let whole = command("SET", "a", "1") + command("INCR", "a")
    harness.put(("b", command("SET", "z", "1")), ("i", whole + command("MULTI") + command("INCR", "a")))
    #expect(
      try harness.load()
        == .loaded(.init(base: command("SET", "z", "1").count, total: whole.count + command("SET", "z", "1").count)))
    #expect(harness.disk.files["log.2.incr.aof"] == whole)
    #expect(try harness.ask("GET", "a") == .bulk("2"))
    #expect(
      harness.log.filter { $0.contains("AOF") && !$0.contains("loaded from") } == [
        "Revert incomplete MULTI/EXEC transaction in AOF file log.2.incr.aof",
        "!!! Warning: short read while loading the AOF file log.2.incr.aof!!!",
        "!!! Truncating the AOF log.2.incr.aof at offset \(whole.count) !!!",
        "AOF log.2.incr.aof loaded anyway because aof-load-truncated is enabled",
      ])
  }

  /// As a file system may leave a file to which bytes were about to be written when the machine lost its power.
  @Test(arguments: [1, 4, 100_000]) func zerosAtTheEndAreCut(count: Int) throws {
    let whole = command("SET", "a", "1") + command("INCR", "a")
    let zeros = [UInt8](repeating: 0, count: count)
    let half = Array(command("SET", "a", "some value").dropLast(8))
    for (begun, offset) in [([], whole.count), (half, whole.count), (command("MULTI") + half, whole.count)] {
      let harness = LoadingHarness()
      harness.put(("b", LogText.snapshot()), ("i", whole + begun + zeros))
      let (base, total) = (LogText.snapshot().count, LogText.snapshot().count + offset)
      #expect(try harness.load() == .loaded(.init(base: base, total: total)))
      #expect(harness.disk.files["log.2.incr.aof"] == whole)
      #expect(try harness.ask("GET", "a") == .bulk("2"))
      #expect(harness.log.contains("The AOF log.2.incr.aof ends in \(count) zeros, which are no command"))
      #expect(harness.log.contains("!!! Truncating the AOF log.2.incr.aof at offset \(offset) !!!"))
    }
    let empty = LoadingHarness()
    empty.put(("b", LogText.snapshot()), ("i", zeros))
    #expect(try empty.load() == .loaded(.init(base: LogText.snapshot().count, total: LogText.snapshot().count)))
    #expect(empty.disk.files["log.2.incr.aof"] == [])
  }

  /// Where nothing may be cut, or the zeros are within the log, it cannot be read, and stays as it is.
  @Test func otherZerosAreNoCommand() throws {
    let (whole, zeros) = (command("SET", "a", "1"), [UInt8](repeating: 0, count: 4))
    for (cutShort, files) in [
      (false, [whole, whole + zeros]), (true, [whole, zeros + whole]), (true, [whole + zeros, whole]),
    ] {
      let harness = LoadingHarness()
      harness.put(("i", files[0]), ("i", files[1]))
      guard case .failed(let lines) = try harness.load(cutShort: cutShort) else { throw Unloaded() }
      #expect(lines.last?.hasPrefix("Bad file format reading the append only file log.") == true)
      #expect(harness.disk.files["log.1.incr.aof"] == files[0] && harness.disk.files["log.2.incr.aof"] == files[1])
    }
    // A snapshot may end in zeros: in place of a checksum.
    let snapshot = Array(LogText.snapshot().dropLast(8)) + [UInt8](repeating: 0, count: 8)
    let harness = LoadingHarness()
    harness.put(("b", snapshot))
    #expect(try harness.load() == .loaded(.init(base: snapshot.count, total: snapshot.count)))
    #expect(harness.disk.files["log.1.base.rdb"] == snapshot)
  }

  /// Whatever cannot be loaded is left as it is.
  @Test(arguments: [
    ("cut", "Unexpected end of file reading the append only file log.2.incr.aof. You can: "),
    ("early", "Fatal error: the truncated file is not the last file"),
    ("format", "Bad file format reading the append only file log.2.incr.aof: make a backup"),
    ("unknown", "Unknown command 'bla' reading the append only file log.2.incr.aof"),
    ("admin", "Command 'shutdown' of the append only file log.2.incr.aof was not executed"),
    ("arity", "Command 'get' of the append only file log.2.incr.aof was not executed"),
    ("error", "Command 'INCR' of the append only file log.2.incr.aof was not executed: ERR value is not"),
    ("snapshot", "Error reading the RDB base file log.1.base.rdb, AOF loading aborted"),
    ("missing", ""),
  ])
  func failures(_ kind: String, _ lastLine: String) throws {
    let harness = LoadingHarness()
    let set = command("SET", "a", "x")
    let ends = [
      "cut": Array("*1\r\n".utf8), "format": Array("!!!".utf8), "unknown": command("bla", "foo"),
      "admin": command("SHUTDOWN"), "arity": command("GET"), "error": command("INCR", "a"),
    ]
    let base = kind == "snapshot" ? Array(LogText.snapshot().dropLast()) : set + (kind == "early" ? [42] : [])
    harness.put(("b", base), ("i", set + (ends[kind] ?? [])), ("i", []))
    if kind == "missing" { harness.disk.files["log.2.incr.aof"] = nil }
    if kind != "cut" { harness.disk.files["log.3.incr.aof"] = set }
    let before = harness.disk.files
    guard case .failed(let lines) = try harness.load(cutShort: kind != "cut", stopsAtError: true) else {
      Issue.record("it was loaded")
      return
    }
    #expect(lines.last?.hasPrefix(lastLine) ?? lastLine.isEmpty, "\(lines)")
    #expect(harness.disk.files == before)
    if kind == "missing" {
      #expect(
        harness.log.last
          == "Unable to obtain the AOF file log.2.incr.aof length. stat: No such file or directory")
    }
  }

  /// As with Redis, a command that is answered with an error does not keep the rest from being loaded.
  @Test func errorsAreTold() throws {
    let harness = LoadingHarness()
    harness.put(("i", command("SET", "a", "x") + command("INCR", "a") + command("SET", "b", "1")))
    guard case .loaded = try harness.load() else { throw Unloaded() }
    #expect(try harness.ask("GET", "b") == .bulk("1"))
    #expect(harness.engine.statistics.unexpectedErrorReplies == 1)
    #expect(
      harness.log.contains {
        $0.hasPrefix(
          "== CRITICAL == This server is sending an error to its AOF-loading-client: 'ERR value is not an integer")
      })
  }

  @Test func oldLogs() throws {
    let none = JournalManifest()
    var moved = JournalManifest()
    moved.base = .init(name: "log", sequence: 1)
    var gone = moved
    gone.increments = [.init(name: "log.1.incr.aof", sequence: 1)]
    var other = JournalManifest()
    other.base = .init(name: "log.2.base.rdb", sequence: 2)
    for (manifest, isOld, isMoved, need) in [
      (none, false, false, JournalUpgrade.Need.none), (none, true, false, .old), (none, true, true, .unclear),
      (moved, true, false, .old), (moved, true, true, .none), (moved, false, false, .none), (gone, true, false, .none),
      (other, true, false, .none),
    ] {
      #expect(JournalUpgrade.need(manifest, log: "log", isOld: isOld, isMoved: isMoved) == need)
    }
    let disk = FileTable()
    other.history = [.init(name: "log.1.base.rdb", sequence: 1)]
    let manifest = JournalUpgrade.manifest(other, log: "log")
    #expect(manifest.base == .init(name: "log", sequence: 1) && manifest.history == other.history)
    var movedWhen: [String] = []
    #expect(
      JournalUpgrade.perform(manifest, log: "log", directory: "dir", on: disk) { movedWhen = disk.list() } == nil)
    // It is moved when the manifest names it.
    #expect(movedWhen == ["log.manifest"])
    #expect(try JournalManifest.load("log", from: disk).base == manifest.base)
    let failure = JournalUpgrade.perform(manifest, log: "log", directory: "dir", on: disk) { () throws(DiskError) in
      throw DiskError(code: 13, text: "Permission denied")
    }
    #expect(failure == "Error trying to move the old AOF file log into dir dir: Permission denied")
  }

  @Test func nothingStaysOfAServerThatIsGone() throws {
    weak var engine: Engine?
    weak var dataset: Dataset?
    do {
      let harness = LoadingHarness()
      harness.put(("b", LogText.snapshot()), ("i", command("SET", "a", "1")))
      guard case .loaded = try harness.load() else { throw Unloaded() }
      (engine, dataset) = (harness.engine, harness.engine.keyspace.live)
    }
    #expect(engine == nil)
    #expect(dataset == nil)
    weak var other: Engine?
    weak var journal: Journal?
    do {
      let harness = try JournalHarness(.always)
      harness.send("BGREWRITEAOF")
      harness.send("INCR", "n")
      harness.disk.runAll()
      (other, journal) = (harness.engine, harness.journal)
    }
    #expect(other == nil)
    #expect(journal == nil)
  }

  @Test func clientsAreToldToWait() throws {
    let harness = LoadingHarness()
    harness.put(("i", command("SET", "a", "1") + command("SET", "b", "1")))
    let plan = JournalLoader.Plan(
      manifest: try JournalManifest.load("log", from: harness.disk), name: "log", loadsCutShort: true)
    let loader = JournalLoader(harness.engine, harness.disk, plan)
    #expect(loader.step(byteCount: 10, nowMicroseconds: harness.now * 1000) == .more(count: 0))
    guard case .error(let text)? = try harness.ask("GET", "a") else { throw Unloaded() }
    #expect(text.hasPrefix("LOADING"))
    #expect(try harness.ask("INFO", "persistence")?.text?.contains("loading_total_bytes:54") == true)
    loader.giveUp()
    #expect(harness.disk.openCount == 0)
    #expect(try harness.ask("GET", "b") == .null)
  }
}
