import Engine
import RESP
import TestSupport
import Testing

@Suite struct BitmapCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "SETBIT b 7 1", "SETBIT b 7 0", "GETBIT b 7", "GETBIT b 700", "GETBIT none 1", "SETBIT b -1 1", "SETBIT b x 1",
      "SETBIT b 4294967296 1", "SETBIT b 1 2", "SETBIT b 1 x", "GETBIT b -1", "SET n 12345", "SETBIT n 2 1",
      "OBJECT ENCODING n", "GET n", "STRLEN n", "BITCOUNT n", "BITCOUNT n 0 0", "BITCOUNT n 1 -1", "BITCOUNT n -2 -1",
      "BITCOUNT n 5 30 BIT", "BITCOUNT n 5 30 BYTE", "BITCOUNT n 5", "BITCOUNT n 1 2 FOO", "BITCOUNT n x 1",
      "BITCOUNT none", "BITCOUNT n -1 -2", "BITCOUNT n 1 2 BIT x", "BITPOS n 1", "BITPOS n 0", "BITPOS n 1 1",
      "BITPOS n 1 0 0", "BITPOS n 0 1 -1 BIT", "BITPOS n 1 9 20 BIT", "BITPOS n 2", "BITPOS n x", "BITPOS none 1",
      "BITPOS none 0", "BITPOS n 1 5 1", "BITPOS n 1 0 -1 FOO", "SETBIT f 23 1", "BITPOS f 1", "BITPOS f 0",
      "SET ff abc", "BITFIELD ff SET u8 0 255 SET u8 8 255 SET u8 16 255", "BITPOS ff 0", "BITPOS ff 0 0",
      "BITPOS ff 0 0 -1", "BITPOS ff 0 1 2 BIT", "SET x foobar", "SET y abcdef12345", "BITOP AND d x y", "GET d",
      "BITOP OR d x y none", "GET d", "BITOP XOR d x y", "GET d", "BITOP NOT d x", "GET d", "BITOP NOT d x y",
      "BITOP FOO d x", "BITOP AND d none none2", "EXISTS d", "RPUSH l 1", "BITOP AND d x l", "SETBIT l 1 1",
      "GETBIT l 1", "BITCOUNT l", "BITPOS l 1", "BITFIELD l GET u8 0", "BITFIELD q SET u8 #1 200 GET i8 #1 GET u4 4",
      "BITFIELD q INCRBY u8 8 100 OVERFLOW SAT INCRBY u8 8 100 OVERFLOW FAIL INCRBY u8 8 1",
      "BITFIELD q SET i64 0 -1 GET i64 0 INCRBY i64 0 -9223372036854775808", "BITFIELD q GET u64 0",
      "BITFIELD q GET u0 0",
      "BITFIELD q GET x8 0", "BITFIELD q GET i65 0", "BITFIELD q GET u8 -1", "BITFIELD q GET u8 #x", "BITFIELD q FOO",
      "BITFIELD q GET u8", "BITFIELD q OVERFLOW x", "BITFIELD q SET u8 0 x", "BITFIELD q", "BITFIELD none GET u8 0",
      "BITFIELD q OVERFLOW SAT SET u8 0 300 SET u8 0 -1 SET i8 0 200 SET i8 0 -200 GET i8 0",
      "BITFIELD q OVERFLOW WRAP SET u8 0 300 SET i8 8 200 GET u8 0 GET i8 8",
      "BITFIELD q OVERFLOW FAIL SET u8 0 300 SET u5 100 3 GET u5 100", "BITFIELD_RO q GET u8 0 GET i16 3",
      "BITFIELD_RO q SET u8 0 1", "BITFIELD_RO none GET u8 0", "STRLEN q",
      "BITFIELD q INCRBY u63 1 9223372036854775807",
      "PFADD h a b c", "PFCOUNT h", "PFADD h a", "PFADD h", "PFADD e", "PFADD e", "PFCOUNT e", "PFCOUNT none",
      "PFADD g d e f",
      "PFCOUNT h g", "PFMERGE m h g", "PFCOUNT m", "GET m", "GET h", "PFADD x a", "PFCOUNT x", "PFMERGE x h",
      "PFADD l a",
      "PFDEBUG ENCODING h", "PFDEBUG DECODE h", "PFDEBUG TODENSE h", "PFDEBUG TODENSE h", "PFDEBUG DECODE h",
      "PFCOUNT h",
      "PFDEBUG FOO h", "PFDEBUG ENCODING none", "PFMERGE z", "PFCOUNT z", "PFSELFTEST", "SETRANGE g 16 x", "PFCOUNT g",
      "PFADD g zz",
    ])
  }

  /// The very bytes that Redis has, from sparse to dense.
  @Test func hyperLogLogsAreThoseOfRedis() throws {
    var generator = SeededGenerator()
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    for round in 0..<300 {
      let words = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
        "\(Int.random(in: 0..<100_000, using: &generator))"
      }
      let command = ["PFADD", "h\(round % 2)"] + words
      #expect(try harness.run(command) == redis.command(command), "\(generator)")
      for key in ["h0", "h1"] {
        if generator.oneIn(3) {
          #expect(try harness.run("PFCOUNT", key) == redis.command("PFCOUNT", key), "\(generator)")
        }
        #expect(try harness.run("GET", key) == redis.command("GET", key), "\(generator)")
      }
      if round % 50 == 10 {
        #expect(try harness.run("PFMERGE", "m", "h0", "h1") == redis.command("PFMERGE", "m", "h0", "h1"))
        #expect(try harness.run("GET", "m") == redis.command("GET", "m"), "\(generator)")
        #expect(try harness.run("PFCOUNT", "m", "h1") == redis.command("PFCOUNT", "m", "h1"), "\(generator)")
      }
    }
  }

  @Test func randomCommandsAnswerAsRedis() throws {
    try TypeDifferential().run { generator in Self.command(&generator) }
  }

  private static func command(_ generator: inout SeededGenerator) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var key: String { "bits:\(number(4))" }
    var type: String { "\(["i", "u"][number(2)])\(number(63) + 1)" }
    var range: [String] {
      let ends = ["\(number(60) - 20)", "\(number(60) - 20)"]
      return ends + (number(2) == 0 ? [["BIT", "BYTE"][number(2)]] : [])
    }
    switch number(12) {
    case 0..<3: return ["SETBIT", key, "\(number(300))", "\(number(2))"]
    case 3: return ["GETBIT", key, "\(number(300))"]
    case 4: return ["BITCOUNT", key] + range
    case 5: return ["BITPOS", key, "\(number(2))"] + range
    case 6: return ["BITPOS", key, "\(number(2))", "\(number(60) - 20)"]
    case 7: return ["BITOP", ["AND", "OR", "XOR"][number(3)], key, key, key, key]
    case 8: return number(4) == 0 ? ["SET", key, "\(number(99999))"] : ["BITOP", "NOT", key, key]
    case 9, 10:
      let overflow = ["WRAP", "SAT", "FAIL"][number(3)]
      return [
        "BITFIELD", key, "OVERFLOW", overflow, "SET", type, "\(number(200))",
        "\(Int64.random(in: .min ... .max, using: &generator))",
      ]
        + [
          "INCRBY", type, "#\(number(5))", "\(Int64.random(in: .min ... .max, using: &generator) >> Int64(number(64)))",
          "GET", type, "\(number(100))",
        ]
    default: return number(5) == 0 ? ["DEL", key] : ["GET", key]
    }
  }
}
