import TestSupport

/// Connections between servers: bytes come late, in pieces cut anywhere, and in order only within one connection; one
/// direction may fall silent for a while or for ever, connections break, and some are opened twice.
final class SimulatedNetwork {
  private unowned let world: World
  /// Who accepts connections, by port: each server has its own, and no port but this.
  private var listeners: [Int: (End) -> Void] = [:]
  /// In the order in which they were opened.
  private(set) var connections: [Connection] = []
  /// Pairs of ports between which nothing passes.
  private var partitions: [(Int, Int)] = []
  private var lastNumber = 0
  /// Whether faults that come by chance, such as connections opened twice, still come.
  var isFaulty = true

  init(_ world: World) { self.world = world }

  // MARK: Ends

  /// Two pipes, one for each direction.
  final class Connection {
    let number: Int
    let client: End
    let server: End

    fileprivate init(_ number: Int, _ client: End, _ server: End) {
      (self.number, self.client, self.server) = (number, client, server)
    }

    var isOver: Bool { client.isClosed && server.isClosed }
  }

  /// One end of a connection.
  final class End {
    let port: Int
    fileprivate(set) unowned var network: SimulatedNetwork
    /// Strong both ways until the connection is over.
    fileprivate var peer: End?
    var received: ([UInt8]) -> Void = { _ in }
    /// The other end has closed, or the connection broke.
    var broke: (String) -> Void = { _ in }
    /// So many bytes have left for the other end.
    var sent: (Int) -> Void = { _ in }
    /// A second connection that is sent the same bytes, up to a number.
    fileprivate var double: (end: End, byteCount: Int)?
    fileprivate(set) var isClosed = false
    var isReading = true {
      didSet { if isReading { peer?.schedule() } }
    }

    // The pipe that goes out from here.
    fileprivate var buffer: [UInt8] = []
    /// Nothing comes through.
    fileprivate var isSilent = false
    /// It ends behind the buffer.
    fileprivate var isEnding = false
    fileprivate var isScheduled = false
    fileprivate var latency: Int64
    fileprivate var lastDelivery: Int64 = 0

    fileprivate init(_ network: SimulatedNetwork, port: Int, latency: Int64) {
      (self.network, self.port, self.latency) = (network, port, latency)
    }

    func send(_ bytes: [UInt8]) {
      guard !isClosed, !isEnding, !bytes.isEmpty else { return }
      buffer += bytes
      if let (end, byteCount) = double {
        let part = bytes.prefix(byteCount)
        end.send(Array(part))
        double = part.count < byteCount ? (end, byteCount - part.count) : nil
      }
      schedule()
    }

    /// Sends what is waiting, and then no more; nothing more is heard.
    func close() {
      guard !isClosed else { return }
      received = { _ in }
      broke = { _ in }
      isEnding = true
      isReading = true
      double?.end.close()
      double = nil
      schedule()
    }

    fileprivate func schedule() {
      guard !isScheduled, peer != nil, !buffer.isEmpty || isEnding else { return }
      isScheduled = true
      let world = network.world
      lastDelivery = max(world.now + latency, lastDelivery)
      world.schedule(at: lastDelivery) { [self] in
        isScheduled = false
        deliver()
      }
    }

    private func deliver() {
      guard let peer, !isClosed, !isSilent, !network.isParted(port, peer.port) else { return }
      guard !buffer.isEmpty else {
        if isEnding { end("Connection reset by peer") }
        return
      }
      guard peer.isReading else { return }
      let part = Array(buffer.prefix(network.cut(buffer.count)))
      buffer.removeFirst(part.count)
      sent(part.count)
      peer.received(part)
      schedule()
    }

    /// The other end learns that this one is no more.
    fileprivate func end(_ reason: String) {
      guard let peer else { return }
      (isClosed, peer.isClosed) = (true, true)
      self.peer = nil
      peer.peer = nil
      let tell = peer.broke
      for end in [self, peer] {
        end.buffer = []
        (end.received, end.broke, end.sent, end.double) = ({ _ in }, { _ in }, { _ in }, nil)
      }
      tell(reason)
    }

    /// As `end`, for both at once.
    fileprivate func breakOff(_ reason: String) {
      guard let peer else { return }
      let tell = broke
      peer.end(reason)
      _ = peer
      tell(reason)
    }
  }

