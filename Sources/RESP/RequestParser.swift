/// Finds the commands in what a client has sent: arrays of bulk strings, and inline commands as typed into telnet.
///
/// The session keeps its unread bytes in one run and calls `next` with all of them:
///
///     *2\r\n$3\r\nGET\r\n$5\r\nhello\r\n*1\r\n$4\r\nPI       -> (offset 8, length 3), (17, 5); command(consumed: 24)
///                             *1\r\n$4\r\nPI            -> incomplete(needed: 14)
///                             *1\r\n$4\r\nPING\r\n      -> (8, 4); command(consumed: 14)
///
/// There are two ways through. Almost every command is there as a whole and in the common form, and for that one there
/// is `parseWhole`: one pass without any state. Whatever it does not know (a command cut short, a limit passed, an odd
/// number) goes to `parseMultibulk`, which remembers how far it came, so that a command that arrives in many pieces is
/// read once and not once for each piece. Only offsets are remembered: the input may move between two calls, but
/// must begin with the same bytes until a result consumes them.
///
/// Errors, limits and leniencies (the bytes of a line end are counted, not looked at) are those of Redis 7.0;
/// protocol: https://redis.io/docs/reference/protocol-spec/.
public struct RequestParser {
  /// The session changes them on `AUTH` and `CONFIG SET proto-max-bulk-len`.
  public var limits: RequestLimits

  /// Where the line or argument begins that is not yet complete.
  @usableFromInline var position = 0
  /// No line end was found before this offset. Nonzero exactly while a command is cut short.
  @usableFromInline var scanned = 0
  /// Arguments announced by the command that is cut short; 0 before its first line is complete.
  @usableFromInline var announced = 0
  /// Length of the argument at `position`, when its own line is read.
  @usableFromInline var bulkLength: Int?
  /// The complete arguments of the command that is cut short.
  @usableFromInline var arguments: [Range<Int>] = []

  public init(limits: RequestLimits = RequestLimits()) {
    self.limits = limits
  }

  /// Bytes of the command that is cut short which are read for good: its complete arguments, and the lines that announce
  /// them and the next one.
  public var readByteCount: Int { position }
  /// Bytes of its complete arguments.
  public var argumentByteCount: Int { arguments.reduce(0) { $0 + $1.count } }

  /// Reads one command from the start of `input`, all bytes not consumed so far.
  ///
  /// After an error the connection is of no further use: another call meets the same error.
  @inlinable
  public mutating func next(
    _ input: RawSpan, into sink: inout some ArgumentSink
  ) throws(ProtocolError) -> ParseResult {
    guard input.byteCount > 0 else { return .incomplete(needed: 1) }
    guard input.byte(at: 0) == Ascii.asterisk else { return try parseInline(input, into: &sink) }
    if scanned == 0 {
      let consumed = parseWhole(input, into: &sink)
      if consumed > 0 { return .command(consumed: consumed) }
    }
    return try parseMultibulk(input, into: &sink)
  }

  /// The length of the command at the start of `input` if it is all there, in the common form and within the limits;
  /// 0 otherwise, and then nothing has been decided.
  @inlinable @inline(__always)
  func parseWhole(_ input: RawSpan, into sink: inout some ArgumentSink) -> Int {
    var at = 1
    let count = input.plainNumber(at: &at)
    guard count > 0, count <= limits.countLimit else { return 0 }
    let bulkLengthLimit = limits.bulkLengthLimit
    sink.reset(count: count)
    for _ in 0..<count {
      guard at < input.byteCount, input.byte(at: at) == Ascii.dollar else { return 0 }
      at &+= 1
      let length = input.plainNumber(at: &at)
      guard length >= 0, length <= bulkLengthLimit, input.byteCount &- at >= length &+ 2 else { return 0 }
      sink.append(offset: at, length: length)
      at &+= length &+ 2
    }
    return at
  }
}

extension RawSpan {
  /// The byte at `offset`, which the caller has compared with `byteCount`.
  @inlinable @inline(__always)
  func byte(at offset: Int) -> UInt8 {
    assert(offset >= 0 && offset < byteCount)
    return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// Reads up to nine digits, a CR and one byte more, and moves `offset` behind them. -1 for anything else.
  @inlinable @inline(__always)
  func plainNumber(at offset: inout Int) -> Int {
    guard byteCount &- offset >= 3 else { return -1 }
    var value = Int(byte(at: offset)) &- Int(Ascii.zero)
    guard value >= 0, value <= 9 else { return -1 }
    var next = offset &+ 1
    while true {
      guard next &+ 1 < byteCount else { return -1 }
      let byte = byte(at: next)
      if byte == Ascii.carriageReturn { break }
      let digit = byte &- Ascii.zero
      // A number does not begin with 0, and one of ten digits is beyond every length worth a fast way.
      guard digit <= 9, value != 0, value < 100_000_000 else { return -1 }
      value = value &* 10 &+ Int(digit)
      next &+= 1
    }
    offset = next &+ 2
    return value
  }
}
