import Engine
import RESP
import Replication
import Snapshots
import TestSupport
import VersionedStore

/// A primary without sockets: connections take as much as the test says, walks go on when it says so, and time is what it
/// says.
final class PrimaryHarness: SessionTransport {
  /// What has reached a client, and what waits in its connection.
  private final class Connection {
    var received: [UInt8] = []
    var waiting: [UInt8] = []
    /// Bytes that it takes before others have to wait; nil for any number.
    var room: Int?

    func take() {
      let count = min(room ?? .max, waiting.count)
      received += waiting.prefix(count)
      waiting.removeFirst(count)
      if room != nil { room! -= count }
    }
  }

  /// A walk that goes on when the test says so.
  final class Walk: RunningWalk {
    fileprivate let walk: SnapshotWalk
    fileprivate let tell: (WalkEvent) -> Void
    private(set) var releaseCount = 0
    private(set) var isCancelled = false
    private var events: [WalkEvent]?

    fileprivate init(_ walk: SnapshotWalk, _ tell: @escaping (WalkEvent) -> Void) {
      self.walk = walk
      self.tell = tell
    }

    func release() { releaseCount += 1 }
    func cancel() { isCancelled = true }

    /// Tells of so many events more.
    func go(_ count: Int = .max) {
      if events == nil {
        var pieces: [WalkEvent] = []
        let result = Result { () throws(SnapshotWriteFailure) in
          try walk.run(keyWritten: nil) { piece, isLast throws(SnapshotWriteFailure) in
            pieces.append(.piece(piece, isLast: isLast))
          }
        }
        events = pieces + [.ended(result)]
      }
      for _ in 0..<min(count, events!.count) { tell(events!.removeFirst()) }
    }
  }

  let controller = ReplicationController()
  let engine: Engine
  private(set) var log: [String] = []
  private(set) var walks: [Walk] = []
  /// Walks are over at once.
  var walksAtOnce = true
  /// Why walks cannot begin.
  var walkFailure: SnapshotWriteFailure?
  var clock = ManualClock()
  private var connections: [Int: Connection] = [:]
  private(set) var client: Session!

  init(_ settings: Settings = Settings()) {
    settings.replDisklessSyncDelay = 0
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    engine = Engine(
      settings: settings, keyspace: Keyspace(settings: settings, history: history),
      commands: CommandTable(StandardCommands.families + [ReplicationCommands(controller).all]))
    controller.engine = engine
    controller.openLink = { FakeLink($0, $1) }
    controller.feed.startWalk = { [unowned self] walk, tell in
      walks.append(Walk(walk, tell))
      let running = walks[walks.count - 1]
      if let walkFailure { tell(.ended(.failure(walkFailure))) } else if walksAtOnce { running.go() }
      return running
    }
    engine.infoSections.append(controller.infoSection)
    engine.log = { [unowned self] _, text in log.append(text) }
    engine.transport = self
    client = open()
    pass(milliseconds: 0)
  }

  // MARK: Clients

