import Engine
import Foundation
import RESP
import Scripting
import Snapshots
import TestSupport
import Values
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

  /// The keys that another engine does not hold alike, with what they are here, for a message.
  func differences(from other: PropagationHarness) -> String {
    let (here, there) = (contents, other.contents)
    let keys = Set(here.keys).union(there.keys).filter { here[$0] != there[$0] }.sorted()
    return keys.map { "\($0): \(here[$0] ?? "none") for \(there[$0] ?? "none")" }.joined(separator: "\n")
  }

  /// The same for a redis-server.
  func differences(from redis: Client) throws -> String {
    var lines: [String] = []
    let session = open()
    defer { engine.peerClosed(session) }
    for database in 0..<engine.keyspace.live.databaseCount {
      session.database = database
      try redis.command("SELECT", "\(database)")
      let theirs = try redis.command("KEYS", "*").elements.compactMap(\.bytes)
      let ours = try run("KEYS", "*", from: session)?.elements.compactMap(\.bytes) ?? []
      for key in Set(theirs + ours).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        for question in [["PEXPIRETIME"], ["DEBUG", "DIGEST-VALUE"]] {
          let words = question.map { Array($0.utf8) } + [key]
          let (there, here) = (try redis.command(words), try run(words, from: session))
          guard there != here else { continue }
          lines.append("\(database) \(String(decoding: key, as: UTF8.self)) \(question): \(there) for \(here ?? .null)")
        }
      }
    }
    return lines.joined(separator: "\n")
  }

  /// What the digest does not tell of.
  func details(withFields: Bool) throws -> DatasetDetails {
    let session = open()
    defer { engine.peerClosed(session) }
    return try DatasetDetails(databases: engine.keyspace.live.databaseCount, withFields: withFields) {
      try run($0, from: session)
    }
  }

  /// A description of every key's value, stored with the number of its database.
  private var contents: [String: String] {
    var contents: [String: String] = [:]
    let session = open()
    defer { engine.peerClosed(session) }
    let head = engine.keyspace.live.head
    for database in 0..<engine.keyspace.live.databaseCount {
      session.database = database
      head.forEach(database) { entry in
        let key = Array(entry.key)
        let (name, type, expiry) = (
          "\(database) \(String(decoding: key, as: UTF8.self))", entry.type, entry.expiry ?? 0
        )
        let digest = try? run([Array("DEBUG".utf8), Array("DIGEST-VALUE".utf8), key], from: session)
        contents[name] = "\(type) \(expiry) \(String(describing: digest))"
        return true
      }
    }
    return contents
  }

  /// Has all keys whose time has come deleted, and that told.
  func meetAllKeys() throws {
    let session = open()
    defer { engine.peerClosed(session) }
    for database in 0..<engine.keyspace.live.databaseCount {
      session.database = database
      try run("SCAN", "0", "COUNT", "1000000", from: session)
    }
  }

  /// Does what a log says, as when a server starts with it. Returns the errors that were answered.
  func replay(_ journal: [UInt8]) throws -> [String] {
    engine.setReplayTime(microseconds: now * 1000)
    let replay = engine.beginReplay()
    let arguments = BytesList()
    defer { arguments.deallocate() }
    var failures: [String] = []
    // What stands together does so for the reader, who does nothing by halves.
    for command in try ToldCommand.all(in: journal) where command.name != "MULTI" && command.name != "EXEC" {
      let bytes = Array(command.words.joined())
      let failure = try bytes.withBytes { bytes throws(Engine.ReplayRefusal) -> String? in
        arguments.removeAll()
        var offset = 0
        for word in command.words {
          arguments.append(bytes[offset..<offset + word.count])
          offset += word.count
        }
        return try engine.replay(arguments, replay)
      }
      if let failure { failures.append("\(command): \(failure)") }
    }
    engine.endReplay(replay)
    return failures
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }
  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }
  func wake() {}
}
