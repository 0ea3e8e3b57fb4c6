internal import RESP
internal import VersionedStore

/// MONITOR: sessions that are shown every command when it has been executed.
extension Engine {
  func startMonitoring(_ session: Session) {
    guard !session.isMonitoring else { return }
    session.isMonitoring = true
    monitors.append(session)
    attention.insert(.monitored)
  }

  func stopMonitoring(_ session: Session) {
    guard session.isMonitoring else { return }
    session.isMonitoring = false
    monitors.removeAll { $0 === session }
    attention.set(.monitored, !monitors.isEmpty)
  }

  /// Shows monitors a command.
  func show(_ call: Call, _ session: Session) {
    let line = MonitorLine(
      call, database: session.database, origin: origin(session), microseconds: nowMicroseconds
    ).bytes
    line.withBytes { line in
      for monitor in monitors where monitor.replyMode != .off { deliver(line, to: monitor) }
    }
  }

  private func origin(_ session: Session) -> String {
    // A script has a session that no connection stands behind.
    if nesting.contains(.script), session.slot < 0 { return "lua" }
    guard session.peer.isUnixSocket else { return session.peer.remote }
    // Both ends of such a connection are shown by the socket's path alone.
    return "unix:" + (session.peer.remote.hasSuffix(":0") ? String(session.peer.remote.dropLast(2)) : "")
  }
}

/// What MONITOR shows of one command: a status with the time, the database, the client and the quoted arguments.
struct MonitorLine {
  private(set) var bytes: [UInt8]

  init(_ call: Call, database: Int, origin: String, microseconds: Int64) {
    let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
    bytes = Array("+\(microseconds / 1_000_000).\(fraction) [\(database) \(origin)]".utf8)
    let secrets = Redaction.positions(call.command, call.arguments, first: call.first, count: call.count)
    for index in 0..<call.count {
      bytes.append(UInt8(ascii: " "))
      if secrets.contains(index) {
        bytes += [UInt8(ascii: "\"")] + Redaction.text + [UInt8(ascii: "\"")]
      } else {
        appendQuoted(call[index])
      }
    }
    bytes += [13, 10]
  }

  /// In double quotes, with what is not printable as it would stand in a C program.
  private mutating func appendQuoted(_ text: Bytes) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
      case 10: bytes += Array("\\n".utf8)
      case 13: bytes += Array("\\r".utf8)
      case 9: bytes += Array("\\t".utf8)
      case 7: bytes += Array("\\a".utf8)
      case 8: bytes += Array("\\b".utf8)
      case 0x20...0x7E: bytes.append(byte)
      default: bytes += Array("\\x".utf8) + [Self.digit(byte >> 4), Self.digit(byte & 15)]
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
