import Glibc
import Snapshots
import VersionedStore

/// A TCP connection whose user waits for it, for a limited time at each step.
///
/// The socket does not block: `poll` waits for it, so that whatever the other side does, or does not, the time is kept.
@safe
final class BlockingLink: MigrationLink {
  private let descriptor: CInt
  /// The connection was not there in time.
  private let isUnreachable: Bool
  /// What has come and was not asked for yet.
  private var received: [UInt8] = []

  private static let pieceByteCount = 64 << 10
  /// No server that answers RESTORE says so much in one line.
  private static let lineByteCount = 64 << 10
  /// What no deadline is beyond: some thirty years.
  private static let longestMilliseconds: Int64 = 1_000_000_000_000

  private init(_ descriptor: CInt, isUnreachable: Bool) {
    self.descriptor = descriptor
    self.isUnreachable = isUnreachable
  }

  deinit { Glibc.close(descriptor) }

  /// Connects to the first address of a host that takes the connection; nil if there is no address. Where none takes it,
  /// the connection to the last one fails when it is written to.
  static func connect(_ host: [UInt8], port: Int32, timeoutMilliseconds: Int64) -> BlockingLink? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let name = String(decoding: host, as: UTF8.self)
    // Redis has room for five digits.
    guard unsafe getaddrinfo(name, String("\(port)".prefix(5)), &hints, &found) == 0, let first = unsafe found else {
      return nil
    }
    defer { unsafe freeaddrinfo(first) }
    let end = deadline(timeoutMilliseconds)
    var (next, last) = unsafe (UnsafeMutablePointer<addrinfo>?.some(first), BlockingLink?.none)
    while let info = unsafe next {
      unsafe next = info.pointee.ai_next
      let descriptor = unsafe socket(
        info.pointee.ai_family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue),
        0)
      guard descriptor >= 0 else { continue }
      guard unsafe Glibc.connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 || errno == EINPROGRESS
      else {
        Glibc.close(descriptor)
        continue
      }
      var isOn: CInt = 1
      _ = unsafe setsockopt(
        descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
      let isInTime = wait(for: descriptor, CShort(POLLOUT), until: end)
      let link = BlockingLink(descriptor, isUnreachable: !isInTime)
      if isInTime, error(of: descriptor) == 0 { return link }
      last = link
    }
    return last
  }

  /// What has become of the attempt to connect; 0 if it has succeeded. Asking clears it: the socket is then one that was
  /// never connected, and writing to it fails.
  private static func error(of descriptor: CInt) -> CInt {
    var (code, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }

  func send(_ bytes: Bytes, timeoutMilliseconds: Int64) throws(MigrationLinkFailure) {
    if isUnreachable { throw .timedOut }
    var sent = 0
    while sent < bytes.count {
      let end = Self.deadline(timeoutMilliseconds)
      let pieceEnd = min(sent + Self.pieceByteCount, bytes.count)
      while sent < pieceEnd {
        let count = unsafe bytes[sent..<pieceEnd].withUnsafeBytes { piece in
          unsafe Glibc.send(descriptor, piece.baseAddress, piece.count, CInt(MSG_NOSIGNAL))
        }
        if count > 0 {
          sent += count
        } else {
          try waitAfterFailure(CShort(POLLOUT), until: end)
        }
      }
    }
  }

  func readLine(timeoutMilliseconds: Int64) throws(MigrationLinkFailure) -> [UInt8] {
    let end = Self.deadline(timeoutMilliseconds)
    var searched = 0
    while true {
      if let lineEnd = received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        var line = Array(received[..<lineEnd])
        received.removeFirst(lineEnd + 1)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
      }
      searched = received.count
      guard searched <= Self.lineByteCount else { throw .closed }
      try receive(until: end)
    }
  }

  private func receive(until end: Int64) throws(MigrationLinkFailure) {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        received += chunk[..<count]
        return
      }
      if count == 0 { throw .closed }
      try waitAfterFailure(CShort(POLLIN), until: end)
    }
  }

  /// Waits if it was only too early; to be called right behind what has failed.
  private func waitAfterFailure(_ event: CShort, until end: Int64) throws(MigrationLinkFailure) {
    let code = errno
    if code == EINTR { return }
    guard code == EAGAIN || code == EWOULDBLOCK else { throw .closed }
    guard Self.wait(for: descriptor, event, until: end) else { throw .timedOut }
  }

  // MARK: Time

  /// Milliseconds of the monotonic clock.
  private static func now() -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private static func deadline(_ milliseconds: Int64) -> Int64 { now() + min(milliseconds, longestMilliseconds) }

  /// Whether the socket is ready, or has failed, before the time is over.
  private static func wait(for descriptor: CInt, _ event: CShort, until end: Int64) -> Bool {
    while true {
      let left = end - now()
      guard left > 0 else { return false }
      var waiting = pollfd(fd: descriptor, events: event, revents: 0)
      let count = unsafe poll(&waiting, 1, CInt(clamping: left))
      if count > 0 { return true }
      if count < 0, errno != EINTR { return false }
    }
  }
}
