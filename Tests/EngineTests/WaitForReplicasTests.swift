import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// WAIT with replicas that say how far they are.
struct WaitForReplicasTests {
  private let harness = EngineHarness()
  private let table: ReplicaTable
  private let other: Session

  init() {
    table = ReplicaTable(harness.engine, count: 2)
    other = harness.open()
  }

  private func wait(_ count: Int, _ timeout: Int = 0, from session: Session? = nil) -> [UInt8] {
    harness.raw(["WAIT", "\(count)", "\(timeout)"], from: session)
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `who has written nothing waits for nothing`() throws {
    try harness.run("SET", "k", "1", from: other)
    #expect(try harness.run("WAIT", "2", "0") == .integer(2))
    #expect(table.requests == 0)
    #expect(try harness.run("WAIT", "0", "0", from: other) == .integer(0))
  }

  @Test func `a write is waited for until enough replicas have it`() throws {
    try harness.run("SET", "k", "1")
    #expect(wait(2).isEmpty)
    #expect(table.requests == 1)
    table.catchUp(0)
    #expect(harness.send([]).isEmpty)
    table.catchUp(1)
    #expect(text(harness.send([])) == ":2\r\n")
    // What others write is no matter of this client's, as long as it does not look.
    try harness.run("SET", "k", "2", from: other)
    #expect(try harness.run("WAIT", "2", "0") == .integer(2))
    #expect(table.requests == 1)
  }

  @Test func `what a client has seen is waited for too`() throws {
    try harness.run("SET", "k", "1", from: other)
    #expect(try harness.run("GET", "k") == .bulk("1"))
    #expect(wait(1).isEmpty)
    table.catchUp(0)
    #expect(text(harness.send([])) == ":1\r\n")
    #expect(wait(1, 10).isEmpty == false, "it has been waited for")
    // Written and seen in one moment, and waited for in the same or a later one.
    func see(_ commands: [[String]]) -> [UInt8] {
      var (write, request): ([UInt8], [UInt8]) = ([], [])
      write.command(["INCR", "k"].map { Array($0.utf8) })
      write.withBytes { harness.engine.receive($0, from: other) }
      for command in commands { request.command(command.map { Array($0.utf8) }) }
      return harness.send(request)
    }
    #expect(text(see([["GET", "k"], ["WAIT", "1", "0"]])) == "$1\r\n2\r\n")
    table.catchUp(0)
    #expect(text(harness.send([])) == ":1\r\n")
    #expect(text(see([["GET", "k"]])) == "$1\r\n3\r\n")
    #expect(wait(1).isEmpty)
    table.catchUp(0)
    #expect(text(harness.send([])) == ":1\r\n")
  }

  @Test func `a write of the same tick counts`() throws {
    var request: [UInt8] = []
    request.command(["SET", "k", "1"].map { Array($0.utf8) })
    request.command(["WAIT", "1", "0"].map { Array($0.utf8) })
    request.command(["PING"].map { Array($0.utf8) })
    #expect(text(harness.send(request)) == "+OK\r\n")
    #expect(
      table.stream.contains("SET\r\n") && table.stream.hasSuffix("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n"))
    table.catchUp(1)
    #expect(text(harness.send([])) == ":1\r\n+PONG\r\n")
  }

  @Test func `replicas are asked once for all who wait`() throws {
    try harness.run("SET", "k", "1")
    try harness.run("SET", "k", "2", from: other)
    var request: [UInt8] = []
    request.command(["WAIT", "1", "0"].map { Array($0.utf8) })
    request.withBytes { harness.engine.receive($0, from: other) }
    #expect(wait(2).isEmpty)
    #expect(table.requests == 1)
    table.catchUp(0)
    #expect(text(harness.send([], from: other)) == ":1\r\n")
    table.catchUp(1)
    #expect(text(harness.send([])) == ":2\r\n")
  }

  @Test func `at the end of the time those count that have it`() throws {
    try harness.run("SET", "k", "1")
    #expect(wait(2, 100).isEmpty)
    table.catchUp(0)
    harness.pass(milliseconds: 50)
    #expect(harness.received().isEmpty)
    harness.pass(milliseconds: 51)
    #expect(text(harness.received()) == ":1\r\n")
    // Who was answered is not answered again.
    table.catchUp(1)
    #expect(harness.send([]).isEmpty)
  }

  @Test func `a replica without the dataset does not count`() throws {
    table.replicas[0].isOnline = false
    try harness.run("SET", "k", "1")
    #expect(wait(1).isEmpty)
    table.catchUp(0)
    #expect(harness.send([]).isEmpty)
    table.catchUp(1)
    #expect(text(harness.send([])) == ":1\r\n")
  }

  @Test func `in a transaction nobody waits`() throws {
    try harness.run("SET", "k", "1")
    table.catchUp(0)
    try harness.run("MULTI")
    try harness.run("INCR", "k")
    try harness.run("WAIT", "2", "0")
    #expect(try harness.run("EXEC") == .array([.integer(2), .integer(1)]))
    // What it wrote itself is waited for behind it, all of it.
    #expect(wait(1).isEmpty)
    table.catchUp(0)
    #expect(text(harness.send([])) == ":1\r\n")
  }

  @Test func `replicas are not asked while clients are paused`() throws {
    try harness.run("SET", "k", "1")
    try harness.run("CLIENT", "PAUSE", "100000", "WRITE", from: other)
    #expect(wait(1, 1000).isEmpty)
    #expect(table.requests == 0)
    try harness.run("CLIENT", "UNPAUSE", from: other)
    #expect(table.requests == 1)
  }

  @Test func `without replicas nothing is asked, and none is enough`() throws {
    table.replicas = []
    try harness.run("SET", "k", "1")
    #expect(try harness.run("WAIT", "0", "0") == .integer(0))
    #expect(wait(1, 10).isEmpty)
    #expect(table.requests == 0)
    harness.pass(milliseconds: 11)
    #expect(text(harness.received()) == ":0\r\n")
  }

  @Test func `a wait ends with its client, and by CLIENT UNBLOCK`() throws {
    try harness.run("SET", "k", "1")
    #expect(wait(2).isEmpty)
    #expect(try harness.run("CLIENT", "UNBLOCK", "\(harness.session.id)", from: other) == .integer(1))
    #expect(text(harness.send([])) == ":0\r\n")
    #expect(wait(2).isEmpty)
    harness.engine.peerClosed(harness.session)
    table.catchUp(0)
    table.catchUp(1)
    #expect(harness.send([], from: other).isEmpty)
    #expect(try harness.info("blocked_clients", from: other) == "0")
  }

  @Test func `a replica lets nobody wait`() throws {
    try harness.run("SET", "k", "1")
    #expect(wait(2).isEmpty)
    harness.engine.isReplica = true
    #expect(text(harness.send([])).hasPrefix("-UNBLOCKED force unblock from blocking operation"))
    guard case .error(let error) = try harness.run("WAIT", "0", "0", from: other) else {
      Issue.record("a replica answered WAIT")
      return
    }
    #expect(error.hasPrefix("ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0"))
  }
}
