import RESP
import TestSupport
import Testing

@Suite struct ReplyParserTests {
  static let forms: [(String, Reply)] = [
    ("+OK\r\n", .simple("OK")),
    ("+\r\n", .simple("")),
    ("-ERR no\r\n", .error("ERR no")),
    (":-42\r\n", .integer(-42)),
    ("$5\r\nhel\r\n\r\n", .bulk("hel\r\n")),
    ("$0\r\n\r\n", .bulk("")),
    ("$-1\r\n", .null),
    ("*-1\r\n", .null),
    ("_\r\n", .null),
    ("*0\r\n", .array([])),
    ("*2\r\n:1\r\n*1\r\n+a\r\n", .array([.integer(1), .array([.simple("a")])])),
    ("%1\r\n+k\r\n*0\r\n", .map([ReplyPair(.simple("k"), .array([]))])),
    ("%0\r\n", .map([])),
    ("~2\r\n#t\r\n#f\r\n", .set([.boolean(true), .boolean(false)])),
    (",1.5e3\r\n", .double(1500)),
    (",-inf\r\n", .double(-.infinity)),
    ("(-12345678901234567890\r\n", .bigNumber("-12345678901234567890")),
    ("=8\r\ntxt:abcd\r\n", .verbatim(format: "txt", Array("abcd".utf8))),
    ("!7\r\nERR a\r\n\r\n", .error("ERR a\r\n")),
    (">2\r\n+message\r\n:1\r\n", .push([.simple("message"), .integer(1)])),
    ("|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n", .attributed([ReplyPair(.simple("ttl"), .integer(5))], .bulk("v"))),
    ("|0\r\n*1\r\n:1\r\n", .attributed([], .array([.integer(1)]))),
  ]

  @Test(arguments: forms)
  func reads(text: String, reply: Reply) throws {
    #expect(try replies(in: [Array(text.utf8)[...]]) == [reply])
  }

  @Test func readsAcrossCuts() throws {
    let text = Array(Self.forms.map(\.0).joined().utf8)
    let expected = Self.forms.map(\.1)
    for cut in 0...text.count {
      #expect(try replies(in: [text[..<cut], text[cut...]]) == expected, "cut at \(cut)")
    }
    #expect(try replies(in: text.indices.map { text[$0...$0] }) == expected)
  }

  static let refusals: [(String, ReplyError.Kind, Int)] = [
    ("x\r\n", .unknownType(UInt8(ascii: "x")), 0),
    ("+OK\r\nHTTP/1.1 200 OK\r\n", .unknownType(UInt8(ascii: "H")), 5),
    ("+OK\rx", .badLine, 0),
    ("\r\n", .badLine, 0),
    ("_x\r\n", .badLine, 0),
    (":1x\r\n", .badNumber, 0),
    (":\r\n", .badNumber, 0),
    ("$-2\r\n", .badNumber, 0),
    ("!-1\r\n", .badNumber, 0),
    ("%-1\r\n", .badNumber, 0),
    ("*1\r\n*-2\r\n", .badNumber, 4),
    ("$9223372036854775807\r\n", .tooLong, 0),
    ("*9223372036854775807\r\n", .tooManyElements, 0),
    ("%9223372036854775807\r\n", .tooManyElements, 0),
    ("$1\r\nabc", .badStringEnd, 0),
    ("=3\r\nabc\r\n", .badVerbatim, 0),
    (",0x1p3\r\n", .badDouble, 0),
    (",\r\n", .badDouble, 0),
    ("#x\r\n", .badBoolean, 0),
    ("(1.5\r\n", .badBigNumber, 0),
    ("(-\r\n", .badBigNumber, 0),
  ]

  @Test(arguments: refusals)
  func refuses(text: String, kind: ReplyError.Kind, offset: Int) {
    #expect(throws: ReplyError(kind: kind, offset: offset)) { try replies(in: [Array(text.utf8)[...]]) }
  }

  @Test func refusesLongLines() throws {
    let line = Array(("+" + String(repeating: "x", count: 65_536)).utf8)
    #expect(try replies(in: [line.dropLast()]).isEmpty)
    #expect(throws: ReplyError(kind: .badLine, offset: 0)) { try replies(in: [line[...]]) }
  }

  @Test func limits() throws {
    var limits = ReplyLimits()
    limits.depth = 2
    limits.elementCount = 4
    limits.stringLength = 3
    func read(_ text: String) throws -> [Reply] { try replies(in: [Array(text.utf8)[...]], limits: limits) }
    #expect(try read("*1\r\n*1\r\n:1\r\n").count == 1)
    #expect(throws: ReplyError(kind: .tooDeep, offset: 8)) { try read("*1\r\n*1\r\n*1\r\n:1\r\n") }
    #expect(throws: ReplyError(kind: .tooDeep, offset: 8)) { try read("|0\r\n|0\r\n|0\r\n:1\r\n") }
    #expect(try read("*3\r\n:1\r\n:2\r\n:3\r\n").count == 1)
    #expect(throws: ReplyError(kind: .tooManyElements, offset: 16)) { try read("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n") }
    #expect(throws: ReplyError(kind: .tooManyElements, offset: 0)) { try read("*5\r\n") }
    #expect(try read("$3\r\nabc\r\n").count == 1)
    #expect(throws: ReplyError(kind: .tooLong, offset: 0)) { try read("$4\r\n") }
  }

  @Test func givesUpWhatFollowsTheLastReply() throws {
    var parser = ReplyParser()
    unsafe parser.append(Array("+FULLRESYNC id 1\r\n$9\r\nREDIS0010".utf8).span.bytes)
    #expect(try parser.next() == .simple("FULLRESYNC id 1"))
    #expect(parser.offset == 18)
    #expect(parser.takeUnread() == Array("$9\r\nREDIS0010".utf8))
    unsafe parser.append(Array(":7\r\n".utf8).span.bytes)
    #expect(try parser.next() == .integer(7))
    #expect(parser.takeUnread().isEmpty)
  }
}

/// All replies of a stream that arrives in pieces.
func replies(in pieces: [ArraySlice<UInt8>], limits: ReplyLimits = ReplyLimits()) throws(ReplyError) -> [Reply] {
  var parser = ReplyParser(limits: limits)
  var replies: [Reply] = []
  for piece in pieces {
    unsafe parser.append(piece.span.bytes)
    while let reply = try parser.next() { replies.append(reply) }
  }
  return replies
}
