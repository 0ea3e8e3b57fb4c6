import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@testable import Server

/// What the transport is asked to do with connections, by their numbers, which are used again.
struct EngineHostTests {
  private final class Recorder: ServingTransport {
    var sent: [Int: Int] = [:]
    var closed: [Int] = []

    func flush(_ id: ConnectionID, _ bytes: Bytes) -> Int {
      sent[id.slot, default: 0] += bytes.count
      return 0
    }
    func unsentBytes(_ id: ConnectionID) -> Int { 0 }
    func close(_ id: ConnectionID) { closed.append(id.slot) }
    func abort(_ id: ConnectionID) { closed.append(id.slot) }
    func requestTick() {}
    func requestTick(atMicroseconds: Int64) {}
  }

  /// A client sends a command, says that it is done, and is gone before the tick; another has its number by then.
  @Test func nothingOfAConnectionThatIsGoneGoesToTheNextOne() {
    let settings = Settings()
    let engine = Engine(
      settings: settings,
      keyspace: Keyspace(settings: settings, history: History(live: Dataset(databases: 16, lineage: 1))),
      commands: CommandTable(StandardCommands.families))
    let host = EngineHost(engine)
    let transport = Recorder()
    host.attach(transport)
    let info = ConnectionInfo(
      peer: "127.0.0.1:1", local: "127.0.0.1:2", fileDescriptor: 9, isUnixSocket: false, isLocal: true)
    let id = ConnectionID(slot: 0)
    #expect(host.open(id, info, nowMicroseconds: 0) == .accepted)
    Array("PING\r\n".utf8).withBytes { host.receive($0, from: id) }
    host.peerClosed(id)
    host.closed(id)
    #expect(host.open(id, info, nowMicroseconds: 0) == .accepted)
    host.tick(nowMicroseconds: 1)
    #expect(transport.closed.isEmpty)
    #expect(transport.sent.isEmpty)
    Array("PING\r\n".utf8).withBytes { host.receive($0, from: id) }
    host.tick(nowMicroseconds: 2)
    #expect(transport.sent == [0: 7])
  }
}
