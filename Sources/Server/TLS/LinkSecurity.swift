import NIOSSL
import Synchronization

/// How links to primaries connect from now on. Set on the serving loop and read by the links' threads, so that each
/// attempt goes by the certificates of its day.
final class LinkSecurity: Sendable {
  private let current = Mutex<NIOSSLContext?>(nil)

  /// What links are secured with; nil for links in the clear.
  var context: NIOSSLContext? {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}
