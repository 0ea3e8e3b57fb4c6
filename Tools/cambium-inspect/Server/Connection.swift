import Glibc
import RESP

/// A blocking connection to a server, in RESP3.
@safe
struct Connection: ~Copyable {
  private let descriptor: Int32
  private var parser = ReplyParser()

  /// How long the server may take for one reply.
  private static let timeoutSeconds = 60

  /// Connects to `host`, a name or an address of any family.
  init(host: String, port: Int) throws(InspectError) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = unsafe getaddrinfo(host, String(port), &hints, &found)
    guard failure == 0 else {
      throw .unreachable(host: host, port: port, reason: unsafe String(cString: gai_strerror(failure)))
    }
    defer { unsafe freeaddrinfo(found) }
    var reason = "no address"
    var next = unsafe found
    while let address = unsafe next {
      if let descriptor = unsafe Self.connect(address.pointee) {
        self.descriptor = descriptor
        return
      }
      reason = Self.systemError
      unsafe next = address.pointee.ai_next
    }
    throw .unreachable(host: host, port: port, reason: reason)
  }

  deinit { close(descriptor) }

  /// The socket; nil, with errno set, when nothing listens there.
  private static func connect(_ address: addrinfo) -> Int32? {
    let descriptor = unsafe socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
    guard unsafe Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
      let code = errno
      close(descriptor)
      errno = code
      return nil
    }
    return descriptor
  }

  private static var systemError: String { unsafe String(cString: strerror(errno)) }

  /// Sends one command and waits for its reply. An error reply is thrown.
  mutating func command(_ arguments: [String]) throws(InspectError) -> Reply {
    var request: [UInt8] = []
    request.command(arguments.map { Array($0.utf8) })
    try send(request)
    switch try nextReply() {
    case .error(let text): throw .refused(text)
    case let reply: return reply
    }
  }

  private func send(_ bytes: [UInt8]) throws(InspectError) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes { rest in
        unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      guard count >= 0 || errno == EINTR else { throw .disconnected(reason: Self.systemError) }
      sent += max(count, 0)
    }
  }

  private mutating func nextReply() throws(InspectError) -> Reply {
    while true {
      do throws(ReplyError) {
        switch try parser.next() {
        case nil: break
        // Answers nothing that was asked.
        case .push: continue
        case let reply?: return reply
        }
      } catch {
        throw .disconnected(reason: "\(error)")
      }
      try receive()
    }
  }

  private mutating func receive() throws(InspectError) {
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 64 * 1024) { room, received in
      count = unsafe recv(descriptor, room.baseAddress, room.count, 0)
      received = max(count, 0)
    }
    guard count != 0 else { throw .disconnected(reason: "closed by the server") }
    guard count > 0 || errno == EINTR else { throw .disconnected(reason: Self.systemError) }
    unsafe parser.append(bytes.span.bytes)
  }
}
