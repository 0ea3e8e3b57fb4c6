import TestSupport
import Testing
import Values
import VersionedStore

/// Numbers and subsequences against the replies of a stock redis-server.
@Suite struct RedisComparisonTests {
  private let server: ServerProcess
  private let client: Client

  init() throws {
    server = try ServerProcess(.redis)
    client = try server.connect()
  }

  @Test func integersAreReadAsByIncrby() throws {
    var random = SeededGenerator()
    var texts = ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "-0"]
    for _ in 0..<2000 {
      texts.append(random.text(over: "0123456789-+ .", upTo: 3))
      texts.append(random.text(over: "-", upTo: 1) + "9" + random.text(over: "0123456789", upTo: 19))
    }
    let replies = try send(texts.flatMap { [["SET", "k", $0], ["INCRBY", "k", "0"]] })
    for (index, text) in texts.enumerated() {
      let value = Array(text.utf8).withBytes { Int64(text: $0) }
      let expected =
        value.map { integer($0) } ?? error("ERR value is not an integer or out of range")
      #expect(replies[2 * index + 1] == expected, "\(random), text \(text)")
    }
  }

  @Test func unsignedIntegersAreReadAsInStreamIds() throws {
    var random = SeededGenerator()
    var texts = [
      "18446744073709551615", "18446744073709551616", "-18446744073709551615", "-18446744073709551616", "-0",
    ]
    for _ in 0..<2000 {
      texts.append(random.text(over: "01239-+ \t", upTo: 4))
      texts.append(random.text(over: "-+ ", upTo: 2) + "1" + random.text(over: "0123456789", upTo: 20))
    }
    let replies = try send(texts.flatMap { [["DEL", "s"], ["XADD", "s", "5-" + $0, "f", "v"]] })
    for (index, text) in texts.enumerated() {
      let value = Array(text.utf8).withBytes { UInt64(text: $0) }
      let expected =
        value.map { bulk("5-" + printed(DecimalText($0))) }
        ?? error("ERR Invalid stream ID specified as stream command argument")
      #expect(replies[2 * index + 1] == expected, "\(random), text \(text)")
    }
  }

  /// In a skip list; a listpack would take -0 for 0. The score comes second, since the first place is for options too.
  @Test func doublesAreReadAndPrintedAsScores() throws {
    _ = try send([["CONFIG", "SET", "zset-max-listpack-entries", "0"]])
    var random = SeededGenerator()
    var texts = ["", " 1", "1 ", "nan", "inf", "-Infinity", "0x1p3", "1e400", "1e-400", "1e-310", "-0", "1e17", "1e16"]
    for _ in 0..<1500 {
      texts.append(random.text(over: "0123.-+eExp", upTo: 6))
      texts.append(random.text(over: "inftyINFTY", upTo: 4))
      texts.append(number(&random, exponents: -330...330))
    }
    let replies = try send(
      texts.flatMap { [["DEL", "z"], ["ZADD", "z", "0", "first", $0, "m"], ["ZSCORE", "z", "m"]] })
    for (index, text) in texts.enumerated() {
      guard let value = double(text) else {
        #expect(replies[3 * index + 1] == error("ERR value is not a valid float"), "\(random), text \(text)")
        continue
      }
      #expect(replies[3 * index + 2] == bulk(printed(FloatText(value))), "\(random), text \(text)")
    }
  }

  @Test func extendedNumbersAreAddedAndPrintedAsByIncrbyfloat() throws {
    var random = SeededGenerator()
    var pairs = [("0.1", "0.2"), ("1e4000", "1e4000"), ("inf", "-inf"), ("-1", "1"), ("-0", "-0"), ("5e3", "0x10")]
    pairs.append((String(repeating: "0", count: 5118) + "7", "1"))
    pairs.append((String(repeating: "0", count: 5119) + "7", "1"))
    for _ in 0..<1500 {
      pairs.append((random.text(over: "0123.-+eExp", upTo: 5), "0"))
      pairs.append((number(&random, exponents: -30...30), number(&random, exponents: -30...30)))
      pairs.append((number(&random, exponents: -4960...4940), number(&random, exponents: -4960...4940)))
    }
    let replies = try send(pairs.flatMap { [["SET", "k", $0], ["INCRBYFLOAT", "k", $1]] })
    for (index, (a, b)) in pairs.enumerated() {
      let reply = replies[2 * index + 1]
      guard let a = extended(a), let b = extended(b) else {
        #expect(reply == error("ERR value is not a valid float"), "\(random), \(a), \(b)")
        continue
      }
      guard (a + b).isFinite else {
        #expect(reply == error("ERR increment would produce NaN or Infinity"), "\(random), \(a), \(b)")
        continue
      }
      #expect(reply == bulk(printed(human: a + b)), "\(random), \(a), \(b)")
    }
  }

  @Test func subsequencesAreFoundAsByLCS() throws {
    var random = SeededGenerator()
    for round in 0..<300 {
      let alphabet = String("abcdef".prefix(Int.random(in: 1...6, using: &random)))
      let limit = round.isMultiple(of: 10) ? 150 : 12
      let a = random.text(over: alphabet, upTo: limit)
      let b = random.text(over: alphabet, upTo: limit)
      let replies = try send([
        ["MSET", "a", a, "b", b], ["LCS", "a", "b"], ["LCS", "a", "b", "LEN"],
        ["LCS", "a", "b", "IDX", "WITHMATCHLEN"],
      ])
      let expected = try Array(a.utf8).withBytes { (a) throws in
        try Array(b.utf8).withBytes { (b) throws -> [String] in
          let found = try LongestCommonSubsequence(of: a, and: b, tableLimit: 1 << 29)
          let length = try LongestCommonSubsequence.length(of: a, and: b, tableLimit: 1 << 29)
          return [
            "+OK\r\n", bulk(String(decoding: found.bytes(from: a), as: UTF8.self)), integer(length),
            array([bulk("matches"), array(found.matches.map(reply)), bulk("len"), integer(found.length)]),
          ]
        }
      }
      #expect(replies == expected, "\(random), \(a), \(b)")
    }
  }

  @Test func subsequencesHaveTheSameLimit() throws {
    _ = try send([["CONFIG", "SET", "proto-max-bulk-len", "1mb"]])
    let edge = (1 << 20) / 4 / 512 - 1
    for count in [edge, edge + 1] {
      let (a, b) = (String(repeating: "a", count: 511), String(repeating: "a", count: count))
      let replies = try send([["MSET", "a", a, "b", b], ["LCS", "a", "b", "LEN"]])
      let length = Array(a.utf8).withBytes { a in
        Array(b.utf8).withBytes { b in try? LongestCommonSubsequence.length(of: a, and: b, tableLimit: 1 << 20) }
      }
      #expect(
        replies[1] == length.map { integer($0) }
          ?? error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"))
    }
  }

  /// With a factor of 0 the counter grows at every access.
  @Test func usesAreCountedAsByObjectFreq() throws {
    _ = try send([["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "lfu-log-factor", "0", "lfu-decay-time", "0"]])
    var clock = AccessClock.LFU(milliseconds: 0)
    _ = try send([["SET", "k", "v"]])
    for _ in 0..<300 {
      let replies = try send([["OBJECT", "FREQ", "k"], ["GET", "k"]])
      #expect(replies[0] == integer(Int(clock.counter(milliseconds: 0, decayMinutes: 0))))
      clock = clock.accessed(milliseconds: 0, decayMinutes: 0, logFactor: 0, random: .max)
    }
  }

  /// The replies as they came over the wire.
  private func send(_ commands: [[String]]) throws -> [String] {
    var replies: [String] = []
    for start in stride(from: 0, to: commands.count, by: 200) {
      let batch = commands[start..<min(start + 200, commands.count)]
      for command in batch { try client.sendCommand(command.map { [UInt8]($0.utf8) }) }
      for _ in batch { replies.append(String(decoding: try client.readRawReply().bytes, as: UTF8.self)) }
    }
    return replies
  }

  /// Up to 25 digits with a point somewhere and an exponent.
  private func number(_ random: inout SeededGenerator, exponents: ClosedRange<Int>) -> String {
    let sign = random.text(over: "-", upTo: 1)
    let digits = random.text(over: "0123456789", upTo: 12) + "." + random.text(over: "0123456789", upTo: 13)
    return sign + digits + (Bool.random(using: &random) ? "e\(Int.random(in: exponents, using: &random))" : "")
  }

  private func reply(_ match: LongestCommonSubsequence.Match) -> String {
    func range(_ range: Range<Int>) -> String {
      array([integer(range.lowerBound), integer(range.upperBound - 1)])
    }
    return array([range(match.first), range(match.second), integer(match.first.count)])
  }

  private func error(_ text: String) -> String { "-\(text)\r\n" }
  private func integer(_ value: some BinaryInteger) -> String { ":\(value)\r\n" }
  private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
  private func array(_ items: [String]) -> String { "*\(items.count)\r\n" + items.joined() }
}
