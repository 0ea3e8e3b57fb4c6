import TestSupport
import Testing

@testable import VersionedStore

/// Keys that may be evicted: those that no version holds.
@Suite struct VictimTests {
  private let history = History(live: Dataset(databases: 1, lineage: 1))

  private func put(_ prefix: String, _ range: Range<Int>, expiring: Bool = false) {
    for number in range {
      Array("\(prefix):\(number)".utf8).withBytes {
        history.live.put(
          0, $0, history.live.hash($0), .word(Int64(number)), tag: 0, expiry: expiring ? 9 : nil, accessClock: 0)
      }
    }
  }

  private func sample(_ count: Int, from place: UInt64 = 0, expiringOnly: Bool = false) -> [String] {
    var met: [String] = []
    history.live.sampleEvictable(0, behind: HashPosition(place), count: count, expiringOnly: expiringOnly) {
      met.append(String(decoding: $0.key, as: UTF8.self))
    }
    return met
  }

  @Test func onlyWhatNoVersionHoldsIsMet() throws {
    put("old", 0..<500)
    #expect(Set(sample(1000)).count == 500)
    let version = try history.create(reason: "test", atMilliseconds: 0)
    #expect(sample(1000).isEmpty)
    #expect(history.live.evictableBytes < 1000)
    put("new", 0..<20)
    #expect(Set(sample(1000)) == Set((0..<20).map { "new:\($0)" }))
    put("old", 7..<8)
    #expect(Set(sample(1000)).contains("old:7"))
    try history.drop([version.id])
    while !history.reclaim(limit: 100) {}
    #expect(Set(sample(1000)).count == 520)
  }

  @Test func aKeyExpiresAtItsTimeAndNotBefore() {
    put("a", 0..<10, expiring: true)
    put("b", 0..<10)
    var removed = 0
    var outcome = history.live.removeExpired(0, from: HashPosition(0), count: 100, now: 8) { _ in removed += 1 }
    #expect(outcome.next == HashPosition(0) && outcome.examined == 10 && removed == 0)
    outcome = history.live.removeExpired(0, from: HashPosition(0), count: 100, now: 9) { _ in removed += 1 }
    #expect(outcome.next == HashPosition(0) && outcome.examined == 10 && removed == 10)
    #expect(history.live.keyCount(0) == 10 && history.live.expiringCount(0) == 0)
  }

  @Test func samplesBeginAnywhereAndGoRound() {
    var generator = SeededGenerator()
    put("a", 0..<100)
    put("b", 0..<5, expiring: true)
    var met: Set<String> = []
    for _ in 0..<2000 {
      let place = generator.next()
      #expect(sample(3, from: place).count == 3, "\(generator.description)")
      met.formUnion(sample(5, from: place))
      #expect(Set(sample(1000, from: place, expiringOnly: true)) == Set((0..<5).map { "b:\($0)" }))
    }
    #expect(met.count > 100)
  }
}
