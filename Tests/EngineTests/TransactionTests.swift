import Engine
import RESP
import TestSupport
import Testing

/// MULTI, EXEC, WATCH, and transactions that take back what they have done.
struct TransactionTests {
  let harness = EngineHarness()

  @Test func queuedCommandsRunAtExec() throws {
    #expect(try harness.run("MULTI") == .simple("OK"))
    #expect(try harness.run("SET", "k", "1") == .simple("QUEUED"))
    #expect(try harness.run("INCR", "k") == .simple("QUEUED"))
    #expect(try harness.run("GET", "k", from: harness.open()) == .null)
    #expect(try harness.run("EXEC") == .array([.simple("OK"), .integer(2)]))
    #expect(try harness.run("EXEC") == .error("ERR EXEC without MULTI"))
  }

  @Test func whatWasRefusedDoomsTheTransaction() throws {
    for command in [["GET"], ["NOSUCH"], ["CONFIG"], ["CLIENT", "NOSUCH"]] {
      try harness.run("MULTI")
      guard case .error = try harness.run(command) else { return #expect(Bool(false), "\(command) was let in") }
      try harness.run("SET", "k", "1")
      #expect(
        try harness.run("EXEC") == .error("EXECABORT Transaction discarded because of previous errors."), "\(command)")
    }
    #expect(try harness.run("EXISTS", "k") == .integer(0))
  }

