public import VersionedStore

/// The patterns of KEYS, SCAN, CONFIG GET and the like: `*`, `?`, `[a-z]`, `[^a-z]`, and `\x` for x itself.
///
/// Answers as Redis 7.0 does on every pattern, odd ones included: the first `]` closes a class, a class that is never
/// closed ends with the pattern, ranges may be written backwards, and an empty text is matched by an empty pattern alone
/// (KEYS and SCAN know `*` themselves and never ask).
///
/// Only the last `*` is ever taken back to: if what stands between two stars fits somewhere, it may as well fit where it
/// does so first, because the second star swallows any rest. So a match needs at most pattern x text steps and no stack,
/// whatever a client sends.
public enum Glob {
  /// Whether `pattern` matches the whole of `text`. `ignoringCase` folds ASCII letters.
  public static func matches(_ pattern: Bytes, _ text: Bytes, ignoringCase: Bool = false) -> Bool {
    if text.isEmpty { return pattern.isEmpty }
    var p = 0
    var t = 0
    var afterStar = -1  // pattern position behind the last star, -1 before the first
    var starText = 0  // text position at which that star ends for now
    while t < text.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        if p == pattern.count { return true }
        afterStar = p
        starText = t
        continue
      }
      if p < pattern.count, let next = step(pattern, p, over: text[t], ignoringCase: ignoringCase) {
        p = next
        t += 1
        continue
      }
      guard afterStar >= 0 else { return false }
      starText += 1
      t = starText
      p = afterStar
    }
    while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
    return p == pattern.count
  }

  /// Whether the pattern holds a character that can match more than itself.
  public static func isPattern(_ text: Bytes) -> Bool {
    text.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
  }

  /// Matches the element of `pattern` that begins at `p` (not a star) with one byte; the position behind it, or nil.
  private static func step(_ pattern: Bytes, _ p: Int, over byte: UInt8, ignoringCase: Bool) -> Int? {
    switch pattern[p] {
    case UInt8(ascii: "?"):
      return p + 1
    case UInt8(ascii: "["):
      return stepClass(pattern, p + 1, over: byte, ignoringCase: ignoringCase)
    case UInt8(ascii: "\\") where p + 1 < pattern.count:
      return equal(pattern[p + 1], byte, ignoringCase) ? p + 2 : nil
    case let literal:
      return equal(literal, byte, ignoringCase) ? p + 1 : nil
    }
  }

  /// Matches the class whose first character is at `start`.
  private static func stepClass(_ pattern: Bytes, _ start: Int, over byte: UInt8, ignoringCase: Bool) -> Int? {
    var p = start
    let negated = p < pattern.count && pattern[p] == UInt8(ascii: "^")
    if negated { p += 1 }
    var found = false
    while p < pattern.count, pattern[p] != UInt8(ascii: "]") {
      if pattern[p] == UInt8(ascii: "\\"), p + 1 < pattern.count {
        // An escaped member is compared as it stands, even when case is ignored.
        p += 1
        if pattern[p] == byte { found = true }
      } else if p + 2 < pattern.count, pattern[p + 1] == UInt8(ascii: "-") {
        if inRange(pattern[p], pattern[p + 2], byte, ignoringCase) { found = true }
        p += 2
      } else if equal(pattern[p], byte, ignoringCase) {
        found = true
      }
      p += 1
    }
    return found != negated ? Swift.min(p + 1, pattern.count) : nil
  }

  /// Bytes count as signed characters, as they do for Redis on x86; it shows in ranges that cross 0x80.
  private static func inRange(_ a: UInt8, _ b: UInt8, _ byte: UInt8, _ ignoringCase: Bool) -> Bool {
    var (low, high) = (Int8(bitPattern: a), Int8(bitPattern: b))
    if low > high { swap(&low, &high) }
    guard ignoringCase else { return (low...high).contains(Int8(bitPattern: byte)) }
    let (foldedLow, foldedHigh) = (fold(UInt8(bitPattern: low)), fold(UInt8(bitPattern: high)))
    let folded = Int8(bitPattern: fold(byte))
    return folded >= Int8(bitPattern: foldedLow) && folded <= Int8(bitPattern: foldedHigh)
  }

  private static func equal(_ a: UInt8, _ b: UInt8, _ ignoringCase: Bool) -> Bool {
    ignoringCase ? fold(a) == fold(b) : a == b
  }

  private static func fold(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }
}
