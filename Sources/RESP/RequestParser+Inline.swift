/// Inline commands: one line of words, as a person types it. Words are parted by blanks; a word may be quoted as in a
/// shell, `"with \n, \x41 and the like"` or `'with \' only'`. A quoted word begins anywhere, but ends its argument.
extension RequestParser {
  @inlinable @inline(never)
  mutating func parseInline(
    _ input: RawSpan, into sink: inout some ArgumentSink
  ) throws(ProtocolError) -> ParseResult {
    guard let lineFeed = try findLineFeed(in: input) else { return .incomplete(needed: input.byteCount + 1) }
    forgetCommand()
    var words = InlineWords(line: 0..<InlineWords.lineEnd(in: input, lineFeed: lineFeed))
    sink.reset(count: 0)
    var isEmpty = true
    while let word = try words.next(in: input) {
      isEmpty = false
      switch word {
      case .plain(let range): sink.append(offset: range.lowerBound, length: range.count)
      case .unescaped(let bytes): unsafe sink.append(unescaped: bytes.span.bytes)
      }
    }
    return isEmpty ? .empty(consumed: lineFeed + 1) : .command(consumed: lineFeed + 1)
  }

  /// The offset of the first LF; none is seen behind a NUL, as in `findCarriageReturn`.
  @usableFromInline
  mutating func findLineFeed(in input: RawSpan) throws(ProtocolError) -> Int? {
    while scanned < input.byteCount {
      let byte = input.byte(at: scanned)
      if byte == Ascii.lineFeed { return scanned }
      if byte == 0 { break }
      scanned += 1
    }
    if input.byteCount > RequestLimits.maxLineLength { throw .inlineTooBig }
    return nil
  }
}

/// Splits one line into words.
@usableFromInline
struct InlineWords {
  @usableFromInline
  enum Word {
    /// A word without quotes: it stands in the input as it is.
    case plain(Range<Int>)
    case unescaped([UInt8])
  }

  /// The part of the line that is not read yet.
  private var at: Int
  private let end: Int

  @usableFromInline
  init(line: Range<Int>) {
    at = line.lowerBound
    end = line.upperBound
  }

  /// Where the text of a line ends that ends with LF or CR LF.
  @usableFromInline
  static func lineEnd(in input: RawSpan, lineFeed: Int) -> Int {
    lineFeed > 0 && input.byte(at: lineFeed - 1) == Ascii.carriageReturn ? lineFeed - 1 : lineFeed
  }

  /// The next word, nil at the end of the line. `.unbalancedQuotes` when a quote is left open, or is closed in the
  /// middle of a word.
  @usableFromInline
  mutating func next(in input: RawSpan) throws(ProtocolError) -> Word? {
    while at < end, Ascii.isSpace(input.byte(at: at)) { at += 1 }
    guard at < end else { return nil }
    let start = at
    while at < end {
      let byte = input.byte(at: at)
      switch byte {
      case Ascii.space, Ascii.tab, Ascii.carriageReturn, Ascii.lineFeed:
        return .plain(start..<at)
      case Ascii.doubleQuote, Ascii.singleQuote:
        var bytes = (start..<at).map { input.byte(at: $0) }
        at += 1
        try readQuoted(until: byte, in: input, into: &bytes)
        return .unescaped(bytes)
      default:
        at += 1
      }
    }
    return .plain(start..<at)
  }

  /// Reads what stands between quotes, and the closing one, which only a blank or the end may follow.
  private mutating func readQuoted(
    until quote: UInt8, in input: RawSpan, into bytes: inout [UInt8]
  ) throws(ProtocolError) {
    while at < end {
      let byte = input.byte(at: at)
      at += 1
      if byte == quote {
        guard at == end || Ascii.isSpace(input.byte(at: at)) else { throw .unbalancedQuotes }
        return
      }
      if byte == Ascii.backslash, at < end {
        if quote == Ascii.doubleQuote {
          bytes.append(readEscape(in: input))
          continue
        }
        if input.byte(at: at) == Ascii.singleQuote {
          bytes.append(Ascii.singleQuote)
          at += 1
          continue
        }
      }
      bytes.append(byte)
    }
    throw .unbalancedQuotes
  }

  /// The byte that an escape in double quotes stands for; `at` is behind its backslash.
  private mutating func readEscape(in input: RawSpan) -> UInt8 {
    let byte = input.byte(at: at)
    at += 1
    switch byte {
    case UInt8(ascii: "n"): return Ascii.lineFeed
    case UInt8(ascii: "r"): return Ascii.carriageReturn
    case UInt8(ascii: "t"): return Ascii.tab
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "a"): return 0x07
    case UInt8(ascii: "x") where end - at >= 2:
      guard let high = Ascii.hexValue(input.byte(at: at)), let low = Ascii.hexValue(input.byte(at: at + 1)) else {
        return byte
      }
      at += 2
      return high << 4 | low
    default: return byte
    }
  }
}
