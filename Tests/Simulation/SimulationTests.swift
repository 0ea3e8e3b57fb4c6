import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import VersionedStore

/// Many seeds of the simulation; see `Invariants` for what is held against each.
///
/// `CAMBIUM_SIMULATION_SEEDS` says how many, `CAMBIUM_SEED` names one alone, which is then told in full.
@Suite struct SimulationTests {
  private static let seedCount =
    ProcessInfo.processInfo.environment["CAMBIUM_SIMULATION_SEEDS"].flatMap { Int($0) } ?? 400
  private static let firstSeed = 1
  /// What is optimized has time to compare more.
  private static let digestInterval = _isDebugAssertConfiguration() ? 4 : 1

  /// A run, and what it amounts to.
  private func run(_ seed: UInt64) -> (failure: String?, history: [String], counts: Counts) {
    var remains: [Remains] = []
    let outcome = Randomness.withSeed(seed) {
      let simulation = Simulation(seed: seed, digestInterval: Self.digestInterval)
      simulation.run(steps: 150)
      defer {
        for server in simulation.world.servers { remains += server.lives.flatMap(Remains.all) }
        simulation.world.end()
      }
      return (simulation.world.failure, simulation.world.history, simulation.world.counts)
    }
    // Thousands of runs fit into a process only if each is let go when it is over.
    #expect(!remains.isEmpty && remains.allSatisfy { $0.object == nil }, "CAMBIUM_SEED=\(seed) stays in memory")
    return outcome
  }

  @Test(arguments: 0..<8) func nothingIsLostWhateverHappens(part: Int) {
    if let seed = environmentSeed {
      guard part == 0 else { return }
      let (failure, history, _) = run(seed)
      print(history.joined(separator: "\n"))
      #expect(failure == nil, "CAMBIUM_SEED=\(seed)")
      return
    }
    var counts = Counts()
    for number in stride(from: part, to: Self.seedCount, by: 8) {
      let seed = UInt64(Self.firstSeed + number)
      let (failure, history, own) = run(seed)
      counts += own
      #expect(failure == nil, "CAMBIUM_SEED=\(seed)\n\(history.suffix(400).joined(separator: "\n"))")
    }
    print("part \(part): \(counts)")
  }

  private struct Remains {
    weak var object: AnyObject?

    static func all(_ life: Life) -> [Remains] {
      let objects: [AnyObject] = [life, life.engine, life.controller, life.journal, life.engine.commands]
      return (objects + life.engine.keyspace.history.allDatasets).map { Remains(object: $0) }
    }
  }

  /// A seed says all: a second run is the same to the last word.
  @Test func aSeedIsARun() {
    for seed: UInt64 in [3, 4] {
      let (first, second) = (run(seed).history, run(seed).history)
      let difference = zip(first, second).first { $0 != $1 }
      #expect(difference == nil)
      #expect(first.count == second.count)
    }
  }
}
