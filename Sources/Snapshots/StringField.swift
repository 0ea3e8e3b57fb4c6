internal import VersionedStore

/// A string of an item, found whole in the item's bytes but not yet decoded.
enum StringField {
  case raw(Range<Int>)
  /// Stands for its decimal text.
  case integer(Int32)
  case compressed(Range<Int>, byteCount: Int)

  /// Decodes into `scratch` what cannot be used in place. False if the compressed text is broken.
  func unpack(from source: Bytes, into scratch: inout [UInt8]) -> Bool {
    switch self {
    case .raw: return true
    case .integer(let number):
      Self.write(number, into: &scratch)
      return true
    case .compressed(let range, let byteCount):
      return LZF.decompress(source[range], byteCount: byteCount, into: &scratch)
    }
  }

  /// Calls `body` with the string, which ``unpack(from:into:)`` has left in `scratch` unless it is in `source`.
  @inline(__always)
  func withText<E: Error>(
    in source: Bytes, or scratch: borrowing [UInt8], _ body: (Bytes) throws(E) -> Void
  ) throws(E) {
    switch self {
    case .raw(let range): try body(source[range])
    case .integer, .compressed: try scratch.withBytes(body)
    }
  }

  /// The string in an array of its own; empty if it is broken.
  func copied(from source: Bytes) -> [UInt8] {
    var scratch: [UInt8] = []
    guard unpack(from: source, into: &scratch) else { return [] }
    if case .raw(let range) = self { scratch.append(contentsOf: source[range]) }
    return scratch
  }

  private static func write(_ number: Int32, into scratch: inout [UInt8]) {
    scratch.removeAll(keepingCapacity: true)
    var rest = number.magnitude
    repeat {
      scratch.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    if number < 0 { scratch.append(UInt8(ascii: "-")) }
    scratch.reverse()
  }
}
