import RESP
import TestSupport
import Testing

/// The library that other tests rest on.
@Suite struct TestSupportTests {
  @Test func startsTalksAndStops() throws {
    let server = try ServerProcess(.redis)
    let client = try server.connect()
    #expect(try client.command("PING") == .simple("PONG"))
    #expect(try client.command("SET", "k", "v\r\n") == .simple("OK"))
    #expect(try client.pipeline([["GET", "k"], ["GET", "none"], ["NOSUCH"]]).prefix(2) == [.bulk("v\r\n"), .null])
    #expect(try client.command("HGETALL", "none") == .array([]))
    try client.useRESP3()
    #expect(try client.command("HGETALL", "none") == .map([]))
    #expect(try client.command("GET", "none") == .null)
    #expect(try client.command("SAVE") == .simple("OK"))
    #expect(try server.contents(of: "dump.rdb").starts(with: "REDIS0010".utf8))
    #expect(server.log.text.contains("Ready to accept connections"))
    #expect(server.stop())
    #expect(server.exitCode == 0)
    #expect(server.log.text.contains("bye bye"))
    #expect(throws: ClientError.closed) { try client.command("PING") }
    #expect(throws: ClientError.self) { try server.connect() }
  }

  @Test func unixSocketsAndPasswords() throws {
    let server = try ServerProcess(.redis, directives: ["requirepass secret", "unixsocket redis.sock"])
    let client = try Client(unixPath: server.path(of: "redis.sock"))
    #expect(try client.command("PING") == .error("NOAUTH Authentication required."))
    #expect(try client.command("AUTH", "secret") == .simple("OK"))
    #expect(try client.command("PING") == .simple("PONG"))
  }

  @Test func killsAndRestartsInPlace() throws {
    let server = try ServerProcess(.redis, directives: ["appendonly yes", "appendfsync always"])
    #expect(try server.connect().command("SET", "k", "v") == .simple("OK"))
    server.kill9()
    #expect(!server.isRunning)
    #expect(server.exitCode == nil)
    try server.restart()
    // It may still be loading.
    let hasKey = try ServerProcess.wait(milliseconds: 10_000) {
      try server.connect().command("GET", "k") == .bulk("v")
    }
    #expect(hasKey)
  }

  @Test func sentinelAnswers() throws {
    let sentinel = try ServerProcess(.sentinel)
    #expect(try sentinel.connect().command("SENTINEL", "MASTERS") == .array([]))
  }

  @Test func saysWhyAServerDidNotStart() {
    let error = #expect(throws: ServerProcess.StartError.self) {
      try ServerProcess(.redis, directives: ["no-such-directive yes"])
    }
    #expect(error?.description.contains("no-such-directive") == true)
  }

  @Test func timesOut() throws {
    let server = try ServerProcess(.redis)
    let client = try server.connect(timeoutMilliseconds: 50)
    #expect(throws: ClientError.timedOut) { try client.command("BLPOP", "none", "0") }
  }

  @Test func comparesTwoServers() throws {
    let reference = try ServerProcess(.redis)
    let subject = try ServerProcess(.redis, arguments: ["--databases", "1"])
    let both = Differential(reference: try reference.connect(), subject: try subject.connect())
    #expect(try both.check("SET", "k", "1") == .simple("OK"))
    #expect(try both.check("INCR", "k") == .integer(2))
    let mismatch = #expect(throws: Mismatch.self) { try both.check("SELECT", "1") }
    #expect(mismatch?.actual == Array("-ERR DB index is out of range\r\n".utf8))
    #expect(mismatch?.history == [["SET", "k", "1"], ["INCR", "k"], ["SELECT", "1"]])
    #expect(mismatch?.description.contains(#""SELECT" "1""#) == true)
  }

  @Test func seedsRepeat() {
    var first = SeededGenerator(seed: 7)
    var second = SeededGenerator(seed: 7)
    // The first number that the published generator gives for this seed.
    #expect(first.next() == 7_191_089_600_892_374_487)
    _ = second.next()
    #expect(first.bytes(count: 20) == second.bytes(count: 20))
    #expect("\(first)" == "CAMBIUM_SEED=7")
    let bytes = first.bytes(count: 100)
    #expect(first.pieces(of: bytes).flatMap { $0 } == bytes)
  }
}