  @Test func whatIsRolledBackHasSelectedNothing() throws {
    try harness.run("SET", "k", "text")
    for command in [["MULTI", "ROLLBACK"], ["SELECT", "3"], ["SET", "l", "1"], ["INCR", "l", "no"], ["EXEC"]] {
      try harness.run(command)
    }
    for command in [["MULTI", "ROLLBACK"], ["SELECT", "3"], ["SET", "l", "text"], ["INCR", "l"]] {
      try harness.run(command)
    }
    guard case .error = try harness.run("EXEC") else { return #expect(Bool(false)) }
    #expect(try harness.run("GET", "k") == .bulk("text"))
  }

  @Test func aFailingCommandLeavesTheOthersAsInRedis() throws {
    try harness.run("MULTI")
    try harness.run("SET", "k", "text")
    try harness.run("LPUSH", "k", "1")
    try harness.run("SET", "l", "2")
    guard case .array(let replies) = try harness.run("EXEC") else { return #expect(Bool(false)) }
    #expect(replies.count == 3)
    #expect(try harness.run("GET", "l") == .bulk(Array("2".utf8)))
  }

  @Test(arguments: [
    ["SET", "w", "2"], ["DEL", "w"], ["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"], ["EXPIRE", "w", "100"],
  ])
  func aWatchedKeyThatChangedStopsTheTransaction(_ change: [String]) throws {
    try harness.run("SET", "w", "1")
    try harness.run("WATCH", "w")
    try harness.run(change, from: harness.open())
    try harness.run("MULTI")
    try harness.run("SET", "k", "1")
    #expect(try harness.run("EXEC") == .null)
    try harness.run("MULTI")
    #expect(try harness.run("EXEC") == .array([]))
  }

  @Test func watchNoticesRollbackAndExpiry() throws {
    try harness.run("SET", "w", "1")
    try harness.run("VERSION", "CREATE", "v")
    try harness.run("SET", "w", "2")
    try harness.run("WATCH", "w")
    try harness.run("VERSION", "ROLLBACK", "v", from: harness.open())
    try harness.run("MULTI")
    #expect(try harness.run("EXEC") == .null)

    try harness.run("SET", "w", "1", "PX", "100")
    try harness.run("WATCH", "w")
    harness.clock.advance(milliseconds: 200)
    try harness.run("MULTI")
    #expect(try harness.run("EXEC") == .null)
  }

  @Test func aKeyThatHadExpiredWhenItCameToBeWatchedMayGo() throws {
    harness.engine.keyspace.isActiveExpiryOn = false
    try harness.run("SET", "w", "1", "PX", "100")
    harness.clock.advance(milliseconds: 200)
    try harness.run("WATCH", "w")
    #expect(try harness.run("GET", "w", from: harness.open()) == .null)
    try harness.run("MULTI")
    #expect(try harness.run("EXEC") == .array([]))
  }

  @Test(arguments: [false, true])
  func databasesThatTradeExpiredKeysTradeNothing(_ bothHaveOne: Bool) throws {
    harness.engine.keyspace.isActiveExpiryOn = false
    for database in bothHaveOne ? ["0", "1"] : ["1"] {
      try harness.run("SELECT", database)
      try harness.run("SET", "w", "1", "PX", "100")
    }
    harness.clock.advance(milliseconds: 200)
    try harness.run("SELECT", "0")
    try harness.run("WATCH", "w")
    try harness.run("SWAPDB", "0", "1", from: harness.open())
    try harness.run("MULTI")
    #expect(try harness.run("EXEC") == .array([]))
  }

  @Test func rollbackLeavesNoTrace() throws {
    try harness.run("SET", "k", "before")
    try harness.run("RPUSH", "list", "1", "2")
    try harness.run("MULTI", "ROLLBACK")
    try harness.run("SET", "k", "after")
    try harness.run("SET", "new", "1")
    try harness.run("RPUSH", "list", "3")
    try harness.run("FLUSHALL")
    try harness.run("SET", "k", "text")
    try harness.run("LPUSH", "k", "1")
    try harness.run("SET", "never", "1")
    #expect(
      try harness.run("EXEC")
        == .error(
          "EXECABORT Transaction rolled back because of command 6: WRONGTYPE Operation against a key holding the wrong kind of value"
        ))
    #expect(try harness.run("GET", "k") == .bulk(Array("before".utf8)))
    #expect(try harness.run("LLEN", "list") == .integer(2))
    #expect(try harness.run("DBSIZE") == .integer(2))
  }

  @Test func aRolledBackTransactionDoesNotDisturbThoseWhoWatch() throws {
    harness.engine.settings.transactionRollback = true
    let other = harness.open()
    try harness.run("SET", "k", "text")
    try harness.run("WATCH", "k", "n", from: other)
    try harness.run("MULTI")
    try harness.run("SET", "n", "1")
    try harness.run("LPUSH", "k", "1")
    guard case .error = try harness.run("EXEC") else { return #expect(Bool(false)) }
    try harness.run("MULTI", from: other)
    #expect(try harness.run("EXEC", from: other) == .array([]))

    try harness.run("WATCH", "n", from: other)
    try harness.run("MULTI")
    try harness.run("SET", "n", "1")
    #expect(try harness.run("EXEC") == .array([.simple("OK")]))
    try harness.run("MULTI", from: other)
    #expect(try harness.run("EXEC", from: other) == .null)
  }

  private func versions() throws -> [String] {
    guard case .array(let list) = try harness.run("VERSION", "LIST") else { return [] }
    return list.compactMap { version in
      guard case .array(let fields) = version, fields.count > 3, case .bulk(let name) = fields[3] else { return nil }
      return String(decoding: name, as: UTF8.self)
    }
  }

  @Test(arguments: [
    [["FLUSHALL"], ["SET", "a", "1"], ["FLUSHALL"], ["SET", "b", "1"], ["FLUSHDB"]],
    [["VERSION", "ROLLBACK", "named"], ["SET", "a", "1"], ["FLUSHALL"]],
    [["VERSION", "CREATE", "new"], ["VERSION", "HOLD", "new", "tag"]],
    [["VERSION", "HOLD", "named", "tag"], ["VERSION", "RELEASE", "held", "tag"]],
    [["VERSION", "DROP", "named"]],
    [["VERSION", "RELEASE", "@99999999999999", "transaction"], ["FLUSHALL"], ["SET", "a", "1"], ["FLUSHALL"]],
    [["SWAPDB", "0", "1"], ["SET", "other", "1"]],
  ])
  func rollbackLeavesVersionsAsTheyWere(_ commands: [[String]]) throws {
    harness.engine.settings.versionHistory = 1
    try harness.run("SET", "k", "1")
    try harness.run("FLUSHALL")
    try harness.run("SET", "k", "text")
    try harness.run("VERSION", "CREATE", "named")
    try harness.run("VERSION", "CREATE", "held")
    try harness.run("VERSION", "HOLD", "held", "tag")
    let before = try versions()
    #expect(before.count == 3)
    let live = try harness.run("DEBUG", "DIGEST")
    try harness.run("MULTI", "ROLLBACK")
    for command in commands { #expect(try harness.run(command) == .simple("QUEUED")) }
    try harness.run("SET", "s", "text")
    try harness.run("INCR", "s")
    guard case .error = try harness.run("EXEC") else { return #expect(Bool(false), "nothing has failed") }
    #expect(try versions() == before)
    #expect(try harness.run("DEBUG", "DIGEST") == live)
    #expect(try harness.run("VERSION", "READ", "named", "GET", "k") == .bulk(Array("text".utf8)))
    #expect(try harness.run("VERSION", "READ", before[0], "GET", "k") == .bulk(Array("1".utf8)))
    guard case .error = try harness.run("VERSION", "DROP", "held") else { return #expect(Bool(false), "not held") }
    #expect(try harness.run("VERSION", "DROP", "named") != .null)
  }

  @Test func whatStaysLeavesAsManyVersionsAsThereMayBe() throws {
    harness.engine.settings.versionHistory = 1
    try harness.run("SET", "k", "1")
    try harness.run("MULTI", "ROLLBACK")
    for _ in 0..<3 {
      try harness.run("FLUSHALL")
      try harness.run("SET", "k", "2")
    }
    guard case .array = try harness.run("EXEC") else { return #expect(Bool(false)) }
    #expect(try versions().count == 1)
    #expect(try harness.run("GET", "k") == .bulk(Array("2".utf8)))
  }

  @Test func whatReadsAVersionDoesNotWrite() throws {
    try harness.run("SET", "k", "1")
    try harness.run("VERSION", "CREATE", "v")
    try harness.run("MULTI")
    try harness.run("VERSION", "USE", "v")
    try harness.run("SET", "k", "2")
    guard case .array(let replies) = try harness.run("EXEC"), replies.count == 2, case .error = replies[1] else {
      return #expect(Bool(false), "it was written")
    }
    try harness.run("VERSION", "USE", "LIVE")
    #expect(try harness.run("GET", "k") == .bulk(Array("1".utf8)))
  }

  @Test func pipelinedTransactionsKeepTheirOrder() throws {
    var request: [UInt8] = []
    for index in 0..<100 {
      for words in [["MULTI"], ["INCR", "n"], ["SET", "k", "\(index)"], ["EXEC"], ["GET", "k"]] {
        request.command(words.map { Array($0.utf8) })
      }
    }
    let replies = harness.send(request)
    let one = (0..<100).map { "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:\($0 + 1)\r\n+OK\r\n$\("\($0)".count)\r\n\($0)\r\n" }
    #expect(String(decoding: replies, as: UTF8.self) == one.joined())
  }
}
