import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// VERSION: keeping states, going back to them, giving them up.
@Suite struct VersionCommandsTests {
  private let harness = EngineHarness()

  @Test func aVersionBringsBackWhatWasFlushed() throws {
    try harness.run("SET", "k", "1")
    #expect(try harness.run("VERSION", "CREATE", "good") == .integer(1))
    try harness.run("SET", "k", "2")
    #expect(try harness.run("FLUSHALL") == .simple("OK"))
    #expect(try harness.run("DBSIZE") == .integer(0))
    #expect(try harness.versionNames() == ["good", "before-flushall-2"])

    #expect(try harness.run("VERSION", "ROLLBACK", "good") == .integer(3))
    #expect(try harness.run("GET", "k") == .bulk("1"))
    #expect(try harness.run("VERSION", "ROLLBACK", "before-flushall-2") == .integer(4))
    #expect(try harness.run("GET", "k") == .bulk("2"))
    #expect(try harness.run("VERSION", "ROLLBACK", "3") == .integer(5))
    #expect(try harness.run("DBSIZE") == .integer(0))
  }

  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func listAndInfoShowTheSameFields(_ version: ProtocolVersion) throws {
    harness.session.version = version
    try harness.run("SET", "k", String(repeating: "v", count: 100))
    harness.clock.advance(milliseconds: 5)
    try harness.run("VERSION", "CREATE", "one")
    try harness.run("SELECT", "3")
    try harness.run("SET", "l", "w")
    try harness.run("VERSION", "CREATE")
    try harness.run("VERSION", "HOLD", "one", "audit")

    let list = try harness.run("VERSION", "LIST").elements
    #expect(list.count == 2)
    #expect(try harness.run("VERSION", "INFO", "1") == list[0])
    #expect(try harness.run("VERSION", "INFO", "one") == list[0])
    if version == .resp2 { #expect(list[0].elements.count == 24) }
    let one = list[0].fields
    #expect(
      Set(one.keys) == [
        "id", "name", "reason", "parent", "created-ms", "generation", "lineage", "keys", "referenced-bytes",
        "unique-bytes", "written-bytes", "held",
      ])
    #expect(one["id"] == .integer(1))
    #expect(one["name"] == .bulk("one"))
    #expect(one["reason"] == .bulk("create"))
    #expect(one["parent"] == .null)
    #expect(one["created-ms"] == .integer(harness.clock.milliseconds))
    #expect(one["lineage"] == .integer(1))
    #expect(one["keys"] == .integer(1))
    #expect(one["held"] == .array([.bulk("audit")]))
    let two = list[1].fields
    #expect(two["name"] == .null)
    #expect(two["parent"] == .integer(1))
    #expect(two["keys"] == .integer(2))
    #expect(two["held"] == .array([]))
    #expect((two["generation"]?.number ?? 0) > (one["generation"]?.number ?? 0))
    #expect((two["referenced-bytes"]?.number ?? 0) > (one["referenced-bytes"]?.number ?? 0))
    #expect(one["written-bytes"] == one["referenced-bytes"])

    let live = try harness.run("VERSION", "INFO", "LIVE").fields
    #expect(live["id"] == .integer(0))
    #expect(live["name"] == .bulk("LIVE"))
    #expect(live["parent"] == .integer(2))
    #expect(live["keys"] == .integer(2))
    #expect(live["written-bytes"] == .integer(0))
  }

  @Test func theParentShownIsOneThatExists() throws {
    for key in ["a", "b", "c"] {
      try harness.run("SET", key, "1")
      try harness.run("VERSION", "CREATE")
    }
    try harness.run("VERSION", "DROP", "2")
    #expect(try harness.run("VERSION", "INFO", "3").fields["parent"] == .integer(1))
    // 1 becomes a branch point, which is hidden when it is dropped.
    try harness.run("VERSION", "ROLLBACK", "1")
    try harness.run("SET", "d", "1")
    try harness.run("VERSION", "DROP", "1")
    #expect(try harness.run("VERSION", "INFO", "3").fields["parent"] == .null)
    #expect(try harness.run("GET", "a") == .bulk("1"))
  }

