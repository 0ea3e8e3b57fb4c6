import Engine
import RESP
import TestSupport
import Testing

/// CLIENT PAUSE and UNPAUSE.
struct ClientPauseTests {
  let harness = EngineHarness()
  let other: Session

  init() { other = harness.open() }

  private func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func cron() { harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000) }

  @Test func writesArePutOffAndReadsAreNot() throws {
    try harness.run("SET", "k", "1")
    #expect(try harness.run("CLIENT", "PAUSE", "100000", "WRITE") == .simple("OK"))
    for command in [["SET", "k", "2"], ["PFCOUNT", "h"], ["PUBLISH", "a", "b"], ["INCR", "k"]] {
      let session = harness.open()
      #expect(harness.raw(command, from: session) == [], "\(command)")
    }
    #expect(try harness.run("GET", "k", from: other) == bulk("1"))
    #expect(try harness.info("blocked_clients", from: other) == "4")
    #expect(try harness.run("SET", "k", from: other) == .error("ERR wrong number of arguments for 'set' command"))
    #expect(try harness.run("CLIENT", "UNPAUSE", from: other) == .simple("OK"))
    #expect(try harness.run("GET", "k") == bulk("3"))
    #expect(try harness.info("blocked_clients") == "0")
  }

  @Test func whatWasPutOffIsExecutedInItsOrder() throws {
    try harness.run("CLIENT", "PAUSE", "100000", "WRITE")
    var request: [UInt8] = []
    for command in ["GET k", "SET k 1", "GET k", "INCR k"] {
      request.command(command.split(separator: " ").map { Array($0.utf8) })
    }
    #expect(text(harness.send(request, from: other)) == "$-1\r\n")
    // And what comes later stands behind.
    #expect(harness.raw(["PING"], from: other) == [])
    try harness.run("CLIENT", "UNPAUSE")
    #expect(text(harness.send([], from: other)) == "+OK\r\n$1\r\n1\r\n:2\r\n+PONG\r\n")
    #expect(try harness.info("total_error_replies") == "0")
  }

  @Test func whoLeavesDuringAPauseIsForgotten() throws {
    try harness.run("CLIENT", "PAUSE", "100000")
    weak var gone: Session?
    do {
      let session = harness.open()
      gone = session
      #expect(harness.raw(["PING"], from: session) == [])
      harness.engine.peerClosed(session)
    }
    #expect(harness.send([], from: other) == [])
    #expect(gone == nil)
  }

  @Test func aPauseEndsInTime() throws {
    try harness.run("CLIENT", "PAUSE", "100")
    #expect(harness.raw(["PING"], from: other) == [])
    #expect(harness.raw(["PING"]) == [])
    harness.clock.advance(milliseconds: 100)
    cron()
    #expect(harness.send([], from: other) == [])
    harness.clock.advance(milliseconds: 1)
    cron()
    #expect(text(harness.send([], from: other)) == "+PONG\r\n")
    #expect(text(harness.send([])) == "+PONG\r\n")
  }

  @Test func theLongerAndTheStricterPauseHolds() throws {
    try harness.run("CLIENT", "PAUSE", "1000", "WRITE")
    try harness.run("CLIENT", "PAUSE", "10", "WRITE")
    harness.clock.advance(milliseconds: 500)
    #expect(harness.raw(["SET", "k", "1"], from: other) == [])
    try harness.run("CLIENT", "PAUSE", "10", "ALL")
    #expect(harness.raw(["GET", "k"]) == [])
    harness.clock.advance(milliseconds: 501)
    #expect(text(harness.send([])) == "$1\r\n1\r\n")
    #expect(text(harness.raw(["PING"], from: other)) == "+OK\r\n+PONG\r\n")
  }

  @Test func noTimeIsNoPause() throws {
    try harness.run("CLIENT", "PAUSE", "0")
    #expect(try harness.run("PING") == .simple("PONG"))
  }

  @Test func transactionsThatWriteArePutOffAtExec() throws {
    try harness.run("MULTI", from: other)
    try harness.run("SET", "k", "1", from: other)
    let reader = harness.open()
    try harness.run("MULTI", from: reader)
    try harness.run("GET", "k", from: reader)
    try harness.run("CLIENT", "PAUSE", "100000", "WRITE")
    #expect(harness.raw(["EXEC"], from: other) == [])
    #expect(try harness.run("EXEC", from: reader) == .array([.null]))
    try harness.run("CLIENT", "UNPAUSE")
    #expect(text(harness.send([], from: other)) == "*1\r\n+OK\r\n")
  }

  @Test func aPauseBeginsBehindItsTransaction() throws {
    for words in [["MULTI"], ["SET", "a", "1"], ["CLIENT", "PAUSE", "60000", "WRITE"], ["SET", "b", "1"]] {
      try harness.run(words)
    }
    #expect(try harness.run("EXEC") == .array([.simple("OK"), .simple("OK"), .simple("OK")]))
    #expect(harness.raw(["SET", "c", "1"]) == [])
    #expect(try harness.run("MGET", "a", "b", "c", from: other) == .array([bulk("1"), bulk("1"), .null]))
  }

  @Test func nothingExpiresMeanwhile() throws {
    for words in [["MULTI"], ["SET", "a", "1", "PX", "10"], ["SET", "b", "1", "PX", "10"]] { try harness.run(words) }
    try harness.run("CLIENT", "PAUSE", "60000", "WRITE")
    try harness.run("EXEC")
    harness.clock.advance(milliseconds: 100)
    cron()
    #expect(try harness.run("GET", "a") == .null)
    #expect(try harness.run("DBSIZE") == .integer(2))
    #expect(try harness.info("expired_keys") == "0")
    try harness.run("CLIENT", "UNPAUSE")
    try harness.run("GET", "a")
    try harness.run("GET", "b")
    #expect(try harness.info("expired_keys") == "2")
  }

  @Test func nothingIsEvictedMeanwhile() throws {
    for number in 0..<100 { try harness.run("SET", "k\(number)", String(repeating: "v", count: 1000)) }
    harness.engine.settings.maxmemoryPolicy = .allKeysRandom
    try harness.run("CLIENT", "PAUSE", "60000", "WRITE")
    harness.engine.settings.maxmemory = 1
    #expect(try harness.run("DBSIZE") == .integer(100))
    try harness.run("CLIENT", "UNPAUSE")
    try harness.run("PING")
    #expect(try harness.run("DBSIZE") != .integer(100))
  }

  @Test func whoLeavesMeanwhileIsForgotten() throws {
    try harness.run("CLIENT", "PAUSE", "60000", "WRITE")
    #expect(harness.raw(["SET", "k", "1"], from: other) == [])
    harness.engine.peerClosed(other)
    let third = harness.open()
    #expect(harness.raw(["SET", "l", "1"], from: third) == [])
    #expect(try harness.run("CLIENT", "KILL", "ID", "\(third.id)") == .integer(1))
    try harness.run("CLIENT", "UNPAUSE")
    #expect(try harness.run("EXISTS", "k", "l") == .integer(0))
  }

  @Test func conversationsEqualThoseOfRedis() throws {
    let transcript = try Transcript()
    for script in [
      ["CLIENT PAUSE", "CLIENT PAUSE x", "CLIENT PAUSE -1", "CLIENT PAUSE 10 what", "CLIENT PAUSE x what"],
      ["CLIENT PAUSE 10 WRITE more", "client pause 10 all more", "CLIENT UNPAUSE x", "CLIENT UNPAUSE"],
      ["CLIENT PAUSE 0", "PING", "CLIENT PAUSE 20 WRITE", "GET k", "PING", "CLIENT UNPAUSE", "SET k 1"],
    ] {
      try transcript.isSame(script)
    }
  }
}