  /// - Parameter room: bytes that the connection takes before others have to wait; nil for any number.
  func open(room: Int? = nil, port: Int = 50000) -> Session {
    let peer = PeerAddress(
      remote: "127.0.0.1:\(port)", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    let session = engine.open(peer, now: Int64(clock.milliseconds))
    let connection = Connection()
    connection.room = room
    connections[session.id] = connection
    return session
  }

  func send(_ words: [String], from session: Session? = nil) {
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    request.withBytes { engine.receive($0, from: session ?? client) }
    tick()
  }

  /// Clients ask in the same moment.
  func send(_ words: [String], from sessions: [Session]) {
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    for session in sessions { request.withBytes { engine.receive($0, from: session) } }
    tick()
  }

  @discardableResult
  func run(_ words: String..., from session: Session? = nil) throws -> Reply? {
    send(words, from: session)
    var parser = ReplyParser()
    unsafe parser.append(received(session ?? client).span.bytes)
    return try parser.next()
  }

  /// What has reached a client since it was last asked.
  func received(_ session: Session) -> [UInt8] {
    defer { connections[session.id]?.received = [] }
    return connections[session.id]?.received ?? []
  }

  func receivedText(_ session: Session) -> String { String(decoding: received(session), as: UTF8.self) }

  /// Whether the client is still connected.
  func isConnected(_ session: Session) -> Bool { connections[session.id] != nil }

  /// Lets a slow client take so many bytes more.
  func drain(_ session: Session, _ count: Int = .max) {
    guard let connection = connections[session.id] else { return }
    connection.room = count
    repeat {
      let before = connection.room
      connection.take()
      engine.drained(session, unsent: connection.waiting.count)
      if connection.room == before { break }
    } while connections[session.id] != nil
  }

  func hangUp(_ session: Session) {
    connections[session.id] = nil
    engine.peerClosed(session)
  }

  // MARK: Replicas

  /// A client that has said what it can, and asked to be a replica.
  func replica(
    _ ask: [String] = ["PSYNC", "?", "-1"], room: Int? = nil, capabilities: [String] = ["eof", "psync2", "rdb12"]
  ) throws -> Session {
    let session = open(room: room, port: 50001 + connections.count)
    if !capabilities.isEmpty {
      try introduce(
        session, ["listening-port", "\(7000 + connections.count)"] + capabilities.flatMap { ["capa", $0] })
    }
    send(ask, from: session)
    return session
  }

  func introduce(_ session: Session, _ options: [String]) throws {
    let connection = connections[session.id]!
    let room = connection.room
    connection.room = nil
    send(["REPLCONF"] + options, from: session)
    _ = received(session)
    connection.room = room
  }

  /// What a full sync has brought: the announcement, the keys, and what came behind them.
  struct FullSync {
    var id = ""
    var offset: Int64 = 0
    var keys: [String: String] = [:]
    var origin: SnapshotOrigin?
    var rest: [UInt8] = []
  }

  struct NotASync: Error { let text: String }

  static func readSync(_ bytes: [UInt8]) throws -> FullSync {
    var sync = FullSync()
    var rest = bytes[...]
    func line() throws -> String {
      guard let end = rest.firstIndex(of: 10) else {
        throw NotASync(text: String(decoding: bytes.prefix(200), as: UTF8.self))
      }
      defer { rest = rest[(end + 1)...] }
      return String(decoding: rest[..<end].filter { $0 != 13 }, as: UTF8.self)
    }
    var header = try line()
    while header.isEmpty { header = try line() }
    if header.hasPrefix("+FULLRESYNC ") {
      let words = header.split(separator: " ")
      (sync.id, sync.offset) = (String(words[1]), Int64(words[2]) ?? -1)
      header = try line()
      while header.isEmpty { header = try line() }
    }
    var reader = SnapshotReader()
    var keys = StagedKeys()
    if header.hasPrefix("$EOF:") {
      let mark = Array(header.utf8.dropFirst(5))
      let count = try Array(rest).withBytes { bytes throws(SnapshotError) in try reader.receive(bytes, into: &keys) }
      guard rest.dropFirst(count).starts(with: mark) else { throw NotASync(text: "no mark") }
      rest = rest.dropFirst(count + mark.count)
    } else {
      guard header.hasPrefix("$"), let length = Int(header.dropFirst()), length <= rest.count else {
        throw NotASync(text: header)
      }
      let count = try Array(rest.prefix(length)).withBytes { bytes throws(SnapshotError) in
        try reader.receive(bytes, into: &keys)
      }
      guard count == length else { throw NotASync(text: "\(count) of \(length) bytes") }
      rest = rest.dropFirst(length)
    }
    try reader.finish()
    sync.keys = keys.keys
    sync.origin = reader.origin
    sync.rest = Array(rest)
    return sync
  }

  /// A field of INFO.
  func field(_ name: String, _ section: String = "replication") throws -> String? {
    let lines = try run("INFO", section)?.text?.split(whereSeparator: \.isNewline) ?? []
    return lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// Whether a line of the log has this in it.
  func hasLogged(_ text: String) -> Bool { log.contains { $0.contains(text) } }

  // MARK: Time

  private func tick() { engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000) }

  /// Lets time pass, a second at a time.
  func pass(milliseconds: Int) {
    var left = milliseconds
    repeat {
      let step = min(left, 1000)
      clock.advance(milliseconds: step)
      left -= step
      engine.cron(nowMicroseconds: Int64(clock.milliseconds) * 1000)
      tick()
    } while left > 0
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) {
    guard let connection = connections[session.id] else { return }
    connection.waiting += Array(bytes)
    connection.take()
    session.unsentByteCount = connection.waiting.count
  }

  func close(_ session: Session, afterOutput: Bool) {
    guard let connection = connections.removeValue(forKey: session.id) else { return }
    if afterOutput { connection.received += connection.waiting }
    closed[session.id] = connection.received
    engine.peerClosed(session)
  }

  /// What those had received, and not been asked for, whose connections were ended.
  private(set) var closed: [Int: [UInt8]] = [:]

  func wake() {}
}
