import Engine
import RESP
import TestSupport
import Testing

@Suite struct StreamCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "XADD s 1-1 a 1 b 2", "XADD s 1-1 a 1", "XADD s 0-0 a 1", "XADD s 1-* a 3", "XADD s 2 a x b y", "XADD s 5-3 q 1",
      "XADD s x a 1", "XADD s 5-3", "XADD s 6-1 a", "XADD s 1-2-3 a 1", "XADD none NOMKSTREAM 1-1 a 1", "EXISTS none",
      "XLEN s", "XLEN none", "TYPE s", "OBJECT ENCODING s", "XRANGE s - +", "XRANGE s 1 2", "XRANGE s (1-1 +",
      "XRANGE s - (5-3", "XRANGE s - + COUNT 2", "XRANGE s - + COUNT 0", "XRANGE s - + COUNT -1", "XRANGE s - + COUNT",
      "XRANGE s - + FOO 1", "XRANGE s x +", "XRANGE none - +", "XREVRANGE s + -", "XREVRANGE s 5 2 COUNT 1",
      "XREVRANGE s + - COUNT x", "XRANGE s (18446744073709551615-18446744073709551615 +", "XRANGE s - (0-0",
      "XDEL s 1-1 9-9", "XDEL s x", "XDEL none 1", "XRANGE s - +", "XLEN s", "XINFO STREAM s FULL", "XTRIM s MAXLEN 2",
      "XTRIM s MAXLEN = 2", "XTRIM s MAXLEN ~ 2", "XTRIM s MINID 5", "XRANGE s - +", "XTRIM s MAXLEN -1", "XTRIM s",
      "XTRIM s FOO 1", "XTRIM s MAXLEN 1 LIMIT 5", "XTRIM s MAXLEN ~ 1 LIMIT -1", "XTRIM s MAXLEN 1 MINID 1",
      "XTRIM none MAXLEN 1", "XADD s MAXLEN 1 7-1 a b", "XLEN s", "XADD s MINID 8 8-1 a b", "XRANGE s - +",
      "XADD s LIMIT 5 9-1 a b", "XSETID s 8-0", "XSETID s 9-0", "XSETID s 20-1 ENTRIESADDED 30 MAXDELETEDID 5-5",
      "XSETID s 20-1 MAXDELETEDID 21-1", "XSETID s 20-1 ENTRIESADDED -1", "XSETID s 20-1 ENTRIESADDED 0", "XSETID s x",
      "XSETID none 1", "XSETID s 30-1 FOO 1", "XREAD STREAMS s 0", "XREAD COUNT 1 STREAMS s none 0 0",
      "XREAD STREAMS s $",
      "XREAD STREAMS s", "XREAD STREAMS s >", "XREAD COUNT x STREAMS s 0", "XREAD FOO", "XREAD GROUP g c STREAMS s 0",
      "XREAD NOACK STREAMS s 0", "XREAD STREAMS none 0", "XREAD COUNT 1 s 0", "XREAD BLOCK x STREAMS s 0",
      "XREAD BLOCK -1 STREAMS s 0", "XREAD BLOCK 1 STREAMS s 0", "XGROUP CREATE none g $",
      "XGROUP CREATE s g 0", "XGROUP CREATE s g 0", "XGROUP CREATE m g $ MKSTREAM", "XGROUP CREATE s h x",
      "XGROUP CREATE s h $ ENTRIESREAD 3", "XGROUP CREATE s i 0 ENTRIESREAD -2", "XGROUP CREATE s i 0 FOO",
      "XGROUP FOO s g", "XGROUP CREATECONSUMER s g c", "XGROUP CREATECONSUMER s g c", "XGROUP CREATECONSUMER s none c",
      "XGROUP DELCONSUMER s g none", "XGROUP SETID s none 0", "XADD s 40-1 f v", "XADD s 40-2 f v2", "XADD s 40-3 g v3",
      "XREADGROUP GROUP g c COUNT 2 STREAMS s >", "XREADGROUP GROUP g d STREAMS s >",
      "XREADGROUP GROUP g d STREAMS s >",
      "XREADGROUP GROUP g c STREAMS s 0", "XREADGROUP GROUP g c STREAMS s 40-1", "XREADGROUP GROUP none c STREAMS s >",
      "XREADGROUP GROUP g c STREAMS none >", "XREADGROUP GROUP g c STREAMS s $", "XREADGROUP STREAMS s > a b c",
      "XREADGROUP FOO g c STREAMS s >", "XREADGROUP GROUP h e NOACK STREAMS s >", "XPENDING s g", "XPENDING s h",
      "XPENDING s none", "XPENDING none g", "XPENDING s g - + 10 none", "XPENDING s g - +", "XPENDING s g x + 10",
      "XPENDING s g IDLE 100000 - + 10", "XPENDING s g IDLE 1 -", "XPENDING s g - + x", "XDEL s 40-2",
      "XREADGROUP GROUP g d STREAMS s 0", "XREADGROUP GROUP g c STREAMS s 0", "XACK s g 8-1 9-9", "XACK s none 1",
      "XACK none g 1",
      "XACK s g x", "XCLAIM s g e 0 40-1 JUSTID", "XCLAIM s g e 100000 40-1", "XCLAIM s g e 0 40-3 RETRYCOUNT 7",
      "XCLAIM s g e x 40-3", "XCLAIM s g e 0 40-3 FOO", "XCLAIM s g e 0 40-3 IDLE x", "XCLAIM s none e 0 1",
      "XCLAIM none g e 0 1", "XCLAIM s g e 0 40-2", "XCLAIM s h e 0 40-1 FORCE JUSTID LASTID 50-1",
      "XAUTOCLAIM s g f 0 -", "XAUTOCLAIM s g f 0 - COUNT 1 JUSTID", "XAUTOCLAIM s g f 0 40-2", "XAUTOCLAIM s g f x -",
      "XAUTOCLAIM s g f 0 x", "XAUTOCLAIM s g f 0 - COUNT 0", "XAUTOCLAIM s g f 0 - FOO", "XAUTOCLAIM s none f 0 -",
      "XINFO GROUPS s", "XINFO GROUPS none", "XINFO STREAM none", "XINFO STREAM s FOO", "XINFO CONSUMERS s none",
      "XGROUP DELCONSUMER s g f", "XPENDING s g", "XGROUP SETID s g 40-1 ENTRIESREAD 2", "XINFO GROUPS s",
      "XGROUP DESTROY s g", "XGROUP DESTROY s g", "XINFO GROUPS s", "SET str 1", "XADD str 1-1 a b", "XLEN str",
      "XRANGE str - +", "XREAD STREAMS str 0", "XGROUP CREATE str g 0", "XACK str g 1", "XINFO STREAM str",
      "COPY s t", "XRANGE t - +", "XINFO GROUPS t", "XADD big 18446744073709551615-18446744073709551615 a b",
      "XADD big * a b", "XGROUP HELP", "XINFO HELP",
    ])
  }

  /// XSETID sets the last id back behind deleted entries, whose ids the next ones may then have, or less.
  @Test func entriesBehindDeletedOnesWithHigherIDs() throws {
    try Transcript().isSame([
      "XADD s 1-0 a b", "XADD s 2-0 a b", "XADD s 9-0 a b", "XDEL s 2-0 9-0", "XSETID s 1-0", "XADD s 1-5 c d",
      "XADD s 2-0 e f", "XRANGE s - +", "XRANGE s 1-5 1-5", "XRANGE s 2-0 2-0", "XRANGE s - 3", "XREVRANGE s 3 1-5",
      "XREAD STREAMS s 1-0", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XPENDING s g",
      "XREADGROUP GROUP g c STREAMS s 0", "XCLAIM s g d 0 1-5 2-0", "XINFO STREAM s", "XINFO GROUPS s", "XDEL s 2-0",
      "XLEN s",
      "XDEL s 2-0", "XTRIM s MINID 1-3", "XRANGE s - +", "XTRIM s MAXLEN 0", "XLEN s",
    ])
  }

  /// Ids are read as C reads numbers, and a wrong id is found before what the options lack.
  @Test func idsAreReadAsByRedis() throws {
    try Transcript().isSame([
      "XADD s +1-01 a b", "XADD s 007 a b", "XADD s -0 a b", "XADD s -1-1 a b", "XADD s 8--05 a b", "XADD s 9--5 a b",
      "XADD s 9-+5 a b", "XADD s 18446744073709551616 a b", "XADD s 10- a b", "XADD s - a b", "XADD s + a b",
      "XRANGE s - + FOO", "XRANGE s +1 - +", "XADD s MAXLEN 1 LIMIT 5 x a b", "XADD s MAXLEN 1 LIMIT 5 20-1 a b",
      "XADD s LIMIT 5 x a b", "XTRIM s MINID +1", "XTRIM str MINID x", "XADD s MINID -0 30-1 a b",
      "XADD s 18446744073709551615-18446744073709551615 a b", "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s 18446744073709551615-18446744073709551615", "XPENDING s g",
    ])
  }

  /// Errors quote what the client sent, byte for byte.
  @Test func errorsQuoteBytes() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    let odd: [UInt8] = [0xff, 0x80, 0x0d, 0x0a, 0x41, 0, 0x42]
    for words in [
      ["XGROUP", "?", "s", "g"], ["XACK", "s", "g", "?"], ["XPENDING", "?", "?"],
      ["XCLAIM", "s", "g", "c", "0", "1", "?"],
    ] {
      let command = words.map { $0 == "?" ? odd : Array($0.utf8) }
      try redis.sendCommand(command)
      var request: [UInt8] = []
      request.command(command)
      #expect(harness.send(request) == (try redis.readRawReply().bytes), "\(words)")
    }
  }

  @Test func randomCommandsAnswerAsRedis() throws {
    var last = 0
    try TypeDifferential().run { generator in Self.command(&generator, &last) }
  }

  private static func command(_ generator: inout SeededGenerator, _ last: inout Int) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var key: String { "stream:\(number(3))" }
    var group: String { "g\(number(2))" }
    var consumer: String { "c\(number(3))" }
    var id: String { "\(max(last - number(30), 0))-\(number(3))" }
    var fields: [String] {
      number(3) == 0 ? ["x\(number(3))", "\(number(100))"] : ["f", "v\(number(9))", "g", "\(number(9))"]
    }
    switch number(24) {
    case 0..<7:
      last += number(3)
      return ["XADD", key, "\(last)-\(number(4))"] + fields
    case 7: return ["XADD", key, "MAXLEN", number(2) == 0 ? "~" : "=", "\(number(12))", "\(last + 1)-1"] + fields
    case 8: return ["XDEL", key, id, id]
    case 9: return ["XRANGE", key, id, id]
    case 10: return ["XREVRANGE", key, "+", id, "COUNT", "\(number(5))"]
    case 11: return ["XLEN", key]
    case 12: return ["XTRIM", key, "MAXLEN", "\(number(10))"]
    case 13: return ["XTRIM", key, "MINID", number(2) == 0 ? "~" : "=", id]
    case 14: return ["XGROUP", "CREATE", key, group, number(2) == 0 ? "0" : id]
    case 15..<17: return ["XREADGROUP", "GROUP", group, consumer, "COUNT", "\(number(4) + 1)", "STREAMS", key, ">"]
    case 17: return ["XREADGROUP", "GROUP", group, consumer, "STREAMS", key, id]
    case 18: return ["XACK", key, group, id, id]
    case 19: return ["XPENDING", key, group]
    case 20: return ["XCLAIM", key, group, consumer, "0", id, id] + (number(2) == 0 ? ["JUSTID"] : ["FORCE"])
    case 21: return ["XAUTOCLAIM", key, group, consumer, "0", id, "COUNT", "\(number(4) + 1)"]
    case 22: return [["XINFO", "GROUPS", key], ["XREAD", "STREAMS", key, id], ["COPY", key, key]][number(3)]
    default:
      switch number(8) {
      case 0: return ["DEL", key]
      case 1: return ["XGROUP", "DELCONSUMER", key, group, consumer]
      case 2: return ["XGROUP", "DESTROY", key, group]
      default: return ["XRANGE", key, "-", "+"]
      }
    }
  }

  @Test func versionsKeepTheirEntriesAndGroups() throws {
    let harness = EngineHarness()
    for id in 1...1000 { try harness.run("XADD", "s", "\(id)-0", "field", "value \(id)") }
    try harness.run("XGROUP", "CREATE", "s", "g", "0")
    try harness.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "500", "STREAMS", "s", ">")
    let (entries, groups) = (try harness.run("XRANGE", "s", "-", "+"), try harness.run("XINFO", "GROUPS", "s"))
    guard case .integer(let version) = try harness.run("VERSION", "CREATE") else {
      Issue.record("no version")
      return
    }
    try harness.run("XTRIM", "s", "MAXLEN", "10")
    try harness.run("XACK", "s", "g", "1", "2", "3")
    try harness.run("XGROUP", "DESTROY", "s", "g")
    #expect(try harness.run("VERSION", "READ", "\(version)", "XRANGE", "s", "-", "+") == entries)
    try harness.run("VERSION", "ROLLBACK", "\(version)")
    #expect(try harness.run("XRANGE", "s", "-", "+") == entries)
    #expect(try harness.run("XINFO", "GROUPS", "s") == groups)
    #expect(try harness.run("XACK", "s", "g", "1-0", "2-0", "3-0") == .integer(3))
  }
}
