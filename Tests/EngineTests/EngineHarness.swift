import Engine
import RESP
import TestSupport
import VersionedStore

/// A whole engine without sockets: bytes in, bytes out, and the time is what the test says.
final class EngineHarness: SessionTransport {
  let engine: Engine
  /// The time of the commands that follow.
  var clock = ManualClock()
  /// The session of all commands that name no other.
  private(set) var session: Session!
  private var output: [Int: [UInt8]] = [:]

  convenience init(
    _ families: [[Command]] = StandardCommands.families, settings: Settings = Settings(),
    monotonicNanoseconds: @escaping () -> Int64 = MonotonicClock.nanoseconds
  ) {
    self.init(commands: CommandTable(families), settings: settings, monotonicNanoseconds: monotonicNanoseconds)
  }

  init(
    commands: CommandTable, settings: Settings = Settings(),
    monotonicNanoseconds: @escaping () -> Int64 = MonotonicClock.nanoseconds
  ) {
    let history = History(live: Dataset(databases: settings.databases, lineage: 1))
    let keyspace = Keyspace(settings: settings, history: history)
    engine = Engine(
      settings: settings, keyspace: keyspace, commands: commands, monotonicNanoseconds: monotonicNanoseconds)
    engine.transport = self
    session = open()
  }

  /// Another client.
  func open() -> Session {
    let peer = PeerAddress(
      remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    return engine.open(peer, now: Int64(clock.milliseconds))
  }

  /// Has the engine execute what a client sends, and gives back all that it answers.
  func send(_ bytes: [UInt8], from other: Session? = nil) -> [UInt8] {
    let session: Session = other ?? self.session
    bytes.withBytes { engine.receive($0, from: session) }
    engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000)
    return output.removeValue(forKey: session.id) ?? []
  }

  /// Sends one command and leaves what is answered to be asked for by `received`.
  func post(_ words: String..., from other: Session? = nil) {
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    post(request, from: other)
  }

  func post(_ bytes: [UInt8], from other: Session? = nil) {
    let reply = send(bytes, from: other)
    if !reply.isEmpty { output[(other ?? session).id, default: []] += reply }
  }

  /// The bytes that have gone to a client since it was last asked.
  func received(_ other: Session? = nil) -> [UInt8] { output.removeValue(forKey: (other ?? session).id) ?? [] }

  /// Lets time pass, and has the engine do what is due.
  func pass(milliseconds: Int) {
    clock.advance(milliseconds: milliseconds)
    engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000)
  }

  /// One command and the bytes of its reply.
  func raw(_ words: [String], from other: Session? = nil) -> [UInt8] {
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    return send(request, from: other)
  }

  /// One command and its reply.
  @discardableResult
  func run(_ words: String..., from other: Session? = nil) throws -> Reply {
    try run(words, from: other)
  }

  @discardableResult
  func run(_ words: [String], from other: Session? = nil) throws -> Reply {
    var parser = ReplyParser()
    unsafe parser.append(raw(words, from: other).span.bytes)
    guard let reply = try parser.next() else { throw Silence() }
    return reply
  }

  /// The engine did not answer.
  struct Silence: Error {}

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }

  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }

  /// Nothing waits here: the test says when there is a tick.
  func wake() {}
}
