import Glibc

/// Sockets that listen, made by hand so that a failure can be told in the words that operators search for.
enum ListeningSocket {
  /// What could not be done, and the errno, 0 when an address could not be understood.
  struct Failure: Error {
    let text: String
    let code: CInt

    init(_ call: String) {
      code = errno
      text = "\(call): \(Files.errorText(code))"
    }

    fileprivate init(unresolved code: CInt) {
      self.code = 0
      text = unsafe String(cString: gai_strerror(code))
    }
  }

  /// Listens on a TCP port of one address; `*` is every IPv4 address, `::*` every IPv6 one. Connections inherit
  /// `keepalive` (seconds, 0 for none) and go without delay.
  static func tcp(_ address: String, port: Int, backlog: Int, keepalive: Int) throws(Failure) -> CInt {
    let isIPv6 = address.contains(":")
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = isIPv6 ? AF_INET6 : AF_INET
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_PASSIVE
    let host: String? = address == "*" || address == "::*" ? nil : address
    var found: UnsafeMutablePointer<addrinfo>?
    let result = unsafe getaddrinfo(host, String(port), &hints, &found)
    guard result == 0, let found = unsafe found else { throw Failure(unresolved: result) }
    defer { unsafe freeaddrinfo(found) }
    let info = unsafe found.pointee

    let descriptor = try unsafe open(info.ai_family)
    do throws(Failure) {
      if isIPv6 { try set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 1, "setsockopt") }
      try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1, "setsockopt SO_REUSEADDR")
      try set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, 1, "setsockopt TCP_NODELAY")
      try setKeepalive(descriptor, seconds: keepalive)
      guard unsafe bind(descriptor, info.ai_addr, info.ai_addrlen) == 0 else { throw Failure("bind") }
      guard listen(descriptor, CInt(backlog)) == 0 else { throw Failure("listen") }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Listens on a unix socket, which replaces a file of that name. `mode` 0 leaves what the umask gives.
  static func unix(_ path: String, mode: Int, backlog: Int) throws(Failure) -> CInt {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else {
      errno = ENAMETOOLONG
      throw Failure("bind")
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    _ = unsafe unlink(path)
    let descriptor = try open(AF_UNIX)
    do throws(Failure) {
      let isBound = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
      guard isBound else { throw Failure("bind") }
      if mode != 0 { _ = unsafe chmod(path, mode_t(mode)) }
      guard listen(descriptor, CInt(backlog)) == 0 else { throw Failure("listen") }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Has the kernel probe a peer after `seconds` of silence, three times a third of that apart; 0 turns it off.
  static func setKeepalive(_ descriptor: CInt, seconds: Int) throws(Failure) {
    try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, seconds == 0 ? 0 : 1, "setsockopt SO_KEEPALIVE")
    guard seconds > 0 else { return }
    // The kernel's own limits.
    try set(descriptor, CInt(IPPROTO_TCP), TCP_KEEPIDLE, CInt(min(seconds, 32767)), "setsockopt TCP_KEEPIDLE")
    try set(
      descriptor, CInt(IPPROTO_TCP), TCP_KEEPINTVL, CInt(min(max(seconds / 3, 1), 32767)), "setsockopt TCP_KEEPINTVL")
    try set(descriptor, CInt(IPPROTO_TCP), TCP_KEEPCNT, 3, "setsockopt TCP_KEEPCNT")
  }

  private static func open(_ family: CInt) throws(Failure) -> CInt {
    let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let descriptor = socket(family, CInt(kind), 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    return descriptor
  }

  private static func set(
    _ descriptor: CInt, _ level: CInt, _ option: CInt, _ value: CInt, _ name: String
  ) throws(Failure) {
    var value = value
    guard unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
      throw Failure(name)
    }
  }
}
