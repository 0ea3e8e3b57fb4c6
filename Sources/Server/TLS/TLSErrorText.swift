import NIOSSL

/// What the library says of an error, in the form in which OpenSSL's errors stand in logs.
enum TLSErrorText {
  /// `error:<code>:SSL routines:<where>:<why>` where there is such a line, and some words where there is not.
  static func describe(_ error: any Error) -> String {
    switch error {
    case NIOSSLError.handshakeFailed(let error), NIOSSLError.shutdownFailed(let error): text(of: error)
    case NIOSSLError.uncleanShutdown: "connection lost"
    case NIOSSLError.noSuchFilesystemObject: "No such file or directory"
    case NIOSSLError.failedToLoadCertificate: "not a certificate in PEM form"
    case NIOSSLError.failedToLoadPrivateKey: "not the private key of the certificate, or not opened by the passphrase"
    case let error as BoringSSLError: text(of: error)
    default: "\(error)"
    }
  }

  private static func text(of error: BoringSSLError) -> String {
    switch error {
    case .sslError(let stack), .unknownError(let stack):
      guard let first = stack.first else { return "\(error)" }
      return trimmed("\(first)")
    case .syscallError: return "connection lost"
    default: return "\(error)"
    }
  }

  /// Without the number in front and the place in the library's source behind.
  private static func trimmed(_ description: String) -> String {
    var text = description[...]
    if let place = text.ranges(of: " at ").last { text = text[..<place.lowerBound] }
    if let line = text.firstRange(of: "error:") { return String(text[line.lowerBound...]) }
    if text.hasPrefix("Error:") { text = text.dropFirst("Error:".count) }
    return String(text.drop { $0 == " " })
  }
}
