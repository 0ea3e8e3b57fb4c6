import Engine
import Journal
import RESP
import Snapshots
import TestSupport
import Testing
import Values
import VersionedStore

/// An engine that writes its log on a disk in memory, with clients, and the time as the test says.
final class JournalHarness: SessionTransport {
  let disk: FaultyDisk
  let engine: Engine
  let journal: Journal
  /// For VERSION LOAD; the test says what is read.
  let loads = SnapshotLoads()
  private let reference = JournalReference()
  private(set) var log: [String] = []
  private(set) var clock = ManualClock()
  /// What clients were sent, by session.
  private var output: [Int: [UInt8]] = [:]
  private var clients: [Session] = []

  init(_ sync: AppendSync = .everySecond, disk: FaultyDisk = FaultyDisk(), isOn: Bool = true) throws {
    self.disk = disk
    let settings = Settings()
    settings.appendFilename = "log"
    settings.appendSync = sync
    settings.appendOnly = isOn
    settings.savePoints = []
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    engine = Engine(
      settings: settings, keyspace: Keyspace(settings: settings, history: history),
      commands: CommandTable(
        StandardCommands.families(versionSubcommands: [loads.command], help: SnapshotLoads.helpLines)
          + [[reference.command]]))
    journal = Journal(engine, on: disk)
    reference.journal = journal
    engine.transport = self
    engine.log = { [unowned self] _, text in log.append(text) }
    engine.tick(nowMicroseconds: now * 1000)
    if isOn { try journal.begin(JournalManifest()) }
  }

  var now: Int64 { Int64(clock.milliseconds) }
  var settings: Settings { engine.settings }

