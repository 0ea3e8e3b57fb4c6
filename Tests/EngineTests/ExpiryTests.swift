import RESP
import TestSupport
import Testing
import VersionedStore

@testable import Engine

/// Keys that nobody asks for go when their time has come, in slices, a bounded number for each call of the cron.
@Suite struct ExpiryTests {
  private let harness = EngineHarness()

  private var keyCount: Int {
    let live = harness.engine.keyspace.live
    return (0..<live.databaseCount).reduce(0) { $0 + live.keyCount($1) }
  }

  private var statistics: KeyspaceStatistics { harness.engine.keyspace.statistics }

  /// Stores keys that expire after `milliseconds`; nil for never.
  private func fill(_ prefix: String, _ count: Int, database: Int = 0, expiringAfter milliseconds: Int?) {
    let live = harness.engine.keyspace.live
    let expiry = milliseconds.map { Int64(harness.clock.milliseconds + $0) }
    for number in 0..<count {
      Array("\(prefix):\(number)".utf8).withBytes { key in
        live.put(database, key, live.hash(key), .word(Int64(number)), tag: 0, expiry: expiry, accessClock: 0)
      }
    }
  }

  @Test func whatHasExpiredGoesAndTheRestStays() {
    fill("short", 3000, expiringAfter: 100)
    fill("long", 300, expiringAfter: 100_000)
    fill("ever", 5000, expiringAfter: nil)
    harness.cron(afterMilliseconds: 99)
    #expect(keyCount == 8300)
    for _ in 0..<40 { harness.cron(afterMilliseconds: 100) }
    #expect(keyCount == 5300)
    #expect(statistics.expiredKeys == 3000)
    #expect(statistics.expiredStalePercentage > 0)
    #expect(harness.engine.keyspace.live.expiringCount(0) == 300)
  }

  @Test func allDatabasesHaveTheirTurn() {
    for database in 0..<16 { fill("k", 50, database: database, expiringAfter: 1) }
    harness.cron(afterMilliseconds: 10)
    #expect(keyCount == 0)
  }

  /// One turn of the loop looks at no more keys than a slice has, and one cycle at no more than its budget.
  @Test(arguments: [(1, 10, 25_000), (10, 10, 43_000), (1, 100, 2_500)])
  func workIsBounded(effort: Int, hz: Int, budget: Int) {
    harness.engine.settings.activeExpireEffort = effort
    harness.engine.settings.hz = hz
    let count = 2 * budget
    fill("k", count, expiringAfter: 1)
    harness.clock.advance(milliseconds: 10)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    var removed = count - keyCount
    #expect(removed > 0 && removed <= ExpiryCycle.slice)
    while harness.engine.wantsTick {
      let before = keyCount
      harness.wait(milliseconds: 0)
      if before - keyCount > ExpiryCycle.slice { Issue.record("\(before - keyCount) keys in one turn") }
    }
    removed = count - keyCount
    #expect(removed == budget)
    #expect(statistics.expiredTimeCapReached == 1)
    harness.cron(afterMilliseconds: 1000 / hz)
    #expect(keyCount == 0)
    #expect(statistics.expiredKeys == count)
    #expect(!harness.engine.wantsTick)
  }

  /// A share that is acceptable ends the work of a cycle, but the walk goes on where it was: everything has its turn.
  @Test func aFewExpiredKeysAmongManyGoInTime() {
    fill("short", 50, expiringAfter: 1)
    fill("long", 5000, expiringAfter: 1_000_000)
    harness.cron(afterMilliseconds: 10)
    #expect(keyCount > 5000)
    for _ in 0..<60 { harness.cron(afterMilliseconds: 100) }
    #expect(keyCount == 5000)
  }

  @Test func aCycleWithoutWorkEndsAtOnce() {
    fill("ever", 1000, expiringAfter: nil)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(!harness.engine.wantsTick)
    fill("long", 1000, expiringAfter: 1_000_000)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(!harness.engine.wantsTick)
    #expect(statistics.expiredTimeCapReached == 0)
  }

  @Test func nothingExpiresByItselfWhereAnotherDecides() throws {
    fill("k", 100, expiringAfter: 1)
    harness.engine.keyspace.leavesExpiryToPrimary = true
    harness.cron(afterMilliseconds: 10)
    #expect(keyCount == 100)
    harness.engine.keyspace.leavesExpiryToPrimary = false
    harness.engine.keyspace.isActiveExpiryOn = false
    harness.cron(afterMilliseconds: 10)
    #expect(keyCount == 100)
    harness.engine.keyspace.isActiveExpiryOn = true
    harness.cron(afterMilliseconds: 10)
    #expect(keyCount == 0)
  }

  /// A cycle that may not go on must not have the loop turn without end.
  @Test func aCycleThatIsBrokenOffWantsNoTurns() {
    fill("k", 5000, expiringAfter: 1)
    harness.clock.advance(milliseconds: 10)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(harness.engine.wantsTick)
    harness.engine.keyspace.leavesExpiryToPrimary = true
    #expect(!harness.engine.wantsTick)
    harness.engine.keyspace.leavesExpiryToPrimary = false
    harness.engine.keyspace.isActiveExpiryOn = false
    #expect(!harness.engine.wantsTick)
    harness.engine.keyspace.isActiveExpiryOn = true
    harness.settle()
    #expect(keyCount == 0)
  }

  @Test func keysOfAVersionExpireAgainAfterTheRollback() throws {
    fill("k", 700, expiringAfter: 50)
    try harness.run("VERSION", "CREATE", "v")
    harness.cron(afterMilliseconds: 100)
    #expect(keyCount == 0)
    #expect(try harness.run("VERSION", "INFO", "v").fields["keys"] == .integer(700))
    try harness.run("VERSION", "ROLLBACK", "v")
    #expect(keyCount == 700)
    harness.cron(afterMilliseconds: 100)
    #expect(keyCount == 0)
    #expect(try harness.run("VERSION", "READ", "v", "DBSIZE") == .integer(700))
  }

  /// Random times to live, set and taken away while the cycle is under way, against a plain dictionary.
  @Test func randomHistories() throws {
    var generator = SeededGenerator()
    let seed = generator.description
    var expiries: [String: Int?] = [:]
    for _ in 0..<4000 {
      let key = "key:\(Int.random(in: 0..<800, using: &generator))"
      let now = harness.clock.milliseconds
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<6:
        let expiry = now + Int.random(in: 1...2000, using: &generator)
        try harness.run("SET", key, "v", "PXAT", "\(expiry)")
        expiries[key] = .some(expiry)
      case 6:
        try harness.run("SET", key, "v")
        expiries[key] = .some(nil)
      case 7:
        try harness.run("DEL", key)
        expiries[key] = nil
      case 8:
        harness.engine.cron(nowMicroseconds: Int64(now) * 1000)
      default:
        harness.wait(milliseconds: Int.random(in: 0...50, using: &generator))
      }
    }
    for _ in 0..<20 { harness.cron(afterMilliseconds: 0) }
    let now = harness.clock.milliseconds
    let living = expiries.filter { $0.value.map { $0 > now } ?? true }.keys.sorted()
    var stored: [String] = []
    let live = harness.engine.keyspace.live
    _ = live.head.scan(0, from: HashPosition(0), count: .max) { stored.append(String(decoding: $0.key, as: UTF8.self)) }
    #expect(stored.sorted() == living, "\(seed)")
    #expect(live.invariantViolations().isEmpty, "\(seed)")
  }
}
