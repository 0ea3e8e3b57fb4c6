import Glibc
public import VersionedStore

// Floating point as clients write it. What C's `strtod` takes in full is a number: "3", "+.5", "1e3", "0x1p-3", "inf",
// "-Infinity"; not a number are a space before it, anything after it, no bytes at all, "nan", and what overflows to an
// infinity or underflows to zero. The server never calls `setlocale`, so that the point is always a point.
//
// Nearly every text is plain digits with perhaps a point. Such a text of up to 19 digits is an integer divided by a
// power of ten, and where both are exact in the format the one division rounds as `strtod` does (Clinger 1990).

extension Double {
  /// The number that `text` spells; `nil` if none (see the head of this file).
  public init?(text: Bytes) {
    if let plain = PlainDecimal(text), plain.significand <= 1 << 53 {
      let magnitude = Double(plain.significand) / Double(plain.divisor)
      self = plain.isNegative ? -magnitude : magnitude
      return
    }
    let parsed = unsafe parse(text) { start, end in unsafe strtod(start, end) }
    guard let parsed else { return nil }
    self = parsed
  }
}

extension Float80 {
  /// Number of bytes from which on a text is refused unread.
  static let textLimit = 5 * 1024

  /// The extended number that `text` spells, as INCRBYFLOAT takes it; `nil` if none or 5 KB and more.
  public init?(text: Bytes) {
    guard text.count < Float80.textLimit else { return nil }
    if let plain = PlainDecimal(text) {
      let magnitude = Float80(plain.significand) / Float80(plain.divisor)
      self = plain.isNegative ? -magnitude : magnitude
      return
    }
    let parsed = unsafe parse(text) { start, end in unsafe strtold(start, end) }
    guard let parsed else { return nil }
    self = parsed
  }
}

/// `-123.45` taken apart: minus, 12345 and 100. At most 19 digits, so that neither number overflows.
private struct PlainDecimal {
  private(set) var isNegative = false
  private(set) var significand: UInt64 = 0
  private(set) var divisor: UInt64 = 1

  init?(_ text: Bytes) {
    guard text.count > 0, text.count <= 21 else { return nil }
    isNegative = text[0] == UInt8(ascii: "-")
    var digitCount = 0
    var hasPoint = false
    for index in (isNegative ? 1 : 0)..<text.count {
      if text[index] == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
        continue
      }
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10, digitCount < 19 else { return nil }
      significand = significand * 10 + UInt64(digit)
      if hasPoint { divisor *= 10 }
      digitCount += 1
    }
    guard digitCount > 0 else { return nil }
  }
}

/// Has C's `convert` read a terminated copy of `text` and keeps the value if nothing is wrong with it. The copy is on
/// the stack up to 1 KB.
@inline(__always)
private func parse<Value: BinaryFloatingPoint>(
  _ text: Bytes,
  _ convert: (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value? {
  guard let first = text.first, !first.isCSpace else { return nil }
  return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
    for index in 0..<text.count { unsafe copy[index] = CChar(bitPattern: text[index]) }
    unsafe copy[text.count] = 0
    guard let start = copy.baseAddress else { return nil }
    var end: UnsafeMutablePointer<CChar>? = nil
    errno = 0
    let value = unsafe convert(start, &end)
    guard unsafe end == start + text.count, !value.isNaN else { return nil }
    if errno == ERANGE, value.isInfinite || value.isZero { return nil }
    return value
  }
}
