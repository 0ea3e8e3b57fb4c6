/// The bytes that the protocol is written in.
@usableFromInline
enum Ascii {
  @inlinable static var tab: UInt8 { 0x09 }
  @inlinable static var lineFeed: UInt8 { 0x0A }
  @inlinable static var verticalTab: UInt8 { 0x0B }
  @inlinable static var formFeed: UInt8 { 0x0C }
  @inlinable static var carriageReturn: UInt8 { 0x0D }
  @inlinable static var space: UInt8 { 0x20 }
  @inlinable static var exclamation: UInt8 { 0x21 }
  @inlinable static var doubleQuote: UInt8 { 0x22 }
  @inlinable static var hash: UInt8 { 0x23 }
  @inlinable static var dollar: UInt8 { 0x24 }
  @inlinable static var percent: UInt8 { 0x25 }
  @inlinable static var singleQuote: UInt8 { 0x27 }
  @inlinable static var leftParenthesis: UInt8 { 0x28 }
  @inlinable static var asterisk: UInt8 { 0x2A }
  @inlinable static var plus: UInt8 { 0x2B }
  @inlinable static var comma: UInt8 { 0x2C }
  @inlinable static var minus: UInt8 { 0x2D }
  @inlinable static var zero: UInt8 { 0x30 }
  @inlinable static var colon: UInt8 { 0x3A }
  @inlinable static var equals: UInt8 { 0x3D }
  @inlinable static var greaterThan: UInt8 { 0x3E }
  @inlinable static var backslash: UInt8 { 0x5C }
  @inlinable static var underscore: UInt8 { 0x5F }
  @inlinable static var verticalBar: UInt8 { 0x7C }
  @inlinable static var tilde: UInt8 { 0x7E }

  /// C's `isspace`.
  static func isSpace(_ byte: UInt8) -> Bool {
    byte == space || (byte >= tab && byte <= carriageReturn)
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    byte >= zero && byte <= zero + 9
  }

  static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == carriageReturn || byte == lineFeed
  }

  /// The value of a hexadecimal digit in either case.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
