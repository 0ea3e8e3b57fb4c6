import Foundation
import RESP
import TestSupport
import Testing

/// Values of all types and encodings, on their way between redis-server and this one: by DUMP and RESTORE, and in files.
/// Whether they are equal is told by the digests of both servers.
@Suite struct RoundTripTests {
  /// Values around every limit of the compact encodings.
  static func fill(_ client: Client, _ generator: inout SeededGenerator) throws {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    func text(_ limit: Int) -> String {
      switch number(6) {
      case 0: "\(number(200) - 100)"
      case 1: "\(Int64.random(in: .min ... .max, using: &generator))"
      case 2: String(repeating: "abc", count: number(limit) / 3 + 1)
      default: String((0..<number(limit) + 1).map { _ in Character(UnicodeScalar(UInt8(33 + number(90)))) })
      }
    }
    let sizes = [1, 2, 5, 100, 127, 128, 129, 511, 512, 513, 2000]
    var commands: [[String]] = []
    for (index, size) in sizes.enumerated() {
      commands.append(["SET", "string:\(index)", text(size * 40)])
      for limit in [10, 64, 70, 400] {
        let name = "\(size):\(limit)"
        commands.append(["RPUSH", "list:\(name)"] + (0..<size).map { _ in text(limit) })
        commands.append(
          ["SADD", "integers:\(name)"] + (0..<size).map { _ in "\(number(1 << limit.trailingZeroBitCount + 9))" })
        commands.append(["SADD", "set:\(name)"] + (0..<size).map { _ in text(limit) })
        commands.append(["HSET", "hash:\(name)"] + (0..<size).flatMap { ["f\($0)", text(limit)] })
        commands.append(["ZADD", "zset:\(name)"] + (0..<size).flatMap { _ in [score(), text(limit)] })
      }
    }
    func score() -> String {
      switch number(8) {
      case 0: ["inf", "-inf", "1e300", "3.5e-300"][number(4)]
      case 1..<4: "\(number(1000)).\(number(1000))"
      default: "\(number(100) - 50)"
      }
    }
    for size in [1, 99, 100, 101, 1500] {
      let key = "stream:\(size)"
      for id in 1...size {
        commands.append(["XADD", key, "\(id)-\(number(5))", "f", text(20), "g\(number(2))", text(100)])
      }
      commands.append(["XDEL", key, "1", "\(size / 2 + 1)-0", "\(size)-1"])
      for group in ["one", "two"] {
        commands.append(["XGROUP", "CREATE", key, group, "0"])
        for consumer in ["a", "b"] {
          commands.append(["XREADGROUP", "GROUP", group, consumer, "COUNT", "\(size / 3 + 1)", "STREAMS", key, ">"])
        }
        commands.append(["XACK", key, group, "2-0", "3-1", "4-2", "5-3"])
      }
      commands.append(["XGROUP", "CREATECONSUMER", key, "one", "idle"])
    }
    // Around the length from which on strings are kept in chunks, with and without something to compress.
    let noise = String((0..<100_000).map { _ in Character(UnicodeScalar(UInt8(33 + number(90)))) })
    for size in [65_536, 65_537, 100_000] {
      commands.append(["SET", "repeating:\(size)", String(String(repeating: text(70), count: size).prefix(size))])
      commands.append(["SET", "noise:\(size)", String(noise.prefix(size))])
      commands.append(["SETBIT", "bits:\(size)", "\(size * 8)", "1"])
    }
    commands.append(["PEXPIREAT", "bits:100000", "4000000000123"])
    // Lengths at which Redis writes one byte more behind a packed element than the number needs.
    for count in [126, 127, 16_377, 16_378, 16_379, 2_097_146] {
      let edge = String(repeating: "e", count: count)
      commands.append(["RPUSH", "list:edge:\(count)", edge, "behind"])
      commands.append(["XADD", "stream:edge:\(count)", "1-1", "f", edge])
    }
    // The difference of the two ids has no sign.
    for id in ["1-0", "9223372036854775809-1", "18446744073709551615-18446744073709551615"] {
      commands.append(["XADD", "stream:extreme", id, "f", id])
    }
    commands.append(["PEXPIREAT", "list:5:10", "4000000000123"])
    commands.append(["PEXPIREAT", "string:3", "4000000000123"])
    for reply in try client.pipeline(commands) {
      if case .error(let text) = reply { Issue.record("\(text)") }
    }
    try client.command("SELECT", "7")
    try client.command("SET", "elsewhere", "1")
    try client.command("SELECT", "0")
  }

  private func digest(_ client: Client) throws -> String { try client.command("DEBUG", "DIGEST").text ?? "" }

  private func keys(_ client: Client) throws -> [String] {
    guard case .array(let keys) = try client.command("KEYS", "*") else { return [] }
    return keys.compactMap(\.text).sorted()
  }

