import Engine
import RESP
import TestSupport
import Testing

@Suite struct SortedSetCommandsTests {
  private static let script = [
    "ZADD z 1 a 2 b 3 c", "ZADD z 1 a 2.5 b", "ZADD z CH 4 b 5 d", "OBJECT ENCODING z", "TYPE z", "ZCARD z",
    "ZSCORE z b", "ZSCORE z none", "ZSCORE none a", "ZMSCORE z a x c", "ZMSCORE none a", "ZADD z NX 9 a 9 e",
    "ZADD z XX 7 a 7 f", "ZADD z GT 1 a 8 b", "ZADD z LT 1 a 80 b", "ZADD z INCR 5 a", "ZADD z NX INCR 5 a",
    "ZADD z XX INCR 5 q", "ZADD z GT INCR -5 a", "ZADD z GT NX 1 a", "ZADD z NX XX 1 a", "ZADD z GT LT 1 a",
    "ZADD z INCR 1 a 2 b", "ZADD z 1", "ZADD z 1 a 2", "ZADD z x a", "ZADD z nan a", "ZADD z inf i -inf j +inf k",
    "ZADD z 1e400 a", "ZADD none XX 1 a", "EXISTS none", "ZINCRBY z -inf i", "ZINCRBY z 1.5 c", "ZINCRBY z x c",
    "ZINCRBY z incr c", "ZINCRBY z NX c", "ZINCRBY z ch c",
    "ZINCRBY z inf c", "ZINCRBY z -inf c", "ZADD z -0 zero", "ZSCORE z zero", "ZADD z 0 zero", "ZSCORE z zero",
    "ZADD z 0.1 frac 3e20 big 1e-9 tiny 123456789012345678 long -1.5 minus", "ZRANGE z 0 -1 WITHSCORES", "ZRANK z a",
    "ZREVRANK z a",
    "ZRANK z none", "ZRANK none a", "ZRANGE z 0 -1", "ZRANGE z 1 2 REV WITHSCORES", "ZRANGE z -3 -1", "ZRANGE z 5 1",
    "ZRANGE z -100 100", "ZRANGE z x 1", "ZRANGE z 0 -1 LIMIT 0 1", "ZRANGE z 0 -1 LIMIT 0 -1", "ZRANGE z 0 -1 FOO",
    "ZRANGE z -inf +inf BYSCORE WITHSCORES", "ZRANGE z (1 (8 BYSCORE LIMIT 1 2", "ZRANGE z 8 1 BYSCORE REV",
    "ZRANGE z 1 8 BYSCORE REV", "ZRANGE z a b BYSCORE", "ZRANGE z ( 1 BYSCORE", "ZRANGE z 1 2 BYSCORE BYLEX",
    "ZRANGE z - + BYLEX WITHSCORES", "ZRANGE z a + BYLEX", "ZREVRANGE z 0 2", "ZREVRANGE z 0 2 WITHSCORES",
    "ZREVRANGE z 0 2 LIMIT 0 1", "ZRANGEBYSCORE z 1 5", "ZRANGEBYSCORE z 1 5 WITHSCORES LIMIT 1 1",
    "ZRANGEBYSCORE z 1 5 LIMIT -1 1", "ZRANGEBYSCORE z 1 5 LIMIT 1 -5", "ZRANGEBYSCORE z 1 5 LIMIT x 1",
    "ZRANGEBYSCORE z 1 5 LIMIT 1", "ZREVRANGEBYSCORE z 5 1 WITHSCORES LIMIT 0 2", "ZREVRANGEBYSCORE z 1 5",
    "ZCOUNT z -inf inf", "ZCOUNT z (1 4", "ZCOUNT z x 4", "ZCOUNT none 1 2", "ZREM z i j k none", "ZREM none a",
    "ZADD l 0 alpha 0 bar 0 cool 0 down 0 elephant 0 foo", "ZRANGEBYLEX l - +", "ZRANGEBYLEX l [bar [down",
    "ZRANGEBYLEX l (bar (down", "ZRANGEBYLEX l + -", "ZREVRANGEBYLEX l [d [b LIMIT 0 1", "ZRANGEBYLEX l bar +",
    "ZLEXCOUNT l [b (e", "ZLEXCOUNT l - +", "ZLEXCOUNT l + -", "ZLEXCOUNT l x y", "ZLEXCOUNT none - +",
    "ZREMRANGEBYLEX l [b (d", "ZRANGE l 0 -1", "ZREMRANGEBYSCORE z 1 2", "ZREMRANGEBYSCORE z a b",
    "ZREMRANGEBYRANK z 0 1", "ZREMRANGEBYRANK z -1 -1", "ZREMRANGEBYRANK z x 1", "ZREMRANGEBYRANK none 0 1",
    "ZRANGE z 0 -1 WITHSCORES", "ZRANGESTORE t z 0 2", "ZRANGE t 0 -1 WITHSCORES", "ZRANGESTORE t z 90 99",
    "EXISTS t", "ZRANGESTORE t z 0 1 WITHSCORES", "ZRANGESTORE t z (1 inf BYSCORE LIMIT 0 2", "ZRANGE t 0 -1",
    "ZRANGESTORE t z 0 -1 REV", "ZCARD t", "SET str x", "ZADD str 1 a", "ZRANGE str 0 1", "ZCARD str", "ZUNION 2 z str",
    "ZADD a 1 x 2 y 3 w", "ZADD b 10 x 20 y 40 v", "SADD s x q", "ZINTER 2 a b", "ZINTER 2 a b WITHSCORES",
    "ZINTER 3 a b s WITHSCORES", "ZINTER 2 a none", "ZUNION 2 a b WITHSCORES", "ZUNION 2 a s WITHSCORES WEIGHTS 2 3",
    "ZUNION 2 a b WEIGHTS 1 -1 AGGREGATE MIN WITHSCORES", "ZUNION 2 a b AGGREGATE MAX WITHSCORES",
    "ZUNION 2 a b AGGREGATE FOO", "ZUNION 2 a b WEIGHTS 1", "ZUNION 2 a b WEIGHTS 1 x", "ZUNION 0 a", "ZUNION x a",
    "ZUNION 3 a b", "ZDIFF 2 a b WITHSCORES", "ZDIFF 2 a b WEIGHTS 1 2", "ZDIFF 1 a", "ZDIFF 2 none a",
    "ZINTERSTORE d 2 a b", "ZRANGE d 0 -1 WITHSCORES", "ZUNIONSTORE d 2 a b WEIGHTS inf 0", "ZRANGE d 0 -1 WITHSCORES",
    "ZDIFFSTORE d 2 a b", "ZRANGE d 0 -1 WITHSCORES", "ZINTERSTORE d 2 a none", "EXISTS d",
    "ZUNIONSTORE a 2 a b WITHSCORES",
    "ZUNIONSTORE a 2 a b", "ZINTERCARD 2 a b", "ZINTERCARD 2 a b LIMIT 1", "ZINTERCARD 2 a b LIMIT -1",
    "ZINTERCARD 2 a b LIMIT", "ZINTERCARD 0 a", "ZPOPMIN a", "ZPOPMAX a", "ZPOPMIN a 2", "ZPOPMIN a 0", "ZPOPMIN a -1",
    "ZPOPMIN a x", "ZPOPMIN a 1 2", "ZPOPMIN none", "ZPOPMAX b 100", "EXISTS b", "ZMPOP 2 none z MIN",
    "ZMPOP 2 none z MAX COUNT 2", "ZMPOP 1 none MIN", "ZMPOP 0 z MIN", "ZMPOP 1 z FOO", "ZMPOP 1 z MIN COUNT 0",
    "ZMPOP 1 z MIN COUNT x", "ZMPOP 1 z MIN COUNT 1 x", "ZMPOP 3 z MIN", "ZRANDMEMBER none", "ZRANDMEMBER none 3",
    "ZADD one 5 m", "ZRANDMEMBER one", "ZRANDMEMBER one 4 WITHSCORES", "ZRANDMEMBER one -3 WITHSCORES",
    "ZRANDMEMBER one 0", "ZRANDMEMBER one x", "ZRANDMEMBER one 1 FOO", "ZRANDMEMBER one 1 WITHSCORES X",
    "ZRANDMEMBER one -9223372036854775808", "ZRANDMEMBER one 9223372036854775807 WITHSCORES", "ZSCAN one 0",
    "ZSCAN one x", "ZSCAN none 0", "ZSCAN z 0 MATCH b*", "COPY z zz", "ZRANGE zz 0 -1 WITHSCORES", "RENAME zz zy",
    "EXPIRE zy 100", "ZADD zy 1 new", "TTL zy", "OBJECT ENCODING zy",
  ]

