import RESP
import TestSupport
import Testing

/// The parser beside the stock server: what one refuses, the other refuses with the same words, and what one splits,
/// the other splits in the same way.
@Suite struct OracleTests {
  @Test func errorTexts() throws {
    let server = try ServerProcess(.redis)
    for (text, expected) in RequestParserTests.refusals + RequestParserTests.longRefusals {
      let client = try server.connect()
      try client.send(text)
      #expect(String(decoding: try client.readToEnd(), as: UTF8.self) == reply(to: expected))
    }
  }

  @Test func errorTextsBeforeAuthentication() throws {
    let server = try ServerProcess(.redis, directives: ["requirepass secret"])
    for text in ["*11\r\n", "*1\r\n$16385\r\n"] {
      let client = try server.connect()
      try client.send(text)
      var session = ParsingSession(limits: RequestLimits(authenticated: false))
      let error = #expect(throws: ProtocolError.self) { try session.receive(Array(text.utf8)[...]) }
      #expect(String(decoding: try client.readToEnd(), as: UTF8.self) == reply(to: try #require(error)))
    }
  }

  /// The stock server's answer to a command that it does not know repeats the command's arguments. So it shows how it
  /// has split a stream, whole or damaged.
  @Test func randomStreams() throws {
    var generator = SeededGenerator()
    let server = try ServerProcess(.redis)
    for round in 0..<1000 {
      var stream = randomUnknownCommands(&generator)
      if generator.oneIn(2) { stream = damaged(stream, &generator) }
      var session = ParsingSession()
      var failure = ""
      do throws(ProtocolError) { try session.receive(stream[...]) } catch { failure = reply(to: error) }
      let expected = session.commands.map(unknownCommandReply).joined() + failure

      let client = try server.connect()
      // A stream that is refused goes in one piece: the server closes the connection, and what came later would
      // reset it before the reply is read.
      for piece in failure.isEmpty ? generator.pieces(of: stream) : [stream[...]] { try client.send(Array(piece)) }
      client.finishSending()
      let actual = String(decoding: try client.readToEnd(), as: UTF8.self)
      #expect(actual == expected, "\(generator) round \(round): \(String(decoding: stream, as: UTF8.self))")
    }
  }

  private func reply(to error: ProtocolError) -> String {
    var sink = BufferSink()
    sink.error(error)
    return sink.text
  }

  /// Every argument begins with `zz`, so that none of them is the name of a command, damaged or not.
  private func randomUnknownCommands(_ generator: inout SeededGenerator) -> [UInt8] {
    let alphabet = Array("ab \r\n\t\u{B}'\"\\xn4".utf8)
    var stream: [UInt8] = []
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let words = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
        Array("zz".utf8)
          + (0..<Int.random(in: 0...8, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      }
      if generator.oneIn(2) {
        stream += words.joined(separator: Array(" ".utf8)).filter { $0 != UInt8(ascii: "\n") } + Array("\r\n".utf8)
      } else {
        stream.command(words)
      }
    }
    return stream
  }

  private func unknownCommandReply(_ command: [[UInt8]]) -> String {
    var arguments: [UInt8] = []
    for argument in command.dropFirst() where arguments.count < 128 {
      arguments += Array("'".utf8) + argument.prefix { $0 != 0 }.prefix(128 - arguments.count) + Array("' ".utf8)
    }
    var text = Array("ERR unknown command '".utf8) + command[0].prefix { $0 != 0 }.prefix(128)
    text += Array("', with args beginning with: ".utf8) + arguments
    var sink = BufferSink()
    unsafe sink.error(text.span.bytes)
    return sink.text
  }
}
