/// OpenSSL's language for lists of ciphers (ciphers(1ssl)), as `tls-ciphers` is written in it.
///
/// Worked out here into plain names: the library takes a list that matches nothing, such as one with a typing mistake, for
/// a mistake of the program and ends it. What it does not have (finite fields, RC4, camellia, shared keys) matches nothing.
struct CipherList {
  private struct Cipher {
    let name: String
    /// The words of the language that it answers to.
    let classes: Set<Substring>
    /// Bits of the key, which `@STRENGTH` sorts by.
    let bits: Int

    init(_ name: String, bits: Int, _ classes: String) {
      self.name = name
      self.bits = bits
      self.classes = Set(classes.split(separator: " ")).union(["ALL", "HIGH", "DEFAULT", "FIPS", Substring(name)])
    }
  }

  private static let ecdsa = "ECDH ECDHE EECDH kECDHE kEECDH ECDSA aECDSA"
  private static let ecdheRSA = "ECDH ECDHE EECDH kECDHE kEECDH aRSA"
  private static let rsa = "RSA kRSA aRSA"

  /// The best first.
  private static let all: [Cipher] = [
    Cipher("ECDHE-ECDSA-AES256-GCM-SHA384", bits: 256, ecdsa + " AES AES256 AESGCM SHA384 TLSv1.2"),
    Cipher("ECDHE-RSA-AES256-GCM-SHA384", bits: 256, ecdheRSA + " AES AES256 AESGCM SHA384 TLSv1.2"),
    Cipher("ECDHE-ECDSA-CHACHA20-POLY1305", bits: 256, ecdsa + " CHACHA20 TLSv1.2"),
    Cipher("ECDHE-RSA-CHACHA20-POLY1305", bits: 256, ecdheRSA + " CHACHA20 TLSv1.2"),
    Cipher("ECDHE-ECDSA-AES128-GCM-SHA256", bits: 128, ecdsa + " AES AES128 AESGCM SHA256 TLSv1.2"),
    Cipher("ECDHE-RSA-AES128-GCM-SHA256", bits: 128, ecdheRSA + " AES AES128 AESGCM SHA256 TLSv1.2"),
    Cipher("ECDHE-ECDSA-AES256-SHA", bits: 256, ecdsa + " AES AES256 SHA SHA1 TLSv1 TLSv1.0 SSLv3"),
    Cipher("ECDHE-RSA-AES256-SHA", bits: 256, ecdheRSA + " AES AES256 SHA SHA1 TLSv1 TLSv1.0 SSLv3"),
    Cipher("ECDHE-ECDSA-AES128-SHA", bits: 128, ecdsa + " AES AES128 SHA SHA1 TLSv1 TLSv1.0 SSLv3"),
    Cipher("ECDHE-RSA-AES128-SHA", bits: 128, ecdheRSA + " AES AES128 SHA SHA1 TLSv1 TLSv1.0 SSLv3"),
    Cipher("AES256-GCM-SHA384", bits: 256, rsa + " AES AES256 AESGCM SHA384 TLSv1.2"),
    Cipher("AES128-GCM-SHA256", bits: 128, rsa + " AES AES128 AESGCM SHA256 TLSv1.2"),
    Cipher("AES256-SHA", bits: 256, rsa + " AES AES256 SHA SHA1 TLSv1 TLSv1.0 SSLv3"),
    Cipher("AES128-SHA", bits: 128, rsa + " AES AES128 SHA SHA1 TLSv1 TLSv1.0 SSLv3"),
  ]

  private var chosen: [Cipher] = []
  /// Ruled out for good.
  private var banned: Set<String> = []

  /// The names that `text` comes to, in order; none when nothing is left.
  static func names(_ text: String?) -> [String] {
    var list = CipherList()
    for element in (text ?? "DEFAULT").split(whereSeparator: { ": ,;".contains($0) }) { list.apply(element) }
    return list.chosen.map(\.name)
  }

  private mutating func apply(_ element: Substring) {
    switch element.first {
    case "@":
      // Security levels are the library's own affair. A stable sort, as strength alone decides.
      guard element == "@STRENGTH" else { return }
      chosen = [256, 128].flatMap { bits in chosen.filter { $0.bits == bits } }
    case "!":
      let out = Self.matches(element.dropFirst())
      banned.formUnion(out)
      chosen.removeAll { out.contains($0.name) }
    case "-":
      let out = Self.matches(element.dropFirst())
      chosen.removeAll { out.contains($0.name) }
    case "+":
      let moved = Self.matches(element.dropFirst())
      chosen = chosen.filter { !moved.contains($0.name) } + chosen.filter { moved.contains($0.name) }
    default:
      let wanted = Self.matches(element)
      let present = Set(chosen.map(\.name))
      chosen += Self.all.filter {
        wanted.contains($0.name) && !present.contains($0.name) && !banned.contains($0.name)
      }
    }
  }

  /// The ciphers that are in every one of the classes that `+` joins.
  private static func matches(_ expression: Substring) -> Set<String> {
    let classes = expression.split(separator: "+")
    return Set(all.filter { !classes.isEmpty && $0.classes.isSuperset(of: classes) }.map(\.name))
  }
}
