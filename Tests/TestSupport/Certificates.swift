public import Foundation

/// Certificates made for one test, with openssl, and gone with this object: an authority `ca` with what it signed
/// (`server`, `client`), and a stranger's authority `other` with `stranger`. Of each there is `<name>.crt` and `<name>.key`.
public final class Certificates {
  public let directory: URL

  public init() throws {
    directory = try ServerProcess.temporaryDirectory()
    // Some libraries take no certificate without a name of the host in it.
    let extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"
    try extensions.write(toFile: path("extensions"), atomically: false, encoding: .utf8)
    for authority in ["ca", "other"] { try make(authority, signedBy: nil) }
    for name in ["server", "client"] { try make(name, signedBy: "ca") }
    try make("stranger", signedBy: "other")
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  public func path(_ file: String) -> String { directory.appendingPathComponent(file).path }

  /// Makes a key and a certificate of that common name; signed by itself when no authority is named.
  public func make(_ name: String, signedBy authority: String?) throws {
    let request = [
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
    ]
    let key = ["-keyout", path("\(name).key")]
    guard let authority else {
      return try openssl(request + key + ["-x509", "-days", "2", "-out", path("\(name).crt")])
    }
    try openssl(request + key + ["-out", path("\(name).csr")])
    try openssl([
      "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).crt"), "-CAkey", path("\(authority).key"),
      "-CAcreateserial", "-days", "2", "-extfile", path("extensions"), "-out", path("\(name).crt"),
    ])
  }

  /// Runs openssl; throws with its words when it fails.
  public func openssl(_ arguments: [String]) throws {
    let outcome = try Tool.run(["/usr/bin/openssl"] + arguments)
    if outcome.exitCode != 0 { throw Failure(output: outcome.output) }
  }

  public struct Failure: Error {
    public let output: String
  }

  /// What a server needs in its configuration to use them, without its port.
  public var directives: [String] {
    [
      "tls-cert-file \(path("server.crt"))", "tls-key-file \(path("server.key"))",
      "tls-ca-cert-file \(path("ca.crt"))",
    ]
  }
}
