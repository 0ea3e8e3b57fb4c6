extension Directive {
  private static let anyCount = 0...Int(Int32.max)

  /// TLS, as far as BoringSSL can do what OpenSSL does. What would weaken or change a connection without a word is
  /// refused where the library has no such switch: the order of its ciphers, and sessions without resumption.
  static let tls: [Directive] = [
    Directive("tls-port", .integer(0...65535), \.server.tls.port),
    .file("tls-cert-file", \.server.tls.certFile),
    .file("tls-key-file", \.server.tls.keyFile),
    Directive("tls-key-file-pass", .optionalBytes, \.server.tls.keyFilePass),
    .file("tls-client-cert-file", \.server.tls.clientCertFile),
    .file("tls-client-key-file", \.server.tls.clientKeyFile),
    Directive("tls-client-key-file-pass", .optionalBytes, \.server.tls.clientKeyFilePass),
    .file("tls-dh-params-file", \.server.tls.dhParamsFile),
    .file("tls-ca-cert-file", \.server.tls.caCertFile),
    .file("tls-ca-cert-dir", \.server.tls.caCertDir),
    Directive("tls-auth-clients", .choice, \.server.tls.authClients),
    Directive("tls-replication", .flag, \.server.tls.replication),
    Directive("tls-protocols", .optionalText, \.server.tls.protocols),
    Directive("tls-ciphers", .optionalText, \.server.tls.ciphers),
    Directive("tls-ciphersuites", .optionalText, \.server.tls.ciphersuites),
    .off("tls-prefer-server-ciphers", "no"),
    .off("tls-session-caching", "yes"),
    // Sessions are resumed by tickets, which the clients keep: there is no cache to size, and the library sets how long
    // a ticket is good for.
    .dormant("tls-session-cache-size", .integer(anyCount), "20480"),
    .dormant("tls-session-cache-timeout", .integer(anyCount), "300"),
    .dormant("tls-cluster", .flag, "no"),
  ]

  /// What CONFIG SET of these does, beyond their values, is the same for all but the port.
  static let tlsMaterials = tls.map(\.name).filter { $0 != "tls-port" }

  /// The name of a file that holds what matters: to set it to the same name reads the file again.
  private static func file(
    _ name: String, _ path: ReferenceWritableKeyPath<Configuration, String?> & Sendable
  ) -> Directive {
    var directive = Directive(name, .optionalText, path)
    directive.namesFile = true
    return directive
  }
}
