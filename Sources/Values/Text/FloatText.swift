import Glibc
public import VersionedStore

// Floating point as replies show it. C's `printf` gives the rule, `%.17g` for scores and `%.17f` with the zeros at the
// end taken off for INCRBYFLOAT; numbers of ordinary size are printed here, without its cost and without memory.
//
// Such a number is m / 2^s exactly, with an m of 53 or 64 bits. Times a power of ten it still fits 128 bits, so that
// one multiplication and one shift give all the decimal digits, correctly rounded (half to even, as `printf` does).

/// A floating point number of ordinary size in decimal.
public typealias FloatText = InlineText<40>

extension InlineText<40> {
  /// `value` with 17 significant digits, as `%.17g` prints it: `0.10000000000000001`, `3`, `1e+17`, `-0`, `inf`.
  public init(_ value: Double) {
    self.init()
    let magnitude = value.magnitude
    guard magnitude >= 1e-4, magnitude < 1e17 else {
      if magnitude == 0 {
        append(contentsOf: Bytes(value.sign == .minus ? "-0" : "0"))
      } else {
        append(printing: value)
      }
      return
    }
    let shift = 52 - Int(magnitude.exponent)
    let significand = magnitude.significandBitPattern | 1 << 52
    // The power of ten of the first digit; below one it is searched from the least, which keeps the product in bounds.
    var leading = magnitude < 1 ? -4 : UInt64(magnitude).digitCount - 1
    var digits = scaled(significand, shift: shift, power: 16 - leading)
    while digits >= tenToThe17th {
      leading += 1
      digits = scaled(significand, shift: shift, power: 16 - leading)
    }
    let (integer, fraction) = digits.quotientAndRemainder(dividingBy: powerOfTen(16 - leading))
    if value < 0 { append(UInt8(ascii: "-")) }
    append(integer: UInt64(integer), fraction: UInt64(fraction), width: 16 - leading)
  }

  /// `value` with up to 17 digits after the point and no exponent; `nil` from 2^64 on, where that is too long for here.
  public init?(human value: Float80) {
    guard value.magnitude < 0x1p64 else { return nil }
    self.init()
    var integer = UInt64(value.magnitude)
    let rest = value.magnitude - Float80(integer)
    var fraction: UInt128 = 0
    if rest.isNormal {
      let significand = rest.significandBitPattern | 1 << 63
      fraction = scaled(significand, shift: 63 - Int(rest.exponent), power: 17)
    }
    if fraction == tenToThe17th {
      integer += 1
      fraction = 0
    }
    if value.sign == .minus, integer > 0 || fraction > 0 { append(UInt8(ascii: "-")) }
    append(integer: integer, fraction: UInt64(fraction), width: 17)
  }

  /// Adds `integer`, and `fraction` as the `width` digits after the point, without zeros at the end.
  private mutating func append(integer: UInt64, fraction: UInt64, width: Int) {
    append(decimal: integer, width: integer.digitCount)
    guard fraction > 0 else { return }
    var fraction = fraction
    var width = width
    while fraction % 10 == 0 {
      fraction /= 10
      width -= 1
    }
    append(UInt8(ascii: "."))
    append(decimal: fraction, width: width)
  }

  /// Adds what C's `printf` makes of `value`: at most 24 bytes.
  private mutating func append(printing value: Double) {
    withPrinted("%.17g", value, capacity: 32) { text in
      for byte in text { append(byte) }
    }
  }
}

extension Float80 {
  /// Calls `body` with the number as INCRBYFLOAT stores and answers it: up to 17 digits after the point, no zeros at
  /// the end, no exponent, no `-0`; `inf` and `-inf`. At most 4,952 bytes; takes memory from 2^64 on only.
  public func withHumanText<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    if let text = FloatText(human: self) { return try text.withBytes(body) }
    let printed: Result<R, E> = withPrinted("%.17Lf", self, capacity: Float80.textLimit) { text in
      // From 2^64 on a number has no fraction, and an infinity has no point.
      let end = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
      do throws(E) { return .success(try body(text[0..<end])) } catch { return .failure(error) }
    }
    return try printed.get()
  }
}

private let tenToThe17th: UInt128 = 100_000_000_000_000_000

/// 10 to the `exponent`, which is at most 38.
private func powerOfTen(_ exponent: Int) -> UInt128 {
  var power: UInt128 = 1
  for _ in 0..<exponent { power *= 10 }
  return power
}

/// `significand` / 2^`shift` × 10^`power`, rounded to an integer, half to even. The caller keeps the product within
/// 128 bits.
private func scaled(_ significand: UInt64, shift: Int, power: Int) -> UInt128 {
  let product = UInt128(significand) * powerOfTen(power)
  guard shift > 0 else { return product << -shift }
  // The product has at most 124 bits: this is less than a half.
  guard shift < 128 else { return 0 }
  let quotient = product >> shift
  let rest = product - quotient << shift
  let half: UInt128 = 1 << (shift - 1)
  let roundsUp = rest > half || (rest == half && quotient & 1 == 1)
  return quotient + (roundsUp ? 1 : 0)
}

/// Calls `body` with what C's `printf` makes of `value`, at most `capacity` - 1 bytes.
private func withPrinted<R>(_ format: String, _ value: some CVarArg, capacity: Int, _ body: (Bytes) -> R) -> R {
  unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { room in
    let count = unsafe withVaList([value]) { list in
      unsafe vsnprintf(room.baseAddress?.assumingMemoryBound(to: CChar.self), capacity, format, list)
    }
    return body(unsafe Bytes(UnsafeRawBufferPointer(rebasing: room[..<min(Int(count), capacity - 1)])))
  }
}
