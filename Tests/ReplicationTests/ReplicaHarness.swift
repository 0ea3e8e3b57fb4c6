import Engine
import RESP
import Replication
import Snapshots
import Synchronization
import TestSupport
import Testing
import VersionedStore

/// A link on paper: it was opened, told things, and says what the test says in its place.
final class FakeLink: RunningLink {
  let plan: LinkPlan
  let position: ReplicationPosition?
  private let stopped = Mutex(false)
  private let ended = Mutex<[String]>([])
  private let updates = Mutex<[LinkPlan]>([])

  init(_ plan: LinkPlan, _ position: ReplicationPosition?) {
    self.plan = plan
    self.position = position
  }

  var isStopped: Bool { stopped.withLock { $0 } }
  var lastUpdate: LinkPlan? { updates.withLock { $0.last } }

  var status: LinkStatus { LinkStatus(ReplicaLink(plan.settings, jitterSeed: 0), stagedByteCount: 0, now: 0) }
  func update(_ plan: LinkPlan) { updates.withLock { $0.append(plan) } }
  func endConnection(_ reason: String) { ended.withLock { $0.append(reason) } }
  /// Why connections were to end.
  var endings: [String] { ended.withLock { $0 } }
  func stop() { stopped.withLock { $0 = true } }
}

/// An engine that can be a replica, without sockets.
final class ReplicaHarness: SessionTransport {
  let controller = ReplicationController()
  let engine: Engine
  private(set) var links: [FakeLink] = []
  private(set) var log: [String] = []
  /// Sessions that the engine has closed.
  private(set) var closed: Set<Int> = []
  private var output: [Int: [UInt8]] = [:]
  private var client: Session!
  private var clock = ManualClock()

  init(_ settings: Settings = Settings()) {
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    engine = Engine(
      settings: settings, keyspace: Keyspace(settings: settings, history: history),
      commands: CommandTable(StandardCommands.families + [ReplicationCommands(controller).all]))
    controller.engine = engine
    controller.openLink = { [unowned self] plan, position in
      links.append(FakeLink(plan, position))
      return links[links.count - 1]
    }
    controller.runTick = { [unowned self] in tick() }
    engine.infoSections.append(controller.infoSection)
    engine.log = { [unowned self] _, text in log.append(text) }
    engine.transport = self
    client = open()
  }

  /// The link that was opened last.
  var link: FakeLink { links[links.count - 1] }

  var milliseconds: Int64 { Int64(clock.milliseconds) }

  func open() -> Session {
    let peer = PeerAddress(
      remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    return engine.open(peer, now: Int64(clock.milliseconds))
  }

  private func tick() { engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000) }

  /// A client has sent something; no tick has run yet.
  func send(_ words: String...) {
    Self.text([words]).withBytes { engine.receive($0, from: client) }
  }

  /// Has a client ask; what came to be answered is for `reply`.
  func ask(_ words: String...) {
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    request.withBytes { engine.receive($0, from: client) }
    tick()
  }

  /// What the client was answered since the last call; nil if nothing.
  func reply() throws -> Reply? {
    if engine.hasWork { tick() }
    var parser = ReplyParser()
    let answered = output.removeValue(forKey: client.id) ?? []
    unsafe parser.append(answered.span.bytes)
    return try parser.next()
  }

  /// All that the client was sent since the last call.
  func takeOutput() -> [UInt8] {
    if engine.hasWork { tick() }
    return output.removeValue(forKey: client.id) ?? []
  }

  func run(_ words: String...) throws -> Reply? { try run(words) }

  func run(_ words: [String]) throws -> Reply? {
    Self.text([words]).withBytes { engine.receive($0, from: client) }
    tick()
    return try reply()
  }

  /// A field of INFO replication.
  func field(_ name: String) throws -> String? {
    let lines = try run("INFO", "replication")?.text?.split(whereSeparator: \.isNewline) ?? []
    return lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)) }
  }

  // MARK: The link's side

  /// A dataset of these keys in database 0, staged.
  func staged(_ keys: [String: String]) throws -> Dataset {
    var loader = DatasetLoader(link.plan.form, nowMilliseconds: Int64(clock.milliseconds))
    for (key, value) in keys {
      try Array(key.utf8).withBytes { key in
        try Array(value.utf8).withBytes {
          try loader.string(key: key, value: $0, expiryMilliseconds: nil, access: .none)
        }
      }
    }
    try loader.finish()
    return loader.dataset
  }

  func commit(
    _ keys: [String: String], at offset: Int64 = 1000, database: Int = 0, formerHistory: ReplicationPosition? = nil,
    position: ReplicationPosition? = nil
  ) throws -> LinkError? {
    let request = CommitRequest(
      position: position ?? Self.position(offset), streamDatabase: database, keyCount: UInt64(keys.count),
      formerHistory: formerHistory, mustNotReplaceKeys: keys.isEmpty)
    return controller.commit(
      try staged(keys), request, from: link, atMilliseconds: Int64(clock.milliseconds))
  }

  /// Has commands of the primary executed; what is missing to `offset` is made up by empty lines.
  func execute(_ commands: [[String]], upTo offset: Int64? = nil) -> LinkError? {
    let text = Self.text(commands)
    let end = max(offset ?? 0, controller.offset + Int64(text.count))
    let padding = [UInt8](repeating: 10, count: Int(end - controller.offset) - text.count)
    return controller.execute(
      StreamPart(bytes: text + padding, commands: text, end: ReplicationOffset(rawValue: end)), from: link)
  }

  static func text(_ commands: [[String]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for command in commands { bytes.command(command.map { Array($0.utf8) }) }
    return bytes
  }

  /// A replica of this replica, which goes on from here.
  func addReplica() throws -> Session {
    let session = open()
    let request = Self.text([["PSYNC", controller.historyID, "\(controller.offset + 1)"]])
    request.withBytes { engine.receive($0, from: session) }
    tick()
    let answer = String(decoding: takeOutput(of: session), as: UTF8.self)
    try #require(answer == "+CONTINUE\r\n", "\(answer)")
    return session
  }

  /// Has another client send a command; what it is answered is for `takeOutput`.
  func send(_ words: String..., from session: Session) {
    Self.text([words]).withBytes { engine.receive($0, from: session) }
    tick()
  }

  func takeOutput(of session: Session) -> [UInt8] {
    output.removeValue(forKey: session.id) ?? []
  }

  static func position(_ offset: Int64) -> ReplicationPosition {
    ReplicationPosition(id: ScriptedLink.id, offset: ReplicationOffset(rawValue: offset))
  }

  /// Lets the engine's clock go on, and its cron run.
  func cron(afterMilliseconds milliseconds: Int) {
    clock.advance(milliseconds: milliseconds)
    engine.cron(nowMicroseconds: Int64(clock.milliseconds) * 1000)
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }
  func close(_ session: Session, afterOutput: Bool) {
    closed.insert(session.id)
    if !afterOutput { engine.peerClosed(session) }
  }
  func wake() {}
}
