internal import Crypto
internal import VersionedStore

/// SHA-1 of a script's text, by which EVALSHA names it.
struct ScriptDigest: Hashable {
  private let words: (UInt64, UInt64, UInt32)

  static let byteCount = 20
  static let digitCount = 40

  init(of text: Bytes) {
    self = unsafe text.withUnsafeBytes { raw in
      var hash = Insecure.SHA1()
      unsafe hash.update(bufferPointer: raw)
      return unsafe hash.finalize().withUnsafeBytes { unsafe ScriptDigest($0) }
    }
  }

  private init(_ raw: UnsafeRawBufferPointer) {
    words = unsafe (
      raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self), raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
      raw.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
    )
  }

  /// From 40 hexadecimal digits in any case; nil for anything else.
  init?(digits: Bytes) {
    guard digits.count == Self.digitCount else { return nil }
    var bytes = InlineArray<20, UInt8>(repeating: 0)
    for index in 0..<Self.byteCount {
      guard let high = Self.value(of: digits[2 * index]), let low = Self.value(of: digits[2 * index + 1]) else {
        return nil
      }
      bytes[index] = high << 4 | low
    }
    self = unsafe bytes.span.withUnsafeBytes { unsafe ScriptDigest($0) }
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
    unsafe withUnsafeBytes(of: words) { raw in
      for index in 0..<Self.byteCount {
        let byte = unsafe raw[index]
        for half in [byte >> 4, byte & 15] { digits.append(half < 10 ? half + UInt8(ascii: "0") : half + 87) }
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
