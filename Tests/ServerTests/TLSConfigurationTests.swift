import NIOSSL
import TestSupport
import Testing

@testable import Server

/// The languages of `tls-ciphers` and `tls-protocols`, and what the server makes of files that will not do.
struct TLSConfigurationTests {
  @Test(arguments: [
    ("AES128-SHA:AES256-SHA", ["AES128-SHA", "AES256-SHA"]),
    ("AES128-SHA AES256-SHA,AES128-SHA", ["AES128-SHA", "AES256-SHA"]),
    ("kRSA+AESGCM", ["AES256-GCM-SHA384", "AES128-GCM-SHA256"]),
    ("AES128-SHA:AES256-SHA:@STRENGTH", ["AES256-SHA", "AES128-SHA"]),
    ("AES256-SHA:AES128-SHA:+AES256", ["AES128-SHA", "AES256-SHA"]),
    ("-ALL:AES128-SHA", ["AES128-SHA"]),
    ("ALL:-kECDHE:-SHA:AES256-SHA", ["AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-SHA"]),
    ("!AESGCM:kRSA", ["AES256-SHA", "AES128-SHA"]),
    ("CHACHA20+aRSA:@SECLEVEL=2", ["ECDHE-RSA-CHACHA20-POLY1305"]),
    ("RC4:DES:aNULL", []), ("", []), (":::", []), ("!ALL:ALL", []), ("+", []), ("-", []), ("@", []),
  ])
  func cipherLists(_ example: (text: String, names: [String])) {
    #expect(CipherList.names(example.text) == example.names)
  }

  /// The library ends the process when it does not know a name.
  @Test func everyCipherIsOneOfTheLibrary() throws {
    #expect(CipherList.names(nil) == CipherList.names("ALL"))
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates([])
    for name in CipherList.names("ALL") {
      configuration.cipherSuites = name
      _ = try NIOSSLContext(configuration: configuration)
    }
    #expect(CipherList.names("ALL").count == 14)
  }

  @Test func protocols() throws {
    #expect(try TLSProtocols(nil) == .preset)
    let one = try TLSProtocols("tlsV1.2")
    #expect(one.lowest == .tlsv12 && one.highest == .tlsv12)
    let all = try TLSProtocols("TLSv1.3 TLSv1 TLSv1.2  TLSv1.1")
    #expect(all.lowest == .tlsv1 && all.highest == .tlsv13)
    for text in ["SSLv3", "TLSv1.2 TLSv1.4", " ", "TLSv1 TLSv1.3"] {
      #expect(throws: TLSProtocols.Failure.self) { try TLSProtocols(text) }
    }
  }

  @Test func materialsThatWillNotDo() throws {
    let certificates = try Certificates()
    var good = TLSSettings()
    good.certFile = certificates.path("server.crt")
    good.keyFile = certificates.path("server.key")
    good.caCertFile = certificates.path("ca.crt")
    _ = try TLSMaterials(good).serverContext()
    func failure(_ change: (inout TLSSettings) -> Void) -> String? {
      var settings = good
      change(&settings)
      do throws(TLSMaterials.Failure) {
        _ = try TLSMaterials(settings).serverContext()
        return nil
      } catch {
        return error.text
      }
    }
    let empty = try TemporaryFile("")
    let parameters = try TemporaryFile("-----BEGIN DH PARAMETERS-----\n")
    #expect(failure { $0.certFile = nil } == "No tls-cert-file configured!")
    #expect(failure { $0.keyFile = nil } == "No tls-key-file configured!")
    #expect(failure { $0.caCertFile = nil }?.hasPrefix("Either tls-ca-cert-file or tls-ca-cert-dir") == true)
    #expect(failure { ($0.caCertFile, $0.authClients) = (nil, .no) } == nil)
    #expect(failure { ($0.caCertFile, $0.authClients, $0.replication) = (nil, .no, true) } != nil)
    #expect(
      failure { $0.certFile = "/does/not/exist" }
        == "Failed to load certificate: /does/not/exist: No such file or directory")
    #expect(failure { $0.certFile = empty.path }?.hasSuffix("the file is empty") == true)
    #expect(
      failure { $0.certFile = certificates.path("server.key") }?.hasSuffix("not a certificate in PEM form") == true)
    #expect(failure { $0.keyFile = certificates.path("server.crt") }?.hasPrefix("Failed to load private key: ") == true)
    #expect(failure { $0.keyFile = certificates.path("client.key") }?.contains("it is not that of the") == true)
    #expect(failure { $0.caCertFile = "/does/not/exist" }?.hasPrefix("Failed to configure CA certificate(s)") == true)
    #expect(failure { $0.caCertDir = "/does/not/exist" }?.hasPrefix("Failed to configure TLS") == true)
    #expect(failure { $0.ciphers = "nonsense" } == "Failed to configure ciphers: nonsense")
    #expect(
      failure { $0.ciphersuites = "TLS_AES_128_GCM_SHA256" }?.hasPrefix("Failed to configure ciphersuites") == true)
    #expect(failure { ($0.ciphersuites, $0.protocols) = ("TLS_AES_128_GCM_SHA256", "TLSv1.2") } == nil)
    #expect(
      failure {
        $0.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
      } == nil)
    #expect(
      failure { $0.dhParamsFile = "/does/not/exist" } == "Failed to load /does/not/exist: No such file or directory")
    #expect(
      failure { $0.dhParamsFile = certificates.path("ca.crt") }
        == "\(certificates.path("ca.crt")): failed to read DH params.")
    #expect(failure { $0.dhParamsFile = parameters.path } == nil)
  }

  @Test func encryptedKeys() throws {
    let certificates = try Certificates()
    let encrypted = certificates.path("encrypted.key")
    try certificates.openssl([
      "pkey", "-in", certificates.path("server.key"), "-aes256", "-passout", "pass:1234", "-out", encrypted,
    ])
    var settings = TLSSettings()
    settings.certFile = certificates.path("server.crt")
    settings.keyFile = encrypted
    settings.authClients = .no
    for passphrase in [nil, [], Array("123".utf8), [0xC3, 0xA4], [UInt8](repeating: 65, count: 5000)] as [[UInt8]?] {
      settings.keyFilePass = passphrase
      #expect(throws: TLSMaterials.Failure.self) { try TLSMaterials(settings).serverContext() }
    }
    settings.keyFilePass = Array("1234".utf8)
    _ = try TLSMaterials(settings).serverContext()
  }
}
