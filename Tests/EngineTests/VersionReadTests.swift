import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// VERSION READ, USE and RESTORE.
@Suite struct VersionReadTests {
  private let harness = EngineHarness()

  init() throws {
    try harness.run("SET", "k", "old")
    try harness.run("SET", "n", "12")
    try harness.run("SET", "short", "1", "PX", "1000")
    try harness.run("SELECT", "2")
    try harness.run("SET", "two", "2")
    try harness.run("SELECT", "0")
    try harness.run("VERSION", "CREATE", "v")
    try harness.run("SET", "k", "new")
    try harness.run("DEL", "n")
    try harness.run("SET", "added", "1")
  }

  @Test func readRunsCommandsThatOnlyRead() throws {
    #expect(try harness.run("VERSION", "READ", "v", "GET", "k") == .bulk("old"))
    #expect(try harness.run("VERSION", "READ", "v", "get", "n") == .bulk("12"))
    #expect(try harness.run("VERSION", "READ", "v", "DBSIZE") == .integer(3))
    #expect(try harness.run("VERSION", "READ", "v", "EXISTS", "added") == .integer(0))
    #expect(try harness.run("VERSION", "READ", "v", "OBJECT", "ENCODING", "n") == .bulk("int"))
    #expect(try harness.run("VERSION", "READ", "LIVE", "GET", "k") == .bulk("new"))
    let keys = try harness.run("VERSION", "READ", "v", "KEYS", "*").elements.compactMap(\.text)
    #expect(Set(keys) == ["k", "n", "short"])
    #expect(try harness.run("GET", "k") == .bulk("new"))
  }

