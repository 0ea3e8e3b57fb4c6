import RESP

/// Keeps what the parser says about each argument; `command(in:)` then takes the bytes from the input.
struct CollectingSink: ArgumentSink {
  enum Argument { case inInput(Range<Int>), unescaped([UInt8]) }
  private(set) var arguments: [Argument] = []

  mutating func reset(count: Int) { arguments = [] }
  mutating func append(offset: Int, length: Int) { arguments.append(.inInput(offset..<offset + length)) }
  mutating func append(unescaped bytes: RawSpan) {
    arguments.append(.unescaped(unsafe bytes.withUnsafeBytes { unsafe Array($0) }))
  }

  func command(in input: [UInt8]) -> [[UInt8]] {
    arguments.map { argument in
      switch argument {
      case .inInput(let range): Array(input[range])
      case .unescaped(let bytes): bytes
      }
    }
  }
}

extension RequestParser {
  mutating func next(_ text: String, into sink: inout CollectingSink) throws(ProtocolError) -> ParseResult {
    try unsafe next(Array(text.utf8).span.bytes, into: &sink)
  }
}

/// All commands of a text that is there at once, and how many bytes are left behind them.
func parseAll(
  _ text: String, limits: RequestLimits = RequestLimits()
) throws(ProtocolError) -> (commands: [[[UInt8]]], rest: Int) {
  try parseAll(Array(text.utf8), limits: limits)
}

func parseAll(
  _ text: [UInt8], limits: RequestLimits = RequestLimits()
) throws(ProtocolError) -> (commands: [[[UInt8]]], rest: Int) {
  var session = ParsingSession(limits: limits)
  try session.receive(text[...])
  return (session.commands, session.input.count)
}

/// The commands of a stream that arrives in pieces.
func parse(pieces: [ArraySlice<UInt8>]) throws(ProtocolError) -> [[[UInt8]]] {
  var session = ParsingSession()
  for piece in pieces { try session.receive(piece) }
  return session.commands
}

/// What a server's session does with its parser: keeps the unread bytes, and asks when it is worth while.
struct ParsingSession {
  private(set) var input: [UInt8] = []
  private(set) var commands: [[[UInt8]]] = []
  private var parser: RequestParser
  private var needed = 1

  init(limits: RequestLimits = RequestLimits()) {
    parser = RequestParser(limits: limits)
  }

  mutating func receive(_ bytes: ArraySlice<UInt8>) throws(ProtocolError) {
    // A new array each time, so that the parser meets the same bytes at another address.
    var input = input + bytes
    defer { self.input = input }
    while input.count >= needed {
      var sink = CollectingSink()
      switch try unsafe parser.next(input.span.bytes, into: &sink) {
      case .command(let consumed):
        commands.append(sink.command(in: input))
        input = Array(input.dropFirst(consumed))
        needed = 1
      case .empty(let consumed):
        input = Array(input.dropFirst(consumed))
        needed = 1
      case .incomplete(let needed):
        guard needed > input.count else { return }
        self.needed = needed
      }
    }
  }
}
