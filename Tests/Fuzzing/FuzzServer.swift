import RESP
import Scripting
import Snapshots
import TestSupport
import VersionedStore

@testable import Engine

/// An engine without sockets, with the commands of all modules, whose files are nowhere and whose time is the fuzzer's.
final class FuzzServer: SessionTransport {
  let engine: Engine
  var clock = ManualClock()
  private let saves = SnapshotSaves()
  private let loads = SnapshotLoads()
  private let migrations = SnapshotMigrations()
  private let scripting = ScriptingReference()
  private var output: [Int: [UInt8]] = [:]
  /// What other threads would do, to be done when the fuzzer says so.
  private var pending: [() -> Void] = []

  init(_ settings: Settings) {
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    let keyspace = Keyspace(settings: settings, history: history)
    let families =
      StandardCommands.families(versionSubcommands: [loads.command], help: SnapshotLoads.helpLines)
      + [saves.commands, [migrations.command], scripting.commands]
    engine = Engine(settings: settings, keyspace: keyspace, commands: CommandTable(families))
    engine.transport = self
    scripting.attach(engine)
    engine.shutDown = { _ in false }
    saves.write = { [unowned self] job, completion in
      pending.append { completion(Self.write(job)) }
    }
    saves.writeNow = Self.write
    saves.waitForWriter = { [unowned self] in work() }
    saves.readNow = { _, _ in .failure(.unreadable(reason: "No such file or directory")) }
    loads.read = { [unowned self] _, _, _, completion in
      pending.append { completion(.failure(.unreadable(reason: "No such file or directory"))) }
    }
    saves.attach(to: engine, nowMilliseconds: Int64(clock.milliseconds))
    migrations.connect = { _, port, _ in port % 4 == 3 ? nil : FickleLink() }
    migrations.attach(to: engine)
  }

  /// A server that takes some of what it is sent.
  private final class FickleLink: MigrationLink {
    private var count = 0
    private static let answers = ["+OK", "+OK", "-BUSYKEY", "+OK", "+OK", "+OK", "$1", ""]

    func send(_ bytes: Bytes, timeoutMilliseconds: Int64) throws(MigrationLinkFailure) {
      if timeoutMilliseconds == 1 { throw .timedOut }
    }

    func readLine(timeoutMilliseconds: Int64) throws(MigrationLinkFailure) -> [UInt8] {
      count += 1
      if count % 10 == 0 { throw .closed }
      return Array(Self.answers[count % Self.answers.count].utf8)
    }
  }

  /// Writes a file that nobody keeps.
  private static func write(_ job: SnapshotSaves.Job) -> Result<Void, SnapshotWriteFailure> {
    Result { () throws(SnapshotWriteFailure) in
      try SnapshotWriter.write(job.content, job.options, progress: job.progress) { _ in }
    }
  }

  /// Ends what runs beside the serving thread.
  func work() {
    let work = pending
    pending = []
    for task in work { task() }
  }

  func open() -> Session {
    let peer = PeerAddress(
      remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    return engine.open(peer, now: Int64(clock.milliseconds))
  }

  func receive(_ bytes: some Sequence<UInt8>, from session: Session) {
    guard engine.sessions[session.id] != nil else { return }
    Array(bytes).withBytes { engine.receive($0, from: session) }
  }

  func tick() { engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000) }

  func cron() { engine.cron(nowMicroseconds: Int64(clock.milliseconds) * 1000) }

  /// What a session was sent since it was last asked.
  func takeOutput(_ session: Session) -> [UInt8] { output.removeValue(forKey: session.id) ?? [] }

  /// One command of a client that does nothing else.
  func ask(_ words: String...) throws -> Reply? {
    let session = open()
    defer { engine.peerClosed(session) }
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    receive(request, from: session)
    tick()
    var parser = ReplyParser()
    unsafe parser.append(takeOutput(session).span.bytes)
    return try parser.next()
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }

  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }

  func wake() {}
}
