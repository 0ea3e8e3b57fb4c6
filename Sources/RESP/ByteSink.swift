/// Takes bytes at its end: a session's output, a replication backlog, an array.
public protocol ByteSink {
  mutating func append(_ byte: UInt8)
  mutating func append(_ bytes: RawSpan)
  mutating func append(_ text: StaticString)

  /// Appends the `count` (1 to 8) low bytes of `word`, lowest first. Headers and line ends come this way: a sink with
  /// room stores the whole word at once and counts only what is meant.
  mutating func append(word: UInt64, count: Int)
}

extension ByteSink {
  @inlinable
  public mutating func append(word: UInt64, count: Int) {
    for index in 0..<count { append(UInt8(truncatingIfNeeded: word >> UInt64(index &* 8))) }
  }

  /// CR LF.
  @inlinable
  public mutating func lineEnd() {
    append(word: 0x0A0D, count: 2)
  }

  /// One byte, a number and CR LF, with which every element of the protocol begins.
  @inlinable
  public mutating func header(_ type: UInt8, _ number: Int) {
    if number >= 0 && number < 100_000 {
      shortHeader(type, UInt32(truncatingIfNeeded: number))
    } else if number >= 0 && number < 1_000_000_000_000 {
      mediumHeader(type, UInt64(truncatingIfNeeded: number))
    } else {
      longHeader(type, number)
    }
  }

  /// The header of at most five digits, put together in one word from its end: CR LF, then the digits from the right.
  @inlinable
  mutating func shortHeader(_ type: UInt8, _ number: UInt32) {
    let (word, count) = Self.digits(number, least: 1, before: 0x0A0D, 2)
    append(word: word << 8 | UInt64(type), count: count &+ 1)
  }

  /// The header of six to twelve digits, in two words: the lower five digits and CR LF stand in the second.
  @inlinable
  mutating func mediumHeader(_ type: UInt8, _ number: UInt64) {
    let (upper, count) = Self.digits(UInt32(truncatingIfNeeded: number / 100_000), least: 1, before: 0, 0)
    append(word: upper << 8 | UInt64(type), count: count &+ 1)
    append(word: Self.digits(UInt32(truncatingIfNeeded: number % 100_000), least: 5, before: 0x0A0D, 2).word, count: 7)
  }

  /// The digits of a number, zeros before them up to `least`, before the `count` bytes that are in a word already.
  @inlinable @inline(__always)
  static func digits(_ number: UInt32, least: Int, before word: UInt64, _ count: Int) -> (word: UInt64, count: Int) {
    var (word, count, left, rest) = (word, count, least, number)
    repeat {
      word = word << 8 | UInt64(UInt8(truncatingIfNeeded: rest % 10) + Ascii.zero)
      rest /= 10
      count &+= 1
      left &-= 1
    } while rest != 0 || left > 0
    return (word, count)
  }

  @inlinable @inline(never)
  mutating func longHeader(_ type: UInt8, _ number: Int) {
    append(type)
    decimal(number)
    lineEnd()
  }

  /// The number's digits, with a minus sign if it has one.
  @inlinable
  public mutating func decimal(_ number: Int) {
    let digits = DecimalText(number)
    digits.withBytes { append($0) }
  }

  /// `$<length>` CR LF; the bytes and a `lineEnd` have to follow.
  @inlinable
  public mutating func bulkHeader(byteCount: Int) {
    header(Ascii.dollar, byteCount)
  }

  /// A bulk string.
  @inlinable
  public mutating func bulk(_ bytes: RawSpan) {
    bulkHeader(byteCount: bytes.byteCount)
    append(bytes)
    lineEnd()
  }

  @inlinable
  public mutating func bulk(_ text: StaticString) {
    bulkHeader(byteCount: text.utf8CodeUnitCount)
    append(text)
    lineEnd()
  }

  /// For texts made off the hot path.
  public mutating func bulk(_ text: String) {
    unsafe bulk(Array(text.utf8).span.bytes)
  }

  /// A bulk string of the number's digits.
  @inlinable
  public mutating func bulk(_ number: Int) {
    let digits = DecimalText(number)
    digits.withBytes { bulk($0) }
  }

  /// `count` elements have to follow.
  @inlinable
  public mutating func arrayHeader(_ count: Int) {
    header(Ascii.asterisk, count)
  }

  /// A whole request, as clients and primaries send it.
  public mutating func command(_ arguments: [[UInt8]]) {
    arrayHeader(arguments.count)
    for argument in arguments { unsafe bulk(argument.span.bytes) }
  }

  public mutating func command(_ arguments: String...) {
    arrayHeader(arguments.count)
    for argument in arguments { bulk(argument) }
  }
}

extension [UInt8]: ByteSink {
  public mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { unsafe append(contentsOf: $0) }
  }
}
