import Foundation
import Glibc
import RESP
import TestSupport
import Testing

/// Clients that ask for much, read nothing or only sit there: memory stays within what is configured, and the others are
/// served. Each prints what it has measured.
@Suite(.serialized) struct CrowdDrills {
  private static let megabyte = 1 << 20

  /// Runs `body`, and asks meanwhile, from a thread of its own, whether another client is answered: answers how often it
  /// was.
  private func whileOthersAreServed(_ server: ServerProcess, _ body: () throws -> Void) throws -> Int {
    let watcher = try Watcher(server)
    let outcome = Result { try body() }
    let count = try watcher.stop()
    try outcome.get()
    return count
  }

  @Test func aClientThatNeverReadsIsDroppedAtItsLimit() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "client-output-buffer-limit normal 32mb 0 0"])
    let other = try server.connect()
    try other.command("SET", "large", String(repeating: "x", count: Self.megabyte))
    let rest = server.residentBytes
    server.forgetPeak()
    let silent = try server.connect()
    let served = try whileOthersAreServed(server) {
      for _ in 0..<400 { try? silent.sendCommand(["GET", "large"].map { Array($0.utf8) }) }
      let isDropped = try ServerProcess.wait(milliseconds: 10_000) { try disconnections(other) == 1 }
      #expect(isDropped)
    }
    let growth = server.peakBytes - rest
    print(
      "never reads: 400 MB asked for, limit 32 MB, memory grew by \(growth / Self.megabyte) MB, others answered \(served) times"
    )
    #expect(growth < 128 * Self.megabyte)
    #expect(served > 0)
  }

  @Test func aSlowSubscriberIsDroppedAtItsLimit() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "client-output-buffer-limit pubsub 16mb 0 0"])
    let publisher = try server.connect()
    let slow = try server.connect()
    _ = try slow.command("SUBSCRIBE", "news")
    let quick = try server.connect()
    _ = try quick.command("SUBSCRIBE", "news")
    let rest = server.residentBytes
    server.forgetPeak()
    let message = String(repeating: "m", count: Self.megabyte)
    var receivers = 2
    let served = try whileOthersAreServed(server) {
      for _ in 0..<200 {
        guard case .integer(let count) = try publisher.command("PUBLISH", "news", message) else {
          throw ClientError.closed
        }
        receivers = count
        #expect(try quick.readReply() == .array([.bulk("message"), .bulk("news"), .bulk(message)]))
      }
    }
    let growth = server.peakBytes - rest
    print(
      "slow subscriber: 200 MB published, limit 16 MB, memory grew by \(growth / Self.megabyte) MB, others answered \(served) times"
    )
    #expect(receivers == 1)
    #expect(try disconnections(publisher) == 1)
    #expect(growth < 100 * Self.megabyte)
  }

  private func disconnections(_ client: Client) throws -> Int {
    let info = try client.command("INFO", "stats").text ?? ""
    let line = info.split(whereSeparator: \.isNewline).first {
      $0.hasPrefix("client_output_buffer_limit_disconnections:")
    }
    return line.flatMap { Int($0.split(separator: ":")[1]) } ?? -1
  }

  @Test func tenThousandIdleConnectionsTakeLittle() throws {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let count = min(10_000, Int(clamping: limit.rlim_cur) - 200)
    let server = try ServerProcess(.cambium, directives: ["save ''", "maxclients 10100"])
    let other = try server.connect()
    let rest = server.residentBytes
    var idle: [Client] = []
    let served = try whileOthersAreServed(server) {
      for _ in 0..<count { idle.append(try server.connect()) }
      for client in idle { try client.sendCommand([Array("PING".utf8)]) }
      for client in idle { #expect(try client.readReply() == .simple("PONG")) }
    }
    let each = (server.residentBytes - rest) / count
    print("idle: \(count) connections take \(each) bytes each, others answered \(served) times")
    #expect(each < 16 << 10)
    #expect(try other.command("PING") == .simple("PONG"))
  }

  @Test func aValueOf512MBIsTakenAndGivenBack() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''"])
    let rest = server.residentBytes
    server.forgetPeak()
    let client = try server.connect(timeoutMilliseconds: 60_000)
    let size = 512 << 20
    let piece = [UInt8](repeating: UInt8(ascii: "v"), count: 4 << 20)
    var peakOfSet = 0
    let served = try whileOthersAreServed(server) {
      try client.send("*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$\(size)\r\n")
      for _ in 0..<size / piece.count { try client.send(piece) }
      try client.send("\r\n")
      #expect(try client.readReply() == .simple("OK"))
      peakOfSet = server.peakBytes - rest
      #expect(try client.command("STRLEN", "huge") == .integer(size))
      server.forgetPeak()
      try client.send("GET huge\r\n")
      var left = size + "$\(size)\r\n\r\n".utf8.count
      while left > 0 {
        let bytes = try client.readRaw(atMost: 4 << 20)
        guard !bytes.isEmpty else { throw ClientError.closed }
        left -= bytes.count
      }
      #expect(left == 0)
    }
    let peakOfGet = server.peakBytes - rest
    print(
      "512 MB value: memory at most \(peakOfSet / Self.megabyte) MB with SET, \(peakOfGet / Self.megabyte) MB with GET, others answered \(served) times"
    )
    #expect(peakOfSet < 3 * size)
    // The value, the reply, and what of it waits for the client.
    #expect(peakOfGet < 3 * size + 64 * Self.megabyte)
    #expect(served > 0)
  }

  @Test func aPipelineOfAMillionCommandsIsAnswered() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''"])
    let client = try server.connect(timeoutMilliseconds: 60_000)
    try client.command("SET", "counter", "0")
    let rest = server.residentBytes
    server.forgetPeak()
    let count = 1_000_000
    let incr = Array("*2\r\n$4\r\nINCR\r\n$7\r\ncounter\r\n".utf8)
    let portion = Array(repeatElement(incr, count: 1000).joined())
    let served = try whileOthersAreServed(server) {
      // One thread sends and the other receives: they share the socket and nothing else.
      nonisolated(unsafe) let sending = client
      let sender = Thread {
        for _ in 0..<count / 1000 { try? sending.send(portion) }
      }
      sender.start()
      var expected: [UInt8] = []
      var position = 0
      for number in 1...count {
        expected += Array(":\(number)\r\n".utf8)
        guard number % 10_000 == 0 else { continue }
        while position < expected.count {
          let bytes = try client.readRaw(atMost: expected.count - position)
          guard !bytes.isEmpty, bytes[...] == expected[position..<position + bytes.count] else {
            Issue.record("the replies are not those of a million increments in order")
            throw ClientError.closed
          }
          position += bytes.count
        }
        expected = []
        position = 0
      }
    }
    let growth = server.peakBytes - rest
    print("a million commands at once: memory grew by \(growth / Self.megabyte) MB, others answered \(served) times")
    #expect(growth < 64 * Self.megabyte)
    #expect(served > 0)
  }
}

/// Another client, which is to be served whatever the others do.
private final class Watcher: @unchecked Sendable {
  private let lock = NSLock()
  private var isStopping = false
  private var count = 0
  private var failure: (any Error)?
  private let finished = DispatchSemaphore(value: 0)

  init(_ server: ServerProcess) throws {
    let port = server.port
    let thread = Thread { [self] in
      do {
        let client = try Client(port: port, timeoutMilliseconds: 20_000)
        while !lock.withLock({ isStopping }) {
          guard try client.command("PING") == .simple("PONG") else { throw ClientError.closed }
          lock.withLock { count += 1 }
          usleep(500)
        }
      } catch {
        lock.withLock { failure = error }
      }
      finished.signal()
    }
    thread.start()
  }

  /// How often it was answered; throws if it was once refused or left waiting.
  func stop() throws -> Int {
    lock.withLock { isStopping = true }
    finished.wait()
    if let failure = lock.withLock({ failure }) { throw failure }
    return lock.withLock { count }
  }
}
