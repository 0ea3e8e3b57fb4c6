import Engine
import RESP
import TestSupport
import Testing

/// Random commands to the engine and to redis-server: equal replies, byte for byte, and equal counters at the end.
@Suite struct CommandFamiliesTests {
  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func repliesEqualThoseOfRedis(_ version: ProtocolVersion) throws {
    let server = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"])
    let redis = try server.connect()
    // Keys that have expired are to stay until they are met.
    try redis.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    if version == .resp3 { try redis.useRESP3() }
    let harness = EngineHarness()
    harness.session.version = version
    var mix = CommandMix(SeededGenerator())
    var seals = SeededGenerator(seed: mix.generator.seed)
    var history: [[String]] = []
    for _ in 0..<6000 {
      // What a version holds has to be written in another way, and answers alike.
      if seals.oneIn(50) { harness.engine.guardVersion("test") }
      let command = mix.next()
      history.append(command)
      try redis.sendCommand(command.map { Array($0.utf8) })
      let expected = try redis.readRawReply().bytes
      let actual = harness.raw(command)
      guard try isEqual(expected, actual, unordered: CommandMix.isUnordered(command)) else {
        Issue.record(
          """
          \(mix.generator): \(history.suffix(30).map { "\($0)" }.joined(separator: "\\n"))
          redis: \(String(decoding: expected, as: UTF8.self).debugDescription)
          engine: \(String(decoding: actual, as: UTF8.self).debugDescription)
          """)
        return
      }
    }
    let counters = try RedisCounters(redis)
    let statistics = harness.engine.keyspace.statistics
    #expect(statistics.hits == counters["keyspace_hits"], "\(mix.generator)")
    #expect(statistics.misses == counters["keyspace_misses"], "\(mix.generator)")
    #expect(harness.engine.keyspace.changesSinceSave == counters["rdb_changes_since_last_save"], "\(mix.generator)")
  }

  /// Commands that come at once share a turn, where their lookups go ahead together. Nobody may see a difference.
  @Test func batchesAnswerAsSingleCommands() throws {
    let (single, batched) = (EngineHarness(), EngineHarness())
    var mix = CommandMix(SeededGenerator())
    var counts = SeededGenerator(seed: mix.generator.seed)
    for _ in 0..<150 {
      var request: [UInt8] = []
      var expected: [UInt8] = []
      for _ in 0..<Int.random(in: 1...80, using: &counts) {
        let command = mix.next()
        request.command(command.map { Array($0.utf8) })
        expected += single.raw(command)
      }
      guard batched.send(request) == expected else {
        Issue.record("\(mix.generator): \(String(decoding: request, as: UTF8.self))")
        return
      }
      for harness in [single, batched] where counts.seed % 2 == 0 { harness.engine.guardVersion("test") }
    }
    #expect(single.engine.keyspace.statistics.hits == batched.engine.keyspace.statistics.hits, "\(mix.generator)")
  }

  private func isEqual(_ expected: [UInt8], _ actual: [UInt8], unordered: Bool) throws -> Bool {
    guard unordered else { return expected == actual }
    return sorted(try parsed(expected)) == sorted(try parsed(actual))
  }

  private func parsed(_ bytes: [UInt8]) throws -> Reply? {
    var parser = ReplyParser()
    unsafe parser.append(bytes.span.bytes)
    return try parser.next()
  }

  /// The reply with all its arrays of strings in order.
  private func sorted(_ reply: Reply?) -> Reply? {
    guard case .array(let elements) = reply else { return reply }
    let inner = elements.map { sorted($0) ?? $0 }
    return .array(inner.sorted { ($0.text ?? "") < ($1.text ?? "") })
  }
}

/// What INFO tells in numbers.
struct RedisCounters {
  private var numbers: [String: Int] = [:]

  init(_ client: Client) throws {
    let text = try client.command("INFO").text ?? ""
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":")
      if parts.count == 2 { numbers[String(parts[0])] = Int(parts[1]) }
    }
  }

  subscript(_ name: String) -> Int? { numbers[name] }
}
