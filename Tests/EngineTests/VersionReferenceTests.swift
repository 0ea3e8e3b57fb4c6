import TestSupport
import Testing
import VersionedStore

@testable import Engine

/// What a client may name a version by.
@Suite struct VersionReferenceTests {
  private func reference(_ text: String) -> VersionReference? {
    Array(text.utf8).withBytes { VersionReference($0) }
  }

  @Test func idsNamesAndTheLiveDataset() {
    #expect(reference("42") == .id(42))
    #expect(reference("-1") == .id(-1))
    #expect(reference("live") == .live)
    #expect(reference("LIVE") == .live)
    #expect(reference("lively") == .name("lively"))
    #expect(reference("007") == .name("007"))
    #expect(reference("") == .name(""))
    #expect(reference("99999999999999999999") == .name("99999999999999999999"))
  }

  @Test(arguments: [
    ("@0", 0), ("@1763796000000", 1_763_796_000_000),
    ("@1970-01-01T00:00:00Z", 0), ("@2026-11-22T07:20:00Z", 1_795_332_000_000),
    ("@2026-11-22t07:20:00z", 1_795_332_000_000), ("@2026-11-22T07:20Z", 1_795_332_000_000),
    ("@2026-11-22T08:20:00+01:00", 1_795_332_000_000), ("@2026-11-22T01:50:00-0530", 1_795_332_000_000),
    ("@2026-11-22T08:20:00+01", 1_795_332_000_000), ("@2026-11-22T07:20:00.25Z", 1_795_332_000_250),
    ("@2026-11-22T07:20:00.123456Z", 1_795_332_000_123), ("@2000-02-29T23:59:59.999Z", 951_868_799_999),
    ("@2024-12-31T00:00:00Z", 1_735_603_200_000), ("@9999-12-31T23:59:59Z", 253_402_300_799_000),
  ])
  func times(text: String, milliseconds: Int64) {
    #expect(reference(text) == .time(milliseconds))
  }

  @Test(arguments: [
    "@", "@-1", "@x", "@12.5", "@2026-11-22", "@2026-11-22T07:20:00", "@2026-13-01T00:00:00Z", "@2026-02-29T00:00:00Z",
    "@1900-01-01T00:00:00Z", "@2026-11-22T24:00:00Z", "@2026-11-22T07:60:00Z", "@2026-11-22T07:20:00.Z",
    "@2026-11-22T07:20:00+1", "@2026-11-22T07:20:00+24:00", "@2026-11-22T07:20:00Zx", "@2026-11-22 07:20:00Z",
    "@99999999999999999999",
  ])
  func noTimes(text: String) {
    #expect(reference(text) == nil)
  }

  @Test func everyDayOfTheCalendarFollowsTheOneBefore() throws {
    var last: Int64 = -86_400_000
    for year in [1970, 1971, 1972, 2000, 2001, 2100, 2400] {
      if year > 1972 { last = try #require(milliseconds(year - 1, 12, 31)) }
      for month in 1...12 {
        for day in 1...31 {
          guard let time = milliseconds(year, month, day) else { continue }
          #expect(time == last + 86_400_000, "\(year)-\(month)-\(day)")
          last = time
        }
      }
    }
  }

  private func milliseconds(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let text = "@\(year)-\(two(month))-\(two(day))T00:00:00Z"
    guard case .time(let milliseconds)? = reference(text) else { return nil }
    return milliseconds
  }

  @Test func namesThatVersionsMayHave() {
    func isValid(_ text: String) -> Bool { Array(text.utf8).withBytes { VersionName.isValid($0) } }
    for name in ["a", "before-deploy", "v1.2", "1a", "x@y", String(repeating: "n", count: 128), "live2"] {
      #expect(isValid(name), "\(name)")
    }
    for name in [
      "", "1", "007", "-5", "+5", "@x", "live", "LIVE", "Live", "a b", "a\tb", "a\n", "naïve",
      String(repeating: "n", count: 129),
    ] { #expect(!isValid(name), "\(name)") }
  }
}
