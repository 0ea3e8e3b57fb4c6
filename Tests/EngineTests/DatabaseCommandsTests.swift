import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct DatabaseCommandsTests {
  @Test func flushedKeysAreKeptAsAVersion() throws {
    let harness = EngineHarness()
    for (command, reason) in [
      (["FLUSHALL"], "flushall"), (["FLUSHDB", "ASYNC"], "flushdb"), (["SWAPDB", "0", "1"], "swapdb"),
    ] {
      try harness.run("SET", "k", reason)
      #expect(try harness.run(command) == .simple("OK"))
      #expect(try harness.run("GET", "k") == .null)
      let version = try #require(harness.engine.keyspace.history.versions.last)
      #expect(version.reason == reason)
      #expect(try harness.run("VERSION", "READ", "\(version.id)", "GET", "k") == .bulk(reason))
      try harness.run("FLUSHALL")
    }
  }

  @Test func nothingIsKeptOfNothing() throws {
    let harness = EngineHarness()
    for command in [["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"]] {
      #expect(try harness.run(command) == .simple("OK"))
    }
    try harness.run("SET", "k", "v")
    #expect(try harness.run("FLUSHALL", "LATER") == .error("ERR syntax error"))
    #expect(harness.engine.keyspace.history.versions.isEmpty)
    #expect(try harness.run("GET", "k") == .bulk("v"))
  }

  @Test func databasesAreExchanged() throws {
    let harness = EngineHarness()
    let other = harness.open()
    try harness.run("SET", "k", "zero")
    try harness.run("SELECT", "1", from: other)
    try harness.run("SET", "k", "one", "PX", "100", from: other)
    #expect(try harness.run("SWAPDB", "0", "1") == .simple("OK"))
    #expect(try harness.run("GET", "k") == .bulk("one"))
    #expect(try harness.run("PTTL", "k") == .integer(100))
    #expect(try harness.run("GET", "k", from: other) == .bulk("zero"))
    #expect(try harness.run("PTTL", "k", from: other) == .integer(-1))
    #expect(try harness.run("FLUSHDB", from: other) == .simple("OK"))
    #expect(try harness.run("DBSIZE", from: other) == .integer(0))
    #expect(try harness.run("DBSIZE") == .integer(1))
  }

  @Test func noneOfThemWritesToAVersion() throws {
    let harness = EngineHarness()
    try harness.run("SET", "k", "v")
    let id = try #require(harness.engine.guardVersion("test")).id
    #expect(try harness.run("VERSION", "USE", "\(id)") == .simple("OK"))
    for command in [["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"], ["SET", "k", "w"], ["DEL", "k"]] {
      #expect(
        try harness.run(command)
          == .error("READONLY This connection reads at a version; use VERSION USE LIVE to write."))
    }
    #expect(try harness.run("GET", "k") == .bulk("v"))
    #expect(try harness.run("KEYS", "*") == .array([.bulk("k")]))
    #expect(try harness.run("SCAN", "0") == .array([.bulk("0"), .array([.bulk("k")])]))
    #expect(harness.engine.keyspace.history.versions.count == 1)
  }
}
