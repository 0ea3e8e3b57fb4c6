import Engine
import RESP
import TestSupport
import Testing
import Values
import VersionedStore

/// Whom effects are told, and what is told though no command has asked for it.
struct TargetsTests {
  private func listening(_ settings: Settings = Settings()) -> PropagationHarness {
    let harness = PropagationHarness(settings: settings)
    harness.clock = 1_700_000_000_000
    harness.listen()
    return harness
  }

  private func told(_ bytes: [UInt8]) throws -> [String] { try ToldCommand.all(in: bytes).map(\.description) }

  @Test func `messages are no matter of the log, and a script chooses whom it tells`() throws {
    let harness = listening()
    try harness.run("PUBLISH", "channel", "x")
    try harness.run("SPUBLISH", "channel", "x")
    let script = """
      redis.call('SET', 'all', '1')
      redis.set_repl(redis.REPL_AOF)
      redis.call('SET', 'log', '1')
      redis.set_repl(redis.REPL_REPLICA)
      redis.call('EXPIREAT', 'all', '9999999999')
      redis.set_repl(redis.REPL_NONE)
      redis.call('SET', 'nobody', '1')
      """
    try harness.run("EVAL", script, "0")
    try harness.run("SET", "after", "1")
    #expect(
      try told(harness.takeReplicaBytes()) == [
        "SELECT 0", "PUBLISH channel x", "SPUBLISH channel x", "MULTI", "SET all 1", "PEXPIREAT all 9999999999000",
        "EXEC", "SET after 1",
      ])
    #expect(
      try told(harness.takeJournalBytes()) == ["SELECT 0", "MULTI", "SET all 1", "SET log 1", "EXEC", "SET after 1"])
  }

  @Test func `a string that has only grown is told of`() throws {
    let harness = listening()
    try harness.run("BITFIELD", "b", "OVERFLOW", "FAIL", "INCRBY", "u1", "100", "5")
    try harness.run("BITFIELD", "b", "OVERFLOW", "FAIL", "INCRBY", "u1", "100", "5")
    #expect(try harness.run("STRLEN", "b") == .integer(13))
    #expect(
      try told(harness.takeReplicaBytes()) == ["SELECT 0", "BITFIELD b OVERFLOW FAIL INCRBY u1 100 5"])
  }

  @Test func `a message of a transaction that is taken back is told to nobody`() throws {
    let harness = listening()
    for last in [["LPUSH", "a", "1"], ["SET", "b", "1"]] {
      for words in [["MULTI", "ROLLBACK"], ["SET", "a", "1"], ["PUBLISH", "channel", "x"], last, ["EXEC"]] {
        try harness.run(words.map { Array($0.utf8) })
      }
    }
    #expect(
      try told(harness.takeReplicaBytes()) == ["SELECT 0", "MULTI", "SET a 1", "PUBLISH channel x", "SET b 1", "EXEC"])
  }

  /// Who runs a script is told of what is safe, as whoever sends the command himself.
  @Test func `who runs a script waits for the log though nothing has changed`() throws {
    let harness = listening()
    try harness.run("HSET", "h", "a", "1", "b", "2")
    try harness.run("HPEXPIRE", "h", "1", "FIELDS", "1", "a")
    harness.clock! += 10
    harness.engine.journalSafe = harness.engine.effects.journal.end
    #expect(try harness.run("EVAL", "return 1", "0") == .integer(1))
    let commands = ["'BITFIELD', 'b', 'OVERFLOW', 'FAIL', 'INCRBY', 'u1', '100', '5'", "'HDEL', 'h', 'a'"]
    for command in commands {
      let client = harness.open()
      #expect(try harness.run("EVAL", "redis.call(\(command)) return 1", "0", from: client) == nil, "\(command)")
      harness.engine.journalBecameSafe(upTo: harness.engine.effects.journal.end)
      #expect(harness.send([], from: client) == Array(":1\r\n".utf8), "\(command)")
    }
  }

  @Test func `a count that a replica is asked for is no change of its dataset`() throws {
    let harness = listening()
    let link = harness.openPrimary()
    harness.engine.isReplica = true
    try harness.run("PFADD", "log", "a", "b", "c", from: link)
    _ = harness.takeReplicaBytes()
    let before = harness.engine.keyspace.live.changeCount
    #expect(try harness.run("PFCOUNT", "log") == .integer(3))
    #expect(harness.engine.keyspace.live.changeCount == before)
    #expect(harness.takeReplicaBytes().isEmpty)
    // What the primary has counted is kept, and its clock says what has expired.
    try harness.run("PEXPIREAT", "log", "1", from: link)
    let digest = try harness.digest
    try harness.run("PFCOUNT", "log", from: link)
    #expect(try harness.digest != digest)
    #expect(link.failure == nil)
  }

  @Test func `what expires by itself is told key by key`() throws {
    let harness = listening()
    for number in 0..<5 { try harness.run("SET", "k\(number)", "1", "PX", "1") }
    try harness.run("HSET", "h", "a", "1", "b", "2")
    try harness.run("HPEXPIRE", "h", "1", "FIELDS", "1", "a")
    _ = harness.takeReplicaBytes()
    harness.clock! += 100
    for _ in 0..<20 { harness.cron() }
    let told = try told(harness.takeReplicaBytes())
    #expect(told.sorted() == ["DEL k0", "DEL k1", "DEL k2", "DEL k3", "DEL k4", "HDEL h a"])
  }

  @Test func `a replica lets nothing expire`() throws {
    let harness = listening()
    let link = harness.openPrimary()
    try harness.run("SET", "a", "1", "PXAT", "1", from: link)
    try harness.run("PEXPIREAT", "a", "2", from: link)
    try harness.run("HSET", "h", "f", "1", "g", "1", from: link)
    try harness.run("HPEXPIREAT", "h", "1", "FIELDS", "1", "f", from: link)
    try harness.run("HSETEX", "h", "PXAT", "1", "FIELDS", "1", "g", "2", from: link)
    try harness.run("HINCRBY", "h", "f", "1", from: link)
    let before = try harness.digest
    for _ in 0..<20 { harness.cron() }
    #expect(try harness.run("GET", "a") == .null)
    #expect(try harness.digest == before)
    #expect(link.failure == nil)
    #expect(try harness.run("DBSIZE") == .integer(2))
  }

  @Test func `what is evicted is told before what takes its place`() throws {
    let settings = Settings()
    settings.maxmemoryPolicy = .allKeysRandom
    let harness = listening(settings)
    try harness.run("SET", "first", "1")
    settings.maxmemory = harness.engine.usedMemory + 200_000
    for number in 0..<2000 { try harness.run("SET", "k\(number)", String(repeating: "x", count: 500)) }
    // From here on nothing is evicted any more, by whatever is asked.
    settings.maxmemory = 0
    #expect(harness.engine.keyspace.statistics.evictedKeys > 0)
    let bytes = harness.takeReplicaBytes()
    let names = try ToldCommand.all(in: bytes).map(\.name)
    #expect(names.count { $0 == "DEL" } == harness.engine.keyspace.statistics.evictedKeys)
    #expect(!names.contains("MULTI"))
    try Follower.engine(bytes).expect(try harness.digest)
  }
}