  /// The client of this number.
  func client(_ number: Int) -> Session {
    while clients.count <= number {
      let peer = PeerAddress(
        remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
      clients.append(engine.open(peer, now: now))
    }
    return clients[number]
  }

  /// Has a client send a command; what it is answered is for `received`.
  func send(_ words: String..., from number: Int = 0) { send([words], from: number) }

  func send(_ commands: [[String]], from number: Int = 0) {
    post(commands, from: number)
    engine.tick(nowMicroseconds: now * 1000)
  }

  /// The same, to be executed with what others send.
  func post(_ commands: [[String]], from number: Int = 0) {
    var request: [UInt8] = []
    for words in commands { request.command(words.map { Array($0.utf8) }) }
    let session = client(number)
    request.withBytes { engine.receive($0, from: session) }
  }

  /// What a client was answered since it was last asked.
  func received(_ number: Int = 0) throws -> [Reply] {
    var parser = ReplyParser()
    let bytes = output.removeValue(forKey: client(number).id) ?? []
    unsafe parser.append(bytes.span.bytes)
    var replies: [Reply] = []
    while let reply = try parser.next() { replies.append(reply) }
    return replies
  }

  /// A command and its answer; nil while that is kept back.
  func ask(_ words: String..., from number: Int = 0) throws -> Reply? {
    send([words], from: number)
    return try received(number).last
  }

  /// Lets time pass, in turns of a tenth of a second.
  func pass(milliseconds: Int) {
    for _ in 0..<max(1, milliseconds / 100) {
      clock.advance(milliseconds: min(milliseconds, 100))
      engine.cron(nowMicroseconds: now * 1000)
      engine.tick(nowMicroseconds: now * 1000)
    }
  }

  /// The same, with the disk doing what it has to.
  func passAll(milliseconds: Int) {
    for _ in 0..<max(1, milliseconds / 100) {
      disk.runAll()
      pass(milliseconds: 100)
    }
    disk.runAll()
  }

  /// Lets time pass in one turn, with the disk doing what it has to.
  func leap(milliseconds: Int) {
    clock.advance(milliseconds: milliseconds)
    engine.cron(nowMicroseconds: now * 1000)
    engine.tick(nowMicroseconds: now * 1000)
    disk.runAll()
  }

  func tick() { engine.tick(nowMicroseconds: now * 1000) }

  /// Puts a dataset that shares nothing with it in the place of the live one: one that holds but `n`, in each of the
  /// databases, or nothing. Returns the version that the live one has become.
  @discardableResult
  func replaceDataset(n: Int? = nil) throws -> Version {
    let keyspace = engine.keyspace
    let former = keyspace.history.commit(
      Dataset(databases: settings.databases, lineage: Lineage.next()), reason: "test", atMilliseconds: now)
    keyspace.liveDatasetChanged()
    if let n {
      var commands: [UInt8] = []
      for database in Self.databases {
        commands += LogText.command("SELECT", "\(database)") + LogText.command("SET", "n", "\(n)")
      }
      let table = FileTable()
      table.files["n"] = commands
      var manifest = JournalManifest()
      manifest.increments = [.init(name: "n", sequence: 1)]
      try load(manifest, from: table)
    }
    engine.datasetWasReplaced()
    return former
  }

  /// Loads what a manifest names.
  private func load(_ manifest: JournalManifest, from disk: any JournalDisk) throws {
    let loader = JournalLoader(engine, disk, .init(manifest: manifest, name: "log", loadsCutShort: true))
    while true {
      switch loader.step(byteCount: 1 << 16, nowMicroseconds: now * 1000) {
      case .more: continue
      case .loaded: return
      case .failed: throw Failure(text: "\(log)")
      }
    }
  }

  /// A server that starts with these files, and goes on.
  static func restart(_ files: [String: [UInt8]], _ sync: AppendSync) throws -> JournalHarness {
    let disk = FaultyDisk()
    for (name, content) in files { disk.put(name, content) }
    let harness = try JournalHarness(sync, disk: disk, isOn: false)
    harness.settings.appendOnly = true
    let manifest = try JournalManifest.load("log", from: disk)
    try harness.load(manifest, from: disk)
    try harness.journal.begin(manifest)
    return harness
  }

  func figure(_ name: String) throws -> String? {
    guard case .bulk(let text)? = try ask("INFO", "persistence", from: 99) else { return nil }
    return String(decoding: text, as: UTF8.self).split(separator: "\r\n").first { $0.hasPrefix("\(name):") }.map {
      String($0.dropFirst(name.count + 1))
    }
  }

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }
  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }
  func wake() {}

  // MARK: What there is

  /// By database, the value of `n` and the length of `l`, which are changed together.
  struct Counts: Hashable {
    var n: [Int]
    var l: [Int]
  }

  static let databases = [0, 3]

  static func counts(_ engine: Engine) -> Counts {
    let live = engine.keyspace.live
    func entry(_ key: StaticString, _ database: Int) -> Entry? {
      live.head.find(database, Bytes(key), live.hash(Bytes(key)))
    }
    return Counts(
      n: databases.map { database in
        entry("n", database).flatMap { Int(String(decoding: StringReader($0).array, as: UTF8.self)) } ?? 0
      },
      l: databases.map { database in entry("l", database).map { ListReader($0).count } ?? 0 })
  }

  /// What the live dataset has.
  var counts: Counts { Self.counts(engine) }

  /// What a server that starts with these files has; `former` is one that has done so before.
  static func load(_ files: [String: [UInt8]], with former: LoadingHarness? = nil) throws -> Counts {
    let harness: LoadingHarness
    if let former {
      former.reset()
      harness = former
    } else {
      let settings = Settings()
      settings.appendFilename = "log"
      harness = LoadingHarness(settings)
    }
    harness.disk.files = files
    let step = try harness.load()
    guard case .loaded = step else {
      let sizes = files.map { "\($0.key): \($0.value.count)" }.sorted()
      let manifest = String(decoding: files["log.manifest"] ?? [], as: UTF8.self)
      throw Failure(text: "\(step) \(harness.log) \(sizes) \(manifest)")
    }
    return counts(harness.engine)
  }

  struct Failure: Error {
    let text: String
  }

  /// One unit of the two counts.
  static func unit(_ database: Int) -> [[String]] {
    [["SELECT", "\(database)"], ["MULTI"], ["INCR", "n"], ["RPUSH", "l", "x"], ["EXEC"]]
  }
}
