import RESP
import TestSupport
import Testing
import VersionedStore

@testable import Engine

/// What gives way at `maxmemory`: freed memory first, then automatic versions, then keys by the policy.
@Suite struct EvictionTests {
  private let harness = EngineHarness()
  private let value = String(repeating: "v", count: 100)

  private var engine: Engine { harness.engine }
  private var settings: Settings { harness.engine.settings }
  private var evicted: Int { harness.engine.keyspace.statistics.evictedKeys }
  private static let refusal = "OOM command not allowed when used memory > 'maxmemory'."

  private func fill(_ prefix: String, _ range: Range<Int>, _ options: String...) throws {
    for number in range { try harness.run(["SET", "\(prefix):\(number)", value] + options) }
  }

  private func count(_ prefix: String) throws -> Int { try harness.run("KEYS", "\(prefix):*").elements.count }

  @Test(arguments: [
    EvictionPolicy.allKeysLRU, .allKeysLFU, .allKeysRandom, .volatileLRU, .volatileLFU, .volatileRandom, .volatileTTL,
  ])
  func memoryStaysBelowTheLimit(_ policy: EvictionPolicy) throws {
    settings.maxmemoryPolicy = policy
    settings.maxmemory = engine.usedMemory + 200_000
    try fill("ever", 0..<300)
    for number in 0..<2000 {
      let reply = try harness.run("SET", "k:\(number)", value, "EX", "\(1000 + number)")
      if reply == .simple("OK"), engine.usedMemory < settings.maxmemory + 5000 { continue }
      Issue.record("\(policy) at \(number): \(reply), \(engine.usedMemory) bytes of \(settings.maxmemory)")
    }
    #expect(evicted > 500)
    #expect(engine.usedMemory > settings.maxmemory / 2)
    let all = try harness.run("DBSIZE").number ?? 0
    #expect(all + evicted == 2300)
    if Eviction.Rule(settings, now: 0).expiringOnly { #expect(try count("ever") == 300) }
    #expect(engine.keyspace.live.invariantViolations().isEmpty)
  }

  @Test func withoutEvictionWritesAreRefused() throws {
    settings.maxmemory = engine.usedMemory + 20_000
    var number = 0
    while try harness.run("SET", "k:\(number)", value) == .simple("OK"), number < 1000 { number += 1 }
    #expect(number > 50 && number < 200)
    #expect(try harness.run("SET", "k:0", value).errorText == Self.refusal)
    #expect(try harness.run("GET", "k:0") == .bulk(value))
    #expect(try harness.run("DEL", "k:0", "k:1", "k:2") == .integer(3))
    #expect(try harness.run("SET", "k:0", value) == .simple("OK"))
    #expect(evicted == 0)
  }

  @Test func volatilePoliciesNeedKeysThatExpire() throws {
    settings.maxmemoryPolicy = .volatileLRU
    try fill("ever", 0..<300)
    settings.maxmemory = engine.usedMemory - 1000
    #expect(try harness.run("SET", "x", "1").errorText == Self.refusal)
    #expect(try count("ever") == 300)
    settings.maxmemory = 0
    try fill("some", 0..<50, "EX", "100")
    settings.maxmemory = engine.usedMemory - 1000
    #expect(try harness.run("SET", "x", "1") == .simple("OK"))
    #expect(try count("ever") == 300)
    #expect(try count("some") < 50)
  }

  @Test func whatWasUsedLongAgoGoesFirst() throws {
    settings.maxmemoryPolicy = .allKeysLRU
    engine.tick(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    try fill("old", 0..<500)
    try fill("used", 0..<500)
    harness.clock.advance(milliseconds: 3_600_000)
    for number in 0..<500 { try harness.run("GET", "used:\(number)") }
    try evictTwoHundred()
    // The order is an estimate from samples; on a bad day a few others go.
    #expect(try count("used") > 490)
  }

  @Test func whatIsUsedLittleGoesFirst() throws {
    settings.maxmemoryPolicy = .allKeysLFU
    engine.tick(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    try fill("rare", 0..<500)
    try fill("often", 0..<500)
    for number in 0..<500 { for _ in 0..<20 { try harness.run("GET", "often:\(number)") } }
    try evictTwoHundred()
    #expect(try count("often") > 480)
  }

  @Test func whatExpiresSoonGoesFirst() throws {
    settings.maxmemoryPolicy = .volatileTTL
    try fill("soon", 0..<500, "EX", "100")
    try fill("late", 0..<500, "EX", "100000")
    try evictTwoHundred()
    #expect(try count("late") > 490)
  }

  private func evictTwoHundred() throws {
    let before = evicted
    let size = engine.usedMemory
    while evicted < before + 200 {
      settings.maxmemory = engine.usedMemory - 1
      #expect(try harness.run("PING") == .simple("PONG"))
    }
    #expect(engine.usedMemory < size - 200 * 100)
    settings.maxmemory = 0
  }

  @Test func aLowerLimitIsReachedInSlices() throws {
    settings.maxmemoryPolicy = .allKeysRandom
    try fill("k", 0..<3000)
    settings.maxmemory = engine.usedMemory / 2
    #expect(try harness.run("SET", "x", "1") == .simple("OK"))
    #expect(evicted > 0 && evicted <= 400)
    #expect(engine.usedMemory > settings.maxmemory)
    #expect(engine.wantsTick)
    harness.settle()
    #expect(engine.usedMemory <= settings.maxmemory)
    #expect(evicted > 1000)
    #expect(!engine.wantsTick)
  }

  @Test func automaticVersionsGoBeforeAnyKey() throws {
    settings.maxmemoryPolicy = .allKeysLRU
    try fill("a", 0..<1000)
    try harness.run("FLUSHALL")
    try fill("b", 0..<1000)
    try harness.run("FLUSHALL")
    try fill("c", 0..<1000)
    #expect(try harness.versionNames() == ["before-flushall-1", "before-flushall-2"])
    settings.maxmemory = engine.usedMemory - 1000
    try harness.run("SET", "x", "1")
    harness.settle()
    #expect(try harness.versionNames() == ["before-flushall-2"])
    #expect(evicted == 0)
    try harness.run("VERSION", "HOLD", "2", "t")
    settings.maxmemory = engine.usedMemory - 1000
    try harness.run("SET", "x", "1")
    harness.settle()
    #expect(try harness.versionNames() == ["before-flushall-2"])
    #expect(evicted > 0)
  }

  @Test func withoutEvictionVersionsGoToo() throws {
    try fill("a", 0..<1000)
    try harness.run("FLUSHALL")
    settings.maxmemory = engine.usedMemory - 1000
    #expect(try harness.run("SET", "x", "1") == .simple("OK"))
    #expect(try harness.versionNames().isEmpty)
  }

  /// Evicting what a version holds would lose keys and free nothing.
  @Test func keysThatAVersionHoldsAreNotEvictedForNothing() throws {
    settings.maxmemoryPolicy = .allKeysLRU
    try fill("held", 0..<1000)
    try harness.run("VERSION", "CREATE", "mine")
    settings.maxmemory = engine.usedMemory - 10_000
    #expect(try harness.run("SET", "x", "1").errorText == Self.refusal)
    #expect(evicted == 0)
    #expect(try count("held") == 1000)

    // What was written since makes room for more of its kind.
    settings.maxmemory = 0
    try fill("young", 0..<500)
    settings.maxmemory = engine.usedMemory - 5_000
    #expect(try harness.run("SET", "x", "1") == .simple("OK"))
    harness.settle()
    #expect(evicted > 0)
    #expect(engine.usedMemory <= settings.maxmemory + 1000)
    #expect(try count("held") == 1000)
    #expect(try count("young") == 500 - evicted)

    // When the version goes, its keys may go as well.
    try harness.run("VERSION", "DROP", "mine")
    harness.settle()
    settings.maxmemory = engine.usedMemory / 4
    try harness.run("PING")
    harness.settle()
    #expect(engine.usedMemory <= settings.maxmemory)
    #expect(try count("held") < 1000)
  }

  /// What a save or a full sync keeps meanwhile comes free by itself: keys go as if it were not there.
  @Test func aReaderDoesNotStandInTheWay() throws {
    settings.maxmemoryPolicy = .allKeysLRU
    try fill("k", 0..<2000)
    settings.maxmemory = engine.usedMemory + 1000
    let pin = engine.keyspace.history.pinLive(atMilliseconds: 0)
    for number in 0..<1000 {
      #expect(try harness.run("SET", "new:\(number)", value) == .simple("OK"))
      #expect(engine.usedMemory <= settings.maxmemory + 1000)
    }
    #expect(evicted > 500 && evicted < 1500)
    engine.keyspace.history.unpin(pin)
    harness.settle()
    try harness.run("PING")
    #expect(engine.keyspace.history.allocatedBytes <= settings.maxmemory)
    #expect(try harness.run("DBSIZE").number == 3000 - evicted)
  }

  /// Keys that are written anew beside a reader take no more of the limit than they did.
  @Test func writingAnewBesideAReaderIsNotRefused() throws {
    try fill("k", 0..<2000)
    try harness.run("VERSION", "CREATE", "mine")
    try fill("k", 0..<1000)
    settings.maxmemory = engine.usedMemory + 10_000
    let pin = engine.keyspace.history.pinLive(atMilliseconds: 0)
    for number in 0..<1000 { #expect(try harness.run("SET", "k:\(number)", value) == .simple("OK")) }
    #expect(try harness.run("SET", "k:1500", value) == .simple("OK"))
    var refused = 0
    for number in 1000..<2000 where try harness.run("SET", "k:\(number)", value).errorText == Self.refusal {
      refused += 1
    }
    #expect(refused > 500, "what the version holds does count")
    #expect(evicted == 0)
    engine.keyspace.history.unpin(pin)
  }

  @Test func whatWaitsToBeFreedComesFirst() throws {
    settings.maxmemoryPolicy = .allKeysLRU
    settings.versionHistory = 0
    try fill("a", 0..<5000)
    try harness.run("SELECT", "1")
    try fill("b", 0..<100)
    settings.maxmemory = engine.usedMemory / 2
    _ = harness.raw(["FLUSHDB"])
    try harness.run("SELECT", "0")
    try harness.run("FLUSHDB")
    harness.settle()
    #expect(engine.usedMemory < settings.maxmemory)
  }

  @Test func aReplicaLeavesEvictionToItsPrimary() throws {
    settings.maxmemoryPolicy = .allKeysLRU
    try fill("k", 0..<2000)
    settings.maxmemory = engine.usedMemory / 2
    try harness.run("GET", "k:0")
    #expect(engine.wantsTick)
    engine.isReplica = true
    let before = evicted
    harness.wait(milliseconds: 1)
    #expect(!engine.wantsTick)
    try harness.run("GET", "k:0")
    #expect(evicted == before)
    settings.replicaIgnoreMaxmemory = false
    try harness.run("GET", "k:0")
    harness.settle()
    #expect(evicted > before)
  }

  @Test func thePoolKeepsTheBest() {
    var pool = EvictionPool()
    func offer(_ scores: [UInt64]) {
      for score in scores { Array("k\(score)".utf8).withBytes { pool.offer($0, 0, score: score) } }
    }
    offer([5, 3, 9, 7])
    #expect(pool.candidates.map(\.score) == [3, 5, 7, 9])
    offer(Array(20...31))
    #expect(pool.candidates.count == EvictionPool.capacity)
    offer([1, 4])
    #expect(pool.candidates.map(\.score) == [4, 5, 7, 9] + Array(20...31))
    #expect(pool.takeBest()?.key == Array("k31".utf8))
    offer([2])
    #expect(pool.candidates.first?.score == 2)
  }
}
