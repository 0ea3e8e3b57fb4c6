import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct InfoTests {
  private func sections(_ harness: EngineHarness, _ names: String...) throws -> [String] {
    let text = try harness.run(["INFO"] + names).text ?? ""
    return text.split(separator: "\r\n").filter { $0.hasPrefix("# ") }.map { $0.dropFirst(2).lowercased() }
  }

  private func fields(_ harness: EngineHarness, _ names: String...) throws -> [String: String] {
    let lines = (try harness.run(["INFO"] + names).text ?? "").split(separator: "\r\n").filter { !$0.hasPrefix("#") }
    let pairs = lines.map { $0.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) }
    return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
  }

  @Test func sectionsAreChosenAsByRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    for names in [
      [], ["default"], ["all"], ["everything"], ["server"], ["SERVER", "keyspace"], ["keyspace", "server"],
      ["commandstats"], ["latencystats"], ["modules"], ["MODULE_LIST"], ["nosuch"], ["nosuch", "cpu"],
      ["default", "commandstats"], ["stats", "stats"],
    ] {
      let expected = titles(try redis.command(["INFO"] + names))
      let actual = titles(try harness.run(["INFO"] + names))
      // What Redis has not.
      let others: Set = ["Versions"]
      #expect(actual.filter { !others.contains($0) } == expected.filter { !others.contains($0) }, "\(names)")
    }
  }

  private func titles(_ reply: Reply) -> [String] {
    (reply.text ?? "").split(separator: "\r\n").filter { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) }
  }

  @Test func aSectionOfAModuleTakesThePlaceOfTheEnginesOwn() throws {
    let harness = EngineHarness()
    let usual = try sections(harness)
    harness.engine.infoSections = [
      InfoSection(name: "replication", title: "Replication") { ["role:slave"] },
      InfoSection(name: "weather", title: "Weather") { ["rain:no"] },
    ]
    #expect(try sections(harness) == usual + ["weather"])
    #expect(
      try harness.run("INFO", "replication", "weather").text
        == "# Replication\r\nrole:slave\r\n\r\n# Weather\r\nrain:no\r\n")
  }

  /// The length is what the primary has announced, whatever that is.
  @Test func aSnapshotOfAnyLengthIsToldOf() throws {
    let harness = EngineHarness()
    func estimate(_ seconds: Int64, of total: Int, _ loaded: Int) throws -> String? {
      harness.engine.replicaHooks.staging = { LoadFigures(seconds: seconds, totalBytes: total, loadedBytes: loaded) }
      let fields = try fields(harness, "persistence")
      #expect(fields["loading"] == "0" && fields["async_loading"] == "1")
      return fields["loading_eta_seconds"]
    }
    #expect(try estimate(10, of: 1000, 250) == "30")
    #expect(try estimate(10, of: 1000, 0) == "1")
    #expect(try estimate(10, of: 0, 250) == "0")
    #expect(try estimate(100, of: .max, 1) == "\(Int64.max)")
  }

  @Test func fieldsThatToolsRead() throws {
    let harness = EngineHarness()
    harness.engine.identity.port = 7001
    let all = try fields(harness, "everything")
    for name in [
      "redis_version", "process_id", "arch_bits", "connected_clients", "blocked_clients", "used_memory",
      "mem_clients_normal", "mem_clients_slaves", "mem_not_counted_for_evict", "mem_total_replication_buffers",
      "lazyfree_pending_objects", "allocator_active", "mem_allocator", "loading", "async_loading",
      "rdb_bgsave_in_progress", "rdb_changes_since_last_save", "rdb_last_bgsave_status", "rdb_last_load_keys_loaded",
      "rdb_last_load_keys_expired", "aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled",
      "aof_last_bgrewrite_status", "current_save_keys_total", "current_save_keys_processed", "current_cow_size",
      "rdb_last_cow_size", "sync_full", "sync_partial_ok", "sync_partial_err", "total_commands_processed",
      "expired_keys", "evicted_keys", "total_forks", "total_error_replies", "tracking_total_keys",
      "role", "connected_slaves", "master_replid", "master_replid2", "master_repl_offset", "second_repl_offset",
      "repl_backlog_active", "repl_backlog_first_byte_offset", "repl_backlog_histlen", "master_failover_state",
      "cluster_enabled", "uptime_in_seconds", "used_cpu_user", "maxmemory_policy",
    ] {
      #expect(all[name] != nil, "\(name)")
    }
    #expect(all["tcp_port"] == "7001")
    #expect(all["run_id"]?.count == 40 && all["run_id"]?.allSatisfy(\.isHexDigit) == true)
    #expect(all["run_id"] == harness.engine.runID && EngineHarness().engine.runID != harness.engine.runID)
    #expect(Int(all["used_memory"] ?? "") ?? 0 > 100_000)
    #expect(Int(all["used_memory_rss"] ?? "") ?? 0 > 1_000_000)
  }

  @Test func keyspaceLines() throws {
    let harness = EngineHarness()
    try harness.run("MSET", "a", "1", "b", "2")
    try harness.run("SET", "c", "3", "PX", "8000")
    try harness.run("SELECT", "3")
    try harness.run("SET", "a", "1")
    #expect(
      try fields(harness, "keyspace") == ["db0": "keys=3,expires=1,avg_ttl=8000", "db3": "keys=1,expires=0,avg_ttl=0"])
  }

  @Test func commandStatistics() throws {
    let harness = EngineHarness()
    try harness.run("SET", "k", "v")
    try harness.run("GET", "k")
    try harness.run("GET")
    try harness.run("INCR", "k")
    try harness.run("CLIENT", "ID")
    try harness.run("CLIENT", "NOSUCH")
    try harness.run("NOSUCH")
    let lines = try fields(harness, "commandstats")
    #expect(lines["cmdstat_get"]?.hasPrefix("calls=1,usec=") == true)
    #expect(lines["cmdstat_get"]?.hasSuffix(",rejected_calls=1,failed_calls=0") == true)
    #expect(lines["cmdstat_incr"]?.hasSuffix(",rejected_calls=0,failed_calls=1") == true)
    #expect(lines["cmdstat_client|id"]?.hasPrefix("calls=1,") == true)
    #expect(lines["cmdstat_client"] == nil)
    #expect(try fields(harness, "errorstats") == ["errorstat_ERR": "count=4"])
    let stats = try fields(harness, "stats")
    // Four that ran before, and two times INFO, but not yet the third; commands that are refused do not count.
    #expect(stats["total_commands_processed"] == "6")
    #expect(stats["total_error_replies"] == "4")
    #expect(stats["keyspace_hits"] == "1")
    harness.engine.resetStatistics()
    #expect(try fields(harness, "commandstats").isEmpty)
    #expect(try fields(harness, "commandstats").keys.sorted() == ["cmdstat_info"])
    #expect(try fields(harness, "errorstats").isEmpty)
  }

  /// A transaction that is not run for what was queued before is one that has failed.
  @Test func abortedTransactionsHaveFailed() throws {
    let harness = EngineHarness()
    try harness.run("MULTI")
    try harness.run("SET")
    try harness.run("EXEC")
    let lines = try fields(harness, "commandstats")
    #expect(lines["cmdstat_exec"]?.hasSuffix(",rejected_calls=0,failed_calls=1") == true)
    #expect(lines["cmdstat_multi"]?.hasSuffix(",rejected_calls=0,failed_calls=0") == true)
    #expect(
      try fields(harness, "errorstats") == ["errorstat_ERR": "count=1", "errorstat_EXECABORT": "count=1"])
  }

  /// Values are counted that take time to free, and no others.
  @Test(arguments: [10, 5000]) func largeValuesAreFreedLazily(count: Int) throws {
    let harness = EngineHarness()
    try harness.run(["SADD", "s"] + (0..<count).map { "member:\($0)" })
    for number in 0..<count { try harness.run("XADD", "x", "\(number + 1)-1", "f", "v") }
    try harness.run("SET", "k", "v")
    #expect(try harness.run("UNLINK", "s", "x", "k") == .integer(3))
    for _ in 0..<100 { try harness.run("PING") }
    let lines = try fields(harness, "memory")
    #expect(lines["lazyfree_pending_objects"] == "0")
    #expect(lines["lazyfreed_objects"] == (count > 10 ? "2" : "0"))
    harness.engine.resetStatistics()
    #expect(try fields(harness, "memory")["lazyfreed_objects"] == "0")
  }

  /// The time of a batch is divided evenly among its commands.
  @Test func timeIsSharedWithinABatch() throws {
    var now: Int64 = 0
    let settings = Settings()
    let keyspace = Keyspace(settings: settings, history: History(live: Dataset(databases: 1, lineage: 1)))
    let engine = Engine(
      settings: settings, keyspace: keyspace, commands: CommandTable(StandardCommands.families),
      monotonicNanoseconds: {
        now += 12_000
        return now
      })
    let peer = PeerAddress(
      remote: "a:1", local: "b:2", isUnixSocket: false, isLoopback: true, fileDescriptor: 3)
    let session = engine.open(peer, now: 0)
    let script = ["SET a 1", "GET a", "GET b", "GET c"]
    Transcript.request(script).withBytes { engine.receive($0, from: session) }
    engine.tick(nowMicroseconds: 1)
    #expect(engine.commands.find("get")?.value.statistics.nanoseconds == 9000)
    #expect(engine.commands.find("set")?.value.statistics.nanoseconds == 3000)
    #expect(engine.commands.find("get")?.value.statistics.calls == 3)
  }
}

extension CommandTable {
  fileprivate func find(_ name: String) -> Fixed<CommandRecord>? { Array(name.utf8).withBytes { find($0) } }
}
