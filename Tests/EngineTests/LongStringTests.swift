import Engine
import RESP
import TestSupport
import Testing
import Values
import VersionedStore

/// Strings in chunks: what commands answer is what redis-server answers, byte for byte, and a write to a sealed one copies a
/// chunk.
@Suite struct LongStringTests {
  /// Lengths and offsets around everything that the form of a string turns on.
  private static let borders =
    [0, 1, StringForm.wholeLimit] + (1...7).map { $0 * StringForm.chunkByteCount }

  @Test func randomCommandsAnswerAsRedis() throws {
    var differential = TypeDifferential()
    differential.commands = 700
    try differential.run { generator in Self.command(&generator) }
  }

  private static func command(_ generator: inout SeededGenerator) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    func border() -> Int { max(borders[number(borders.count)] + number(21) - 10, 0) }
    func text(_ count: Int) -> String {
      let word = "\(number(1_000_000)) "
      return String(String(repeating: word, count: count / word.utf8.count + 1).prefix(count))
    }
    /// Mostly some bytes, at times more than a chunk.
    func piece() -> String { text(number(6) == 0 ? border() : number(40)) }
    func key() -> String { "long:\(number(4))" }
    func end() -> String { "\([border(), -border(), number(100_000)][number(3)])" }
    func field() -> [String] { ["\(["i", "u"][number(2)])\(number(63) + 1)", "\(border() * 8 + number(70))"] }
    switch number(26) {
    case 0: return ["SET", key(), text(border())]
    case 1: return ["SET", key(), "\(number(100))"]
    case 2..<6: return ["APPEND", key(), piece()]
    case 6..<10: return ["SETRANGE", key(), "\(border())", piece()]
    case 10..<13: return ["SETBIT", key(), "\(border() * 8 + number(16))", "\(number(2))"]
    case 13: return ["GETBIT", key(), "\(border() * 8 + number(16))"]
    case 14..<16: return ["GETRANGE", key(), end(), end()]
    case 16:
      return ["BITCOUNT", key(), end(), end()] + [[], ["BIT"], ["BYTE"]][number(3)]
    case 17:
      return ["BITPOS", key(), "\(number(2))", end()] + [[], [end()], [end(), "BIT"]][number(3)]
    case 18: return ["BITOP", ["AND", "OR", "XOR"][number(3)], key(), key(), key()]
    case 19: return number(3) == 0 ? ["BITOP", "NOT", key(), key()] : ["STRLEN", key()]
    case 20..<22:
      return ["BITFIELD", key(), "OVERFLOW", ["WRAP", "SAT", "FAIL"][number(3)], "SET"] + field()
        + ["\(Int64.random(in: .min ... .max, using: &generator))", "INCRBY"] + field() + [
          "\(number(1000) - 500)", "GET",
        ]
        + field()
    case 22: return [["COPY", key(), key(), "REPLACE"], ["RENAME", key(), key()], ["MGET", key(), key()]][number(3)]
    case 23: return [["GETDEL", key()], ["GETEX", key(), "PERSIST"], ["GETSET", key(), piece()]][number(3)]
    case 24:
      return [
        ["INCR", key()], ["OBJECT", "ENCODING", key()], ["INCRBYFLOAT", key(), "1"], ["SET", key(), piece(), "GET"],
      ][
        number(4)]
    default: return ["GET", key()]
    }
  }

  @Test func repliesEqualThoseOfRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"]).connect()
    let settings = Settings()
    settings.enableDebugCommand = .yes
    let harness = EngineHarness(settings: settings)
    // One by one: what is still to be sent when a client has ended is not sent by Redis if it is much.
    for line in Self.script {
      let request = Transcript.request([line])
      try redis.send(request)
      let expected = try redis.readRawReply().bytes
      #expect(harness.send(request) == expected, "\(line)")
    }
  }

  private static let script = [
    "SETRANGE k 200000 end", "STRLEN k", "OBJECT ENCODING k", "GETRANGE k 199998 -1", "GETRANGE k -4 -1",
    "GETRANGE k 0 9", "GETRANGE k 9223372036854775807 9223372036854775807",
    "GETRANGE k -9223372036854775808 9223372036854775807", "SUBSTR k -9223372036854775808 -200000", "SETRANGE k -1 x",
    "SETRANGE k 536870912 x", "SETRANGE k 9223372036854775807 x", "SETRANGE k 536870911 ''", "SETRANGE k 0 ''",
    "SETBIT k 4294967296 1", "SETBIT k -1 1", "SETBIT k 9223372036854775807 1", "GETBIT k 4294967295",
    "GETBIT k 1600000", "GETBIT k 1600001", "BITCOUNT k", "BITCOUNT k -3 -1", "BITCOUNT k 1600000 1600010 BIT",
    "BITCOUNT k -9223372036854775808 9223372036854775807", "BITPOS k 1", "BITPOS k 0", "BITPOS k 1 -2",
    "BITPOS k 1 0 199999", "BITPOS k 0 -3 -1 BIT", "BITFIELD k GET u63 #25396 GET i64 1599990 GET u8 4294967280",
    "BITFIELD k SET u8 #536870912 1", "BITFIELD k SET i64 98170 -2 GET i64 98170 INCRBY u5 98173 30",
    "BITFIELD_RO k GET u32 98160", "INCR k", "DECRBY k 5", "INCRBYFLOAT k 1.5", "PFADD k a", "PFCOUNT k",
    "PFMERGE k k", "PFMERGE z k", "PFDEBUG ENCODING k", "LPUSH k a", "LLEN k", "HGET k f", "SADD k a",
    "SET s x", "LCS k s LEN", "LCS s k IDX", "LCS k s", "LCS k k", "SORT k", "DEBUG DIGEST-VALUE k", "EXPIRE k 1000",
    "SETBIT k 5 1", "APPEND k more", "PERSIST k", "DEBUG DIGEST-VALUE k s", "STRLEN k", "TYPE k", "SETNX k x",
    "SET k 1 NX GET", "RENAME k n", "COPY n c", "MOVE n 3", "GETDEL c", "SELECT 3", "DEBUG DIGEST", "GETEX n EX 100",
    "SET n 5", "OBJECT ENCODING n", "SETRANGE n 70000 x", "GETRANGE n 0 3", "STRLEN n", "GETBIT n 2",
    "SADD ids 1 2", "SETRANGE w_1 70000 1", "SET w_2 2", "SORT ids BY w_* ALPHA GET # GET w_* DESC", "BITOP NOT o w_1",
    "BITCOUNT o", "BITPOS o 0", "BITOP AND o o w_2 n", "STRLEN o", "GETRANGE o 0 5", "OBJECT ENCODING o",
  ]

  /// A large header with what looks like a sparse count behind it: Redis takes any length of that form.
  @Test func longCountsAreLookedAtAsRedisDoes() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    func isSame(_ words: [[UInt8]], _ location: SourceLocation = #_sourceLocation) throws {
      var request: [UInt8] = []
      request.command(words)
      try redis.sendCommand(words)
      let expected = try redis.readRawReply().bytes
      #expect(harness.send(request) == expected, sourceLocation: location)
    }
    let header = Array("HYLL".utf8) + [1] + [UInt8](repeating: 0, count: 10) + [0x80]
    for tail in [
      [UInt8](repeating: 0x7f, count: 90_000), [0x7f, 0xff], [0x7f, 0xff] + .init(repeating: 0, count: 80_000),
    ] {
      try isSame([Array("SET".utf8), Array("h".utf8), header + tail])
      try isSame(["PFDEBUG", "ENCODING", "h"].map { Array($0.utf8) })
      try isSame(["PFCOUNT", "h"].map { Array($0.utf8) })
    }
    let dense = Array("HYLL".utf8) + [UInt8](repeating: 0, count: 100_000)
    try isSame([Array("SET".utf8), Array("h".utf8), dense])
    try isSame(["PFADD", "h", "a"].map { Array($0.utf8) })
  }

  /// The dirty count of Redis: a bit or a field that is written as it was changes nothing, unless the string grows.
  @Test func onlyChangesCount() throws {
    let client = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    var generator = SeededGenerator()
    func changes() throws -> Int {
      let text = try client.command("INFO", "persistence").text ?? ""
      let line = text.split(separator: "\r\n").first { $0.hasPrefix("rdb_changes_since_last_save:") }
      return Int(line?.split(separator: ":").last ?? "") ?? -1
    }
    let bits = [0, 7, 90, StringForm.wholeLimit * 8, StringForm.wholeLimit * 8 + 9]
    for _ in 0..<400 {
      let key = "k\(Int.random(in: 0..<3, using: &generator))"
      let bit = "\(bits.randomElement(using: &generator)!)"
      let command = [
        ["SETBIT", key, bit, "\(Int.random(in: 0...1, using: &generator))"],
        ["BITFIELD", key, "SET", "i5", bit, "\(Int.random(in: 0...2, using: &generator))"],
        ["BITFIELD", key, "OVERFLOW", "FAIL", "INCRBY", "u2", bit, "1", "SET", "u3", "3", "9", "SET", "u2", bit, "2"],
        ["BITFIELD", key, "GET", "u2", bit],
        ["SETRANGE", key, "3", ""], ["APPEND", key, ""], ["SETRANGE", key, "3", "a"], ["DEL", key], ["SET", key, "12"],
      ].randomElement(using: &generator)!
      let (before, ours) = (try changes(), harness.engine.keyspace.changesSinceSave)
      #expect(try harness.run(command) == client.command(command))
      let counted = harness.engine.keyspace.changesSinceSave - ours
      #expect(try counted == changes() - before, "\(command), \(generator)")
    }
  }

  /// What is copied is a chunk and the path to it: the same for a string of 64 MB as for one of 1 MB.
  @Test(arguments: [1 << 20, 64 << 20])
  func aWriteToASealedStringCopiesAChunk(byteCount: Int) throws {
    let harness = EngineHarness()
    try harness.run("SETRANGE", "k", "\(byteCount - 1)", "x")
    let middle = byteCount / 2
    let writes = [
      ["SETBIT", "k", "\(middle * 8)", "1"], ["SETRANGE", "k", "\(middle)", "hello"], ["APPEND", "k", "hello"],
      ["BITFIELD", "k", "INCRBY", "u32", "\(middle * 8)", "1"], ["SETBIT", "k", "\((byteCount + 100) * 8)", "1"],
    ]
    let arena = harness.engine.keyspace.live.arena
    for write in writes {
      try harness.run("VERSION", "CREATE")
      let before = arena.allocatedBytes
      #expect(try harness.run(write).errorText == nil)
      let copied = arena.allocatedBytes - before
      #expect(copied > 0 && copied < 2 * StringForm.chunkByteCount, "\(write): \(copied) bytes")
    }
    // Nothing is changed, and nothing copied.
    try harness.run("VERSION", "CREATE")
    let before = arena.allocatedBytes
    try harness.run("SETBIT", "k", "\(middle * 8 + 80)", "0")
    #expect(arena.allocatedBytes == before)
    #expect(harness.engine.keyspace.live.invariantViolations().isEmpty)
  }

  /// A string that is made byte by byte has the chunks of one that came at once.
  @Test func chunksAreFullHoweverAStringHasGrown() throws {
    var generator = SeededGenerator()
    let harness = EngineHarness()
    let text = (0..<100_000).map { UInt8(ascii: "a") + UInt8($0 % 23) }
    let whole = String(decoding: text, as: UTF8.self)
    try harness.run("SET", "set", whole)
    for piece in generator.pieces(of: text) {
      try harness.run("APPEND", "appended", String(decoding: piece, as: UTF8.self))
      if generator.oneIn(500) { try harness.run("VERSION", "CREATE") }
    }
    try harness.run("SETRANGE", "ranged", "90000", String(whole.suffix(10_000)))
    try harness.run("SETRANGE", "ranged", "0", String(whole.prefix(90_000)))
    try harness.run("SETRANGE", "ended", "99999", "x")
    try harness.run("SETRANGE", "ended", "0", whole)
    func chunks(_ key: String) -> [Int] {
      let dataset = harness.engine.keyspace.live
      var counts: [Int] = []
      let entry = Array(key.utf8).withBytes { dataset.head.find(0, $0, dataset.hash($0)) }
      entry.map { StringReader($0) }?.forEachChunk { bytes, _ in
        counts.append(bytes.count)
        return true
      }
      return counts
    }
    #expect(chunks("set").dropLast().allSatisfy { $0 == StringForm.chunkByteCount })
    for key in ["appended", "ranged", "ended"] {
      #expect(try harness.run("GET", key) == .bulk(text), "\(key), \(generator)")
      #expect(chunks(key) == chunks("set"), "\(key), \(generator)")
    }
  }

  @Test func versionsKeepThem() throws {
    let harness = EngineHarness()
    func changed() throws -> [Reply] {
      try harness.run("VERSION", "DIFF", "1", "LIVE").elements[1].fields["changed"]?.elements ?? []
    }
    try harness.run("SETRANGE", "k", "199999", "x")
    try harness.run("VERSION", "CREATE")
    try harness.run("SETBIT", "k", "800000", "1")
    #expect(try harness.run("BITCOUNT", "k") == .integer(5))
    #expect(try harness.run("VERSION", "READ", "1", "BITCOUNT", "k") == .integer(4))
    #expect(try harness.run("VERSION", "READ", "1", "GETRANGE", "k", "199998", "-1") == .bulk([0, UInt8(ascii: "x")]))
    #expect(try changed() == [.bulk(Array("k".utf8))])
    // Equal again, though in other memory.
    try harness.run("SETBIT", "k", "800000", "0")
    #expect(try changed().isEmpty)
    try harness.run("SET", "k", "short")
    #expect(try harness.run("VERSION", "RESTORE", "1", "k") == .integer(1))
    #expect(try changed().isEmpty)
    #expect(try harness.run("STRLEN", "k") == .integer(200_000))
    try harness.run("DEL", "k")
    try harness.run("VERSION", "ROLLBACK", "1")
    #expect(try harness.run("BITCOUNT", "k") == .integer(4))
    guard case .integer(let usage) = try harness.run("MEMORY", "USAGE", "k") else { return }
    #expect(usage > 200_000 && usage < 230_000)
    #expect(harness.engine.keyspace.live.invariantViolations().isEmpty)
  }

  /// Under LFU a string keeps its count of uses when it goes over to chunks, and when it is replaced by a long one.
  @Test func useCountsStay() throws {
    let settings = Settings()
    settings.maxmemoryPolicy = .allKeysLFU
    settings.lfuLogFactor = 0
    let harness = EngineHarness(settings: settings)
    let text = String(repeating: "x", count: 60_000)
    for _ in 0..<100 { try harness.run("SET", "k", text) }
    let before = try harness.run("OBJECT", "FREQ", "k").number ?? 0
    #expect(before > 50)
    try harness.run("APPEND", "k", text)
    #expect(try harness.run("OBJECT", "FREQ", "k").number == before + 1)
    try harness.run("SET", "k", text + text)
    #expect(try harness.run("OBJECT", "FREQ", "k").number == before + 2)
    try harness.run("SETBIT", "k", "3", "1")
    #expect(try harness.run("OBJECT", "FREQ", "k").number == before + 3)
  }
}
