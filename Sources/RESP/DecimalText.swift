/// The digits of an integer, on the stack.
@usableFromInline
struct DecimalText {
  /// Filled from the right, so that no number has to be measured before it is written.
  @usableFromInline var storage = InlineArray<20, UInt8>(repeating: 0)
  @usableFromInline var start = Decimal.maxLength

  @inlinable
  init(_ number: Int) {
    var rest = number.magnitude
    repeat {
      start &-= 1
      storage[start] = UInt8(truncatingIfNeeded: rest % 10) &+ Ascii.zero
      rest /= 10
    } while rest != 0
    if number < 0 {
      start &-= 1
      storage[start] = Ascii.minus
    }
  }

  @inlinable
  func withBytes<R>(_ body: (RawSpan) -> R) -> R {
    unsafe body(storage.span.bytes.extracting(droppingFirst: start))
  }
}
