import Logging
import NIOSSL

/// The certificates in use: made from the files that the configuration names, and replaced as a whole or not at all.
///
/// Confined to the serving loop.
final class TLSContexts {
  /// Why the configuration will not do; the log has said it already.
  struct Failure: Error {}

  /// For connections that come in; nil while nothing wants TLS.
  private(set) var server: NIOSSLContext?
  let link = LinkSecurity()
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  /// Reads the files anew. Connections that are open keep what they were opened with; when anything is wrong, so does
  /// everything else.
  func configure(_ settings: TLSSettings) throws(Failure) {
    do throws(TLSMaterials.Failure) {
      let materials = try TLSMaterials(settings)
      let server = try materials.serverContext()
      let client = settings.replication ? try materials.clientContext() : nil
      self.server = server
      link.context = client
    } catch {
      logger.warning("\(error.text)")
      throw Failure()
    }
    if settings.dhParamsFile != nil {
      logger.notice("tls-dh-params-file is not used: key exchange is by elliptic curves only.")
    }
  }

  /// Nothing wants TLS any more.
  func clear() {
    server = nil
    link.context = nil
  }
}