  /// What the digest leaves out: groups, consumers, what is pending.
  private func compareStreams(_ key: String, _ source: Client, _ target: Client) throws {
    guard key.hasPrefix("stream:") else { return }
    func state(_ client: Client) throws -> [Reply] {
      guard case .array(var parts) = try client.command("XINFO", "STREAM", key, "FULL", "COUNT", "0") else { return [] }
      // The nodes of Redis's radix tree.
      if parts.count > 5 { parts.removeSubrange(4..<6) }
      return parts
    }
    let expected = try state(source)
    #expect(expected.count == 16)
    #expect(try state(target) == expected, "\(key)")
  }

  private static let directives = ["save ''", "enable-debug-command yes"]

  @Test(arguments: [true, false]) func byDumpAndRestore(toRedis: Bool) throws {
    var generator = SeededGenerator()
    let redis = try ServerProcess(.redis, directives: Self.directives).connect(timeoutMilliseconds: 20_000)
    let ours = try ServerProcess(.cambium, directives: Self.directives).connect(timeoutMilliseconds: 20_000)
    let (source, target) = toRedis ? (ours, redis) : (redis, ours)
    try Self.fill(source, &generator)
    for key in try keys(source) {
      guard case .bulk(let payload) = try source.command("DUMP", key),
        case .integer(let expiry) = try source.command("PEXPIRETIME", key)
      else {
        Issue.record("\(key) has no payload, \(generator)")
        continue
      }
      let request = ["RESTORE", key, "\(max(expiry, 0))"].map { Array($0.utf8) } + [payload, Array("ABSTTL".utf8)]
      let reply = try target.command(request)
      #expect(reply == .simple("OK"), "\(key): \(generator)")
      let expected = try source.command("DEBUG", "DIGEST-VALUE", key)
      #expect(try target.command("DEBUG", "DIGEST-VALUE", key) == expected, "\(key): \(generator)")
      let encoding = try source.command("OBJECT", "ENCODING", key)
      #expect(try target.command("OBJECT", "ENCODING", key) == encoding, "\(key): \(generator)")
      try compareStreams(key, source, target)
    }
  }

  @Test(arguments: [true, false], ["yes", "no"]) func inFiles(toRedis: Bool, compression: String) throws {
    var generator = SeededGenerator()
    let directives = Self.directives + ["rdbcompression \(compression)"]
    let writer = try ServerProcess(toRedis ? .cambium : .redis, directives: directives)
    let source = try writer.connect(timeoutMilliseconds: 20_000)
    try Self.fill(source, &generator)
    #expect(try source.command("SAVE") == .simple("OK"))
    let reader = try ServerProcess(toRedis ? .redis : .cambium, directives: directives, directory: writer.directory)
    let target = try reader.connect(timeoutMilliseconds: 20_000)
    let expected = try digest(source)
    #expect(expected.count == 40)
    #expect(try digest(target) == expected, "\(generator)")
    for key in try keys(source) { try compareStreams(key, source, target) }
    #expect(try source.command("DEBUG", "RELOAD") == .simple("OK"))
    #expect(try digest(source) == expected, "\(generator)")
  }

  /// Ids may lie so far apart that their difference in a node is stored as a negative number.
  @Test func aStreamFromTheFirstToTheLastIDIsRestored() throws {
    let clients = try [ServerProcess.Program.redis, .cambium].map {
      try ServerProcess($0, directives: Self.directives).connect()
    }
    let last = "18446744073709551615-18446744073709551615"
    for (source, target) in [(clients[0], clients[1]), (clients[1], clients[0]), (clients[1], clients[1])] {
      try source.command("DEL", "s")
      for id in ["0-1", "5-2", "9223372036854775808-0", last] { try source.command("XADD", "s", id, "f", "v") }
      guard case .bulk(let payload) = try source.command("DUMP", "s") else {
        Issue.record("no payload")
        return
      }
      #expect(try target.command(["RESTORE", "t", "0"].map { Array($0.utf8) } + [payload]) == .simple("OK"))
      #expect(try target.command("XREVRANGE", "t", "+", "-") == source.command("XREVRANGE", "s", "+", "-"))
      try target.command("DEL", "t")
    }
    #expect(try clients[1].command("DEBUG", "RELOAD") == .simple("OK"))
    #expect(try clients[1].command("XLEN", "s") == .integer(4))
  }

