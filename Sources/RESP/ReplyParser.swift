/// Reads replies, RESP2 and RESP3, from a stream that arrives in pieces.
///
/// The parser keeps what it was given until it is read. An aggregate that is not complete waits on a stack of its own,
/// with the elements that it has so far; so nothing is read twice, and how deep replies may nest is a number to
/// check and not the stack of the thread. Counts and lengths are claims: they are compared with the limits, and memory
/// is taken as the bytes arrive.
public struct ReplyParser {
  public var limits: ReplyLimits

  private var input: [UInt8] = []
  /// Where the next element begins in `input`.
  private var position = 0
  /// No line end was found before this offset of `input`.
  private var scanned = 0
  /// Bytes that were dropped from the front of `input`.
  private var dropped = 0
  private var stack: [ReplyFrame] = []
  private var elementCount = 0

  public init(limits: ReplyLimits = ReplyLimits()) {
    self.limits = limits
  }

  /// How many bytes were read, counted from the first one that the parser was given.
  public var offset: Int { dropped + position }

  /// Takes bytes from the peer.
  public mutating func append(_ bytes: RawSpan) {
    if position > 0 && position >= input.count / 2 { dropRead() }
    input.append(bytes)
  }

  /// Gives up the bytes behind the last reply: after some replies the stream goes on with something else, as with the
  /// file after `+FULLRESYNC`. Not to be called while a reply is cut short.
  public mutating func takeUnread() -> [UInt8] {
    dropRead()
    dropped += input.count
    scanned = 0
    defer { input = [] }
    return input
  }

  /// The next reply; nil when more bytes are needed for it.
  public mutating func next() throws(ReplyError) -> Reply? {
    while let element = try nextElement() {
      var done: Reply
      switch element {
      case .reply(let reply): done = reply
      case .aggregate(let frame):
        stack.append(frame)
        continue
      }
      // A reply that completes an aggregate is the next element of the one around it.
      while true {
        guard var frame = stack.popLast() else {
          elementCount = 0
          return done
        }
        guard let whole = frame.take(done) else {
          stack.append(frame)
          break
        }
        done = whole
      }
    }
    return nil
  }

  private enum Element {
    case reply(Reply)
    /// Has at least one element to come.
    case aggregate(ReplyFrame)
  }

  private mutating func nextElement() throws(ReplyError) -> Element? {
    guard let line = try nextLine() else { return nil }
    guard elementCount < limits.elementCount else { throw error(.tooManyElements) }
    let type = input[position]
    let end = line.upperBound + 2
    let element: Element
    switch type {
    case Ascii.plus: element = .reply(.simple(text(line)))
    case Ascii.minus: element = .reply(.error(text(line)))
    case Ascii.colon: element = .reply(.integer(try number(line)))
    case Ascii.comma: element = .reply(.double(try double(line)))
    case Ascii.hash: element = .reply(.boolean(try boolean(line)))
    case Ascii.leftParenthesis: element = .reply(.bigNumber(try bigNumber(line)))
    case Ascii.underscore:
      guard line.isEmpty else { throw error(.badLine) }
      element = .reply(.null)
    case Ascii.dollar, Ascii.exclamation, Ascii.equals:
      return try nextString(type, length: try number(line), start: end)
    case Ascii.asterisk, Ascii.tilde, Ascii.percent, Ascii.greaterThan, Ascii.verticalBar:
      element = try aggregate(type, count: try number(line))
    default: throw error(.unknownType(type))
    }
    move(to: end)
    return element
  }

  /// The text of the line that begins at `position`, without its type and its end.
  private mutating func nextLine() throws(ReplyError) -> Range<Int>? {
    while scanned < input.count, input[scanned] != Ascii.carriageReturn { scanned += 1 }
    guard scanned - position <= limits.lineLength else { throw error(.badLine) }
    guard scanned + 1 < input.count else { return nil }
    guard scanned > position, input[scanned + 1] == Ascii.lineFeed else { throw error(.badLine) }
    return position + 1..<scanned
  }

  private mutating func nextString(_ type: UInt8, length: Int, start: Int) throws(ReplyError) -> Element? {
    if length == -1 && type == Ascii.dollar {
      move(to: start)
      return .reply(.null)
    }
    guard length >= 0 else { throw error(.badNumber) }
    guard length <= limits.stringLength else { throw error(.tooLong) }
    guard input.count - start - 2 >= length else { return nil }
    let end = start + length
    guard input[end] == Ascii.carriageReturn, input[end + 1] == Ascii.lineFeed else { throw error(.badStringEnd) }
    let reply: Reply
    switch type {
    case Ascii.exclamation: reply = .error(text(start..<end))
    case Ascii.equals:
      guard length >= 4, input[start + 3] == Ascii.colon else { throw error(.badVerbatim) }
      reply = .verbatim(format: text(start..<start + 3), Array(input[start + 4..<end]))
    default: reply = .bulk(Array(input[start..<end]))
    }
    move(to: end + 2)
    return .reply(reply)
  }

  private func aggregate(_ type: UInt8, count: Int) throws(ReplyError) -> Element {
    if count == -1 && type == Ascii.asterisk { return .reply(.null) }
    guard count >= 0 else { throw error(.badNumber) }
    guard count <= min(limits.elementCount, Int(Int32.max)) else { throw error(.tooManyElements) }
    let frame = ReplyFrame(type, count: count)
    guard frame.remaining > 0 else { return .reply(frame.whole) }
    guard stack.count < limits.depth else { throw error(.tooDeep) }
    return .aggregate(frame)
  }

  private mutating func move(to offset: Int) {
    position = offset
    scanned = offset
    elementCount += 1
  }

  private mutating func dropRead() {
    input.removeFirst(position)
    dropped += position
    scanned -= position
    position = 0
  }

  private func error(_ kind: ReplyError.Kind) -> ReplyError {
    ReplyError(kind: kind, offset: offset)
  }
}

/// The values that stand in a line.
extension ReplyParser {
  private func text(_ range: Range<Int>) -> String {
    String(decoding: input[range], as: UTF8.self)
  }

  private func number(_ line: Range<Int>) throws(ReplyError) -> Int {
    guard let number = unsafe Decimal.parse(input.span.bytes.extracting(line)) else { throw error(.badNumber) }
    return number
  }

  private func double(_ line: Range<Int>) throws(ReplyError) -> Double {
    let text = text(line)
    switch text {
    case "inf", "+inf": return .infinity
    case "-inf": return -.infinity
    case "nan", "-nan": return .nan
    default:
      // Letters beside the exponent's are kept from Swift, which also reads hexadecimal digits and longer names.
      let isPlain = input[line].allSatisfy { Ascii.isDigit($0) || "+-.eE".utf8.contains($0) }
      guard isPlain, let value = Double(text) else { throw error(.badDouble) }
      return value
    }
  }

  private func boolean(_ line: Range<Int>) throws(ReplyError) -> Bool {
    switch text(line) {
    case "t": return true
    case "f": return false
    default: throw error(.badBoolean)
    }
  }

  private func bigNumber(_ line: Range<Int>) throws(ReplyError) -> String {
    let digits = input[line].first == Ascii.minus ? input[line].dropFirst() : input[line]
    guard !digits.isEmpty, digits.allSatisfy({ Ascii.isDigit($0) }) else { throw error(.badBigNumber) }
    return text(line)
  }
}
