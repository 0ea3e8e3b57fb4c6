import Testing

@testable import cambium_inspect

@Suite struct HumanTextTests {
  @Test(arguments: [
    (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1587, "1.5 KiB"), (1_048_575, "1.0 MiB"),
    (84_000_000, "80.1 MiB"), (1 << 30, "1.0 GiB"), (-2048, "-2.0 KiB"), (Int.max, "8.0 EiB"),
  ])
  func byteCounts(count: Int, text: String) {
    #expect(HumanText.byteCount(count) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567"), (-1000, "-1,000"),
  ])
  func counts(count: Int, text: String) {
    #expect(HumanText.count(count) == text)
  }

  @Test func keysStayOnOneLine() {
    #expect(HumanText.key(Array("user:1".utf8)) == "user:1")
    #expect(HumanText.key(Array("Zürich ☂".utf8)) == "Zürich ☂")
    #expect(HumanText.key(Array("a\nb\\c\u{1B}[31m".utf8)) == #"a\x0ab\\c\x1b[31m"#)
    #expect(HumanText.key([0x61, 0xFF, 0x00]) == #"a\xff\x00"#)
    #expect(HumanText.key(Array("a\u{202E}b".utf8)) == #"a\xe2\x80\xaeb"#)
  }

  @Test func timesAreWrittenAsVersionCommandsTakeThem() {
    #expect(TimeText.utc(milliseconds: 0) == "1970-01-01T00:00:00Z")
    #expect(TimeText.utc(milliseconds: 1_795_332_000_999) == "2026-11-22T07:20:00Z")
  }
}
