import RESP
import TestSupport
import Testing

/// RESTORE of what no DUMP has answered, by both servers.
@Suite struct HostilePayloadTests {
  private static let directives = ["save ''", "enable-debug-command yes", "rdbcompression no"]

  /// A payload as DUMP answers it: with the version and the checksum that belong to it.
  static func payload(_ value: [UInt8], version: UInt8 = 10) -> [UInt8] {
    let body = value + [version, 0]
    var remainder: UInt64 = 0
    for byte in body {
      remainder ^= UInt64(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x95ac_9329_ac4b_c9b5 : remainder >> 1 }
    }
    return body + (0..<8).map { UInt8(truncatingIfNeeded: remainder >> (8 * UInt64($0))) }
  }

  static func fill(_ client: Client) throws {
    try client.command("SET", "string", "some text")
    try client.command("SET", "number", "12345")
    try client.command(["RPUSH", "list"] + (0..<20).map { "element \($0)" })
    try client.command("SADD", "integers", "1", "2", "70000")
    try client.command("SADD", "set", "a", "b", "c")
    try client.command("HSET", "hash", "f", "v", "g", "w")
    try client.command(["HSET", "large"] + (0..<20).flatMap { ["f\($0)", String(repeating: "v", count: 70)] })
    try client.command("ZADD", "zset", "1", "a", "2.5", "b")
    try client.command("ZADD", "scores", "1", String(repeating: "m", count: 70), "inf", "b")
    for id in 1...20 { try client.command("XADD", "stream", "\(id)-0", "f", "v") }
    try client.command("XGROUP", "CREATE", "stream", "group", "0")
    try client.command("XREADGROUP", "GROUP", "group", "consumer", "COUNT", "5", "STREAMS", "stream", ">")
  }

  static let keys = ["string", "number", "list", "integers", "set", "hash", "large", "zset", "scores", "stream"]