  @Test func repliesEqualThoseOfRedis() throws { try Transcript().isSame(Self.script) }

  /// A weight of infinity and a score of 0 make no number; only for the first set of an intersection that is 0.
  @Test func weightsThatMakeNoNumber() throws {
    try Transcript().isSame([
      "ZADD a 0 m 1 n", "ZADD b 2 m 3 n 4 o", "ZINTER 2 a b WEIGHTS -inf 74 WITHSCORES",
      "ZINTER 2 b a WEIGHTS 74 inf WITHSCORES", "ZINTER 2 b a WEIGHTS 1 inf AGGREGATE MAX WITHSCORES",
      "ZINTER 2 b a WEIGHTS 1 inf AGGREGATE MIN WITHSCORES", "ZUNION 2 a b WEIGHTS -inf 74 WITHSCORES",
      "ZUNION 2 a b WEIGHTS inf -inf WITHSCORES", "ZUNION 2 b a WEIGHTS -inf inf AGGREGATE MAX WITHSCORES",
      "ZMPOP 1 a MIN COUNT 0 x", "ZMPOP 1 a MIN COUNT 1 x", "ZDIFF 2 b a WITHSCORES", "ZINTERCARD 2 a b",
    ])
  }

  /// The one reply in which a score has the form in which it is packed.
  @Test func scanShowsPackedScores() throws {
    let long = String(repeating: "x", count: 70)
    try Transcript().isSame([
      "ZADD small 144115188075856000 a 0.1 b 1e300 c inf d -0 e 4611686018427387904 f 9.3e18 g 3 h", "ZSCAN small 0",
      "ZADD large 144115188075856000 a 0.1 b 1e300 c 1 \(long)", "OBJECT ENCODING large", "ZSCAN large 0 MATCH a",
    ])
  }

