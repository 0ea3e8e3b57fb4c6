import Engine
import Foundation
import RESP
import Scripting
import Snapshots
import TestSupport
import VersionedStore

/// An engine with the commands that write, and what it tells its replicas and its log.
final class PropagationHarness: SessionTransport {
  let engine: Engine
  private(set) var session: Session!
  private let scripting = ScriptingReference()
  private let saves = SnapshotSaves()
  private var output: [Int: [UInt8]] = [:]
  /// What was told, and not yet taken by the test.
  private(set) var replicaBytes: [UInt8] = []
  private(set) var journalBytes: [UInt8] = []
  /// The time of the commands that follow, in milliseconds since 1970; nil for that of the machine.
  var clock: Int64?

  init(settings: Settings = Settings()) {
    settings.enableDebugCommand = .yes
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    let keyspace = Keyspace(settings: settings, history: history)
    engine = Engine(
      settings: settings, keyspace: keyspace,
      commands: CommandTable(StandardCommands.families + [saves.commands, scripting.commands]))
    scripting.attach(engine)
    saves.attach(to: engine, nowMilliseconds: now)
    engine.transport = self
    session = open()
  }

  private var now: Int64 { clock ?? Int64(Date().timeIntervalSince1970 * 1000) }

  /// Begins to note what is told.
  func listen() {
    engine.effects.replicas.take = { [unowned self] in replicaBytes += Array($0) }
    engine.effects.journal.take = { [unowned self] in journalBytes += Array($0) }
    engine.effects.replicas.isOpen = true
    engine.effects.journal.isOpen = true
  }

  func takeReplicaBytes() -> [UInt8] {
    defer { replicaBytes = [] }
    return replicaBytes
  }

  func takeJournalBytes() -> [UInt8] {
    defer { journalBytes = [] }
    return journalBytes
  }

  func open() -> Session {
    let peer = PeerAddress(
      remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    return engine.open(peer, now: now)
  }

  /// A replica's link: what comes here is the primary's word.
  func openPrimary() -> Session {
    let session = open()
    session.isPrimary = true
    engine.keyspace.leavesExpiryToPrimary = true
    return session
  }

  @discardableResult
  func send(_ bytes: [UInt8], from other: Session? = nil) -> [UInt8] {
    let session: Session = other ?? self.session
    bytes.withBytes { engine.receive($0, from: session) }
    engine.tick(nowMicroseconds: now * 1000)
    return output.removeValue(forKey: session.id) ?? []
  }

  func cron() {
    engine.cron(nowMicroseconds: now * 1000)
    engine.tick(nowMicroseconds: now * 1000)
  }

  @discardableResult
  func run(_ words: [[UInt8]], from other: Session? = nil) throws -> Reply? {
    var request: [UInt8] = []
    request.command(words)
    var parser = ReplyParser()
    unsafe parser.append(send(request, from: other).span.bytes)
    return try parser.next()
  }

  @discardableResult
  func run(_ words: String..., from other: Session? = nil) throws -> Reply? {
    try run(words.map { Array($0.utf8) }, from: other)
  }

  var digest: String {
    get throws { try run("DEBUG", "DIGEST")?.text ?? "none" }
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }
  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }
  func wake() {}
}
