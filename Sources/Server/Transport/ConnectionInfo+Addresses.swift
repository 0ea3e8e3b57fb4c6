import Engine
import NIOCore

extension ConnectionInfo {
  /// Describes the two ends of a socket.
  init(remote: SocketAddress?, local: SocketAddress?, fileDescriptor: Int) {
    if case .unixDomainSocket? = local ?? remote {
      // The client's end has no name; both ends go by the socket's.
      let path = "\(local?.pathname ?? ""):0"
      self.init(peer: path, local: path, fileDescriptor: fileDescriptor, isUnixSocket: true, isLocal: true)
    } else {
      self.init(
        peer: Self.text(remote), local: Self.text(local), fileDescriptor: fileDescriptor, isUnixSocket: false,
        isLocal: Self.isLoopback(remote?.ipAddress ?? ""))
    }
  }

  /// Describes the ends of an open channel. To be called on its loop.
  init(_ channel: any Channel) {
    self.init(
      remote: channel.remoteAddress, local: channel.localAddress, fileDescriptor: Int(channel.descriptor))
  }

  /// `?:0` stands for a peer that went away before it could be asked for its address.
  private static func text(_ address: SocketAddress?) -> String {
    guard let address, let ip = address.ipAddress else { return "?:0" }
    return ip.contains(":") ? "[\(ip)]:\(address.port ?? 0)" : "\(ip):\(address.port ?? 0)"
  }

  private static func isLoopback(_ ip: String) -> Bool {
    ip == "::1" || ip.hasPrefix("127.") || ip.hasPrefix("::ffff:127.")
  }
}

extension Channel {
  /// The file descriptor of its socket; -1 if it has none. To be called on its loop.
  var descriptor: CInt {
    (try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }) ?? -1
  }
}

extension PeerAddress {
  init(_ info: ConnectionInfo) {
    self.init(
      remote: info.peer, local: info.local, isUnixSocket: info.isUnixSocket, isLoopback: info.isLocal,
      fileDescriptor: info.fileDescriptor)
  }
}
