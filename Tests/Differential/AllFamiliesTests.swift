import Foundation
import RESP
import TestSupport
import Testing

/// Random commands of every family, valid and not, to redis-server and to cambium-server: replies, encodings, times to
/// live, counters and in the end whole datasets are equal.
///
/// `CAMBIUM_ROUNDS` makes it so many seeds, and `CAMBIUM_COMMANDS` so many commands for each.
@Suite struct AllFamiliesTests {
  private static func setting(_ name: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
  }

  @Test(arguments: [ProtocolVersion.resp2, .resp3], [false, true])
  func serversAreAlike(_ version: ProtocolVersion, inBatches: Bool) throws {
    for round in 0..<Self.setting("CAMBIUM_ROUNDS", 1) {
      let seed = environmentSeed.map { $0 &+ UInt64(round) } ?? UInt64.random(in: 1...999_999_999)
      try compare(SeededGenerator(seed: seed), version, inBatches: inBatches)
    }
  }

  private func compare(_ generator: SeededGenerator, _ version: ProtocolVersion, inBatches: Bool) throws {
    let twins = try TwinServers(
      version, generator, directives: generator.seed % 4 == 0 ? [] : TwinServers.smallLimits)
    var mix = CommandMix(generator, .allFamilies)
    let count = Self.setting("CAMBIUM_COMMANDS", 2500)
    do {
      while twins.history.count < count {
        if inBatches {
          try twins.checkTogether((0..<Int.random(in: 1...30, using: &mix.generator)).map { _ in mix.next() })
        } else {
          try twins.check(mix.next())
        }
        if mix.generator.oneIn(inBatches ? 40 : 400) { try twins.checkDataset() }
      }
      try twins.checkDataset()
    } catch {
      Issue.record("\(error)")
    }
    for difference in twins.wrongCounters.values { Issue.record("\(difference)") }
  }
}
