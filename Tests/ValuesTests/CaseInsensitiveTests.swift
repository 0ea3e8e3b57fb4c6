import Testing
import Values
import VersionedStore

@Suite struct CaseInsensitiveTests {
  @Test func comparesLettersInAnyCase() {
    #expect(Bytes("KeepTTL").equalsIgnoringCase("KEEPTTL"))
    #expect(Bytes("").equalsIgnoringCase(""))
    #expect(!Bytes("PX").equalsIgnoringCase("PXAT"))
    #expect(!Bytes("EX").equalsIgnoringCase("PX"))
    #expect(Bytes("client|no-evict").equalsIgnoringCase(Bytes("CLIENT|NO-EVICT")))
  }

  /// `[` and `{`, `@` and a backquote, and all bytes from 128 on differ in the bit that tells letters' cases apart.
  @Test func onlyLettersHaveCase() {
    for a in UInt8.min ... .max {
      for b in UInt8.min ... .max {
        let (x, y) = (Character(UnicodeScalar(a)), Character(UnicodeScalar(b)))
        let expected = a == b || (a < 128 && b < 128 && x.lowercased() == y.lowercased())
        let equal = [a].withBytes { a in [b].withBytes { b in a.equalsIgnoringCase(b) } }
        #expect(equal == expected, "\(a) \(b)")
      }
    }
  }

  @Test func hashIgnoresCaseAndTellsNamesApart() {
    let names: [StaticString] = ["get", "set", "getex", "getdel", "getset", "incr", "decr", "del", "ttl", "pttl", ""]
    #expect(Set(names.map { Bytes($0).caseInsensitiveHash }).count == names.count)
    #expect(Bytes("GetEx").caseInsensitiveHash == Bytes("gETeX").caseInsensitiveHash)
    #expect(Bytes("a").caseInsensitiveHash == 0xaf63_dc4c_8601_ec8c)
  }

  @Test func lowercasesWhatFits() {
    #expect(InlineText<8>(lowercasing: Bytes("GET[Ñ]")).map { printed($0) } == "get[Ñ]")
    #expect(InlineText<3>(lowercasing: Bytes("GET")).map { printed($0) } == "get")
    #expect(InlineText<2>(lowercasing: Bytes("GET")) == nil)
  }
}
