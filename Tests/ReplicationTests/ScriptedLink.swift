import Replication
import VersionedStore

/// A link, and a driver that carries out its actions on paper: what it did can be read here.
struct ScriptedLink {
  static let runID = String(repeating: "ownrunid", count: 5)
  static let id = ReplicationID(SnapshotText.id)!
  static let offset = ReplicationOffset(rawValue: 1000)
  static let position = ReplicationPosition(id: id, offset: offset)
  static let mark = String(repeating: "0123456789", count: 4)

  var link: ReplicaLink
  var now: Int64 = 5_000
  /// All actions but log lines.
  var actions: [LinkAction] = []
  var log: [String] = []
  /// The staged dataset, and the one that went live.
  var staged: StagedKeys?
  var live = ["0 old": "kept"]
  /// The commands that came to be executed.
  var executed: [UInt8] = []
  /// What is handed on to further replicas.
  var relayed: [UInt8] = []
  var reports: [ProbeReport] = []
  /// Bytes that the link has not taken yet.
  var untaken: [UInt8] = []

  init(_ change: (inout LinkSettings) -> Void = { _ in }, position: ReplicationPosition? = nil) {
    var settings = LinkSettings(
      purpose: .replicate, host: "primary", port: 6379, listeningPort: 7777, runID: Self.runID)
    settings.commands = StreamCommands(executing: ["set", "select", "publish"])
    change(&settings)
    link = ReplicaLink(settings, position: position, jitterSeed: 1)
  }

  var sent: [String] {
    actions.compactMap {
      guard case .send(let bytes) = $0 else { return nil }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The words of the request that was sent last.
  var lastRequest: String {
    sent.last.map { $0.split(separator: "\r\n").filter { !"*$".contains($0.first!) }.joined(separator: " ") } ?? ""
  }

  var isClosed: Bool { actions.last == .close }

  mutating func start() {
    link.start(at: now)
    perform()
  }

  mutating func connect() {
    link.connected(at: now)
    perform()
  }

  /// Gives the link bytes from the primary, in chunks, as long as it takes them.
  mutating func receive(_ bytes: [UInt8], chunkSize: Int = .max) {
    untaken += bytes
    while !untaken.isEmpty {
      let chunk = Array(untaken.prefix(chunkSize))
      let taken = chunk.withBytes { link.receive($0, at: now, into: &staged) }
      untaken.removeFirst(taken)
      perform()
      if taken == 0 { break }
    }
  }

  mutating func receive(_ text: String, chunkSize: Int = .max) { receive(Array(text.utf8), chunkSize: chunkSize) }

  mutating func close(_ reason: String = "connection lost") {
    link.closed(reason: reason, at: now)
    perform()
  }

  mutating func pass(milliseconds: Int64) {
    now += milliseconds
    link.tick(at: now)
    perform()
  }

  mutating func commit() {
    live = staged?.keys ?? [:]
    staged = nil
    link.committed(at: now)
    perform()
    receive([])
  }

  mutating func perform() {
    for action in link.takeActions() {
      switch action {
      case .log(_, let text): log.append(text)
      case .beginStaging: staged = StagedKeys()
      case .discardStaged: staged = nil
      case .execute(let part):
        executed += part.commands
        relayed += part.bytes
      case .report(let report): reports.append(report)
      case .connect, .send, .close, .commit, .resume, .endStream, .failoverAnswered: break
      }
      if case .log = action { continue }
      actions.append(action)
    }
  }
}

extension ScriptedLink {
  static let information = "# Server\r\nredis_version:7.0.15\r\nrun_id:\(String(repeating: "e", count: 40))\r\n"
  static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

  /// Up to PSYNC, which waits for its answer.
  mutating func shakeHands() {
    start()
    connect()
    receive("+PONG\r\n")
    receive(Self.bulk(Self.information))
    for _ in 0..<2 { receive("+OK\r\n") }
  }

  /// Up to the first byte of a snapshot: with a length, or without one with a mark.
  mutating func beginTransfer(length: Int?) {
    shakeHands()
    receive("+FULLRESYNC \(Self.id) \(Self.offset.rawValue)\r\n")
    receive(length.map { "$\($0)\r\n" } ?? "$EOF:\(Self.mark)\r\n")
  }

  /// Up to the stream, after a full sync.
  mutating func beginStream() {
    beginTransfer(length: SnapshotText.file.count)
    receive(SnapshotText.file)
    commit()
  }
}
