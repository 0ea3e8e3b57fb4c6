public import VersionedStore

extension Int64 {
  /// The integer that `text` spells in the one form in which a server prints it: no plus sign, no space, no leading
  /// zero, not `-0`; `nil` for anything else and for what 64 bits cannot hold.
  ///
  /// A text that passes is given back unchanged by `DecimalText`, and so a value may be kept as an integer.
  @inlinable
  public init?(text: Bytes) {
    guard text.count > 0, text.count <= DecimalText.longest else { return nil }
    let isNegative = text[0] == UInt8(ascii: "-")
    let start = isNegative ? 1 : 0
    guard start < text.count else { return nil }
    if text[start] == UInt8(ascii: "0") {
      guard text.count == 1 else { return nil }
      self = 0
      return
    }
    guard let magnitude = UInt64(digits: text, from: start) else { return nil }
    if isNegative {
      guard magnitude <= Int64.min.magnitude else { return nil }
      self = Int64(truncatingIfNeeded: 0 &- magnitude)
    } else {
      guard magnitude <= Int64.max.magnitude else { return nil }
      self = Int64(truncatingIfNeeded: magnitude)
    }
  }
}

extension UInt64 {
  /// The unsigned integer that `text` spells, as the parts of a stream id are read: a canonical `Int64` that is not
  /// negative, or else whatever C's `strtoull` takes in full (space before it, a sign, leading zeros; a minus sign
  /// before such a text wraps around).
  @inlinable
  public init?(text: Bytes) {
    if let value = Int64(text: text) {
      guard value >= 0 else { return nil }
      self = UInt64(value)
      return
    }
    var start = 0
    while start < text.count, text[start].isCSpace { start += 1 }
    guard start < text.count else { return nil }
    let isNegative = text[start] == UInt8(ascii: "-")
    if isNegative || text[start] == UInt8(ascii: "+") { start += 1 }
    guard start < text.count, let magnitude = UInt64(digits: text, from: start) else { return nil }
    self = isNegative ? 0 &- magnitude : magnitude
  }

  /// The value of the decimal digits from `start` to the end; `nil` at any other byte and on overflow.
  @inlinable
  init?(digits text: Bytes, from start: Int) {
    var value: UInt64 = 0
    for index in start..<text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (tenfold, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = tenfold.addingReportingOverflow(UInt64(digit))
      guard !tooLarge, !overflow else { return nil }
      value = sum
    }
    self = value
  }

  /// Number of decimal digits, 1 for 0.
  @inlinable
  public var digitCount: Int {
    var count = 1
    var bound: UInt64 = 10
    while self >= bound {
      count += 1
      guard count < DecimalText.longest else { return count }
      bound *= 10
    }
    return count
  }
}

extension UInt8 {
  /// Whether C's `isspace` holds: space, tab, line feed, vertical tab, form feed, carriage return.
  @inlinable
  var isCSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

/// An integer in decimal: `-9223372036854775808` and `18446744073709551615` are the longest.
public typealias DecimalText = InlineText<20>

extension InlineText<20> {
  /// Number of bytes that no integer of 64 bits exceeds.
  @inlinable
  public static var longest: Int { 20 }

  @inlinable
  public init(_ value: Int64) {
    self.init()
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude, width: value.magnitude.digitCount)
  }

  @inlinable
  public init(_ value: UInt64) {
    self.init()
    append(decimal: value, width: value.digitCount)
  }
}
