import Engine
import RESP
import TestSupport
import Testing

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

  @Test func badArguments() throws {
    try harness.run("SET", "s", "1")
    for words in [
      ["HEXPIRE", "h", "1", "FIELDS", "0", "a"], ["HEXPIRE", "h", "1", "FIELDS", "2", "a"],
      ["HEXPIRE", "h", "x", "FIELDS", "1", "a"], ["HEXPIRE", "h", "-1", "FIELDS", "1", "a"],
      ["HEXPIRE", "h", "9223372036854775807", "FIELDS", "1", "a"], ["HEXPIRE", "s", "1", "FIELDS", "1", "a"],
      ["HTTL", "h", "FOO", "1", "a"], ["HGETEX", "h", "EX", "1", "PERSIST", "FIELDS", "1", "a"],
      ["HSETEX", "h", "FNX", "FXX", "FIELDS", "1", "a", "b"], ["HSETEX", "h", "FIELDS", "1", "a", "b", "c"],
    ] {
      guard case .error = try harness.run(words) else {
        Issue.record("\(words) was taken")
        continue
      }
    }
    #expect(try harness.run("DBSIZE") == .integer(1))
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
}
