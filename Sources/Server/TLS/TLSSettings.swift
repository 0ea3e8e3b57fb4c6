/// What the `tls-…` directives say.
struct TLSSettings {
  /// Whom the server takes for a client (`tls-auth-clients`).
  enum ClientAuthentication: String, CaseIterable {
    /// Anybody: no certificate is asked for.
    case no
    /// Who shows a certificate of the trusted authorities.
    case yes
    /// Whoever shows none, and who shows a good one.
    case optional
  }

  /// Port for TLS; 0 opens none.
  var port = 0
  /// PEM files of the server's certificate, with those between it and its authority behind it, and of its private key.
  var certFile: String?
  var keyFile: String?
  /// What the key file is encrypted with.
  var keyFilePass: [UInt8]?
  /// The same for connections to a primary, where the server is the client; without them it shows its own certificate.
  var clientCertFile: String?
  var clientKeyFile: String?
  var clientKeyFilePass: [UInt8]?
  var dhParamsFile: String?
  /// The authorities that peers are checked by: a PEM file, and a directory with the names that `openssl rehash` gives.
  var caCertFile: String?
  var caCertDir: String?
  var authClients = ClientAuthentication.yes
  /// Links to a primary use TLS.
  var replication = false
  /// Versions of the protocol, divided by blanks; nil for 1.2 and 1.3.
  var protocols: String?
  /// Ciphers of TLS 1.2 and before, in OpenSSL's language; nil for its own choice.
  var ciphers: String?
  /// Ciphers of TLS 1.3.
  var ciphersuites: String?

  /// Something is configured to use TLS.
  var isWanted: Bool { port != 0 || replication }
}
