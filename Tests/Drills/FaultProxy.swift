import Foundation
import Glibc
import Synchronization
import TestSupport

/// Stands between a replica and its primary, and does to their connections what networks do: it delays bytes, cuts
/// connections at any byte, passes nothing on in one direction while the other works, and opens connections twice.
///
/// What it does is drawn from a seed; when it comes to do it depends on the machine.
final class FaultProxy: Sendable {
  /// What has been done so far.
  struct Counts {
    var connections = 0
    var cuts = 0
    var delays = 0
    var halves = 0
    var doubles = 0
  }

  private struct State {
    var counts = Counts()
    var isFaulty = true
    var isEnding = false
  }

  let port: Int
  private let state = Mutex(State())

  init(to target: Int, seed: UInt64) throws {
    let port = try ServerProcess.freePort()
    self.port = port
    let listener = try Descriptors.listen(port)
    Thread { [self] in
      var loop = ProxyLoop(listener: listener, target: target, generator: SeededGenerator(seed: seed))
      while !state.withLock({ $0.isEnding }) {
        let isFaulty = state.withLock { $0.isFaulty }
        loop.turn(isFaulty: isFaulty)
        state.withLock { $0.counts = loop.counts }
      }
      loop.end()
    }.start()
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// From here on bytes are passed on as they come; connections that were half-open are closed.
  func heal() { state.withLock { $0.isFaulty = false } }

  func end() { state.withLock { $0.isEnding = true } }
}

/// One direction of a connection.
private struct Direction {
  /// Read and not passed on yet.
  var waiting: [UInt8] = []
  var isHeldUntil = 0.0
  /// Nothing is passed on any more, and nobody is told.
  var isSilent = false
  /// The source has no more.
  var isFinished = false
}

/// A connection from a replica, and the one to its primary that belongs to it.
private final class Link {
  let client: Int32
  let server: Int32
  var up = Direction()
  var down = Direction()
  /// What the client has sent first, for a second connection.
  var beginning: [UInt8] = []
  /// The second connections, whose replies nobody reads to the end.
  var doubles: [Int32] = []
  var isOver = false

  init(client: Int32, server: Int32) { (self.client, self.server) = (client, server) }
}

private struct ProxyLoop {
  let listener: Int32
  let target: Int
  var generator: SeededGenerator
  var counts = FaultProxy.Counts()
  private var links: [Link] = []
  private var nextFault = 0.0
  private var wasFaulty = true
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  init(listener: Int32, target: Int, generator: SeededGenerator) {
    (self.listener, self.target, self.generator) = (listener, target, generator)
    nextFault = Self.now() + 0.2
  }

  static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  /// Bytes that may wait for one end.
  private static let waitingLimit = 256 << 10

  /// Waits a little for something to happen, passes on what has come, and does harm when it is time to.
  mutating func turn(isFaulty: Bool) {
    waitForInput()
    accept()
    let now = Self.now()
    for link in links { pass(link, now) }
    if isFaulty {
      if now >= nextFault {
        nextFault = now + Double.random(in: 0.02...0.6, using: &generator)
        strike(now)
      }
    } else if wasFaulty {
      wasFaulty = false
      for index in links.indices {
        if links[index].up.isSilent || links[index].down.isSilent { links[index].isOver = true }
        (links[index].up.isHeldUntil, links[index].down.isHeldUntil) = (0, 0)
      }
    }
    for link in links where link.isOver { close(link) }
    links.removeAll(where: \.isOver)
  }

  mutating func end() {
    for link in links { close(link) }
    links = []
    _ = Glibc.close(listener)
  }

  private func close(_ link: Link) {
    for descriptor in [link.client, link.server] + link.doubles { _ = Glibc.close(descriptor) }
  }

  private func waitForInput() {
    var wanted = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    for link in links {
      if link.up.waiting.count < Self.waitingLimit, !link.up.isFinished {
        wanted.append(pollfd(fd: link.client, events: Int16(POLLIN), revents: 0))
      }
      if link.down.waiting.count < Self.waitingLimit, !link.down.isFinished {
        wanted.append(pollfd(fd: link.server, events: Int16(POLLIN), revents: 0))
      }
    }
    _ = unsafe poll(&wanted, nfds_t(wanted.count), 5)
  }

  private mutating func accept() {
    while let client = Descriptors.accept(listener) {
      counts.connections += 1
      guard let server = Descriptors.connect(target) else {
        _ = Glibc.close(client)
        continue
      }
      links.append(Link(client: client, server: server))
    }
  }

