import RESP
import Testing

@Suite struct RequestParserTests {
  @Test(arguments: [
    ("*1\r\n$4\r\nPING\r\n", ["PING"]),
    ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", ["SET", "k", ""]),
    ("*2\r\n$4\r\nECHO\r\n$12\r\n1234\r\n6789\r\n\r\n", ["ECHO", "1234\r\n6789\r\n"]),
    // The bytes of a line end are not looked at, as in Redis.
    ("*1\rx$4\ryPINGab", ["PING"]),
    ("PING\r\n", ["PING"]),
    ("PING\n", ["PING"]),
    ("  set\tkey \u{B}value\r\n", ["set", "key", "value"]),
    (#"set "a b" 'c d'"# + "\n", ["set", "a b", "c d"]),
    (#"set "\x41\x6a\n\r\t\b\a\\\"\q\xzz" 'it\'s \n'"# + "\r\n", ["set", "Aj\n\r\t\u{8}\u{7}\\\"qxzz", #"it's \n"#]),
    (#"ab"cd" e'f' """# + "\n", ["abcd", "ef", ""]),
    ("a\u{B}b\n", ["a\u{B}b"]),
    (#"echo "\x4"# + "\"\n", ["echo", "x4"]),
  ])
  func reads(text: String, words: [String]) throws {
    let parsed = try parseAll(text)
    #expect(parsed.commands == [words.map { Array($0.utf8) }])
    #expect(parsed.rest == 0)
  }

  @Test(arguments: ["\r\n", "\n", "   \r\n", "*0\r\n", "*-1\r\n", "*-99\r\n"])
  func skips(text: String) throws {
    var parser = RequestParser()
    var sink = CollectingSink()
    #expect(try parser.next(text, into: &sink) == .empty(consumed: text.utf8.count))
    #expect(try parseAll(text + "PING\r\n").commands == [[Array("PING".utf8)]])
  }

  static let refusals: [(String, ProtocolError)] = [
    ("*a\r\n", .invalidCount),
    ("*\r\n", .invalidCount),
    ("*01\r\n", .invalidCount),
    ("*+1\r\n", .invalidCount),
    ("*-0\r\n", .invalidCount),
    ("*2147483648\r\n", .invalidCount),
    ("*99999999999999999999999\r\n", .invalidCount),
    ("*1\r\nPING\r\n", .expectedDollar(got: UInt8(ascii: "P"))),
    ("*1\r\n\r\n", .expectedDollar(got: UInt8(ascii: "\r"))),
    ("*1\r\n$x\r\n", .invalidBulkLength),
    ("*1\r\n$-1\r\n", .invalidBulkLength),
    ("*1\r\n$\r\n", .invalidBulkLength),
    ("*1\r\n$00\r\n", .invalidBulkLength),
    ("*1\r\n$536870913\r\n", .invalidBulkLength),
    ("*2\r\n$3\r\nGET\r\n$9223372036854775807\r\n", .invalidBulkLength),
    ("set \"a\n", .unbalancedQuotes),
    ("set 'a\n", .unbalancedQuotes),
    ("set \"a\"b\n", .unbalancedQuotes),
    ("set 'a'b\n", .unbalancedQuotes),
    ("set \"a\\\n", .unbalancedQuotes),
  ]

  @Test(arguments: refusals)
  func refuses(text: String, expected: ProtocolError) {
    #expect(throws: expected) { try parseAll(text) }
  }

  /// Lines without an end, one byte longer than allowed. None is seen behind a NUL.
  static let longRefusals: [(String, ProtocolError)] = [
    ("*" + String(repeating: "1", count: 65536), .countStringTooBig),
    ("*1\r\n$" + String(repeating: "1", count: 65536), .bulkCountStringTooBig),
    (String(repeating: "x", count: 65537), .inlineTooBig),
    ("*1\0\r\n" + String(repeating: "x", count: 65532), .countStringTooBig),
    ("\0\r\n" + String(repeating: "x", count: 65534), .inlineTooBig),
  ]

  @Test func refusesLongLines() {
    for (text, expected) in Self.longRefusals {
      #expect(throws: expected) { try parseAll(text) }
      #expect(throws: Never.self) { try parseAll(String(text.unicodeScalars.dropLast())) }
    }
  }

  @Test func limitsBeforeAuthentication() throws {
    let limits = RequestLimits(authenticated: false)
    #expect(throws: ProtocolError.unauthenticatedCount) { try parseAll("*11\r\n", limits: limits) }
    #expect(throws: ProtocolError.unauthenticatedBulkLength) { try parseAll("*1\r\n$16385\r\n", limits: limits) }
    let longest = String(repeating: "x", count: 16384)
    let allowed = "*10\r\n$16384\r\n\(longest)\r\n" + String(repeating: "$1\r\nx\r\n", count: 9)
    #expect(try parseAll(allowed, limits: limits).commands.first?.count == 10)
  }

  @Test func configuredBulkLength() throws {
    let limits = RequestLimits(maxBulkLength: 3)
    #expect(try parseAll("*1\r\n$3\r\nabc\r\n", limits: limits).commands == [[Array("abc".utf8)]])
    #expect(throws: ProtocolError.invalidBulkLength) { try parseAll("*1\r\n$4\r\nabcd\r\n", limits: limits) }
    // The stream of a primary has no limit, and a length near Int.max is only bytes that never come.
    let unbounded = RequestLimits(maxBulkLength: .max)
    var parser = RequestParser(limits: unbounded)
    var sink = CollectingSink()
    let start = "*1\r\n$\(RequestLimits.unbounded)\r\n"
    let needed = start.utf8.count + RequestLimits.unbounded + 2
    #expect(try parser.next(start, into: &sink) == .incomplete(needed: needed))
  }

  @Test func saysHowMuchIsNeeded() throws {
    var parser = RequestParser()
    var sink = CollectingSink()
    #expect(try parser.next("", into: &sink) == .incomplete(needed: 1))
    #expect(try parser.next("*2\r\n$3\r\nGE", into: &sink) == .incomplete(needed: 13))
    #expect(try parser.next("*2\r\n$3\r\nGET\r\n$", into: &sink) == .incomplete(needed: 15))
    #expect(try parser.next("*2\r\n$3\r\nGET\r\n$1000\r\nab", into: &sink) == .incomplete(needed: 1022))
  }

  @Test func announcedArgumentsTakeNoMemory() throws {
    var parser = RequestParser()
    var sink = CollectingSink()
    let start = "*2147483647\r\n$1\r\nx\r\n"
    #expect(try parser.next(start, into: &sink) == .incomplete(needed: start.utf8.count + 1))
    #expect(sink.arguments.count <= 1)
  }

  @Test func resumesAfterASplitAtAnyByte() throws {
    let commands: [[String]] = [
      ["SET", "key", "a\r\nb"], ["PING"], ["MSET", "", "", "k", String(repeating: "v", count: 99)],
    ]
    var text: [UInt8] = []
    for command in commands { text.command(command.map { Array($0.utf8) }) }
    text += Array("\r\nset 'in line' \"\\x00\"\r\n*0\r\nget x\n".utf8)
    let expected = try parseAll(text).commands
    #expect(expected.count == 5)
    for cut in 0...text.count {
      #expect(try parse(pieces: [text[..<cut], text[cut...]]) == expected, "cut at \(cut)")
    }
    #expect(try parse(pieces: text.indices.map { text[$0...$0] }) == expected)
  }
}
