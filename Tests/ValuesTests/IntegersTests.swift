import TestSupport
import Testing
import Values
import VersionedStore

@Suite struct IntegersTests {
  @Test(arguments: [
    ("0", 0), ("7", 7), ("-1", -1), ("10", 10), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
  ])
  func acceptsCanonicalText(text: String, value: Int64) {
    #expect(parsed(text) == value)
  }

  @Test(arguments: [
    "", "-", "+", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1\0", "1a", "a", "0x1", "1.0", "1e3", "--1", "/", ":",
    "9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "99999999999999999999", "-99999999999999999999", "100000000000000000000", "٣",
  ])
  func refusesOtherText(text: String) {
    #expect(parsed(text) == nil)
  }

  /// Random short texts over digits and signs: a text is an integer exactly if the integer prints as it.
  @Test func agreesWithPrinting() {
    var random = SeededGenerator()
    for _ in 0..<20_000 {
      let text = random.text(over: "0123456789-+ ", upTo: 4)
      let expected = Int64(text).flatMap { String($0) == text ? $0 : nil }
      #expect(parsed(text) == expected, "\(random), text \(text)")
    }
  }

  @Test func printsEveryLength() {
    var random = SeededGenerator()
    for _ in 0..<20_000 {
      let value = Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random))
      for value in [value, 0 &- value] {
        #expect(printed(DecimalText(value)) == String(value), "\(random)")
        #expect(parsed(String(value)) == value, "\(random)")
      }
      #expect(printed(DecimalText(UInt64(bitPattern: value))) == String(UInt64(bitPattern: value)), "\(random)")
    }
  }

  @Test func countsDigitsAtEveryPowerOfTen() {
    var power: UInt64 = 1
    for digits in 1...20 {
      #expect(power.digitCount == digits)
      #expect((power - 1).digitCount == max(digits - 1, 1))
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    #expect(UInt64.max.digitCount == 20)
    #expect(printed(DecimalText(Int64.min)) == "-9223372036854775808")
    #expect(printed(DecimalText(UInt64.max)) == "18446744073709551615")
  }

  private func parsed(_ text: String) -> Int64? { Array(text.utf8).withBytes { Int64(text: $0) } }
}
