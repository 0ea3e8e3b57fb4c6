import Glibc
import TestSupport

/// One connection of a replica to a `FaultyPrimary`: its requests, and what it is told.
final class Conversation {
  private let descriptor: Int32
  private var received: [UInt8] = []

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The words of the next request; throws when the replica has gone.
  func request() throws -> [String] {
    let count = Int(try line().dropFirst()) ?? 0
    return try (0..<count).map { _ in
      let length = Int(try line().dropFirst()) ?? 0
      let word = try take(length)
      _ = try take(2)
      return String(decoding: word, as: UTF8.self)
    }
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw ClientError.closed }
      rest = rest.dropFirst(count)
    }
  }

  /// Says nothing more until the replica gives up.
  func waitForEnd() throws {
    while true { try fill() }
  }

  func close() { Glibc.close(descriptor) }

  /// Answers as a primary without a password does, up to and including what `answer` does not return nil for.
  func shakeHands(_ answer: ([String]) -> String? = { _ in nil }) throws {
    while true {
      let request = try request()
      if let own = answer(request) {
        try send(own)
        continue
      }
      switch request.first?.uppercased() {
      case "PING": try send("+PONG\r\n")
      case "INFO": try send("$14\r\nrole:master\r\n\r\n\r\n")
      case "PSYNC": return try send("+FULLRESYNC \(SmallSnapshot.replicationID) 0\r\n")
      default: try send("+OK\r\n")
      }
    }
  }

  private func line() throws -> String {
    while true {
      if let end = received.firstIndex(of: 10) {
        let line = received[..<end].filter { $0 != 13 }
        received.removeFirst(end + 1)
        // A lone line end is a sign of life.
        if !line.isEmpty { return String(decoding: line, as: UTF8.self) }
      } else {
        try fill()
      }
    }
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while received.count < count { try fill() }
    defer { received.removeFirst(count) }
    return Array(received.prefix(count))
  }

  private func fill() throws {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { throw ClientError.closed }
    received += bytes.prefix(count)
  }
}
