import RESP
import TestSupport
import Testing

@Suite struct ReplySinkTests {
  /// What `write` gives in either protocol.
  private func both(_ write: (inout BufferSink) -> Void) -> [String] {
    [ProtocolVersion.resp2, .resp3].map { version in
      var sink = BufferSink(version: version)
      write(&sink)
      return sink.text
    }
  }

  private func same(_ text: String) -> [String] { [text, text] }

  @Test func formsOfBothProtocols() {
    #expect(both { $0.ok() } == same("+OK\r\n"))
    #expect(both { $0.simpleString("PONG") } == same("+PONG\r\n"))
    #expect(both { unsafe $0.simpleString(Array("a\r\nb".utf8).span.bytes) } == same("+a  b\r\n"))
    #expect(both { $0.bulk("hello" as StaticString) } == same("$5\r\nhello\r\n"))
    #expect(both { $0.bulk("" as String) } == same("$0\r\n\r\n"))
    #expect(both { unsafe $0.bulk(Array("\0\r\n".utf8).span.bytes) } == same("$3\r\n\0\r\n\r\n"))
    #expect(both { $0.bulk(-120) } == same("$4\r\n-120\r\n"))
    #expect(both { $0.arrayHeader(0) } == same("*0\r\n"))
    #expect(both { $0.null() } == ["$-1\r\n", "_\r\n"])
    #expect(both { $0.nullArray() } == ["*-1\r\n", "_\r\n"])
    #expect(both { $0.mapHeader(3) } == ["*6\r\n", "%3\r\n"])
    #expect(both { $0.setHeader(3) } == ["*3\r\n", "~3\r\n"])
    #expect(both { $0.pushHeader(3) } == ["*3\r\n", ">3\r\n"])
    #expect(both { $0.boolean(true) } == [":1\r\n", "#t\r\n"])
    #expect(both { $0.boolean(false) } == [":0\r\n", "#f\r\n"])
    let digits = Array("12345678901234567890123".utf8)
    #expect(
      both { unsafe $0.bigNumber(digits.span.bytes) }
        == ["$23\r\n12345678901234567890123\r\n", "(12345678901234567890123\r\n"])
    let text = Array("# Server".utf8)
    #expect(
      both { unsafe $0.verbatim(text.span.bytes) } == ["$8\r\n# Server\r\n", "=12\r\ntxt:# Server\r\n"])
    var resp3 = BufferSink(version: .resp3)
    resp3.attributeHeader(1)
    #expect(resp3.text == "|1\r\n")
  }

  @Test(arguments: [
    0, 7, 10, 99_999, 100_000, 100_001, 999_999, 1_000_000, 1_234_567_890, 100_000_000_000, 99_999_999_999,
    999_999_999_999, 1_000_000_000_000, -1, -99_999, -100_000, .max, .min,
  ])
  func integers(number: Int) {
    #expect(both { $0.integer(number) } == same(":\(number)\r\n"))
    #expect(both { $0.decimal(number) } == same("\(number)"))
  }

  /// The texts are those of C's `%.17g`.
  @Test(arguments: [
    (0.0, "0"), (-0.0, "-0"), (3, "3"), (-1.5, "-1.5"), (0.1, "0.10000000000000001"), (1e17, "1e+17"),
    (123_456_789_012_345_680, "1.2345678901234568e+17"), (1e-5, "1.0000000000000001e-05"),
    (.infinity, "inf"), (-.infinity, "-inf"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
    (-.leastNonzeroMagnitude, "-4.9406564584124654e-324"),
  ])
  func doubles(value: Double, text: String) {
    #expect(both { $0.double(value) } == ["$\(text.utf8.count)\r\n\(text)\r\n", ",\(text)\r\n"])
  }

  @Test func errors() {
    #expect(both { $0.error("ERR syntax error") } == same("-ERR syntax error\r\n"))
    let quoted = Array("a\r\nb".utf8)
    #expect(
      both { unsafe $0.error("ERR unknown command '", quoting: quoted.span.bytes, "'") }
        == same("-ERR unknown command 'a  b'\r\n"))
    let text = Array("ERR two\nlines\r\n".utf8)
    #expect(both { unsafe $0.error(text.span.bytes) } == same("-ERR two lines\r\n"))
    #expect(
      both { $0.error(.expectedDollar(got: UInt8(ascii: "P"))) }
        == same("-ERR Protocol error: expected '$', got 'P'\r\n"))
    #expect(
      both { $0.error(.expectedDollar(got: UInt8(ascii: "\n"))) }
        == same("-ERR Protocol error: expected '$', got ' '\r\n"))
    #expect(both { $0.error(.invalidCount) } == same("-ERR Protocol error: invalid multibulk length\r\n"))
  }

  @Test func deferredHeaders() {
    let replies = both { sink in
      sink.ok()
      let outer = sink.beginDeferred()
      sink.integer(1)
      let inner = sink.beginDeferred()
      for number in 0..<12 { sink.integer(number) }
      sink.endSet(inner, count: 12)
      let map = sink.beginDeferred()
      sink.bulk("k" as StaticString)
      sink.null()
      sink.endMap(map, count: 1)
      sink.endArray(outer, count: 3)
      sink.ok()
    }
    let numbers = (0..<12).map { ":\($0)\r\n" }.joined()
    #expect(
      replies == [
        "+OK\r\n*3\r\n:1\r\n*12\r\n\(numbers)*2\r\n$1\r\nk\r\n$-1\r\n+OK\r\n",
        "+OK\r\n*3\r\n:1\r\n~12\r\n\(numbers)%1\r\n$1\r\nk\r\n_\r\n+OK\r\n",
      ])
  }

  @Test func requests() {
    var request: [UInt8] = []
    request.command("SET", "k", "")
    #expect(String(decoding: request, as: UTF8.self) == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n")
    request = []
    request.command([[0xFF, 0x00]])
    #expect(request == Array("*1\r\n$2\r\n".utf8) + [0xFF, 0x00] + Array("\r\n".utf8))
  }
}
