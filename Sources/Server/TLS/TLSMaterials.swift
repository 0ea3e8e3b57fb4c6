import NIOCore
import NIOSSL

/// Everything that contexts are made of, read and checked: versions, ciphers, trusted authorities.
struct TLSMaterials {
  /// What is wrong, for the log.
  struct Failure: Error {
    let text: String
  }

  /// Those of TLS 1.3, which the library always offers all of.
  private static let suites: Set<Substring> = [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
  ]

  private let settings: TLSSettings
  private let certFile: String
  private let keyFile: String
  private let protocols: TLSProtocols
  private let ciphers: String
  private let authorities: [NIOSSLCertificate]

  init(_ settings: TLSSettings) throws(Failure) {
    self.settings = settings
    guard let certFile = settings.certFile else { throw Failure(text: "No tls-cert-file configured!") }
    guard let keyFile = settings.keyFile else { throw Failure(text: "No tls-key-file configured!") }
    let checksPeers = settings.authClients != .no || settings.replication
    if checksPeers, settings.caCertFile == nil, settings.caCertDir == nil {
      throw Failure(
        text: "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or "
          + "tls-auth-clients are enabled!")
    }
    (self.certFile, self.keyFile) = (certFile, keyFile)
    do throws(TLSProtocols.Failure) { protocols = try TLSProtocols(settings.protocols) } catch {
      throw Failure(text: error.text)
    }
    let names = CipherList.names(settings.ciphers)
    if names.isEmpty { throw Failure(text: "Failed to configure ciphers: \(settings.ciphers ?? "")") }
    ciphers = names.joined(separator: ":")
    // A list that could not be kept to would be worse than none.
    if let wanted = settings.ciphersuites, protocols.highest == .tlsv13,
      Set(wanted.split(separator: ":")) != Self.suites
    {
      throw Failure(
        text: "Failed to configure ciphersuites: \(wanted): TLSv1.3 goes with all of "
          + "\(Self.suites.sorted().joined(separator: ":")), or not at all (tls-protocols)")
    }
    do throws(Failure) { authorities = try settings.caCertFile.map(Self.certificates) ?? [] } catch {
      throw Failure(text: "Failed to configure CA certificate(s) file/directory: \(error.text)")
    }
    try Self.checkParameters(settings.dhParamsFile)
  }

  /// For connections that come in.
  func serverContext() throws(Failure) -> NIOSSLContext {
    try context(certFile, keyFile, settings.keyFilePass) { configuration in
      switch settings.authClients {
      case .no: configuration.certificateVerification = .none
      case .optional: configuration.certificateVerification = .optionalVerification
      case .yes: configuration.certificateVerification = .noHostnameVerification
      }
    }
  }

  /// For links to a primary. Whoever has a certificate of the authorities may be one: its host name is not looked at, as
  /// certificates of servers that find each other by address seldom bear it.
  func clientContext() throws(Failure) -> NIOSSLContext {
    let check: (inout TLSConfiguration) -> Void = { $0.certificateVerification = .noHostnameVerification }
    if let certFile = settings.clientCertFile, let keyFile = settings.clientKeyFile {
      return try context(certFile, keyFile, settings.clientKeyFilePass, check)
    }
    return try context(certFile, keyFile, settings.keyFilePass, check)
  }

  private func context(
    _ certFile: String, _ keyFile: String, _ passphrase: [UInt8]?, _ configure: (inout TLSConfiguration) -> Void
  ) throws(Failure) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do throws(Failure) { chain = try Self.certificates(certFile) } catch {
      throw Failure(text: "Failed to load certificate: \(certFile): \(error.text)")
    }
    let key: NIOSSLPrivateKey
    do throws(Failure) { key = try Self.privateKey(keyFile, passphrase) } catch {
      throw Failure(text: "Failed to load private key: \(keyFile): \(error.text)")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = protocols.lowest
    configuration.maximumTLSVersion = protocols.highest
    configuration.cipherSuites = ciphers
    configuration.trustRoots = settings.caCertDir.map { .file($0) } ?? .certificates(authorities)
    if settings.caCertDir != nil { configuration.additionalTrustRoots = [.certificates(authorities)] }
    // The peer is told that the connection ends, and not waited for: who was dropped may never answer.
    configuration.shutdownTimeout = .zero
    configure(&configuration)
    do { return try NIOSSLContext(configuration: configuration) } catch NIOSSLError.failedToLoadPrivateKey {
      throw Failure(text: "Failed to load private key: \(keyFile): it is not that of the certificate \(certFile)")
    } catch {
      throw Failure(text: "Failed to configure TLS: \(TLSErrorText.describe(error))")
    }
  }

  // MARK: Files

  private static func certificates(_ path: String) throws(Failure) -> [NIOSSLCertificate] {
    let content = try read(path)
    do { return try NIOSSLCertificate.fromPEMBytes(content) } catch {
      throw Failure(text: "\(TLSErrorText.describe(error))")
    }
  }

  private static func privateKey(_ path: String, _ passphrase: [UInt8]?) throws(Failure) -> NIOSSLPrivateKey {
    let content = try read(path)
    // The library would trap on others.
    guard passphrase?.allSatisfy({ $0 < 0x80 }) ?? true else {
      throw Failure(text: "the passphrase is not in ASCII")
    }
    do {
      guard let passphrase else { return try NIOSSLPrivateKey(bytes: content, format: .pem) }
      return try NIOSSLPrivateKey(bytes: content, format: .pem) { $0(passphrase) }
    } catch {
      throw Failure(text: TLSErrorText.describe(error))
    }
  }

  /// Parameters for Diffie and Hellman in finite fields, which the library has left behind, and OpenSSL advises against. A
  /// file of them does no harm, but one that is not there is a mistake that somebody should know of.
  private static func checkParameters(_ path: String?) throws(Failure) {
    guard let path else { return }
    let content: [UInt8]
    do throws(Failure) { content = try read(path) } catch {
      throw Failure(text: "Failed to load \(path): \(error.text)")
    }
    guard String(decoding: content, as: UTF8.self).contains("-----BEGIN DH PARAMETERS-----") else {
      throw Failure(text: "\(path): failed to read DH params.")
    }
  }

  private static func read(_ path: String) throws(Failure) -> [UInt8] {
    let content: [UInt8]
    do throws(Files.Failure) { content = try Files.read(path) } catch { throw Failure(text: error.text) }
    if content.isEmpty { throw Failure(text: "the file is empty") }
    return content
  }
}
