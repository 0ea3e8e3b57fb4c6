import RESP
import TestSupport
import Testing

/// Random requests and replies, whole and damaged.
@Suite struct RandomInputTests {
  @Test func pipelinesCutAtRandomPlaces() throws {
    var generator = SeededGenerator()
    for _ in 0..<200 {
      let commands = (0..<Int.random(in: 1...20, using: &generator)).map { _ in randomCommand(&generator) }
      var stream: [UInt8] = []
      for command in commands { stream.command(command) }
      #expect(try parse(pieces: generator.pieces(of: stream)) == commands, "\(generator)")
    }
  }

  /// The same stream gives the same commands and the same error, however it is cut.
  @Test func damagedRequests() {
    var generator = SeededGenerator()
    for round in 0..<40_000 {
      let stream = damaged(randomRequest(&generator), &generator)
      let limits = RequestLimits(authenticated: generator.oneIn(2))
      var whole = ParsingSession(limits: limits)
      var cut = ParsingSession(limits: limits)
      let wholeError = error { () throws(ProtocolError) in try whole.receive(stream[...]) }
      let cutError = error { () throws(ProtocolError) in
        for piece in generator.pieces(of: stream) { try cut.receive(piece) }
      }
      #expect(wholeError == cutError, "\(generator) round \(round)")
      #expect(whole.commands == cut.commands, "\(generator) round \(round)")
      #expect(whole.input == cut.input || wholeError != nil, "\(generator) round \(round)")
    }
  }

  @Test func repliesComeBackAsWritten() throws {
    var generator = SeededGenerator()
    for _ in 0..<300 {
      let expected = randomReply(&generator, depth: 4)
      var sink = BufferSink(version: .resp3)
      sink.write(expected)
      #expect(try replies(in: generator.pieces(of: sink.bytes)) == [expected], "\(generator)")
    }
  }

  @Test func damagedReplies() {
    var generator = SeededGenerator()
    for round in 0..<40_000 {
      var sink = BufferSink(version: .resp3)
      sink.write(randomReply(&generator, depth: 3))
      sink.write(randomReply(&generator, depth: 1))
      let stream = damaged(sink.bytes, &generator)
      let whole = Result { () throws(ReplyError) in try replies(in: [stream[...]]) }
      let cut = Result { () throws(ReplyError) in try replies(in: generator.pieces(of: stream)) }
      #expect(whole == cut, "\(generator) round \(round)")
    }
  }
}

private func error(_ body: () throws(ProtocolError) -> Void) -> ProtocolError? {
  do throws(ProtocolError) { try body() } catch { return error }
  return nil
}

private func randomReply(_ generator: inout SeededGenerator, depth: Int) -> Reply {
  let count = Int.random(in: 0...3, using: &generator)
  switch Int.random(in: 0..<(depth > 0 ? 14 : 9), using: &generator) {
  case 0: return .simple("OK \(count)")
  case 1: return .error("ERR \(count)")
  case 2: return .integer(Int.random(in: .min ... .max, using: &generator) >> Int.random(in: 0..<64, using: &generator))
  case 3: return .bulk(generator.bytes(count: count * 7))
  case 4: return .null
  case 5: return .double(Double(bitPattern: UInt64.random(in: 0...(0x7FE << 52), using: &generator)))
  case 6: return .boolean(count > 1)
  case 7: return .bigNumber("-1234567890123456789\(count)")
  case 8: return .verbatim(format: "txt", generator.bytes(count: count))
  case 9: return .array((0..<count).map { _ in randomReply(&generator, depth: depth - 1) })
  case 10: return .set((0..<count).map { _ in randomReply(&generator, depth: depth - 1) })
  case 11: return .push((0..<count).map { _ in randomReply(&generator, depth: depth - 1) })
  case 12: return .attributed(randomPairs(&generator, depth: depth), randomReply(&generator, depth: depth - 1))
  default: return .map(randomPairs(&generator, depth: depth))
  }
}

private func randomPairs(_ generator: inout SeededGenerator, depth: Int) -> [ReplyPair] {
  (0..<Int.random(in: 0...3, using: &generator)).map { _ in
    ReplyPair(randomReply(&generator, depth: depth - 1), randomReply(&generator, depth: depth - 1))
  }
}

extension BufferSink {
  /// Writes a reply as a server of RESP3 would.
  fileprivate mutating func write(_ reply: Reply) {
    switch reply {
    case .simple(let text): unsafe simpleString(Array(text.utf8).span.bytes)
    case .error(let text): unsafe error(Array(text.utf8).span.bytes)
    case .integer(let number): integer(number)
    case .bulk(let bytes): unsafe bulk(bytes.span.bytes)
    case .null: null()
    case .double(let value): double(value)
    case .boolean(let value): boolean(value)
    case .bigNumber(let digits): unsafe bigNumber(Array(digits.utf8).span.bytes)
    case .verbatim(_, let bytes): unsafe verbatim(bytes.span.bytes)
    case .array(let elements):
      arrayHeader(elements.count)
      for element in elements { write(element) }
    case .set(let elements):
      setHeader(elements.count)
      for element in elements { write(element) }
    case .push(let elements):
      pushHeader(elements.count)
      for element in elements { write(element) }
    case .map(let pairs):
      mapHeader(pairs.count)
      write(pairs)
    case .attributed(let pairs, let subject):
      attributeHeader(pairs.count)
      write(pairs)
      write(subject)
    }
  }

  private mutating func write(_ pairs: [ReplyPair]) {
    for pair in pairs {
      write(pair.key)
      write(pair.value)
    }
  }
}
