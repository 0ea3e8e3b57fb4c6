import Engine
import RESP
import TestSupport
import Testing

@Suite struct ListCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "RPUSH l a b c", "LPUSH l z 1 2", "LRANGE l 0 -1", "LRANGE l 1 2", "LRANGE l -2 -1", "LRANGE l 5 2",
      "LRANGE l -99 99",
      "LRANGE l x 1", "LRANGE l 99 100", "LRANGE none 0 1", "LLEN l", "LLEN none", "LINDEX l 0", "LINDEX l -1",
      "LINDEX l 99",
      "LINDEX l -99", "LINDEX l x", "LINDEX none x", "LINDEX l -9223372036854775808", "LSET l 0 q", "LSET l -1 r",
      "LSET l 99 x", "LSET l x x", "LSET none 0 x", "LRANGE l 0 -1", "OBJECT ENCODING l", "TYPE l", "LPOP l", "RPOP l",
      "LPOP l 0", "LPOP l 2", "RPOP l 99", "LPOP l", "LPOP l 2", "RPOP none 0", "LPOP none -1", "LPOP none x",
      "LPOP none 1 2", "EXISTS l", "LPUSHX l a", "RPUSHX l a", "RPUSH l a b a c a", "RPUSHX l d e", "LREM l 1 a",
      "LREM l -1 a", "LRANGE l 0 -1", "LREM l 0 a", "LREM l 0 none", "LREM none 0 a", "LREM l x a",
      "LINSERT l BEFORE b x",
      "LINSERT l AFTER b y", "LINSERT l AFTER none y", "LINSERT none AFTER a y", "LINSERT l BESIDE a y",
      "LRANGE l 0 -1",
      "LTRIM l 1 -2", "LRANGE l 0 -1", "LTRIM l 5 1", "EXISTS l", "LTRIM none 0 1", "LTRIM l x 1", "RPUSH l 1 2 3",
      "RPOPLPUSH l m", "RPOPLPUSH l l", "RPOPLPUSH none l", "LMOVE l m LEFT RIGHT", "LMOVE l m LEFT UP",
      "LRANGE m 0 -1",
      "LRANGE l 0 -1", "SET s 1", "LPUSH s 1", "RPUSHX s 1", "LPOP s", "LLEN s", "LRANGE s 0 1", "LINDEX s 0",
      "LSET s 0 1",
      "LREM s 0 1", "LTRIM s 0 1", "LINSERT s BEFORE a b", "RPOPLPUSH l s", "RPOPLPUSH s l", "EXPIRE l 100",
      "RPUSH l x",
      "TTL l", "GET l", "STRLEN l", "RPUSH p a b c a b c", "LPOS p a", "LPOS p a RANK 0",
      "LPOS p a RANK -9223372036854775808", "LPOS p a RANK x", "LPOS p a COUNT -1", "LPOS p a MAXLEN -1",
      "LPOS p a COUNT x", "LPOS p a FOO", "LPOS none a", "LPOS none a COUNT 1", "LPOS p a RANK 2 COUNT 0",
      "LPOS p a RANK -1 COUNT 2 MAXLEN 3", "LPOS p z", "LPOS p z COUNT 0", "LPOS p a RANK", "LPOS p b RANK 2",
      "LPOS p b RANK -2", "LPOS p b RANK 3", "LPOS p b COUNT 0", "LPOS s a", "LMPOP 0 p LEFT", "LMPOP x p LEFT",
      "LMPOP 1 p UP", "LMPOP 2 p LEFT", "LMPOP 1 p LEFT COUNT 0", "LMPOP 1 p LEFT COUNT x", "LMPOP 1 p LEFT FOO 1",
      "LMPOP 1 none LEFT", "LMPOP 1 p LEFT COUNT 2", "LMPOP 2 none p RIGHT COUNT 9", "EXISTS p", "LMPOP 1 s LEFT",
      "LMPOP 9223372036854775807 p LEFT",
    ])
  }

  @Test(arguments: ["8", "-1"])
  func randomCommandsAnswerAsRedis(size: String) throws {
    try TypeDifferential().run { generator in Self.command(&generator, long: size == "-1") }
  }

  private static func command(_ generator: inout SeededGenerator, long: Bool) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var key: String { "list:\(number(3))" }
    var element: String {
      switch number(long ? 4 : 12) {
      case 0: String(repeating: "e", count: number(long ? 3000 : 80))
      case 1..<4: "x\(number(6))"
      default: "\(number(9) - 4)"
      }
    }
    var elements: [String] { (0..<1 + number(6)).map { _ in element } }
    var index: String { "\(number(60) - 30)" }
    switch number(22) {
    case 0..<5: return ["RPUSH", key] + elements
    case 5..<9: return ["LPUSH", key] + elements
    case 9: return [["LPUSHX", "RPUSHX"][number(2)], key, element]
    case 10: return [["LPOP", "RPOP"][number(2)], key]
    case 11: return [["LPOP", "RPOP"][number(2)], key, "\(number(12))"]
    case 12: return ["LINDEX", key, index]
    case 13: return ["LSET", key, index, element]
    case 14: return ["LRANGE", key, index, index]
    case 15: return ["LRANGE", key, "0", "-1"]
    case 16: return number(4) == 0 ? ["LTRIM", key, index, index] : ["LTRIM", key, "1", "-2"]
    case 17: return ["LREM", key, "\(number(7) - 3)", element]
    case 18: return ["LINSERT", key, ["BEFORE", "AFTER"][number(2)], element, element]
    case 19: return ["RPOPLPUSH", key, key]
    case 20: return ["LMOVE", key, key, ["LEFT", "RIGHT"][number(2)], ["LEFT", "RIGHT"][number(2)]]
    default: return [["RENAME", "COPY"][number(2)], key, key]
    }
  }

  @Test(arguments: [5, 5000])
  func versionsKeepTheirElements(count: Int) throws {
    let harness = EngineHarness()
    try harness.run(["RPUSH", "l"] + (0..<count).map { "element:\($0)" })
    try harness.run("VERSION", "CREATE")
    try harness.run("LSET", "l", "3", "new")
    try harness.run("LPOP", "l", "2")
    #expect(try harness.run("LINDEX", "l", "1") == .bulk(Array("new".utf8)))
    #expect(try harness.run("VERSION", "READ", "1", "LINDEX", "l", "3") == .bulk(Array("element:3".utf8)))
    #expect(try harness.run("VERSION", "READ", "1", "LLEN", "l") == .integer(count))
    try harness.run("VERSION", "ROLLBACK", "1")
    #expect(try harness.run("LINDEX", "l", "0") == .bulk(Array("element:0".utf8)))
    #expect(try harness.run("LLEN", "l") == .integer(count))
  }
}