  private mutating func pass(_ link: Link, _ now: Double) {
    if take(link.client, &link.up, { link.beginning += $0.prefix(max(0, 2000 - link.beginning.count)) }) {
      link.isOver = true
    }
    if take(link.server, &link.down, { _ in }) { link.isOver = true }
    if give(link.server, &link.up, now) || give(link.client, &link.down, now) { link.isOver = true }
    for double in link.doubles { _ = unsafe recv(double, &buffer, buffer.count, 0) }
  }

  /// Reads what has come. True if the connection is no more.
  private mutating func take(_ source: Int32, _ direction: inout Direction, _ note: ([UInt8]) -> Void) -> Bool {
    guard direction.waiting.count < Self.waitingLimit, !direction.isFinished else { return false }
    let count = unsafe recv(source, &buffer, buffer.count, 0)
    if count > 0 {
      let bytes = Array(buffer.prefix(count))
      note(bytes)
      if !direction.isSilent { direction.waiting += bytes }
      return false
    }
    if count < 0, errno == EAGAIN || errno == EINTR { return false }
    direction.isFinished = true
    return count < 0 && !direction.isSilent
  }

  /// Passes on what waits. True if the connection is no more.
  private func give(_ destination: Int32, _ direction: inout Direction, _ now: Double) -> Bool {
    guard now >= direction.isHeldUntil, !direction.isSilent else { return false }
    while !direction.waiting.isEmpty {
      let count = unsafe direction.waiting.withUnsafeBytes {
        unsafe send(destination, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 { return errno != EAGAIN && errno != EINTR }
      direction.waiting.removeFirst(count)
    }
    return direction.isFinished
  }

  private mutating func strike(_ now: Double) {
    guard let index = links.indices.randomElement(using: &generator) else { return }
    switch Int.random(in: 0..<10, using: &generator) {
    case 0..<3:
      counts.cuts += 1
      cut(links[index])
    case 3..<7:
      counts.delays += 1
      let end = now + Double.random(in: 0.01...1, using: &generator)
      if generator.oneIn(2) { links[index].up.isHeldUntil = end } else { links[index].down.isHeldUntil = end }
    case 7:
      counts.halves += 1
      if generator.oneIn(2) { links[index].up.isSilent = true } else { links[index].down.isSilent = true }
    default:
      counts.doubles += 1
      guard let double = Descriptors.connect(target) else { return }
      let beginning = links[index].beginning
      let part = Array(beginning.prefix(Int.random(in: 0...beginning.count, using: &generator)))
      _ = unsafe part.withUnsafeBytes { unsafe send(double, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      links[index].doubles.append(double)
    }
  }

  /// Ends a connection; of what waits a part may still arrive.
  private mutating func cut(_ link: Link) {
    for (destination, direction) in [(link.server, link.up), (link.client, link.down)] where !direction.isSilent {
      let part = Array(direction.waiting.prefix(Int.random(in: 0...direction.waiting.count, using: &generator)))
      _ = unsafe part.withUnsafeBytes { unsafe send(destination, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
    link.isOver = true
  }
}

/// Sockets that never block.
private enum Descriptors {
  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    return address
  }

  private static func withAddress<R>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = address(port)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func make(_ flags: Int32) -> Int32 {
    socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | flags, 0)
  }

  static func listen(_ port: Int) throws -> Int32 {
    let descriptor = make(Int32(SOCK_NONBLOCK.rawValue))
    var yes: Int32 = 1
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let result = unsafe withAddress(port) { unsafe bind(descriptor, $0, $1) }
    guard descriptor >= 0, result == 0, Glibc.listen(descriptor, 64) == 0 else {
      throw ClientError.system("listen", code: errno)
    }
    return descriptor
  }

  static func accept(_ listener: Int32) -> Int32? {
    let descriptor = unsafe Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    doNotBlock(descriptor)
    return descriptor
  }

  /// Connects to a port of this machine, which takes no time; nil if nobody listens.
  static func connect(_ port: Int) -> Int32? {
    let descriptor = make(0)
    guard descriptor >= 0 else { return nil }
    guard unsafe withAddress(port, { unsafe Glibc.connect(descriptor, $0, $1) }) == 0 else {
      close(descriptor)
      return nil
    }
    doNotBlock(descriptor)
    return descriptor
  }

  private static func doNotBlock(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }
}
