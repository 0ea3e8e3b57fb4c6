import RESP
import TestSupport
import Testing

/// Random subscriptions and messages of several clients, to redis-server and to cambium-server: every client of the one is
/// sent the same bytes, in the same order, as its twin of the other.
///
/// Left out is what has no order in Redis: ending several subscriptions without naming them, patterns that match the same
/// channel, and lists of channels. And a client that sends itself a message from within EXEC: there Redis 7.0 breaks its own
/// reply.
@Suite struct PubSubTests {
  private static let clientCount = 4

  @Test func clientsAreSentTheSame() throws {
    var generator = SeededGenerator()
    let servers = try [
      ServerProcess(.redis, directives: ["save ''"]), ServerProcess(.cambium, directives: ["save ''"]),
    ]
    let clients = try servers.map { server in
      try (0..<Self.clientCount).map { _ in try server.connect(timeoutMilliseconds: 20_000) }
    }
    var (history, replyCount): ([String], Int) = ([], 0)
    for round in 0..<2000 {
      let who = Int.random(in: 0..<Self.clientCount, using: &generator)
      let commands = Self.commands(&generator)
      history.append("\(who): \(commands.map { $0.joined(separator: " ") })")
      for side in clients { try side[who].send(Self.request(commands)) }
      // The first to be asked is the one whose commands were executed before those of the others arrive.
      for index in 0..<Self.clientCount {
        let client = (who + index) % Self.clientCount
        let sent = try clients.map { try Self.replies(of: $0[client], upTo: "mark \(round)") }
        replyCount += sent[0].count
        guard sent[0] != sent[1] else { continue }
        Issue.record(
          """
          \(generator): client \(client) was sent
            by redis:   \(sent[0])
            by cambium: \(sent[1])
          after
          \(history.suffix(25).joined(separator: "\n"))
          """)
        return
      }
    }
    #expect(replyCount > 10_000)
  }

  private static func request(_ commands: [[String]]) -> [UInt8] {
    var request: [UInt8] = []
    for command in commands { request.command(command.map { Array($0.utf8) }) }
    return request
  }

  /// All that a client is sent until it is answered to this one.
  private static func replies(of client: Client, upTo mark: String) throws -> [String] {
    try client.send(request([["PING", mark]]))
    var replies: [String] = []
    while true {
      let (reply, bytes) = try client.readRawReply()
      // HELLO tells the id of the connection.
      replies.append(String(decoding: bytes, as: UTF8.self).replacing(/id\r\n:[0-9]+/, with: "id"))
      if reply.text == mark || reply.elements.last?.text == mark { return replies }
    }
  }

  private static func commands(_ generator: inout SeededGenerator) -> [[String]] {
    func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &generator)! }
    func names(_ all: [String]) -> [String] { (0..<Int.random(in: 1...3, using: &generator)).map { _ in pick(all) } }
    let (channels, patterns) = (["a1", "a2", "b1", ""], ["a*", "b?", "[c-d]1", "x"])
    func one() -> [String] {
      switch Int.random(in: 0..<20, using: &generator) {
      case 0...2: ["SUBSCRIBE"] + names(channels)
      case 3: ["PSUBSCRIBE"] + names(patterns)
      case 4: ["SSUBSCRIBE"] + names(channels)
      case 5...6: ["UNSUBSCRIBE"] + names(channels)
      case 7: ["PUNSUBSCRIBE"] + names(patterns)
      case 8: ["SUNSUBSCRIBE"] + names(channels)
      case 9...12: ["PUBLISH", pick(["a1", "a2", "b1", "c1", "zz", ""]), pick(["", "hello", "two\r\nlines"])]
      case 13: ["SPUBLISH", pick(channels), "shard"]
      case 14: ["PUBSUB", pick(["NUMSUB", "SHARDNUMSUB", "numsub"])] + names(channels)
      case 15:
        ["PUBSUB", pick(["NUMPAT", "numsub", "CHANNELS", "what", "SHARDCHANNELS"])] + pick([["none*"], ["none", "x"]])
      case 16:
        pick([
          ["PING"], ["PING", "a", "b"], ["ECHO", "x"], ["GET", "k"], ["SUBSCRIBE"], ["PUBLISH", "a1"], ["PUBSUB"],
        ])
      case 17: pick([["PUBSUB", "NUMPAT"], ["PUBSUB", "NUMPAT", "x"], ["CLIENT", "GETNAME"], ["SELECT", "1"]])
      case 18: ["HELLO", pick(["2", "3", "3"]), "SETNAME", "n"]
      default: ["RESET"]
      }
    }
    if generator.oneIn(12) {
      // No PUBLISH here: see above. HELLO would show the ids of the connections.
      let queued = (0..<3).map { _ in one() }.filter { !["PUBLISH", "SPUBLISH", "HELLO", "RESET"].contains($0[0]) }
      return [["MULTI"]] + queued + [["EXEC"]]
    }
    return [one()]
  }
}