  @Test func everyTypeIsRefusedAsRedisRefusesIt() throws {
    let redis = try ServerProcess(.redis, directives: Self.directives + ["sanitize-dump-payload yes"]).connect()
    let ours = try ServerProcess(.cambium, directives: Self.directives + ["sanitize-dump-payload yes"]).connect()
    try Self.fill(redis)
    func check(_ key: String, _ payload: [UInt8], _ options: [String] = [], expected text: String? = nil) throws {
      let command = ["RESTORE", key, "0"].map { Array($0.utf8) } + [payload] + options.map { Array($0.utf8) }
      let expected = try redis.command(command)
      #expect(try ours.command(command) == expected, "\(key) \(payload)")
      if let text { #expect(expected == .error(text)) }
    }
    for key in Self.keys {
      guard case .bulk(let good) = try redis.command("DUMP", key) else { continue }
      let value = Array(good.dropLast(10))
      #expect(Self.payload(value) == good)
      var damaged = good
      damaged[damaged.count / 2] ^= 1
      let wrong = "ERR DUMP payload version or checksum are wrong"
      try check("none", damaged, expected: wrong)
      try check("none", Array(good.dropLast()), expected: wrong)
      try check("none", Self.payload(value, version: 200), expected: wrong)
      // Values cut anywhere. (Redis reads on in the footer, and takes what it finds there for the rest.)
      for count in stride(from: 1, to: value.count, by: max(value.count / 100, 1)) {
        let cut = ["RESTORE", "none", "0"].map { Array($0.utf8) } + [Self.payload(Array(value.prefix(count)))]
        #expect(try ours.command(cut) == .error("ERR Bad data format"), "\(key) cut to \(count)")
      }
      for type in [UInt8(6), 8, 99, 245, 252, 255] {
        try check("none", Self.payload([type] + value.dropFirst()), expected: "ERR Bad data format")
      }
      try check("copy", good)
      try check("copy", good, expected: "BUSYKEY Target key name already exists.")
      try check("copy", good, ["REPLACE"])
      let question = ["DEBUG", "DIGEST-VALUE", "copy"]
      #expect(try ours.command(question) == redis.command(question))
      for client in [redis, ours] { try client.command("DEL", "copy") }
      #expect(try ours.command("EXISTS", "none") == .integer(0))
    }
  }

  /// A group that claims to have read nearly as many entries as there are numbers.
  @Test func aGroupWhoseCountRunsOver() throws {
    let redis = try ServerProcess(.redis, directives: Self.directives).connect()
    let ours = try ServerProcess(.cambium, directives: Self.directives).connect()
    for id in 1...4 { try redis.command("XADD", "s", "\(id)-0", "f", "v") }
    try redis.command("XGROUP", "CREATE", "s", "g", "0", "ENTRIESREAD", "9223372036854775806")
    guard case .bulk(let good) = try redis.command("DUMP", "s") else { return }
    var value = Array(good.dropLast(10))
    let claimed: [UInt8] = [0x81, 0x7f] + [UInt8](repeating: 0xff, count: 6) + [0xfe]
    let range = try #require(value.firstRange(of: claimed))
    value[range.lowerBound + 1] = 0xff
    let command = ["RESTORE", "t", "0"].map { Array($0.utf8) } + [Self.payload(value)]
    for client in [redis, ours] { #expect(try client.command(command) == .simple("OK")) }
    for words in [
      ["XINFO", "GROUPS", "t"], ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "t", ">"],
      ["XINFO", "GROUPS", "t"], ["XGROUP", "SETID", "t", "g", "0"], ["RESTORE"],
    ] {
      // And all of them at a time, from the claimed number on.
      let words = words == ["RESTORE"] ? command + [Array("REPLACE".utf8)] : words.map { Array($0.utf8) }
      #expect(try ours.command(words) == redis.command(words))
    }
    for words in [["XREADGROUP", "GROUP", "g", "c", "STREAMS", "t", ">"], ["XINFO", "GROUPS", "t"]] {
      #expect(try ours.command(words) == redis.command(words))
    }
  }

  /// The client is told what Redis tells; the operator finds in the log what was wrong where.
  @Test func theLogSaysWhatIsWrong() throws {
    let ours = try ServerProcess(.cambium, directives: Self.directives)
    let client = try ours.connect()
    // A list of two elements whose listpack says that there are three.
    let list: [UInt8] = [11, 0, 0, 0, 3, 0, 1, 1, 2, 1, 0xff]
    let request = [Array("RESTORE".utf8), Array("queue".utf8), [48], Self.payload([18, 1, 2, 11] + list)]
    #expect(try client.command(request) == .error("ERR Bad data format"))
    let line = #"RESTORE of a bad payload: list integrity check failed (at byte 15, key "queue", type list)"#
    #expect(ours.log.text.contains(line), "\(ours.log.text)")
    // Without a look at the checksum the same is found.
    #expect(try client.command("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1") == .simple("OK"))
    #expect(
      try client.command(request.dropLast() + [[18, 1, 2, 11] + list + [10, 0] + [UInt8](repeating: 9, count: 8)])
        == .error("ERR Bad data format"))
    #expect(
      try client.command(request.dropLast() + [[0, 1, 120, 10, 0] + [UInt8](repeating: 9, count: 8)]) == .simple("OK"))
    #expect(try client.command("GET", "queue") == .bulk("x"))
  }

  /// Whatever comes of a payload that was changed at random and signed again, the server answers, and what it has taken in
  /// can be used.
  @Test func randomPayloadsAreAnsweredAndUsed() throws {
    var random = SeededGenerator()
    let ours = try ServerProcess(.cambium, directives: Self.directives)
    let client = try ours.connect(timeoutMilliseconds: 20_000)
    try Self.fill(client)
    let values = try Self.keys.map { key -> [UInt8] in
      guard case .bulk(let payload) = try client.command("DUMP", key) else { return [0, 0] }
      return payload.dropLast(10)
    }
    var taken = 0
    for _ in 0..<3000 {
      var value = values.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        value[Int.random(in: 0..<value.count, using: &random)] = [
          UInt8.random(in: 0...255, using: &random), 0, 0x80, 0x81, 0xff,
        ].randomElement(using: &random)!
      }
      let command = ["RESTORE", "k", "0"].map { Array($0.utf8) } + [Self.payload(value), Array("REPLACE".utf8)]
      let reply = try client.command(command)
      guard reply == .simple("OK") else {
        #expect(reply == .error("ERR Bad data format"), "\(random) \(value)")
        continue
      }
      taken += 1
      for reply in try client.pipeline(Self.uses) { _ = reply }
    }
    #expect((1..<3000).contains(taken), "\(random)")
    #expect(try client.command("PING") == .simple("PONG"))
  }

  /// Commands of every type; those of other types than the key's are answered with an error.
  static let uses: [[String]] = [
    ["TYPE", "k"], ["OBJECT", "ENCODING", "k"], ["MEMORY", "USAGE", "k"], ["DUMP", "k"],
    ["DEBUG", "DIGEST-VALUE", "k"],
    ["COPY", "k", "l", "REPLACE"], ["GET", "k"], ["APPEND", "k", "x"], ["INCR", "k"], ["SETBIT", "k", "9", "1"],
    ["LRANGE", "k", "0", "-1"], ["LINDEX", "k", "-2"], ["LINSERT", "k", "BEFORE", "element 3", "x"],
    ["LPUSH", "k", "x"],
    ["LREM", "k", "0", "x"], ["LPOS", "k", "element 7"], ["LTRIM", "k", "1", "-2"], ["RPOP", "k", "2"],
    ["SMEMBERS", "k"], ["SISMEMBER", "k", "2"], ["SADD", "k", "9", "x"], ["SRANDMEMBER", "k", "-5"],
    ["SPOP", "k", "2"],
    ["HGETALL", "k"], ["HSET", "k", "f", "x", "new", "x"], ["HINCRBY", "k", "n", "1"],
    ["HRANDFIELD", "k", "-5", "WITHVALUES"],
    ["HDEL", "k", "f", "f3"], ["ZRANGE", "k", "0", "-1", "WITHSCORES"], ["ZADD", "k", "3", "a", "-1", "x"],
    ["ZINCRBY", "k", "2", "b"], ["ZRANGEBYLEX", "k", "-", "+"], ["ZRANK", "k", "b"],
    ["ZREMRANGEBYRANK", "k", "0", "0"],
    ["ZPOPMAX", "k", "2"], ["XRANGE", "k", "-", "+"], ["XREVRANGE", "k", "+", "-"], ["XINFO", "STREAM", "k", "FULL"],
    ["XPENDING", "k", "group"], ["XPENDING", "k", "group", "-", "+", "10"], ["XADD", "k", "*", "f", "v"],
    ["XREADGROUP", "GROUP", "group", "other", "COUNT", "3", "STREAMS", "k", ">"], ["XACK", "k", "group", "1-0", "2-0"],
    ["XCLAIM", "k", "group", "other", "0", "3-0"], ["XAUTOCLAIM", "k", "group", "other", "0", "0"],
    ["XDEL", "k", "5-0"],
    ["XTRIM", "k", "MAXLEN", "3"], ["XGROUP", "DELCONSUMER", "k", "group", "consumer"], ["SORT", "k", "ALPHA"],
    ["RENAME", "k", "m"], ["DEL", "m"], ["DEL", "l"],
  ]
}
