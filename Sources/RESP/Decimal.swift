/// Integers as the protocol writes them: no plus sign, no leading zero, no blank, within 64 bits.
public enum Decimal {
  /// The longest text: `-9223372036854775808`.
  @usableFromInline static let maxLength = 20

  /// The value of all of `digits`, or nil.
  public static func parse(_ digits: RawSpan) -> Int? {
    let count = digits.byteCount
    guard count > 0, count <= maxLength else { return nil }
    let isNegative = digits.byte(at: 0) == Ascii.minus
    let first = isNegative ? 1 : 0
    guard first < count else { return nil }
    // "0" is a number; "-0" and "01" are not.
    if digits.byte(at: first) == Ascii.zero { return count == 1 ? 0 : nil }
    // Gathered below zero, where there is room for the one value more.
    var value = 0
    for offset in first..<count {
      let digit = digits.byte(at: offset) &- Ascii.zero
      guard digit <= 9 else { return nil }
      let (product, productOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = product.subtractingReportingOverflow(Int(digit))
      guard !productOverflow, !sumOverflow else { return nil }
      value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }
}
