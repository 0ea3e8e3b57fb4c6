import Glibc

/// A connection to the server that sends batches and finds the end of their replies.
struct Connection {
  let descriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  /// Bytes of a reply's beginning that stand at the front of the buffer.
  private var kept = 0
  /// Elements of replies that are still to come.
  private var elements = 0
  /// Bytes of a bulk string that are still to come.
  private var skipped = 0

  init(port: UInt16) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let failure = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard failure == 0 else { fail("connect: \(errno)") }
    var on: Int32 = 1
    unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Sends a batch; all replies to the one before have come.
  mutating func send(_ batch: inout Batch) {
    batch.renew()
    elements = batch.pipeline
    var sent = 0
    while sent < batch.bytes.count {
      let count = unsafe batch.bytes.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, 0)
      }
      guard count > 0 else { fail("send: \(errno)") }
      sent += count
    }
  }

  /// Reads what has come. Returns whether the batch is answered.
  mutating func receive() -> Bool {
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe read(descriptor, $0.baseAddress! + kept, $0.count - kept)
    }
    guard count > 0 else { fail("the server closed the connection") }
    let end = kept + count
    let rest = scan(end)
    // The beginning of a line is kept until its end has come.
    for index in rest..<end { buffer[index - rest] = buffer[index] }
    kept = end - rest
    guard kept < buffer.count else { fail("a line is too long") }
    return elements == 0 && skipped == 0
  }

  /// Passes over all that is complete. Returns where the rest begins.
  private mutating func scan(_ end: Int) -> Int {
    var at = 0
    while at < end {
      if skipped > 0 {
        let step = min(skipped, end - at)
        skipped -= step
        at += step
        continue
      }
      guard elements > 0 else { fail("more replies than commands") }
      guard let newline = newline(at, end) else { return at }
      elements -= 1
      switch buffer[at] {
      case UInt8(ascii: "-"): fail(String(decoding: buffer[at..<newline], as: UTF8.self))
      case UInt8(ascii: "$"):
        let count = number(at + 1, newline)
        skipped = count < 0 ? 0 : count + 2
      case UInt8(ascii: "*"): elements += max(number(at + 1, newline), 0)
      case UInt8(ascii: "+"), UInt8(ascii: ":"): break
      default: fail("an unknown reply")
      }
      at = newline + 1
    }
    return at
  }

  private func newline(_ start: Int, _ end: Int) -> Int? {
    unsafe buffer.withUnsafeBytes { bytes in
      guard let found = unsafe memchr(bytes.baseAddress! + start, 10, end - start) else { return nil }
      return unsafe UnsafeRawPointer(found) - bytes.baseAddress!
    }
  }

  private func number(_ start: Int, _ end: Int) -> Int {
    if buffer[start] == UInt8(ascii: "-") { return -1 }
    var number = 0
    for index in start..<end where buffer[index] != 13 { number = number * 10 + Int(buffer[index] &- 48) }
    return number
  }
}
