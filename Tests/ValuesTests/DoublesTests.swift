import Foundation
import TestSupport
import Testing
import Values
import VersionedStore

/// Parsing and printing against C's own functions, which Redis calls.
@Suite struct DoublesTests {
  @Test(arguments: [
    ("0", 0), ("-0", -0.0), ("3", 3), ("+3", 3), ("3.", 3), (".5", 0.5), ("-.5", -0.5), ("1e3", 1000), ("1E-3", 0.001),
    ("0x10", 16), ("0x1p-3", 0.125), ("inf", .infinity), ("+INF", .infinity), ("-Infinity", -.infinity),
    ("007", 7), ("9007199254740993", 9_007_199_254_740_992), ("1e-320", 2024 * .leastNonzeroMagnitude), ("0.1", 0.1),
  ])
  func acceptsWhatStrtodTakesInFull(text: String, value: Double) {
    #expect(double(text)?.bitPattern == value.bitPattern)
    #expect(extended(text).map(Double.init)?.bitPattern == value.bitPattern)
  }

  @Test(arguments: [
    "", " 1", "\t1", "\n1", "\u{B}1", "\u{C}1", "\r1", "1 ", "1\0", "\0", "nan", "-nan", "NAN(1)", ".", "-", "+", "-.",
    "e5", "1e", "1e+", "--1", "1.2.3", "infinit", "0x", "1,5", "1_0", "abc", "٣",
  ])
  func refusesEverythingElse(text: String) {
    #expect(double(text) == nil)
    #expect(extended(text) == nil)
  }

  @Test func refusesWhatOverflowsOrVanishes() {
    for text in ["1e309", "-1e309", "1e-400", "1e999999999999"] { #expect(double(text) == nil, "\(text)") }
    for text in ["1e4933", "-1e4933", "1e-5000"] { #expect(extended(text) == nil, "\(text)") }
    #expect(extended("1e309") == 1e309)
    #expect(extended("1e4932") != nil)
  }

  @Test func extendedTextHasALimit() {
    #expect(extended(String(repeating: "0", count: 5118) + "1") == 1)
    #expect(extended(String(repeating: "0", count: 5119) + "1") == nil)
    #expect(double(String(repeating: "0", count: 100_000) + "1") == 1)
  }

  @Test func parsesPlainDecimalsAsStrtodDoes() {
    var random = SeededGenerator()
    for _ in 0..<20_000 {
      let text = random.text(over: "0123456789", upTo: 11) + "." + random.text(over: "0123456789", upTo: 11)
      guard text != "." else { continue }
      let expected = unsafe strtod(text, nil)
      let expectedExtended = unsafe strtold(text, nil)
      #expect(double(text) == expected, "\(random), text \(text)")
      #expect(extended("-" + text) == -expectedExtended, "\(random), text \(text)")
    }
  }

  @Test func printsDoublesAsPrintf() {
    var random = SeededGenerator()
    for _ in 0..<20_000 {
      for value in [
        Double(bitPattern: random.next()),
        Double(
          sign: .plus, exponent: Int.random(in: -20...60, using: &random),
          significand: Double.random(in: 1..<2, using: &random)),
        Double(Int64.random(in: -100_000...100_000, using: &random)) / 1000,
        Double(Int64(bitPattern: random.next()) >> 12),
      ] where value.isFinite {
        #expect(printed(FloatText(value)) == String(format: "%.17g", value), "\(random), \(value.bitPattern)")
        #expect(double(printed(FloatText(value))) == value, "\(random), \(value.bitPattern)")
      }
    }
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "-0"), (Double.infinity, "inf"), (-Double.infinity, "-inf"), (1e17, "1e+17"), (1e-4, "0.0001"),
      (1e-5, "1.0000000000000001e-05"), (0.1, "0.10000000000000001"), (1, "1"), (-1.5, "-1.5"),
      (99999999999999984, "99999999999999984"),
      (0.1.nextDown, "0.099999999999999992"), (0.00999999999999999, "0.0099999999999999898"),
      (Double.greatestFiniteMagnitude, "1.7976931348623157e+308"),
      (-Double.leastNonzeroMagnitude, "-4.9406564584124654e-324"),
    ] as [(Double, String)])
  func printsBoundaries(value: Double, text: String) {
    #expect(printed(FloatText(value)) == text)
  }

  @Test func printsPowersOfTenAndTheirNeighbours() {
    for exponent in -8...20 {
      let power = pow(10, Double(exponent))
      for value in [power, power.nextUp, power.nextDown, -power] {
        #expect(printed(FloatText(value)) == String(format: "%.17g", value))
      }
    }
  }

  @Test func printsExtendedNumbersAsPrintf() {
    var random = SeededGenerator()
    for _ in 0..<20_000 {
      let exponent = Int.random(in: -140...80, using: &random)
      for value in [
        Float80(sign: .minus, exponent: exponent, significand: Float80.random(in: 1..<2, using: &random)),
        Float80(Int64.random(in: -100_000...100_000, using: &random)) / 1000,
        Float80(sign: .plus, exponent: -18, significand: Float80(UInt32.random(in: 0 ... .max, using: &random))),
      ] {
        #expect(printed(human: value) == trimmed(value), "\(random), \(value)")
      }
    }
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (-1e-18, "0"), (-5e-18, "0"), (5.1e-18, "0.00000000000000001"), (.infinity, "inf"),
      (-.infinity, "-inf"), (0.1, "0.1"), (3, "3"), (-10.5, "-10.5"), (0x1p64, "18446744073709551616"),
      (0x1p-17, "0.00000762939453125"), (-0x1p-18, "-0.00000381469726562"), (0x3p-18, "0.00001144409179688"),
      (0x1p63 - 0.5, "9223372036854775807.5"), (1 - 0x1p-64, "1"), (.leastNonzeroMagnitude, "0"),
    ] as [(Float80, String)])
  func printsExtendedBoundaries(value: Float80, text: String) {
    #expect(printed(human: value) == text)
    #expect(text == trimmed(value) || value.isInfinite)
  }

  @Test func printsTheLongestNumber() {
    let text = printed(human: -.greatestFiniteMagnitude)
    #expect(text.count == 1 + 4933)
    #expect(extended(text) == -.greatestFiniteMagnitude)
  }

  /// What Redis does with the output of `printf`.
  private func trimmed(_ value: Float80) -> String {
    var text = String(format: "%.17Lf", value)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text == "-0" ? "0" : text
  }
}
