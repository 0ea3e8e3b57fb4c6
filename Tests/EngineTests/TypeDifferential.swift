import Engine
import RESP
import TestSupport
import Testing
import Values

@testable import VersionedStore

/// Random commands of one family to redis-server and to the engine: equal replies, byte for byte, while the engine keeps
/// versions, so that much of what it writes is sealed.
struct TypeDifferential {
  /// Small limits, so that values change their encoding all the time.
  var directives = [
    "hash-max-listpack-entries 8", "hash-max-listpack-value 16", "set-max-intset-entries 8",
    "zset-max-listpack-entries 8", "zset-max-listpack-value 16", "list-max-listpack-size 8",
    "stream-node-max-entries 5",
  ]
  /// Commands whose replies have no order of their own.
  var unordered: Set<String> = []
  var commands = 4000

  /// `next` makes the words of a command.
  func run(
    _ location: SourceLocation = #_sourceLocation, _ next: (inout SeededGenerator) -> [String]
  ) throws {
    let server = try ServerProcess(.redis, directives: ["save ''"] + directives)
    for version in [ProtocolVersion.resp2, .resp3] {
      var generator = SeededGenerator()
      let seed = generator.seed
      let redis = try server.connect()
      try redis.command("FLUSHALL")
      if version == .resp3 { try redis.useRESP3() }
      let harness = EngineHarness(settings: Self.settings)
      harness.session.version = version
      var history: [[String]] = []
      for _ in 0..<commands {
        if generator.oneIn(40) { try harness.run("VERSION", "CREATE") }
        let command = next(&generator)
        history.append(command)
        try redis.sendCommand(command.map { Array($0.utf8) })
        let expected = try redis.readRawReply().bytes
        let actual = harness.raw(command)
        guard try isEqual(expected, actual, unordered: unordered.contains(command[0])) else {
          Issue.record(
            """
            seed \(seed): \(history.suffix(12).map { "\($0)" }.joined(separator: "\\n"))
            redis: \(String(decoding: expected, as: UTF8.self).debugDescription)
            engine: \(String(decoding: actual, as: UTF8.self).debugDescription)
            """, sourceLocation: location)
          return
        }
      }
      let violations = try rollBackAndCheck(harness)
      #expect(violations.isEmpty, "seed \(seed)", sourceLocation: location)
    }
  }

  static var settings: Settings {
    let settings = Settings()
    settings.enableDebugCommand = .yes
    settings.encodingLimits.hashEntries = 8
    settings.encodingLimits.hashValue = 16
    settings.encodingLimits.setIntegers = 8
    settings.encodingLimits.sortedSetEntries = 8
    settings.encodingLimits.sortedSetValue = 16
    settings.encodingLimits.listSize = 8
    settings.encodingLimits.streamNodeEntries = 5
    return settings
  }

  private func isEqual(_ expected: [UInt8], _ actual: [UInt8], unordered: Bool) throws -> Bool {
    if expected == actual { return true }
    guard unordered, expected.count == actual.count else { return false }
    return try Self.elements(expected) == Self.elements(actual)
  }

  /// The texts of a reply, sorted.
  private static func elements(_ raw: [UInt8]) throws -> [String] {
    String(decoding: raw, as: UTF8.self).split(separator: "\r\n").map(String.init).sorted()
  }

  /// Drops every version, with a rollback on the way, and holds the store against its rules.
  private func rollBackAndCheck(_ harness: EngineHarness) throws -> [String] {
    let history = harness.engine.keyspace.history
    if let version = history.versions.randomElement() { try harness.run("VERSION", "ROLLBACK", "\(version.id)") }
    try history.drop(history.versions.map(\.id).shuffled())
    while !history.reclaim(limit: 10_000) {}
    return history.live.invariantViolations()
  }
}
