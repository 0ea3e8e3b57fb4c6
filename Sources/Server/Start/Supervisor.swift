import Glibc

/// Word to the service manager that started the process (`supervised systemd`), by its notification socket: sd_notify(3).
enum Supervisor {
  /// Whether there is one to tell.
  static func isPresent(_ supervision: Supervision) -> Bool {
    switch supervision {
    case .no: false
    case .systemd: true
    case .auto: unsafe getenv("NOTIFY_SOCKET") != nil
    }
  }

  /// Sends lines such as `READY=1`. Without a socket to send to, nobody asked to be told.
  static func notify(_ state: String) {
    guard let name = unsafe getenv("NOTIFY_SOCKET") else { return }
    var path = unsafe Array(String(cString: name).utf8)
    // An abstract socket is written with an @ in place of the zero byte that it begins with.
    if path.first == UInt8(ascii: "@") { path[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
    let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + path.count
    let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array(state.utf8)
    _ = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, socklen_t(length))
      }
    }
  }
}
