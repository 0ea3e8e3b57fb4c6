/// The way for commands that arrive in pieces or break a rule.
extension RequestParser {
  /// Goes on where the last call stopped; gives the arguments to `sink` when the command is complete.
  @inlinable @inline(never)
  mutating func parseMultibulk(
    _ input: RawSpan, into sink: inout some ArgumentSink
  ) throws(ProtocolError) -> ParseResult {
    let result = try advanceMultibulk(input)
    if case .command = result {
      sink.reset(count: arguments.count)
      for argument in arguments { sink.append(offset: argument.lowerBound, length: argument.count) }
      forgetCommand()
    }
    return result
  }

  /// Moves as far as `input` goes. After `.command`, `arguments` are the command's.
  @usableFromInline
  mutating func advanceMultibulk(_ input: RawSpan) throws(ProtocolError) -> ParseResult {
    if announced == 0 {
      guard let end = try findCarriageReturn(in: input, tooBig: .countStringTooBig) else {
        return .incomplete(needed: input.byteCount + 1)
      }
      let count = try announcedCount(input.extracting(1..<end))
      move(to: end + 2)
      if count <= 0 {
        let consumed = position
        forgetCommand()
        return .empty(consumed: consumed)
      }
      announced = count
    }
    while arguments.count < announced {
      if bulkLength == nil {
        guard let end = try findCarriageReturn(in: input, tooBig: .bulkCountStringTooBig) else {
          return .incomplete(needed: input.byteCount + 1)
        }
        bulkLength = try announcedLength(input.extracting(position..<end))
        move(to: end + 2)
      }
      guard let length = bulkLength, input.byteCount - position >= length + 2 else { break }
      arguments.append(position..<position + length)
      bulkLength = nil
      move(to: position + length + 2)
    }
    guard arguments.count == announced else {
      return .incomplete(needed: bulkLength.map { position + $0 + 2 } ?? input.byteCount + 1)
    }
    return .command(consumed: position)
  }

  /// Between two commands nothing is remembered. The room for arguments is kept when it is small, because with
  /// pipelining the last command of nearly every read is cut short.
  @usableFromInline
  mutating func forgetCommand() {
    position = 0
    scanned = 0
    announced = 0
    bulkLength = nil
    arguments.removeAll(keepingCapacity: arguments.capacity <= 32)
  }

  private mutating func move(to offset: Int) {
    position = offset
    scanned = offset
  }

  /// The offset of the CR that ends the line at `position`, once a byte behind it is there too.
  ///
  /// As in Redis, no line end is seen behind a NUL (its line is a C string), so that such a line is refused in the
  /// end as too long.
  private mutating func findCarriageReturn(
    in input: RawSpan, tooBig: ProtocolError
  ) throws(ProtocolError) -> Int? {
    while scanned < input.byteCount {
      let byte = input.byte(at: scanned)
      if byte == Ascii.carriageReturn { return scanned + 1 < input.byteCount ? scanned : nil }
      if byte == 0 { break }
      scanned += 1
    }
    if input.byteCount - position > RequestLimits.maxLineLength { throw tooBig }
    return nil
  }

  private func announcedCount(_ digits: RawSpan) throws(ProtocolError) -> Int {
    guard let count = Decimal.parse(digits), count <= RequestLimits.maxCount else { throw .invalidCount }
    guard count <= limits.countLimit else { throw .unauthenticatedCount }
    return count
  }

  /// `line` is `$` and a number; an empty line has the CR itself in the place of the `$`.
  private func announcedLength(_ line: RawSpan) throws(ProtocolError) -> Int {
    let first = line.isEmpty ? Ascii.carriageReturn : line.byte(at: 0)
    guard first == Ascii.dollar else { throw .expectedDollar(got: first) }
    guard let length = Decimal.parse(line.extracting(droppingFirst: 1)), length >= 0, length <= limits.maxBulkLength
    else { throw .invalidBulkLength }
    guard length <= limits.bulkLengthLimit else { throw .unauthenticatedBulkLength }
    return length
  }
}
