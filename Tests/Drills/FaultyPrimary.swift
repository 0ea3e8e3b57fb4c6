import Foundation
import Glibc
import Synchronization
import TestSupport

/// A primary that answers as a script says, each connection on a thread of its own.
final class FaultyPrimary: Sendable {
  let port: Int
  private let listener: Int32
  /// Connections accepted so far.
  private let connectionCount = Mutex(0)

  /// `script` gets every connection; the connection is closed when it returns or throws.
  init(_ script: @escaping @Sendable (Conversation) throws -> Void) throws {
    let port = try ServerProcess.freePort()
    self.port = port
    listener = try Self.listen(port)
    let thread = Thread { [weak self, listener] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        self?.connectionCount.withLock { $0 += 1 }
        Thread {
          let conversation = Conversation(connection)
          try? script(conversation)
          conversation.close()
        }.start()
      }
    }
    thread.start()
  }

  deinit {
    // Ends the thread that waits for connections.
    shutdown(listener, Int32(SHUT_RDWR))
    Glibc.close(listener)
  }

  var connections: Int { connectionCount.withLock { $0 } }

  private static func listen(_ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard descriptor >= 0, result == 0, Glibc.listen(descriptor, 16) == 0 else {
      throw ClientError.system("listen", code: errno)
    }
    return descriptor
  }
}
