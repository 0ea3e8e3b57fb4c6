import Engine
import RESP
import TestSupport
import Testing

@Suite struct HashCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "HSET h a 1 b 2 a 3", "HSET h c", "HSET h c 1 d", "HMSET h e 5 f 6", "HMSET h e", "HGETALL h", "HKEYS h",
      "HVALS h",
      "HLEN h", "HGET h a", "HGET h x", "HGET none x", "HMGET h a x b", "HMGET none a", "HSETNX h a 9", "HSETNX h z 9",
      "HEXISTS h a", "HEXISTS h q", "HSTRLEN h a", "HSTRLEN h q", "HINCRBY h a 5", "HINCRBY h new -3", "HINCRBY h a x",
      "HSET h text abc", "HINCRBY h text 1", "HINCRBYFLOAT h text 1", "HINCRBYFLOAT h a 1.5", "HINCRBYFLOAT h a x",
      "HINCRBYFLOAT h a inf", "HSET h m 9223372036854775807", "HINCRBY h m 1", "HDEL h a b q", "HGETALL h",
      "OBJECT ENCODING h", "TYPE h", "SET s 1", "HSET s a 1", "HGET s a", "HGETALL s", "HDEL s a", "HLEN s",
      "HSCAN s 0", "HSCAN h 0", "HSCAN h 0 MATCH t*", "HSCAN h x", "HSCAN none 0", "HSCAN none 0 MATCH",
      "HSCAN h 0 COUNT 0",
      "HSCAN h 0 COUNT", "HRANDFIELD none", "HRANDFIELD none 3", "HRANDFIELD h x", "HRANDFIELD h 1 X",
      "HRANDFIELD h 1 WITHVALUES X", "HRANDFIELD h 0", "HRANDFIELD h -9223372036854775808",
      "HRANDFIELD h 9223372036854775807 WITHVALUES", "HDEL h z e f new text m", "EXISTS h", "GET h", "INCR h",
      "HSET h a 1",
      "APPEND h x", "GET h", "SETRANGE h 0 x", "STRLEN h", "MGET h", "HSET t f \(String(repeating: "x", count: 65))",
      "OBJECT ENCODING t", "HDEL t f", "EXPIRE h 100", "HSET h q \(String(repeating: "y", count: 70))",
      "OBJECT ENCODING h", "TTL h", "COPY h h2", "HGET h2 q", "RENAME h2 h3", "HGET h3 a", "MOVE h3 1", "EXISTS h3",
    ])
  }

  @Test func randomCommandsAnswerAsRedis() throws {
    let differential = TypeDifferential(unordered: ["HGETALL", "HKEYS", "HVALS"])
    try differential.run { generator in Self.command(&generator) }
  }

  private static func command(_ generator: inout SeededGenerator) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    let key = "hash:\(number(4))"
    var field: String { "f\(number(20))" }
    var value: String {
      switch number(6) {
      case 0: String(repeating: "v", count: number(30))
      case 1: "\(number(1000)).5"
      default: "\(number(100_000) - 500)"
      }
    }
    switch number(20) {
    case 0..<6: return ["HSET", key, field, value]
    case 6: return ["HSET", key, field, value, field, value]
    case 7: return ["HSETNX", key, field, value]
    case 8..<11: return ["HDEL", key] + (0..<1 + number(8)).map { _ in field }
    case 11: return ["HINCRBY", key, field, "\(number(100) - 50)"]
    case 12: return ["HINCRBYFLOAT", key, field, "\(number(100)).25"]
    case 13: return ["HGETALL", key]
    case 14: return [["HKEYS", "HVALS"][number(2)], key]
    case 15: return ["HMGET", key, field, field, field]
    case 16: return [["HLEN", "EXISTS", "TYPE"][number(3)], key]
    case 17: return ["OBJECT", "ENCODING", key]
    case 18: return [["RENAME", "COPY"][number(2)], key, "hash:\(number(4))"]
    default: return [["HGET", "HEXISTS", "HSTRLEN"][number(3)], key, field]
    }
  }

  /// A version keeps what a hash held, large or small.
  @Test(arguments: [5, 1000])
  func versionsKeepTheirFields(count: Int) throws {
    let harness = EngineHarness()
    for index in 0..<count { try harness.run("HSET", "h", "f\(index)", "old") }
    let version = try harness.run("VERSION", "CREATE").text ?? "1"
    try harness.run("HSET", "h", "f1", "new", "more", "x")
    try harness.run("HDEL", "h", "f2")
    #expect(try harness.run("HGET", "h", "f1") == .bulk(Array("new".utf8)))
    #expect(try harness.run("VERSION", "READ", "1", "HGET", "h", "f1") == .bulk(Array("old".utf8)), "\(version)")
    #expect(try harness.run("VERSION", "READ", "1", "HLEN", "h") == .integer(count))
    #expect(try harness.run("HLEN", "h") == .integer(count))
    try harness.run("VERSION", "ROLLBACK", "1")
    #expect(try harness.run("HGET", "h", "f2") == .bulk(Array("old".utf8)))
    #expect(try harness.run("HEXISTS", "h", "more") == .integer(0))
  }

  /// What HSCAN gives is each field once, however large the hash is.
  @Test func scansMeetEachFieldOnce() throws {
    let harness = EngineHarness()
    for index in 0..<3000 { try harness.run("HSET", "h", "f\(index)", "\(index)") }
    var cursor = "0"
    var met: [String] = []
    repeat {
      guard case .array(let page) = try harness.run("HSCAN", "h", cursor, "COUNT", "50"), page.count == 2,
        case .array(let pairs) = page[1], let next = page[0].text
      else {
        Issue.record("not a page")
        return
      }
      met += stride(from: 0, to: pairs.count, by: 2).compactMap { pairs[$0].text }
      cursor = next
    } while cursor != "0"
    #expect(met.count == 3000 && Set(met).count == 3000)
  }
}
