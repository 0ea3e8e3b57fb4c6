import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

struct GlobTests {
  private func matches(_ pattern: String, _ text: String, ignoringCase: Bool = false) -> Bool {
    Array(pattern.utf8).withBytes { pattern in
      Array(text.utf8).withBytes { Glob.matches(pattern, $0, ignoringCase: ignoringCase) }
    }
  }

  @Test(arguments: [
    ("h?llo", "hallo", true), ("h*llo", "hllo", true), ("h*llo", "heeello", true), ("h[ae]llo", "hillo", false),
    ("h[^e]llo", "hallo", true), ("h[a-b]llo", "hbllo", true), ("h[b-a]llo", "hallo", true),
    (#"h\?llo"#, "h?llo", true),
    (#"h\?llo"#, "hallo", false), ("*", "", false), ("", "", true), ("a*", "a", true), ("a*b*c", "axxbyyc", true),
    ("a*b*c", "axxbyy", false), ("[abc", "c", true), ("[^", "x", true), ("[", "[", false), ("x\\", "x\\", true),
  ])
  func known(_ example: (pattern: String, text: String, expected: Bool)) {
    #expect(matches(example.pattern, example.text) == example.expected, "\(example)")
  }

  @Test func foldsCaseOnlyWhenAsked() {
    #expect(!matches("MAX*", "maxmemory"))
    #expect(matches("MAX*", "maxmemory", ignoringCase: true))
    #expect(matches("[A-C]x", "bX", ignoringCase: true))
    #expect(!matches(#"[\A]"#, "a", ignoringCase: true))
  }

  /// Many stars before something that is not there: exponential for a matcher that tries every combination.
  @Test func manyStarsEndInTime() {
    #expect(!matches(String(repeating: "a*", count: 5_000) + "b", String(repeating: "a", count: 20_000)))
  }

  /// Random patterns over a small alphabet, against KEYS of the real server.
  @Test func answersAsRedisDoes() throws {
    var random = SeededGenerator()
    let redis = try ServerProcess(.redis)
    let client = try redis.connect()
    var texts: Set<[UInt8]> = []
    while texts.count < 60 { texts.insert(word(of: "abcA-]^\\[\u{80}", upTo: 6, &random)) }
    texts.remove([])
    _ = try client.pipeline([["FLUSHALL"]])
    for text in texts { try client.command([Array("SET".utf8), text, []]) }
    for _ in 0..<1500 {
      let pattern = word(of: "aabc*?[]^-\\A\u{80}", upTo: 8, &random)
      guard case .array(let replies) = try client.command([Array("KEYS".utf8), pattern]) else {
        Issue.record("KEYS did not answer with an array")
        return
      }
      let expected = Set(replies.compactMap(\.bytes))
      let found = pattern.withBytes { pattern in
        texts.filter { text in pattern == Bytes("*") || text.withBytes { Glob.matches(pattern, $0) } }
      }
      #expect(found == expected, "\(pattern) \(random)")
    }
  }

  private func word(of alphabet: String, upTo longest: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<Int.random(in: 0...longest, using: &random)).map { _ in
      UInt8(truncatingIfNeeded: alphabet.unicodeScalars.randomElement(using: &random)!.value)
    }
  }
}
