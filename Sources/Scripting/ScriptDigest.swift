internal import Crypto
internal import VersionedStore

/// SHA-1 of a script's text, by which EVALSHA names it.
struct ScriptDigest: Hashable {
  /// Its 20 bytes, the first in the highest place.
  private var words: (UInt64, UInt64, UInt32) = (0, 0, 0)

  static let byteCount = 20
  static let digitCount = 40

  init(of text: Bytes) {
    var hash = Insecure.SHA1()
    unsafe text.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    for (index, byte) in hash.finalize().enumerated() { put(byte, at: index) }
  }

  /// To be called for each byte in turn.
  private mutating func put(_ byte: UInt8, at index: Int) {
    switch index {
    case 0..<8: words.0 = words.0 << 8 | UInt64(byte)
    case 8..<16: words.1 = words.1 << 8 | UInt64(byte)
    default: words.2 = words.2 << 8 | UInt32(byte)
    }
  }

  /// From 40 hexadecimal digits in any case; nil for anything else.
  init?(digits: Bytes) {
    guard digits.count == Self.digitCount else { return nil }
    for index in 0..<Self.byteCount {
      guard let high = Self.value(of: digits[2 * index]), let low = Self.value(of: digits[2 * index + 1]) else {
        return nil
      }
      put(high << 4 | low, at: index)
    }
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// The 40 digits, in lower case.
  var digits: [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(Self.digitCount)
    for (word, count) in [(words.0, 16), (words.1, 16), (UInt64(words.2), 8)] {
      for place in (0..<count).reversed() {
        let half = UInt8(truncatingIfNeeded: word >> UInt64(4 * place) & 15)
        digits.append(half < 10 ? half + UInt8(ascii: "0") : half + 87)
      }
    }
    return digits
  }

  static func == (a: ScriptDigest, b: ScriptDigest) -> Bool {
    a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
  }

  /// It is evenly spread already.
  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
