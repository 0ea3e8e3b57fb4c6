import Foundation
import Glibc

extension ServerProcess.Program {
  var path: String {
    switch self {
    case .redis: "/usr/bin/redis-server"
    case .sentinel: "/usr/bin/redis-sentinel"
    case .cambium: ProcessInfo.processInfo.environment["CAMBIUM_SERVER"] ?? Self.builtServer
    case .path(let path): path
    }
  }

  /// Tests and server are built into one directory.
  private static var builtServer: String {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("cambium-server").path
  }
}

extension ServerProcess {
  static func temporaryDirectory() throws -> URL {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
  }

  /// A port that nobody listens on at this moment.
  public static func freePort() throws(ClientError) -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw .system("socket", code: errno) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        let bound = unsafe bind(descriptor, generic, length)
        return unsafe bound == 0 ? getsockname(descriptor, generic, &length) : bound
      }
    }
    guard result == 0 else { throw .system("bind", code: errno) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
