import Engine
import RESP
import TestSupport
import Testing

@Suite struct SetCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "SADD s 3 1 2 2", "OBJECT ENCODING s", "SMEMBERS s", "SCARD s", "SISMEMBER s 1", "SISMEMBER s x",
      "SMISMEMBER s 1 x 3", "SMISMEMBER none 1", "SADD s 70000", "SADD s 9223372036854775807", "SMEMBERS s",
      "SREM s 1 9", "SMEMBERS s", "SADD s x", "OBJECT ENCODING s", "SREM s x", "OBJECT ENCODING s", "TYPE s",
      "SET str 1", "SADD str 1", "SREM str 1", "SCARD str", "SMEMBERS str", "SISMEMBER str 1", "SPOP str",
      "SSCAN str 0",
      "SRANDMEMBER str", "SINTER s str", "SINTER none str", "SUNION none str", "SDIFF none str", "SINTERSTORE d none s",
      "SMOVE str s 1", "SMOVE s str 2", "SMOVE none str 1", "SMOVE s s 2", "SMOVE s s 99", "SMOVE s t 2", "SMEMBERS t",
      "SPOP s -1", "SPOP s 0", "SPOP s x", "SPOP s 1 2", "SPOP none 3", "SPOP none", "SPOP t", "EXISTS t",
      "SRANDMEMBER s x", "SRANDMEMBER s 1 2", "SRANDMEMBER none 2", "SRANDMEMBER none", "SRANDMEMBER s 0",
      "SRANDMEMBER s -9223372036854775808", "SINTERCARD 0 a", "SINTERCARD x a", "SINTERCARD 2 a",
      "SINTERCARD 1 s LIMIT -1", "SINTERCARD 1 s LIMIT x", "SINTERCARD 1 s FOO", "SINTERCARD 1 s LIMIT 2",
      "SINTERCARD 1 s LIMIT", "SINTERCARD 2 s none", "SADD i 1 2 3", "SADD j 2 3 4", "SINTER i j", "SDIFF i j",
      "SINTERSTORE k i j", "SMEMBERS k", "SDIFFSTORE k i j", "SMEMBERS k", "SUNIONSTORE k i j", "SCARD k",
      "SINTERSTORE str i none", "EXISTS str", "SINTERSTORE i i j", "SMEMBERS i", "SSCAN i x", "SSCAN i 0 COUNT 0",
      "SSCAN none 0", "SSCAN i 0 MATCH 2", "EXPIRE i 100", "SADD i x", "TTL i", "SREM i 2 3 4 x",
      "EXISTS i",
    ])
  }

  @Test func randomCommandsAnswerAsRedis() throws {
    let unordered: Set = ["SMEMBERS", "SINTER", "SUNION", "SDIFF"]
    try TypeDifferential(unordered: unordered).run { generator in Self.command(&generator) }
  }

  private static func command(_ generator: inout SeededGenerator) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var key: String { "set:\(number(4))" }
    var member: String {
      switch number(20) {
      case 0: String(repeating: "m", count: 60 + number(10))
      case 1..<4: "x\(number(20))"
      case 4: "\((1 << (number(50) + 10)) + number(2))"
      default: "\(number(24) - 4)"
      }
    }
    var members: [String] { (0..<1 + number(4)).map { _ in member } }
    switch number(20) {
    case 0..<6: return ["SADD", key] + members
    case 6..<9: return ["SREM", key] + members
    case 9: return ["SMEMBERS", key]
    case 10: return [["SCARD", "TYPE", "EXISTS"][number(3)], key]
    case 11: return ["OBJECT", "ENCODING", key]
    case 12: return ["SISMEMBER", key, member]
    case 13: return ["SMISMEMBER", key] + members
    case 14: return ["SMOVE", key, key, member]
    case 15: return [["SINTER", "SUNION", "SDIFF"][number(3)], key, key, key]
    case 16: return [["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"][number(3)], key, key, key]
    case 17: return ["SINTERCARD", "2", key, key, "LIMIT", "\(number(5))"]
    case 18: return [["RENAME", "COPY"][number(2)], key, key]
    default: return number(6) == 0 ? ["DEL", key] : ["SCARD", key]
    }
  }

  /// What is drawn is a member, and what SPOP draws is one no longer; draws are spread over all.
  @Test(arguments: [10, 100, 3000])
  func draws(count: Int) throws {
    let harness = EngineHarness()
    let words = (0..<count).map { "member:\($0)" }
    try harness.run(["SADD", "s"] + words)
    guard case .array(let drawn) = try harness.run("SRANDMEMBER", "s", "-\(count * 10)") else {
      Issue.record("no array")
      return
    }
    #expect(Set(drawn.compactMap(\.text)).isSubset(of: words))
    #expect(Set(drawn.compactMap(\.text)).count > count * 9 / 10)
    var left = Set(words)
    for _ in 0..<count {
      let member = try harness.run("SPOP", "s").text ?? ""
      #expect(left.remove(member) != nil)
    }
    #expect(left.isEmpty)
    #expect(try harness.run("EXISTS", "s") == .integer(0))
  }

  @Test(arguments: [5, 1000])
  func versionsKeepTheirMembers(count: Int) throws {
    let harness = EngineHarness()
    for prefix in ["", "m"] {
      try harness.run("FLUSHALL")
      try harness.run(["SADD", "s"] + (0..<count).map { "\(prefix)\($0)" })
      guard case .integer(let version) = try harness.run("VERSION", "CREATE") else {
        Issue.record("no version")
        return
      }
      try harness.run("SADD", "s", "another")
      try harness.run("SREM", "s", "\(prefix)2")
      #expect(try harness.run("VERSION", "READ", "\(version)", "SCARD", "s") == .integer(count))
      #expect(try harness.run("VERSION", "READ", "\(version)", "SISMEMBER", "s", "\(prefix)2") == .integer(1))
      try harness.run("VERSION", "ROLLBACK", "\(version)")
      #expect(try harness.run("SISMEMBER", "s", "another") == .integer(0))
    }
  }
}
