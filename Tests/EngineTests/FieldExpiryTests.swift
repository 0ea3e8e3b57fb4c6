import RESP
import TestSupport
import Testing

@testable import Engine
@testable import VersionedStore

/// Times to live of single fields, by the documentation of Redis 7.4 and 8.0.
@Suite struct FieldExpiryTests {
  private let harness = EngineHarness()

  private func integers(_ words: String...) throws -> [Int] {
    guard case .array(let replies) = try harness.run(words) else { return [] }
    return replies.compactMap { if case .integer(let number) = $0 { number } else { nil } }
  }

  @Test(arguments: [3, 1000]) func fieldsExpire(count: Int) throws {
    try harness.run(["HSET", "h"] + (0..<count).flatMap { ["f\($0)", "v\($0)"] })
    #expect(try integers("HEXPIRE", "h", "10", "FIELDS", "2", "f0", "none") == [1, -2])
    #expect(try integers("HTTL", "h", "FIELDS", "3", "f0", "f1", "none") == [10, -1, -2])
    #expect(try integers("HPTTL", "h", "FIELDS", "1", "f0") == [10_000])
    #expect(try integers("HTTL", "none", "FIELDS", "1", "f0") == [-2])
    #expect(try harness.run("HGET", "h", "f0") == .bulk("v0"))
    harness.clock.advance(milliseconds: 10_001)
    #expect(try harness.run("HGET", "h", "f0") == .null)
    #expect(try harness.run("HEXISTS", "h", "f0") == .integer(0))
    #expect(try integers("HPTTL", "h", "FIELDS", "1", "f0") == [-2])
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try harness.run("HLEN", "h") == .integer(count - 1))
  }

  @Test func theKeyGoesWithItsLastField() throws {
    try harness.run("HSET", "h", "a", "1", "b", "2")
    #expect(try integers("HPEXPIRE", "h", "5", "FIELDS", "2", "a", "b") == [1, 1])
    harness.clock.advance(milliseconds: 6)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try harness.run("EXISTS", "h") == .integer(0))
  }

  @Test func conditions() throws {
    try harness.run("HSET", "h", "a", "1", "b", "2")
    #expect(try integers("HEXPIRE", "h", "100", "XX", "FIELDS", "1", "a") == [0])
    #expect(try integers("HEXPIRE", "h", "100", "GT", "FIELDS", "1", "a") == [0])
    #expect(try integers("HEXPIRE", "h", "100", "NX", "FIELDS", "2", "a", "b") == [1, 1])
    #expect(try integers("HEXPIRE", "h", "100", "NX", "FIELDS", "1", "a") == [0])
    #expect(try integers("HEXPIRE", "h", "50", "GT", "FIELDS", "1", "a") == [0])
    #expect(try integers("HEXPIRE", "h", "50", "LT", "FIELDS", "1", "a") == [1])
    #expect(try integers("HPERSIST", "h", "FIELDS", "3", "a", "a", "x") == [1, -1, -2])
    #expect(try integers("HEXPIREAT", "h", "1", "FIELDS", "1", "b") == [2])
    #expect(try harness.run("HGETALL", "h") == .array([.bulk("a"), .bulk("1")]))
    #expect(try integers("HPEXPIREAT", "h", "4000000000123", "FIELDS", "1", "a") == [1])
    #expect(try integers("HPEXPIRETIME", "h", "FIELDS", "1", "a") == [4_000_000_000_123])
    #expect(try integers("HEXPIRETIME", "h", "FIELDS", "1", "a") == [4_000_000_001])
    try harness.run("HSET", "h", "a", "new")
    #expect(try integers("HTTL", "h", "FIELDS", "1", "a") == [-1])
  }

  /// Few living fields among many that have expired and are not deleted: all of them are drawn alike.
  @Test func livingFieldsAreDrawnAmongManyThatHaveExpired() throws {
    try harness.run(["HSET", "h"] + (0..<5000).flatMap { ["f\($0)", "v\($0)"] })
    let mortal = (0..<5000).filter { $0 % 1000 != 7 }.map { "f\($0)" }
    try harness.run(["HPEXPIRE", "h", "1", "FIELDS", "\(mortal.count)"] + mortal)
    harness.clock.advance(milliseconds: 2)
    var counts: [String: Int] = [:]
    for field in try harness.run("HRANDFIELD", "h", "-2000").elements { counts[field.text ?? "", default: 0] += 1 }
    #expect(Set(counts.keys) == ["f7", "f1007", "f2007", "f3007", "f4007"])
    #expect(counts.values.allSatisfy { $0 > 250 }, "\(counts)")
    #expect(try harness.run("HRANDFIELD", "h", "10").elements.count == 5)
    for _ in 0..<20 { #expect(counts[try harness.run("HRANDFIELD", "h").text ?? ""] != nil) }
    try harness.run("HDEL", "h", "f7", "f1007", "f2007", "f3007", "f4007")
    #expect(try harness.run("HRANDFIELD", "h") == .null)
    #expect(try harness.run("HRANDFIELD", "h", "-3") == .array([]))
  }

  @Test func withValues() throws {
    #expect(try harness.run("HSETEX", "h", "EX", "100", "FIELDS", "2", "a", "1", "b", "2") == .integer(1))
    #expect(try integers("HTTL", "h", "FIELDS", "2", "a", "b") == [100, 100])
    #expect(try harness.run("HSETEX", "h", "FNX", "FIELDS", "2", "a", "9", "c", "9") == .integer(0))
    #expect(try harness.run("HSETEX", "h", "FXX", "KEEPTTL", "FIELDS", "1", "a", "3") == .integer(1))
    #expect(try integers("HTTL", "h", "FIELDS", "1", "a") == [100])
    #expect(try harness.run("HGETEX", "h", "PERSIST", "FIELDS", "2", "a", "x") == .array([.bulk("3"), .null]))
    #expect(try integers("HTTL", "h", "FIELDS", "2", "a", "b") == [-1, 100])
    #expect(try harness.run("HGETEX", "h", "PX", "500", "FIELDS", "1", "a") == .array([.bulk("3")]))
    #expect(try integers("HPTTL", "h", "FIELDS", "1", "a") == [500])
    #expect(try harness.run("HGETDEL", "h", "FIELDS", "3", "a", "b", "x") == .array([.bulk("3"), .bulk("2"), .null]))
    #expect(try harness.run("EXISTS", "h") == .integer(0))
  }

  @Test(arguments: [
    ("HEXPIRE h 1 FIELDS 0 a", "ERR Parameter `numFields` should be greater than 0"),
    ("HEXPIRE h 1 FIELDS x a", "ERR Parameter `numFields` should be greater than 0"),
    ("HEXPIRE h 1 FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"),
    ("HEXPIRE h 1 FIELDS 9223372036854775807 a", "ERR The `numfields` parameter must match the number of arguments"),
    ("HEXPIRE h x FIELDS 1 a", "ERR value is not an integer or out of range"),
    ("HEXPIRE h -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0"),
    ("HEXPIRE h 9223372036854775807 FIELDS 1 a", "ERR invalid expire time in 'hexpire' command"),
    ("HPEXPIREAT h 70368744177664 FIELDS 1 a", "ERR invalid expire time in 'hpexpireat' command"),
    ("HEXPIRE h 1 NX XX FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"),
    ("HEXPIRE h 1 2 FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"),
    ("HEXPIRE s x FIELDS 1 a", "WRONGTYPE Operation against a key holding the wrong kind of value"),
    ("HEXPIRE h 1 FIELDS 1", "ERR wrong number of arguments for 'hexpire' command"),
    ("HTTL h FOO 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"),
    ("HTTL h FIELDS 0 a", "ERR Number of fields must be a positive integer"),
    ("HPERSIST h FIELDS 2 a b c", "ERR The `numfields` parameter must match the number of arguments"),
    ("HGETDEL h FIELDS -1 a", "ERR Number of fields must be a positive integer"),
    ("HGETEX h EX 1 PERSIST FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"),
    ("HGETEX h EX 1 FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"),
    ("HGETEX s EX x FIELDS 1 a", "WRONGTYPE Operation against a key holding the wrong kind of value"),
    ("HSETEX h FNX FXX FIELDS 1 a b", "ERR Only one of FXX or FNX arguments can be specified"),
    ("HSETEX h EX 1 KEEPTTL FIELDS 1 a b", "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"),
    ("HSETEX h FIELDS 1 a b c", "ERR wrong number of arguments for 'hsetex' command"),
    ("HSETEX h FIELDS 2 a b", "ERR wrong number of arguments for 'hsetex' command"),
    ("HSETEX h FIELDS 0 a b", "ERR invalid number of fields"),
    ("HSETEX h WHAT FIELDS 1 a b", "ERR unknown argument: WHAT"),
    ("HSETEX h FNX a b FIELDS EX", "ERR unknown argument: a"),
    ("HSETEX h FNX FNX FNX FNX EX", "ERR Only one of FXX or FNX arguments can be specified"),
    ("HSETEX h FNX KEEPTTL FIELDS 1", "ERR wrong number of arguments for 'hsetex' command"),
  ])
  func badArguments(_ command: String, _ error: String) throws {
    try harness.run("SET", "s", "1")
    #expect(try harness.run(command.split(separator: " ").map(String.init)) == .error(error))
    #expect(try harness.run("DBSIZE") == .integer(1))
  }

  /// What has expired is not there, whether it has been deleted yet or not; the number of fields alone counts it.
  @Test(arguments: [3, 1000]) func expiredFieldsAreNotThere(count: Int) throws {
    let names = (0..<count).map { "f\($0)" }
    try harness.run(["HSET", "h"] + names.flatMap { [$0, "1"] })
    _ = try harness.run(["HPEXPIRE", "h", "5", "FIELDS", "\(count - 1)"] + names.dropFirst())
    _ = try harness.run("HPEXPIRE", "h", "9000", "FIELDS", "1", "f0")
    harness.clock.advance(milliseconds: 6)
    let only = Reply.array([.bulk("f0"), .bulk("1")])
    #expect(try harness.run("HGETALL", "h") == only)
    #expect(try harness.run("HKEYS", "h") == .array([.bulk("f0")]))
    #expect(try harness.run("HVALS", "h") == .array([.bulk("1")]))
    #expect(try harness.run("HSCAN", "h", "0", "COUNT", "10000") == .array([.bulk("0"), only]))
    #expect(try harness.run("HMGET", "h", "f0", "f1") == .array([.bulk("1"), .null]))
    #expect(try harness.run("HSTRLEN", "h", "f1") == .integer(0))
    #expect(try harness.run("HEXISTS", "h", "f1") == .integer(0))
    #expect(try harness.run("HRANDFIELD", "h") == .bulk("f0"))
    #expect(try harness.run("HRANDFIELD", "h", "5") == .array([.bulk("f0")]))
    #expect(try harness.run("HRANDFIELD", "h", "-2") == .array([.bulk("f0"), .bulk("f0")]))
    #expect(try harness.run("HLEN", "h") == .integer(count))
    #expect(try integers("HEXPIRE", "h", "9", "FIELDS", "1", "f1") == [-2])
    #expect(try integers("HPERSIST", "h", "FIELDS", "1", "f1") == [-2])
    #expect(try harness.run("HGETEX", "h", "FIELDS", "1", "f1") == .array([.null]))
    #expect(try harness.run("HGETDEL", "h", "FIELDS", "1", "f1") == .array([.null]))
    #expect(try harness.run("HSETEX", "h", "FXX", "FIELDS", "1", "f1", "2") == .integer(0))
    #expect(try harness.run("HDEL", "h", "f1") == .integer(0))
    #expect(try harness.run("HSET", "h", "f2", "2") == .integer(1))
    #expect(try integers("HTTL", "h", "FIELDS", "1", "f2") == [-1])
  }

  @Test(arguments: ["HSETNX", "HINCRBY", "HINCRBYFLOAT", "HSETEX"]) func expiredFieldsBeginAnew(command: String) throws
  {
    try harness.run("HSET", "h", "a", "5", "b", "x")
    _ = try integers("HPEXPIRE", "h", "5", "FIELDS", "1", "a")
    harness.clock.advance(milliseconds: 6)
    try harness.run(
      command == "HSETEX" ? ["HSETEX", "h", "FNX", "KEEPTTL", "FIELDS", "1", "a", "1"] : [command, "h", "a", "1"])
    #expect(try harness.run("HGET", "h", "a") == .bulk("1"))
    #expect(try integers("HTTL", "h", "FIELDS", "1", "a") == [-1])
  }

  @Test func countingKeepsAndStoringTakesTheTimeToLive() throws {
    try harness.run("HSETEX", "h", "EX", "100", "FIELDS", "3", "a", "1", "b", "1", "c", "1")
    try harness.run("HINCRBY", "h", "a", "1")
    try harness.run("HINCRBYFLOAT", "h", "b", "1")
    try harness.run("HSETEX", "h", "FIELDS", "1", "c", "2")
    #expect(try integers("HTTL", "h", "FIELDS", "3", "a", "b", "c") == [100, 100, -1])
  }

  @Test func copiesKeepTimesToLive() throws {
    try harness.run("HSETEX", "h", "PXAT", "4000000000123", "FIELDS", "1", "a", "1")
    try harness.run("HSET", "h", "b", "2")
    try harness.run("COPY", "h", "copy")
    try harness.run("RENAME", "h", "renamed")
    for key in ["copy", "renamed"] {
      #expect(try integers("HPEXPIRETIME", key, "FIELDS", "2", "a", "b") == [4_000_000_000_123, -1])
    }
  }

  @Test func timesInThePastDelete() throws {
    for command in ["HEXPIRE h 0", "HPEXPIRE h 0", "HEXPIREAT h 1", "HPEXPIREAT h 1"] {
      try harness.run("HSET", "h", "a", "1")
      let words = command.split(separator: " ").map(String.init) + ["FIELDS", "2", "a", "a"]
      #expect(try harness.run(words) == .array([.integer(2), .integer(-2)]))
      #expect(try harness.run("EXISTS", "h") == .integer(0))
    }
    #expect(try harness.run("HSETEX", "h", "EXAT", "1", "FIELDS", "1", "a", "1") == .integer(1))
    try harness.run("HSET", "h", "a", "1")
    #expect(try harness.run("HGETEX", "h", "PX", "0", "FIELDS", "1", "a") == .array([.bulk("1")]))
    #expect(try harness.run("DBSIZE") == .integer(0))
  }

  /// One call of the cron looks at so many fields and no more; in the end all are deleted, and counted.
  @Test func activeExpiryGoesInPortions() throws {
    let count = 3 * FieldExpiry.fieldPortion
    for start in stride(from: 0, to: count, by: 1000) {
      let fields = (start..<start + 1000).map { "f\($0)" }
      try harness.run(["HSETEX", "h", "PX", "5", "FIELDS", "1000"] + fields.flatMap { [$0, "v"] })
      try harness.run(["HSETEX", "later", "EX", "500", "FIELDS", "1000"] + fields.flatMap { [$0, "v"] })
    }
    harness.clock.advance(milliseconds: 6)
    var (former, calls) = (count, 0)
    while former > 0, calls < 50 {
      harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
      calls += 1
      guard case .integer(let left) = try harness.run("HLEN", "h") else { return }
      #expect(former - left <= FieldExpiry.fieldPortion + 500)
      former = left
    }
    #expect(former == 0 && calls >= 3)
    #expect(try harness.run("EXISTS", "h") == .integer(0))
    #expect(try harness.run("HLEN", "later") == .integer(count))
    #expect(try harness.run("INFO", "stats").text?.contains("expired_subkeys:\(count)\r\n") == true)
    #expect(harness.engine.keyspace.live.invariantViolations().isEmpty)
  }

  /// It is for the primary to say what has expired: its commands find the fields that are over by the replica's clock.
  @Test func aReplicaLeavesExpiryToItsPrimary() throws {
    let primary = harness.open()
    primary.isPrimary = true
    harness.engine.isReplica = true
    harness.engine.keyspace.leavesExpiryToPrimary = true
    func replicate(_ words: String...) { _ = harness.raw(words, from: primary) }
    let past = "\(harness.clock.milliseconds - 1000)"
    replicate("HSET", "h", "a", "5", "b", "x", "c", "y")
    replicate("HPEXPIREAT", "h", past, "FIELDS", "2", "a", "b")
    replicate("HSETEX", "h", "PXAT", past, "FIELDS", "1", "d", "z")
    #expect(try harness.run("HGETALL", "h") == .array([.bulk("c"), .bulk("y")]))
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try harness.run("HLEN", "h") == .integer(4))
    replicate("HINCRBY", "h", "a", "1")
    replicate("HSETNX", "h", "b", "not stored")
    replicate("HPERSIST", "h", "FIELDS", "3", "a", "b", "d")
    #expect(try harness.run("HMGET", "h", "a", "b", "d") == .array([.bulk("6"), .bulk("x"), .bulk("z")]))
  }

  /// A version is read as it was: a field is there that had not expired then.
  @Test func versionsHaveTheirOwnTime() throws {
    try harness.run("HSET", "h", "a", "1", "b", "2")
    _ = try integers("HPEXPIRE", "h", "100", "FIELDS", "1", "a")
    guard case .integer(let version) = try harness.run("VERSION", "CREATE") else {
      Issue.record("no version")
      return
    }
    harness.clock.advance(milliseconds: 200)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try harness.run("HGET", "h", "a") == .null)
    #expect(try harness.run("HLEN", "h") == .integer(1))
    #expect(try harness.run("VERSION", "READ", "\(version)", "HGET", "h", "a") == .bulk("1"))
  }

  private func cron() { harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000) }

  /// Many hashes; returns the names of the first and the last that the walk comes to.
  private func fill() throws -> (first: String, last: String) {
    for number in 0..<3 * FieldExpiry.portion { try harness.run("HSET", "k\(number)", "a", "1", "b", "2") }
    var names: [String] = []
    harness.engine.keyspace.live.head.forEach(0) { entry in
      names.append(String(decoding: entry.key, as: UTF8.self))
      return true
    }
    return (try #require(names.first), try #require(names.last))
  }

  /// A round of the walk that has come past a hash before a field of it was given a time to live is not the last one.
  @Test func aHashBehindTheWalk() throws {
    let (first, _) = try fill()
    // The walk begins, and finds nothing.
    _ = try integers("HPEXPIRE", first, "5", "FIELDS", "1", "a")
    _ = try integers("HPERSIST", first, "FIELDS", "1", "a")
    cron()
    _ = try integers("HPEXPIRE", first, "5", "FIELDS", "1", "a")
    harness.clock.advance(milliseconds: 6)
    for _ in 0..<20 { cron() }
    #expect(try harness.run("HLEN", first) == .integer(1))
  }

  /// Nor is one before which a hash with such fields has taken another name, whenever that was.
  @Test(arguments: 0..<12) func aHashThatHasMoved(turns: Int) throws {
    let (first, last) = try fill()
    try harness.run("DEL", first)
    _ = try integers("HPEXPIRE", last, "5", "FIELDS", "1", "a")
    for _ in 0..<turns { cron() }
    #expect(try harness.run("RENAME", last, first) == .simple("OK"))
    harness.clock.advance(milliseconds: 6)
    for _ in 0..<20 { cron() }
    #expect(try harness.run("HLEN", first) == .integer(1))
  }
}
