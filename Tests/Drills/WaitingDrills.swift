import RESP
import TestSupport
import Testing

/// A crowd that waits: a thousand clients for fifty keys. Whoever came first is served first, nothing is lost, nobody is
/// forgotten.
@Suite(.tags(.drill), .serialized) struct WaitingDrills {
  private static let clientCount = 1000
  private static let keyCount = 50

  private let server: ServerProcess
  private let control: Client

  init() throws {
    server = try ServerProcess(.cambium, directives: ["save ''"])
    control = try server.connect()
  }

  private func field(_ name: String) throws -> String {
    try control.information("clients")[name] ?? ""
  }

  private func waitFor(_ name: String, _ value: Int, _ location: SourceLocation = #_sourceLocation) throws {
    let isThere = try ServerProcess.wait(milliseconds: 20_000) { try field(name) == "\(value)" }
    let now = try field(name)
    #expect(isThere, "\(name) is \(now) instead of \(value)", sourceLocation: location)
  }

  /// Clients that wait, in the order of their numbers.
  private func crowd(_ command: (Int) -> [String]) throws -> [Client] {
    var clients: [Client] = []
    for number in 0..<Self.clientCount {
      let client = try server.connect(timeoutMilliseconds: 20_000)
      try client.sendCommand(command(number).map { Array($0.utf8) })
      clients.append(client)
      // The order in which connections are read is the server's affair, unless one waits for it.
      while try field("blocked_clients") != "\(clients.count)" {}
    }
    return clients
  }

  private func key(_ number: Int) -> String { "key:\(number % Self.keyCount)" }

  @Test func everybodyIsServedInOrder() throws {
    let clients = try crowd { ["BLPOP", "none:\($0)", key($0), "0"] }
    let pushes = (0..<Self.clientCount).map { ["RPUSH", key($0), "\($0)"] }
    #expect(try control.pipeline(pushes) == [Reply](repeating: .integer(1), count: Self.clientCount))
    for (number, client) in clients.enumerated() {
      #expect(try client.readReply() == .array([.bulk(key(number)), .bulk("\(number)")]))
    }
    #expect(try field("blocked_clients") == "0")
    #expect(try control.command("DBSIZE") == .integer(0))
  }

  @Test func nothingIsLostOnThoseWhoAreGone() throws {
    var generator = SeededGenerator()
    var clients: [Client?] = try crowd { ["BRPOP", key($0), "1000"] }
    #expect(try field("clients_in_timeout_table") == "\(Self.clientCount)")
    let gone = Set((0..<Self.clientCount).shuffled(using: &generator).prefix(300))
    for number in gone { clients[number] = nil }
    try waitFor("blocked_clients", Self.clientCount - gone.count)
    let pushes = (0..<Self.clientCount).map { ["RPUSH", key($0), "\($0)"] }
    #expect(try control.pipeline(pushes).count == Self.clientCount)
    var served: [String: [Int]] = [:]
    for number in 0..<Self.clientCount where !gone.contains(number) {
      guard case .array(let parts)? = try clients[number]?.readReply(), let text = parts[1].text else {
        Issue.record("\(generator): client \(number) got something else")
        continue
      }
      served[key(number), default: []].append(Int(text) ?? -1)
    }
    for number in 0..<Self.keyCount {
      let pushed = (0..<Self.clientCount).filter { key($0) == key(number) }
      let taken = served[key(number)] ?? []
      // The first that were pushed went to those who were left, the rest is still there.
      #expect(taken == Array(pushed.prefix(taken.count)), "\(generator)")
      let left = pushed.dropFirst(taken.count).map { Reply.bulk("\($0)") }
      #expect(try control.command("LRANGE", key(number), "0", "-1") == .array(left), "\(generator)")
    }
    #expect(try field("blocked_clients") == "0")
    #expect(try field("clients_in_timeout_table") == "0")
  }

  /// Nobody sends anything meanwhile: the server wakes by itself.
  @Test func everybodysTimeComes() throws {
    let clients = try (0..<Self.clientCount).map { number in
      let client = try server.connect(timeoutMilliseconds: 20_000)
      try client.sendCommand(["BZPOPMIN", "none:\(number)", key(number), "0.3"].map { Array($0.utf8) })
      return client
    }
    for client in clients { #expect(try client.readReply() == .null) }
    #expect(try field("blocked_clients") == "0")
    #expect(try field("clients_in_timeout_table") == "0")
    // Nobody is left to take anything.
    for number in 0..<Self.keyCount { try control.command("ZADD", key(number), "1", "a") }
    #expect(try control.command("DBSIZE") == .integer(Self.keyCount))
  }
}
