import Glibc

/// What went wrong between a test and a server.
public enum ClientError: Error, Equatable {
  /// A system call failed; its name and errno.
  case system(String, code: Int32)
  /// Nothing came, or nothing could be sent, within the client's timeout.
  case timedOut
  /// The server closed the connection.
  case closed
}

/// A connected, blocking stream socket with timeouts.
@safe
final class Socket {
  private let descriptor: Int32

  /// Connects to an IPv4 address.
  convenience init(host: String, port: Int, timeoutMilliseconds: Int) throws(ClientError) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw .system("inet_pton", code: EINVAL) }
    try self.init(AF_INET, timeoutMilliseconds) { descriptor in
      unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }

  /// Connects to a unix socket.
  convenience init(unixPath: String, timeoutMilliseconds: Int) throws(ClientError) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(unixPath.utf8)
    let isTooLong = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.count < room.count else { return true }
      unsafe room.copyBytes(from: path)
      return false
    }
    guard !isTooLong else { throw .system("connect", code: ENAMETOOLONG) }
    try self.init(AF_UNIX, timeoutMilliseconds) { descriptor in
      unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }

  private init(
    _ family: Int32, _ timeoutMilliseconds: Int, connect: (Int32) -> Int32
  ) throws(ClientError) {
    descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system("socket", code: errno) }
    var timeout = timeval(tv_sec: timeoutMilliseconds / 1000, tv_usec: timeoutMilliseconds % 1000 * 1000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
    guard connect(descriptor) == 0 else { throw .system("connect", code: errno) }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws(ClientError) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { all in
        unsafe Glibc.send(descriptor, all.baseAddress.unsafelyUnwrapped + sent, all.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        try Self.check("send", errno)
      } else {
        sent += count
      }
    }
  }

  /// The bytes that come next, at most `count`; none when the server has closed the connection.
  func receive(atMost count: Int) throws(ClientError) -> [UInt8] {
    while true {
      var code: Int32 = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, received in
        let result = unsafe recv(descriptor, room.baseAddress, count, 0)
        code = result < 0 ? errno : 0
        received = max(result, 0)
      }
      if code == 0 { return bytes }
      try Self.check("recv", code)
    }
  }

  /// The bytes that are there already, at most `count`; nil when the server has closed the connection.
  func receiveAvailable(atMost count: Int) throws(ClientError) -> [UInt8]? {
    var code: Int32 = 0
    var isClosed = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, received in
      let result = unsafe recv(descriptor, room.baseAddress, count, Int32(MSG_DONTWAIT))
      code = result < 0 ? errno : 0
      isClosed = result == 0
      received = max(result, 0)
    }
    if code == EAGAIN || code == EINTR { return [] }
    if code != 0 { try Self.check("recv", code) }
    return isClosed ? nil : bytes
  }

  /// Tells the server that no more will be sent.
  func shutdownSending() {
    _ = shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Returns when the call is to be repeated.
  private static func check(_ call: String, _ code: Int32) throws(ClientError) {
    switch code {
    case EINTR: return
    case EAGAIN: throw .timedOut
    case ECONNRESET, EPIPE: throw .closed
    default: throw .system(call, code: code)
    }
  }
}
