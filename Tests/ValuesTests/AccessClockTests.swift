import Testing
import Values

@Suite struct AccessClockTests {
  @Test func idleTimeCountsWholeSeconds() {
    let used = AccessClock.LRU(milliseconds: 1_700_000_000_999)
    #expect(used.idleMilliseconds(at: used) == 0)
    #expect(used.idleMilliseconds(at: AccessClock.LRU(milliseconds: 1_700_000_001_000)) == 1000)
    #expect(used.idleMilliseconds(at: AccessClock.LRU(milliseconds: 1_700_003_600_000)) == 3_600_000)
  }

  /// The clock that wraps around loses one second, as Redis's does.
  @Test func idleTimeSurvivesOneWrap() {
    let used = AccessClock.LRU(rawValue: 0xFF_FFFF)
    #expect(used.idleMilliseconds(at: AccessClock.LRU(rawValue: 10)) == 10_000)
    #expect(AccessClock.LRU(rawValue: 0x1FF_FFFF) == used)
  }

  @Test func idleTimeCanBeGiven() {
    let now = AccessClock.LRU(rawValue: 100)
    for idle: Int64 in [0, 1, 100, 101, 5000, 0xFF_FFFE] {
      let used = AccessClock.LRU(idleSeconds: idle, before: now)
      #expect(used.idleMilliseconds(at: now) == UInt64(idle) * 1000)
    }
    #expect(AccessClock.LRU(idleSeconds: .max, before: now).rawValue <= 0xFF_FFFF)
    #expect(AccessClock.LRU(idleSeconds: -5, before: now) == now)
  }

  @Test func counterDecaysWithTime() {
    let minute: Int64 = 60_000
    let used = AccessClock.LFU(counter: 10, milliseconds: 1000 * minute)
    #expect(used.counter(milliseconds: 1000 * minute, decayMinutes: 1) == 10)
    #expect(used.counter(milliseconds: 1003 * minute, decayMinutes: 1) == 7)
    #expect(used.counter(milliseconds: 1003 * minute, decayMinutes: 2) == 9)
    #expect(used.counter(milliseconds: 1003 * minute, decayMinutes: 0) == 10)
    #expect(used.counter(milliseconds: 1011 * minute, decayMinutes: 1) == 0)
    #expect(used.counter(milliseconds: 60_000 * minute, decayMinutes: 1) == 0)
  }

  @Test func counterDecaysAcrossTheWrap() {
    let minute: Int64 = 60_000
    let used = AccessClock.LFU(counter: 200, milliseconds: 65_530 * minute)
    #expect(used.counter(milliseconds: 65_546 * minute, decayMinutes: 1) == 185)
  }

  @Test func counterGrowsWithTheLogarithmOfUses() {
    let start = AccessClock.LFU(milliseconds: 0)
    let certain = start.accessed(milliseconds: 0, decayMinutes: 1, logFactor: 10, random: .max)
    #expect(certain.counter(milliseconds: 0, decayMinutes: 1) == 6, "up to the initial counter growth is certain")
    let unlucky = certain.accessed(milliseconds: 0, decayMinutes: 1, logFactor: 10, random: .max)
    #expect(unlucky == certain)
    let lucky = certain.accessed(milliseconds: 0, decayMinutes: 1, logFactor: 10, random: 0)
    #expect(lucky.counter(milliseconds: 0, decayMinutes: 1) == 7)
    // One chance in 11 at a counter of 6.
    let bound = UInt32(0x1p32 / 11)
    #expect(certain.accessed(milliseconds: 0, decayMinutes: 1, logFactor: 10, random: bound - 1) != certain)
    #expect(certain.accessed(milliseconds: 0, decayMinutes: 1, logFactor: 10, random: bound + 1) == certain)
  }

  @Test func counterStopsAtItsLimit() {
    let full = AccessClock.LFU(counter: .max, milliseconds: 0)
    #expect(full.accessed(milliseconds: 0, decayMinutes: 1, logFactor: 0, random: 0) == full)
  }

  @Test func accessStoresTheMinute() {
    let used = AccessClock.LFU(counter: 9, milliseconds: 0)
    let later = used.accessed(milliseconds: 180_000, decayMinutes: 1, logFactor: 0, random: 7)
    #expect(later.rawValue == 3 << 8 | 7)
  }
}
