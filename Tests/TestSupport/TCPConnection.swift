import Foundation

/// A blocking socket to a loopback port. Reads give up after ten seconds.
public final class TCPConnection {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String

    init(_ call: String) { description = unsafe "\(call): \(String(cString: strerror(errno)))" }
  }

  private let descriptor: Int32

  public init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard unsafe Self.withLoopback(port, { unsafe Foundation.connect(descriptor, $0, $1) }) == 0 else {
      defer { Foundation.close(descriptor) }
      throw Failure("connect")
    }
  }

  deinit { Foundation.close(descriptor) }

  public func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard written > 0 else { throw Failure("send") }
      rest = rest.dropFirst(written)
    }
  }

  /// What has arrived, at least one byte; empty at the end of the stream.
  public func read(upTo count: Int = 65536) throws -> [UInt8] {
    var failed = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let received = unsafe recv(descriptor, buffer.baseAddress, count, 0)
      failed = received < 0
      initialized = max(0, received)
    }
    guard !failed else { throw Failure("recv") }
    return bytes
  }

  /// A port that nobody listened on a moment ago.
  public static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    defer { Foundation.close(descriptor) }
    guard unsafe withLoopback(0, { unsafe bind(descriptor, $0, $1) }) == 0 else { throw Failure("bind") }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let named = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &size) }
    }
    guard named == 0 else { throw Failure("getsockname") }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func withLoopback<R>(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> R
  ) rethrows -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return try unsafe withUnsafePointer(to: &address) {
      try unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        try unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