  /// How much of what waits is delivered at once: mostly all, sometimes a few bytes.
  private func cut(_ count: Int) -> Int {
    guard isFaulty, world.random.oneIn(3) else { return min(count, 16 << 10) }
    return Int.random(in: 1...min(count, world.random.oneIn(2) ? 8 : 1000), using: &world.random)
  }

  // MARK: Connecting

  func listen(_ port: Int, _ accept: @escaping (End) -> Void) { listeners[port] = accept }

  func endListening(_ port: Int) { listeners[port] = nil }

  /// Calls back with the client's end, or with nil when nobody listens; not at all if the way there is cut.
  func connect(from: Int, to port: Int, _ completion: @escaping (End?) -> Void) {
    let latency = Int64.random(in: 0...20, using: &world.random)
    world.schedule(after: latency) { [self] in
      if isParted(from, port) { return }
      guard listeners[port] != nil else { return completion(nil) }
      let client = open(from: from, to: port, latency)
      if isFaulty, world.random.oneIn(12) {
        let double = open(from: from, to: port, Int64.random(in: 0...200, using: &world.random))
        client.double = (double, Int.random(in: 1...400, using: &world.random))
        world.note("a connection from \(from) to \(port) is opened twice")
      }
      completion(client)
    }
  }

  private func open(from: Int, to port: Int, _ latency: Int64) -> End {
    let client = End(self, port: from, latency: latency)
    let server = End(self, port: port, latency: latency)
    (client.peer, server.peer) = (server, client)
    lastNumber += 1
    connections.removeAll(where: \.isOver)
    connections.append(Connection(lastNumber, client, server))
    listeners[port]?(server)
    return client
  }

  // MARK: Faults

  func isParted(_ a: Int, _ b: Int) -> Bool { partitions.contains { $0 == (a, b) || $0 == (b, a) } }

  /// A server is gone with all its connections; what it has sent may still arrive.
  ///
  /// - Parameter silently: the others are not told, as when the power fails.
  func vanish(_ port: Int, silently: Bool) {
    endListening(port)
    for connection in connections where !connection.isOver {
      for end in [connection.client, connection.server] where end.port == port {
        (end.received, end.broke, end.sent) = ({ _ in }, { _ in }, { _ in })
        if silently { fallSilent(end) } else { end.close() }
      }
    }
  }

  private func fallSilent(_ end: End) {
    end.isSilent = true
    end.peer?.isSilent = true
  }

  /// Something happens to a connection or between two servers.
  func strike() {
    let living = connections.filter { !$0.isOver }
    if world.random.oneIn(4) { return part() }
    guard let connection = living.randomElement(using: &world.random) else { return }
    let name = "connection \(connection.number) from \(connection.client.port) to \(connection.server.port)"
    switch Int.random(in: 0..<10, using: &world.random) {
    case 0...4:
      world.note("\(name) breaks")
      // Each side may have sent what never arrives.
      connection.client.breakOff("Connection reset by peer")
    case 5...6:
      let end = world.random.oneIn(2) ? connection.client : connection.server
      world.note("\(name): nothing comes from \(end.port) any more")
      end.isSilent = true
    case 7:
      let (end, time) = (connection.client, Int64.random(in: 10...8000, using: &world.random))
      world.note("\(name) pauses for \(time) ms")
      fallSilent(end)
      world.schedule(after: time) {
        for end in [end, end.peer] {
          end?.isSilent = false
          end?.schedule()
        }
      }
    default:
      world.note("\(name) gets slow")
      connection.client.latency = Int64.random(in: 0...500, using: &world.random)
      connection.server.latency = Int64.random(in: 0...500, using: &world.random)
    }
  }

  private func part() {
    let ports = world.servers.map(\.port)
    guard let a = ports.randomElement(using: &world.random), let b = ports.randomElement(using: &world.random), a != b
    else { return }
    let time = Int64.random(in: 100...15_000, using: &world.random)
    world.note("nothing passes between \(a) and \(b) for \(time) ms")
    partitions.append((a, b))
    world.schedule(after: time) { [self] in
      if let index = partitions.firstIndex(where: { $0 == (a, b) }) { partitions.remove(at: index) }
      for connection in connections where !connection.isOver {
        connection.client.schedule()
        connection.server.schedule()
      }
    }
  }

  /// No more faults, and those that hold on are over; what is half-open stays so.
  func heal() {
    isFaulty = false
    partitions = []
    for connection in connections where !connection.isOver {
      for end in [connection.client, connection.server] {
        end.latency = min(end.latency, 20)
        end.schedule()
      }
    }
  }
}