  @Test func readRefusesWhatWrites() throws {
    #expect(
      try harness.run("VERSION", "READ", "v", "SET", "k", "1").errorText
        == "ERR 'set' is not a command that only reads keys")
    #expect(
      try harness.run("VERSION", "READ", "v", "FLUSHALL").errorText
        == "ERR 'flushall' is not a command that only reads keys")
    #expect(
      try harness.run("VERSION", "READ", "v", "VERSION", "DROP", "v").errorText
        == "ERR 'version|drop' is not a command that only reads keys")
    #expect(
      try harness.run("VERSION", "READ", "v", "GET").errorText
        == "ERR wrong number of arguments for 'get' command")
    #expect(
      try harness.run("VERSION", "READ", "v", "NOPE", "x").errorText
        == "ERR unknown command 'NOPE', with args beginning with: 'x' ")
    #expect(
      try harness.run("VERSION", "READ", "v", "OBJECT", "NOPE").errorText
        == "ERR unknown subcommand 'NOPE'. Try OBJECT HELP.")
    #expect(try harness.run("VERSION", "READ", "v", "INCR", "n").errorText != nil)
    #expect(try harness.run("VERSION", "READ", "v", "GET", "n") == .bulk("12"))
  }

  @Test func theClockStandsAtTheTimeOfTheVersion() throws {
    harness.wait(milliseconds: 400)
    #expect(try harness.run("PTTL", "short") == .integer(600))
    #expect(try harness.run("VERSION", "READ", "v", "PTTL", "short") == .integer(1000))
    harness.wait(milliseconds: 5000)
    #expect(try harness.run("GET", "short") == .null)
    #expect(try harness.run("VERSION", "READ", "v", "GET", "short") == .bulk("1"))
    #expect(try harness.run("VERSION", "READ", "v", "PTTL", "short") == .integer(1000))
    try harness.run("VERSION", "USE", "v")
    #expect(try harness.run("GET", "short") == .bulk("1"))
    #expect(try harness.run("PTTL", "short") == .integer(1000))
  }

  /// What is no key has its time too: fields of hashes, and what is pending in streams.
  @Test func theClockStandsForAllThatACommandLooksAt() throws {
    try harness.run("SADD", "ids", "1")
    try harness.run("HSET", "h:1", "f", "w")
    try harness.run("HPEXPIRE", "h:1", "1000", "FIELDS", "1", "f")
    try harness.run("XADD", "s", "1-1", "a", "b")
    try harness.run("XGROUP", "CREATE", "s", "g", "0")
    try harness.run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
    harness.wait(milliseconds: 700)
    try harness.run("VERSION", "CREATE", "w")
    harness.wait(milliseconds: 5000)
    let questions = [
      ["SORT_RO", "ids", "GET", "h:*->f"], ["XPENDING", "s", "g", "-", "+", "1"],
      ["XPENDING", "s", "g", "IDLE", "701", "-", "+", "1"], ["XINFO", "CONSUMERS", "s", "g"],
    ]
    let answers: [Reply] = [
      .array([.bulk("w")]), .array([.array([.bulk("1-1"), .bulk("c"), .integer(700), .integer(1)])]), .array([]),
      .array([.array([.bulk("name"), .bulk("c"), .bulk("pending"), .integer(1), .bulk("idle"), .integer(700)])]),
    ]
    for (question, answer) in zip(questions, answers) {
      #expect(try harness.run(["VERSION", "READ", "w"] + question) == answer)
    }
    try harness.run("VERSION", "USE", "w")
    for (question, answer) in zip(questions, answers) { #expect(try harness.run(question) == answer) }
  }

  @Test func useHoldsForOneConnection() throws {
    let other = harness.open()
    #expect(try harness.run("VERSION", "USE", "v") == .simple("OK"))
    #expect(try harness.run("GET", "k") == .bulk("old"))
    #expect(try harness.run("GET", "k", from: other) == .bulk("new"))
    #expect(try harness.run("SELECT", "2") == .simple("OK"))
    #expect(try harness.run("GET", "two") == .bulk("2"))
    let refusal = "READONLY This connection reads at a version; use VERSION USE LIVE to write."
    for command in [
      ["SET", "k", "1"], ["GETDEL", "two"], ["FLUSHALL"], ["VERSION", "ROLLBACK", "v"],
      ["VERSION", "RESTORE", "v", "k"],
    ] { #expect(try harness.run(command).errorText == refusal, "\(command)") }
    #expect(try harness.run("VERSION", "USE", "nope").errorText == "ERR no such version 'nope'")
    #expect(try harness.run("GET", "two") == .bulk("2"))
    #expect(try harness.run("VERSION", "USE", "LIVE") == .simple("OK"))
    #expect(try harness.run("SET", "two", "3") == .simple("OK"))
  }

  @Test func aVersionInUseOutlivesItsDrop() throws {
    for number in 0..<50 { try harness.run("SET", "key:\(number)", "x") }
    try harness.run("VERSION", "CREATE", "w")
    try harness.run("FLUSHALL")
    let reader = harness.open()
    try harness.run("VERSION", "USE", "w", from: reader)
    try harness.run("VERSION", "DROP", "w", "before-flushall-3")
    harness.settle()
    #expect(try harness.run("GET", "key:7", from: reader) == .bulk("x"))
    #expect(try harness.versionNames() == ["v"])
    let before = harness.engine.usedMemory
    try harness.run("RESET", from: reader)
    harness.settle()
    #expect(harness.engine.usedMemory < before)
    #expect(try harness.run("GET", "key:7", from: reader) == .null)
  }

  @Test func aLostConnectionGivesItsVersionBack() throws {
    let reader = harness.open()
    try harness.run("VERSION", "USE", "v", from: reader)
    try harness.run("VERSION", "DROP", "v")
    harness.settle()
    let before = harness.engine.usedMemory
    harness.engine.peerClosed(reader)
    harness.settle()
    #expect(harness.engine.usedMemory < before)
  }

  @Test func scanAtAVersionMeetsWhatWasThere() throws {
    try harness.run("VERSION", "USE", "v")
    var cursor = "0"
    var keys: [String] = []
    repeat {
      let reply = try harness.run("SCAN", cursor, "COUNT", "1").elements
      cursor = reply[0].text ?? "0"
      keys += reply[1].elements.compactMap(\.text)
    } while cursor != "0"
    #expect(keys.sorted() == ["k", "n", "short"])
  }

  @Test func restoreCopiesKeys() throws {
    #expect(try harness.run("VERSION", "RESTORE", "v", "k", "n", "nothere", "added") == .integer(2))
    #expect(try harness.run("GET", "k") == .bulk("old"))
    #expect(try harness.run("GET", "n") == .bulk("12"))
    #expect(try harness.run("OBJECT", "ENCODING", "n") == .bulk("int"))
    #expect(try harness.run("GET", "added") == .bulk("1"))
    #expect(try harness.run("VERSION", "RESTORE", "v", "two") == .integer(0))
    try harness.run("SELECT", "2")
    try harness.run("DEL", "two")
    #expect(try harness.run("VERSION", "RESTORE", "v", "two") == .integer(1))
    #expect(try harness.run("GET", "two") == .bulk("2"))
  }

  @Test func restoreKeepsTheTimeToLive() throws {
    try harness.run("DEL", "short")
    harness.wait(milliseconds: 300)
    #expect(try harness.run("VERSION", "RESTORE", "v", "short") == .integer(1))
    #expect(try harness.run("PTTL", "short") == .integer(700))
    harness.wait(milliseconds: 700)
    #expect(try harness.run("VERSION", "RESTORE", "v", "short") == .integer(0))
    #expect(try harness.run("EXISTS", "short") == .integer(0))
  }

  @Test func restoredValuesOutliveTheVersion() throws {
    let long = String(repeating: "long ", count: 1000)
    try harness.run("SET", "big", long)
    try harness.run("VERSION", "CREATE", "w")
    try harness.run("DEL", "big")
    try harness.run("VERSION", "RESTORE", "w", "big")
    try harness.run("VERSION", "DROP", "w", "v")
    harness.settle()
    #expect(try harness.run("GET", "big") == .bulk(long))
  }

  @Test func restoreFromAnotherLineage() throws {
    let keyspace = harness.engine.keyspace
    keyspace.history.commit(Dataset(databases: 16, lineage: 2), reason: "replicaof", atMilliseconds: 0)
    keyspace.liveDatasetChanged()
    #expect(try harness.run("GET", "k") == .null)
    #expect(try harness.run("VERSION", "RESTORE", "before-replicaof-2", "k", "added") == .integer(2))
    #expect(try harness.run("GET", "k") == .bulk("new"))
    #expect(try harness.run("VERSION", "ROLLBACK", "v") == .integer(3))
    #expect(try harness.run("GET", "k") == .bulk("old"))
  }

  /// Every type in every encoding, from the same lineage and from another.
  @Test(arguments: [true, false])
  func restoreBringsBackAnyType(sameLineage: Bool) throws {
    harness.engine.settings.enableDebugCommand = .yes
    let keys = try fillWithAllTypes()
    try harness.run("VERSION", "CREATE", "all")
    var wanted: [String: [Reply]] = [:]
    for key in keys { wanted[key] = try describe(key) }
    if sameLineage {
      try harness.run("FLUSHALL")
    } else {
      let keyspace = harness.engine.keyspace
      keyspace.history.commit(Dataset(databases: 16, lineage: 2), reason: "replicaof", atMilliseconds: 0)
      keyspace.liveDatasetChanged()
    }
    #expect(try harness.run(["VERSION", "RESTORE", "all"] + keys) == .integer(keys.count))
    for key in keys {
      #expect(try describe(key) == wanted[key], "\(key)")
      let page = try harness.run("VERSION", "DIFF", "all", "LIVE", "FIELDS", key).elements[1].fields
      for name in ["added", "removed", "changed"] { #expect(page[name] == .array([]), "\(key) \(name)") }
    }
    #expect(
      try harness.run("VERSION", "DIFF", "all", "LIVE", "MATCH", "*:*").elements[1].fields["changed"] == .array([]))
    // The copies may be written without a trace in the version.
    for command in [
      ["RPUSH", "list:chunked", "x"], ["HSET", "hash:trie", "f1", "x"], ["SADD", "set:trie", "x"],
      ["ZADD", "zset:trie", "9", "x"], ["XADD", "stream:groups", "9-0", "f", "v"],
      ["XACK", "stream:groups", "g", "1-1"],
      ["HDEL", "hash:expiring", "f"], ["APPEND", "string:long", "x"],
    ] {
      #expect(try harness.run(command).errorText == nil)
      try harness.run("VERSION", "USE", "all")
      #expect(try describe(command[1]) == wanted[command[1]], "\(command)")
      try harness.run("VERSION", "USE", "LIVE")
    }
    harness.settle()
    #expect(harness.engine.keyspace.live.invariantViolations().isEmpty)
  }

  private func fillWithAllTypes() throws -> [String] {
    func many(_ count: Int, _ words: (Int) -> [String]) -> [String] { (0..<count).flatMap(words) }
    let commands = [
      ["SET", "string:int", "12"], ["SET", "string:short", "text"],
      ["SET", "string:long", String(repeating: "long ", count: 20_000)], ["APPEND", "string:raw", "7"],
      ["RPUSH", "list:packed", "a", "1", ""], ["RPUSH", "list:chunked"] + many(5000) { ["e\($0)"] },
      ["SADD", "set:integers", "1", "70000", "-9999999999"], ["SADD", "set:packed", "a", "b", "3"],
      ["SADD", "set:trie"] + many(1000) { ["m\($0)"] }, ["ZADD", "zset:packed", "1.5", "a", "-inf", "b"],
      ["ZADD", "zset:trie"] + many(1000) { ["\($0 % 7)", "m\($0)"] }, ["HSET", "hash:packed", "f", "v", "n", "1"],
      ["HSET", "hash:trie"] + many(1000) { ["f\($0)", "v\($0)"] }, ["HSET", "hash:expiring", "f", "v", "g", "w"],
      ["HPEXPIRE", "hash:expiring", "100000", "FIELDS", "1", "f"], ["XADD", "stream:plain", "5-1", "f", "v"],
      ["XADD", "stream:groups", "1-1", "f", "v"], ["XADD", "stream:groups", "2-1", "f", "v"],
      ["XADD", "stream:groups", "3-1", "f", "v"], ["XGROUP", "CREATE", "stream:groups", "g", "0"],
      ["XGROUP", "CREATE", "stream:groups", "idle", "$"],
      ["XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "stream:groups", ">"],
      ["XREADGROUP", "GROUP", "g", "d", "STREAMS", "stream:groups", ">"], ["XDEL", "stream:groups", "2-1"],
      ["PFADD", "string:hll", "a", "b"], ["SET", "string:expiring", "v", "PX", "50000"],
    ]
    var keys: [String] = []
    for command in commands {
      #expect(try harness.run(command).errorText == nil, "\(command.prefix(4))")
      if let key = command.first(where: { $0.contains(":") }), !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  /// All that can be asked about a key.
  private func describe(_ key: String) throws -> [Reply] {
    let type = try harness.run("TYPE", key)
    var replies = [type, try harness.run("OBJECT", "ENCODING", key), try harness.run("PTTL", key)]
    switch type.text {
    case "string": replies.append(try harness.run("GET", key))
    case "list": replies.append(try harness.run("LRANGE", key, "0", "-1"))
    case "set": replies.append(try harness.run("SMEMBERS", key))
    case "zset": replies.append(try harness.run("ZRANGE", key, "0", "-1", "WITHSCORES"))
    case "hash":
      replies.append(try harness.run("HGETALL", key))
      replies.append(try harness.run("HPEXPIRETIME", key, "FIELDS", "3", "f", "g", "f1"))
    case "stream":
      replies.append(try harness.run("XRANGE", key, "-", "+"))
      replies.append(try harness.run("XINFO", "STREAM", key, "FULL"))
    default: Issue.record("\(key) is not there")
    }
    return replies
  }

  /// Fields whose time comes after they were restored go by themselves, and a hash without a living field stays away.
  @Test func restoredFieldsExpire() throws {
    try harness.run("HSET", "h", "f", "v", "g", "w")
    try harness.run("HPEXPIRE", "h", "1000", "FIELDS", "1", "f")
    try harness.run("HSET", "mortal", "f", "v")
    try harness.run("HPEXPIRE", "mortal", "100", "FIELDS", "1", "f")
    try harness.run("VERSION", "CREATE", "fields")
    try harness.run("DEL", "h", "mortal")
    // Rounds of the active expiry that find nothing to do.
    for _ in 0..<40 { harness.cron(afterMilliseconds: 10) }
    #expect(try harness.run("VERSION", "RESTORE", "fields", "h", "mortal") == .integer(1))
    #expect(try harness.run("EXISTS", "mortal") == .integer(0))
    #expect(try harness.run("HLEN", "h") == .integer(2))
    for _ in 0..<40 { harness.cron(afterMilliseconds: 50) }
    #expect(try harness.run("HLEN", "h") == .integer(1))
  }
}
