import RESP
import TestSupport
import Testing
import VersionedStore

@testable import Engine

/// Clients write, read at versions, take, drop and go back to them while memory is short, keys expire and the clock takes
/// versions of its own. Whoever reads at a version must see nothing of all that.
@Suite struct VersionSimulationTests {
  /// A client and what it must see.
  private struct Reader {
    let session: Session
    var contents: [String: String]?
  }

  private let harness = EngineHarness()

  @Test(arguments: [EvictionPolicy.noEviction, .allKeysLRU, .volatileTTL])
  func readersAtVersionsSeeWhatWasThere(_ policy: EvictionPolicy) throws {
    var generator = SeededGenerator()
    let seed = generator.description
    let settings = harness.engine.settings
    settings.versionHistory = 4
    settings.versionInterval = 5
    settings.maxmemoryPolicy = policy
    var readers = (0..<3).map { _ in Reader(session: harness.open()) }
    var compared = 0
    for step in 0..<1500 {
      switch Int.random(in: 0..<100, using: &generator) {
      case 0..<50: try write(&generator)
      case 50..<58: try harness.run("DEL", key(&generator))
      case 58..<60: try harness.run(generator.oneIn(2) ? "FLUSHALL" : "FLUSHDB")
      case 60..<61: try harness.run("SWAPDB", "0", "1")
      case 61..<68: try harness.run("VERSION", "CREATE")
      case 68..<71: if let id = try version(&generator) { try harness.run("VERSION", "ROLLBACK", id) }
      case 71..<77: if let id = try version(&generator) { try harness.run("VERSION", "DROP", id) }
      case 77..<79: if let id = try version(&generator) { try harness.run("VERSION", "HOLD", id, "t") }
      case 79..<82: if let id = try version(&generator) { try harness.run("VERSION", "RELEASE", id, "t") }
      case 82..<84: if let id = try version(&generator) { try harness.run("VERSION", "RESTORE", id, key(&generator)) }
      case 84..<88: try use(&readers[Int.random(in: 0..<readers.count, using: &generator)], &generator)
      case 88..<92: harness.wait(milliseconds: Int.random(in: 1...500, using: &generator))
      case 92..<96: harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
      default:
        settings.maxmemory =
          generator.oneIn(2) ? 0 : max(harness.engine.usedMemory - Int.random(in: 0..<5000, using: &generator), 1)
      }
      for reader in readers where step % 10 == 0 {
        guard let contents = reader.contents else { continue }
        #expect(try self.contents(reader.session) == contents, "\(seed) step \(step)")
        compared += contents.isEmpty ? 0 : 1
      }
    }
    #expect(compared > 50, "\(seed)")
    settings.maxmemory = 0
    try giveUpAll(readers)
    let history = harness.engine.keyspace.history
    #expect(history.live.invariantViolations().isEmpty, "\(seed)")
    #expect(history.allocatedBytes == history.liveBytes, "\(seed)")
  }

  private func key(_ generator: inout SeededGenerator) -> String {
    "key:\(Int.random(in: 0..<60, using: &generator))"
  }

  private func write(_ generator: inout SeededGenerator) throws {
    let value = String(repeating: "v", count: Int.random(in: 1...(generator.oneIn(5) ? 1000 : 20), using: &generator))
    let options = generator.oneIn(3) ? ["PX", "\(Int.random(in: 1...3000, using: &generator))"] : []
    try harness.run(["SET", key(&generator), value] + options)
  }

  private func version(_ generator: inout SeededGenerator) throws -> String? {
    harness.engine.keyspace.history.versions.randomElement(using: &generator).map { "\($0.id)" }
  }

  private func use(_ reader: inout Reader, _ generator: inout SeededGenerator) throws {
    guard let id = try version(&generator) else { return }
    // An automatic version may have given way to the want of memory a moment before.
    guard try harness.run("VERSION", "USE", id, from: reader.session) == .simple("OK") else { return }
    reader.contents = try contents(reader.session)
  }

  private func contents(_ session: Session) throws -> [String: String] {
    let keys = try harness.run("KEYS", "*", from: session).elements.compactMap(\.text)
    let values = keys.isEmpty ? [] : try harness.run(["MGET"] + keys, from: session).elements.map { $0.text ?? "" }
    return Dictionary(uniqueKeysWithValues: zip(keys, values))
  }

  private func giveUpAll(_ readers: [Reader]) throws {
    for reader in readers { harness.engine.peerClosed(reader.session) }
    for version in harness.engine.keyspace.history.versions {
      if !version.holds.isEmpty { try harness.run("VERSION", "RELEASE", "\(version.id)", "t") }
      #expect(try harness.run("VERSION", "DROP", "\(version.id)").number != nil)
    }
    harness.settle()
  }
}
