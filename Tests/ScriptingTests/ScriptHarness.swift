import Engine
import RESP
import Scripting
import TestSupport
import VersionedStore

/// An engine that runs scripts, without sockets: bytes in, bytes out, and the time is what the test says.
final class ScriptHarness: SessionTransport {
  let engine: Engine
  private let scripting: ScriptingReference
  private(set) var session: Session!
  private var output: [Int: [UInt8]] = [:]
  var clock = ManualClock()

  /// `memoryLimit` is that of each interpreter.
  init(settings: Settings = Settings(), memoryLimit: Int = ScriptingReference.usualMemoryLimit) {
    scripting = ScriptingReference(memoryLimit: memoryLimit)
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    let keyspace = Keyspace(settings: settings, history: history)
    engine = Engine(
      settings: settings, keyspace: keyspace,
      commands: CommandTable(StandardCommands.families + [scripting.commands]))
    scripting.attach(engine)
    engine.transport = self
    session = open()
  }

  func open() -> Session {
    let peer = PeerAddress(
      remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
    return engine.open(peer, now: Int64(clock.milliseconds))
  }

  /// One command and the bytes of its reply.
  func raw(_ words: [[UInt8]], from other: Session? = nil) -> [UInt8] {
    let session: Session = other ?? self.session
    var request: [UInt8] = []
    request.command(words)
    request.withBytes { engine.receive($0, from: session) }
    engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000)
    return output.removeValue(forKey: session.id) ?? []
  }

  /// One command and its reply as it is sent.
  func text(_ words: String..., from other: Session? = nil) -> String {
    String(decoding: raw(words.map { Array($0.utf8) }, from: other), as: UTF8.self)
  }

  /// A script without keys, and its reply as it is sent.
  func eval(_ script: String, _ arguments: String...) -> String {
    String(decoding: raw((["eval", script, "0"] + arguments).map { Array($0.utf8) }), as: UTF8.self)
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) { output[session.id, default: []] += Array(bytes) }

  func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }

  func wake() {}
}