  @Test func versionsAreFoundByTime() throws {
    let start = harness.clock.milliseconds
    try harness.run("SET", "k", "1")
    try harness.run("VERSION", "CREATE")
    harness.clock.advance(milliseconds: 1000)
    try harness.run("SET", "k", "2")
    try harness.run("VERSION", "CREATE")
    #expect(try harness.run("VERSION", "READ", "@\(start)", "GET", "k") == .bulk("1"))
    #expect(try harness.run("VERSION", "READ", "@\(start + 999)", "GET", "k") == .bulk("1"))
    #expect(try harness.run("VERSION", "READ", "@\(start + 1000)", "GET", "k") == .bulk("2"))
    #expect(try harness.run("VERSION", "READ", "@2030-01-01T00:00:00Z", "GET", "k") == .bulk("2"))
    #expect(
      try harness.run("VERSION", "INFO", "@\(start - 1)").errorText == "ERR no such version '@\(start - 1)'")
    #expect(
      try harness.run("VERSION", "INFO", "@yesterday").errorText
        == "ERR invalid time '@yesterday', it should look like @1763796000000 or @2026-11-22T07:20:00Z")
  }

  @Test func namesAreCheckedAndMeanOneVersion() throws {
    try harness.run("VERSION", "CREATE", "a")
    #expect(try harness.run("VERSION", "CREATE", "a").errorText == "ERR version name 'a' is taken")
    for name in ["5", "@1", "live", "two words", ""] {
      let text = try harness.run("VERSION", "CREATE", name).errorText ?? ""
      #expect(text.hasPrefix("ERR invalid version name '\(name)', it should"), "\(text)")
    }
    #expect(try harness.run("VERSION", "CREATE", "a", "b").errorText == "ERR syntax error")
    #expect(try harness.run("VERSION", "DROP", "a") != .null)
    #expect(try harness.run("VERSION", "CREATE", "a") == .integer(2))

    // The name that the next guard would have is taken: it goes without.
    try harness.run("VERSION", "CREATE", "before-flushall-4")
    try harness.run("SET", "k", "v")
    try harness.run("FLUSHALL")
    #expect(try harness.versionNames() == ["a", "before-flushall-4", "4"])
  }

  @Test func versionsByHandAreBounded() throws {
    for _ in 0..<History.limit { try harness.run("VERSION", "CREATE") }
    try harness.run("SET", "k", "v")
    let refusal = Reply.error("ERR there are 1000 versions already, DROP some of them first")
    #expect(try harness.run("VERSION", "CREATE", "more") == refusal)
    #expect(try harness.run("VERSION", "CREATE") == refusal)
    // The server's own guards are not bound by it.
    #expect(try harness.run("FLUSHALL") == .simple("OK"))
    #expect(try harness.run("VERSION", "ROLLBACK", "before-flushall-1001") == .integer(1002))
    #expect(try harness.run("GET", "k") == .bulk("v"))
    try harness.run("VERSION", "DROP", "1")
    #expect(try harness.run("VERSION", "CREATE", "more") == .integer(1003))
  }

  @Test func whatDoesNotExistIsRefused() throws {
    for command in [
      ["VERSION", "INFO", "x"], ["VERSION", "ROLLBACK", "x"], ["VERSION", "DROP", "x"],
      ["VERSION", "HOLD", "x", "t"], ["VERSION", "RELEASE", "x", "t"], ["VERSION", "DIFF", "x", "LIVE"],
      ["VERSION", "READ", "x", "GET", "k"], ["VERSION", "USE", "x"], ["VERSION", "RESTORE", "x", "k"],
    ] { #expect(try harness.run(command).errorText == "ERR no such version 'x'", "\(command)") }
    for command in [
      ["VERSION", "ROLLBACK", "LIVE"], ["VERSION", "DROP", "live"], ["VERSION", "HOLD", "LIVE", "t"],
      ["VERSION", "RESTORE", "LIVE", "k"],
    ] {
      #expect(
        try harness.run(command).errorText
          == "ERR the live dataset is not a version, VERSION CREATE makes one of it", "\(command)")
    }
    #expect(
      try harness.run("VERSION", "NONSENSE").errorText == "ERR unknown subcommand 'NONSENSE'. Try VERSION HELP.")
    #expect(
      try harness.run("VERSION", "INFO").errorText
        == "ERR wrong number of arguments for 'version|info' command")
  }

  @Test func heldVersionsStay() throws {
    try harness.run("SET", "k", "v")
    try harness.run("VERSION", "CREATE", "kept")
    #expect(try harness.run("VERSION", "HOLD", "kept", "audit") == .simple("OK"))
    #expect(try harness.run("VERSION", "HOLD", "kept", "audit") == .simple("OK"))
    #expect(try harness.run("VERSION", "HOLD", "kept", "legal") == .simple("OK"))
    #expect(
      try harness.run("VERSION", "HOLD", "kept", "a b").errorText
        == "ERR invalid tag, it should have at most 128 printable characters without blanks")
    let refusal = "ERR version 'kept' is held by 'audit', 'legal'"
    #expect(try harness.run("VERSION", "DROP", "kept").errorText == refusal)
    #expect(try harness.run("VERSION", "DROP", "kept", "DRYRUN").errorText == refusal)
    #expect(
      try harness.run("VERSION", "RELEASE", "kept", "other").errorText
        == "ERR version 'kept' is not held by 'other'")
    try harness.run("VERSION", "RELEASE", "kept", "audit")
    try harness.run("VERSION", "RELEASE", "1", "legal")
    #expect(try harness.run("VERSION", "DROP", "kept").number != nil)
    #expect(try harness.versionNames().isEmpty)
  }

  @Test func droppingAllOrNone() throws {
    for key in ["a", "b", "c"] {
      try harness.run("SET", key, "1")
      try harness.run("VERSION", "CREATE", "at-\(key)")
    }
    try harness.run("VERSION", "HOLD", "at-b", "t")
    #expect(
      try harness.run("VERSION", "DROP", "at-a", "at-b").errorText == "ERR version 'at-b' is held by 't'")
    #expect(try harness.versionNames() == ["at-a", "at-b", "at-c"])
    #expect(try harness.run("VERSION", "DROP", "at-a", "at-c", "at-a").number != nil)
    #expect(try harness.versionNames() == ["at-b"])
  }

  @Test func bytesAnnouncedAreGivenBack() throws {
    for number in 0..<500 { try harness.run("SET", "key:\(number)", String(repeating: "x", count: 300)) }
    try harness.run("VERSION", "CREATE", "full")
    for number in 0..<500 { try harness.run("SET", "key:\(number)", "y") }
    harness.settle()
    let unique = try harness.run("VERSION", "INFO", "full").fields["unique-bytes"]
    let announced = try harness.run("VERSION", "DROP", "full", "DRYRUN")
    #expect(announced == unique)
    #expect(try harness.versionNames() == ["full"])
    let before = harness.engine.usedMemory
    #expect(try harness.run("VERSION", "DROP", "full") == announced)
    harness.settle()
    #expect(before - harness.engine.usedMemory == announced.number)
    #expect((announced.number ?? 0) > 500 * 300)
  }

  @Test func automaticVersionsAreTrimmedAndNamedOnesAreNot() throws {
    harness.engine.settings.versionHistory = 3
    try harness.run("SET", "k", "v")
    try harness.run("VERSION", "CREATE", "mine")
    for _ in 0..<5 {
      try harness.run("SET", "k", "v")
      try harness.run("FLUSHALL")
    }
    #expect(
      try harness.versionNames() == ["mine", "before-flushall-4", "before-flushall-5", "before-flushall-6"])
    try harness.run("VERSION", "HOLD", "before-flushall-4", "t")
    for _ in 0..<4 {
      try harness.run("SET", "k", "v")
      try harness.run("FLUSHDB")
    }
    #expect(
      try harness.versionNames() == [
        "mine", "before-flushall-4", "before-flushdb-8", "before-flushdb-9", "before-flushdb-10",
      ])
    harness.engine.settings.versionHistory = 0
    try harness.run("SET", "k", "v")
    try harness.run("SWAPDB", "0", "1")
    #expect(try harness.run("VERSION", "ROLLBACK", "mine") == .null)
    #expect(try harness.versionNames() == ["mine", "before-flushall-4"])
  }

  @Test func nothingIsKeptWhereNothingWouldBeLost() throws {
    try harness.run("FLUSHALL")
    try harness.run("FLUSHDB")
    try harness.run("SWAPDB", "0", "1")
    #expect(try harness.versionNames().isEmpty)
  }

  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func statsAddUp(_ version: ProtocolVersion) throws {
    harness.session.version = version
    for number in 0..<100 { try harness.run("SET", "key:\(number)", String(repeating: "x", count: 200)) }
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("VERSION", "HOLD", "a", "t")
    try harness.run("FLUSHALL")
    harness.settle()
    let stats = try harness.run("VERSION", "STATS").fields
    #expect(stats["versions"] == .integer(2))
    #expect(stats["automatic"] == .integer(1))
    #expect(stats["held"] == .integer(1))
    #expect(stats["lineages"] == .integer(1))
    #expect(stats["oldest-ms"] == .integer(harness.clock.milliseconds))
    #expect(stats["allocated-bytes"] == .integer(harness.engine.usedMemory))
    #expect(stats["waiting-bytes"] == .integer(0))
    let (live, versions) = (stats["live-bytes"]?.number ?? 0, stats["version-bytes"]?.number ?? 0)
    #expect(live + versions == harness.engine.usedMemory)
    #expect(versions > 100 * 200)
    #expect(live < 1000)
  }

  @Test func infoHasASectionForVersions() throws {
    try harness.run("SET", "k", "v")
    try harness.run("VERSION", "CREATE")
    harness.wait(milliseconds: 2500)
    let text = try harness.run("INFO", "versions").text ?? ""
    let lines = text.split(separator: "\r\n").map(String.init)
    #expect(lines.first == "# Versions")
    for line in [
      "versions_count:1", "versions_automatic:0", "versions_held:0", "versions_bytes:0",
      "versions_oldest_age_seconds:2", "versions_last_id:1", "live_lineage:1", "live_parent:1",
    ] { #expect(lines.contains(line), "\(line) in \(lines)") }
  }

  @Test func helpDescribesEverySubcommand() throws {
    let lines = try harness.run("VERSION", "HELP").elements.compactMap(\.text)
    #expect(lines.first == "VERSION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
    let record = try #require(harness.engine.commands.all.first { $0.value.fullName == "version" })
    for subcommand in record.value.command.subcommands {
      let name = "\(subcommand.name)".uppercased()
      #expect(lines.contains { $0 == name || $0.hasPrefix(name + " ") }, "\(name)")
    }
  }

  @Test func aRollbackIsRefusedOnAReplica() throws {
    try harness.run("VERSION", "CREATE", "a")
    harness.engine.isReplica = true
    #expect(try harness.run("VERSION", "ROLLBACK", "a").errorText?.hasPrefix("READONLY") == true)
    #expect(try harness.run("VERSION", "RESTORE", "a", "k").errorText?.hasPrefix("READONLY") == true)
    #expect(try harness.run("VERSION", "CREATE", "b") == .integer(2))
  }

  @Test func expiredKeysOfARolledBackVersionExpireAtOnce() throws {
    try harness.run("SET", "short", "1", "PX", "100")
    try harness.run("SET", "long", "1", "PX", "100000")
    try harness.run("VERSION", "CREATE", "a")
    harness.wait(milliseconds: 200)
    try harness.run("VERSION", "ROLLBACK", "a")
    #expect(try harness.run("GET", "short") == .null)
    #expect(try harness.run("GET", "long") == .bulk("1"))
  }

  @Test func versionsByTheClock() throws {
    harness.engine.settings.versionInterval = 10
    harness.cron(afterMilliseconds: 0)
    try harness.run("SET", "k", "1")
    harness.cron(afterMilliseconds: 9_999)
    #expect(try harness.versionNames().isEmpty)
    harness.cron(afterMilliseconds: 1)
    #expect(try harness.versionNames() == ["interval-1"])
    // Nothing has changed since.
    harness.cron(afterMilliseconds: 10_000)
    try harness.run("GET", "k")
    harness.cron(afterMilliseconds: 10_000)
    #expect(try harness.versionNames() == ["interval-1"])
    try harness.run("DEL", "k")
    harness.cron(afterMilliseconds: 10_000)
    #expect(try harness.versionNames() == ["interval-1", "interval-2"])
    harness.engine.settings.versionInterval = 0
    try harness.run("SET", "k", "2")
    harness.cron(afterMilliseconds: 60_000)
    #expect(try harness.versionNames() == ["interval-1", "interval-2"])
  }

  @Test func formerDatasetsAreGivenUpInTime() throws {
    let keyspace = harness.engine.keyspace
    try harness.run("SET", "k", "mine")
    for lineage in [2, 3] {
      let staged = Dataset(databases: 16, lineage: lineage)
      keyspace.history.commit(staged, reason: "replicaof", atMilliseconds: Int64(harness.clock.milliseconds))
      keyspace.liveDatasetChanged()
      harness.clock.advance(milliseconds: 1000)
    }
    #expect(try harness.versionNames() == ["before-replicaof-1", "before-replicaof-2"])
    harness.engine.settings.replicaRetainPrevious = .seconds(100)
    harness.cron(afterMilliseconds: 98_000)
    #expect(try harness.versionNames() == ["before-replicaof-2"])
    harness.engine.settings.replicaRetainPrevious = .yes
    harness.cron(afterMilliseconds: 98_000_000)
    #expect(try harness.versionNames() == ["before-replicaof-2"])
    try harness.run("VERSION", "HOLD", "2", "t")
    harness.engine.settings.replicaRetainPrevious = .seconds(1)
    harness.cron(afterMilliseconds: 10_000)
    #expect(try harness.versionNames() == ["before-replicaof-2"])
    try harness.run("VERSION", "RELEASE", "2", "t")
    harness.engine.settings.replicaRetainPrevious = .no
    harness.cron(afterMilliseconds: 1)
    #expect(try harness.versionNames() == [])
  }
}