  /// A file of redis-server goes live beside what was there; the former dataset comes back unharmed.
  @Test func byVersionLoad() throws {
    var generator = SeededGenerator()
    let writer = try ServerProcess(.redis, directives: Self.directives)
    let source = try writer.connect(timeoutMilliseconds: 60_000)
    try Self.fill(source, &generator)
    #expect(try source.command("SAVE") == .simple("OK"))
    let ours = try ServerProcess(.cambium, directives: Self.directives).connect(timeoutMilliseconds: 60_000)
    try Self.fill(ours, &generator)
    let (former, loaded) = (try digest(ours), try digest(source))
    #expect(try ours.command("VERSION", "LOAD", writer.path(of: "dump.rdb"), "COMMIT") == .integer(1))
    #expect(try digest(ours) == loaded, "\(generator)")
    for key in try keys(source) { try compareStreams(key, source, ours) }
    #expect(try ours.command("VERSION", "ROLLBACK", "before-load-1") == .integer(2))
    #expect(try digest(ours) == former, "\(generator)")
    #expect(former != loaded)
  }

  @Test func restoreRefusesAsRedis() throws {
    let redis = try ServerProcess(.redis, directives: Self.directives).connect()
    let ours = try ServerProcess(.cambium, directives: Self.directives).connect()
    let payload = [UInt8]([0, 3, 97, 98, 99, 10, 0]) + [0x6a, 0x14, 0x86, 0x2f, 0x4e, 0x4b, 0xc6, 0x9c]
    for client in [redis, ours] { try client.command("SET", "good", "abc") }
    guard case .bulk(let good) = try redis.command("DUMP", "good") else { return }
    #expect(try ours.command("DUMP", "good") == .bulk(good))
    var cut = good
    cut.remove(at: 2)
    let requests: [[[UInt8]]] = [
      ["RESTORE", "a", "0"].map { Array($0.utf8) } + [payload], ["RESTORE", "a", "x"].map { Array($0.utf8) } + [good],
      ["RESTORE", "a", "-1"].map { Array($0.utf8) } + [good], ["RESTORE", "good", "0"].map { Array($0.utf8) } + [good],
      ["RESTORE", "a", "0"].map { Array($0.utf8) } + [cut], ["RESTORE", "a", "0", ""].map { Array($0.utf8) },
      ["RESTORE", "good", "0"].map { Array($0.utf8) } + [good, Array("REPLACE".utf8)],
      ["RESTORE", "b", "5"].map { Array($0.utf8) } + [good, Array("ABSTTL".utf8)],
      ["RESTORE", "b", "0"].map { Array($0.utf8) } + [good, Array("IDLETIME".utf8), Array("-1".utf8)],
      ["RESTORE", "b", "0"].map { Array($0.utf8) } + [good, Array("FREQ".utf8), Array("256".utf8)],
      ["RESTORE", "b", "0"].map { Array($0.utf8) } + [good, Array("FOO".utf8)],
      ["RESTORE", "b", "0"].map { Array($0.utf8) } + [good, Array("IDLETIME".utf8), Array("1000".utf8)],
      ["OBJECT", "IDLETIME", "b"].map { Array($0.utf8) }, ["EXISTS", "a", "b"].map { Array($0.utf8) },
      ["GET", "good"].map { Array($0.utf8) }, ["DUMP", "none"].map { Array($0.utf8) },
    ]
    for request in requests {
      let expected = try redis.command(request)
      #expect(try ours.command(request) == expected, "\(request.map { String(decoding: $0, as: UTF8.self) })")
    }
  }

  /// Encoding and length in a snapshot are those of Redis, nodes of long lists aside.
  @Test func debugObjectDescribesAsRedis() throws {
    let directives = Self.directives + ["rdbcompression no"]
    let redis = try ServerProcess(.redis, directives: directives).connect()
    let ours = try ServerProcess(.cambium, directives: directives).connect()
    func words(_ reply: Reply) -> [String] { (reply.text ?? "").split(separator: " ").map(String.init) }
    let values = [
      "a", "1", "-1", "127", "128", "-129", "40000", "-3000000000", "9223372036854775807", "007",
      String(repeating: "x", count: 44), String(repeating: "x", count: 45), String(repeating: "y", count: 63),
      String(repeating: "y", count: 64), String(repeating: "z", count: 20_000), String(repeating: "z", count: 70_000),
    ]
    for value in values {
      let commands = [
        ["SET", "string", value], ["RPUSH", "list", value, "second"], ["SADD", "set", value, "second"],
        ["HSET", "hash", value, "second"], ["ZADD", "zset", "1.5", value, "2", "second"],
      ]
      for command in commands {
        for client in [redis, ours] {
          try client.command("DEL", command[1])
          try client.command(command)
        }
        let expected = words(try redis.command("DEBUG", "OBJECT", command[1]))
        let actual = words(try ours.command("DEBUG", "OBJECT", command[1]))
        #expect(actual.map { $0.prefix { $0 != ":" } } == expected.map { $0.prefix { $0 != ":" } })
        for index in [3, 4] { #expect(actual[index] == expected[index], "\(command[0]) \(value.prefix(50))") }
      }
    }
  }
}