  @Test func randomCommandsAnswerAsRedis() throws {
    try TypeDifferential().run { generator in Self.command(&generator) }
  }

  private static func command(_ generator: inout SeededGenerator) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var key: String { "zset:\(number(4))" }
    var score: String {
      switch number(12) {
      case 0: ["inf", "-inf", "1e300", "-0"][number(4)]
      case 1..<4: "\(number(9)).\(number(100))"
      default: "\(number(12) - 3)"
      }
    }
    var member: String {
      switch number(20) {
      case 0: String(repeating: "m", count: 14 + number(10))
      case 1..<6: "\(number(50) - 5)"
      default: "m\(number(40))"
      }
    }
    var pairs: [String] { (0..<1 + number(5)).flatMap { _ in [score, member] } }
    var bound: String { (number(3) == 0 ? "(" : "") + score }
    var rank: String { "\(number(20) - 8)" }
    var limit: [String] { number(2) == 0 ? [] : ["LIMIT", "\(number(6) - 1)", "\(number(6) - 1)"] }
    var scores: [String] { number(2) == 0 ? [] : ["WITHSCORES"] }
    switch number(30) {
    case 0..<7: return ["ZADD", key] + pairs
    case 7: return ["ZADD", key, ["NX", "XX", "GT", "LT", "CH"][number(5)]] + pairs
    case 8: return ["ZINCRBY", key, "\(number(9) - 4)", member]
    case 9..<11: return ["ZREM", key, member, member, member]
    case 11: return ["ZRANGE", key, rank, rank] + scores
    case 12: return ["ZREVRANGE", key, rank, rank] + scores
    case 13: return ["ZRANGEBYSCORE", key, bound, bound] + scores + limit
    case 14: return ["ZREVRANGEBYSCORE", key, bound, bound] + limit
    case 15: return ["ZCOUNT", key, bound, bound]
    case 16: return [["ZRANK", "ZREVRANK", "ZSCORE"][number(3)], key, member]
    case 17: return ["ZMSCORE", key, member, member]
    case 18: return number(3) == 0 ? ["ZREMRANGEBYRANK", key, rank, rank] : ["ZCARD", key]
    case 19: return number(3) == 0 ? ["ZREMRANGEBYSCORE", key, bound, bound] : ["OBJECT", "ENCODING", key]
    case 20: return [["ZPOPMIN", "ZPOPMAX"][number(2)], key, "\(number(4))"]
    case 21: return ["ZMPOP", "2", key, key, ["MIN", "MAX"][number(2)], "COUNT", "\(number(3) + 1)"]
    case 22: return [["ZUNION", "ZINTER", "ZDIFF"][number(3)], "2", key, key] + scores
    case 23: return [["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"][number(3)], key, "2", key, key]
    case 24:
      return ["ZUNIONSTORE", key, "2", key, key, "WEIGHTS", "2", "-1", "AGGREGATE", ["SUM", "MIN", "MAX"][number(3)]]
    case 25: return ["ZRANGESTORE", key, key, bound, bound, "BYSCORE"] + limit
    case 26: return ["ZINTERCARD", "2", key, key, "LIMIT", "\(number(5))"]
    case 27: return [["RENAME", "COPY"][number(2)], key, key]
    case 28: return ["ZRANGE", key, "-inf", "+inf", "BYSCORE", "WITHSCORES"]
    default: return number(6) == 0 ? ["DEL", key] : ["ZCARD", key]
    }
  }

  /// Members with equal scores, many leaves: ranges by member.
  @Test func rangesByMemberOfManyLeaves() throws {
    let harness = EngineHarness()
    let words = (0..<2000).map { String(1000 + $0 * 3) }
    for word in words.shuffled() { try harness.run("ZADD", "l", "0", "w\(word)") }
    let sorted = words.map { "w\($0)" }.sorted()
    #expect(try harness.run("ZRANGEBYLEX", "l", "-", "+") == .array(sorted.map { .bulk($0) }))
    var generator = SeededGenerator()
    for _ in 0..<200 {
      let (a, b) = (
        "w\(Int.random(in: 900...7100, using: &generator))", "w\(Int.random(in: 900...7100, using: &generator))"
      )
      let expected = sorted.filter { $0 >= a && $0 < b }
      #expect(
        try harness.run("ZRANGEBYLEX", "l", "[\(a)", "(\(b)") == .array(expected.map { .bulk($0) }), "\(generator)")
      #expect(try harness.run("ZLEXCOUNT", "l", "[\(a)", "(\(b)") == .integer(expected.count), "\(generator)")
    }
  }

  @Test(arguments: [5, 3000])
  func versionsKeepTheirMembers(count: Int) throws {
    let harness = EngineHarness()
    for member in 0..<count { try harness.run("ZADD", "z", "\(member % 97)", "m\(member)") }
    let before = try harness.run("ZRANGE", "z", "0", "-1", "WITHSCORES")
    guard case .integer(let version) = try harness.run("VERSION", "CREATE") else {
      Issue.record("no version")
      return
    }
    try harness.run("ZADD", "z", "1000", "m1")
    try harness.run("ZREMRANGEBYSCORE", "z", "0", "40")
    #expect(try harness.run("VERSION", "READ", "\(version)", "ZRANGE", "z", "0", "-1", "WITHSCORES") == before)
    #expect(try harness.run("ZSCORE", "z", "m1") == .bulk("1000"))
    try harness.run("VERSION", "ROLLBACK", "\(version)")
    #expect(try harness.run("ZRANGE", "z", "0", "-1", "WITHSCORES") == before)
  }
}
