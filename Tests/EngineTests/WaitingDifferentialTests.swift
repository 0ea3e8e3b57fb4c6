import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// Several clients that wait, push, move, delete and unblock each other, in one order of events for redis-server and the
/// engine: after each event every client has got the same bytes.
@Suite(.serialized) struct WaitingDifferentialTests {
  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func clientsThatWaitAreAnsweredAsByRedis(_ version: ProtocolVersion) throws {
    for round in 0..<4 {
      let generator = SeededGenerator()
      var conversation = try Conversation(generator, version)
      guard try conversation.run(events: 1500) else {
        Issue.record("round \(round), \(generator):\n\(conversation.story)")
        return
      }
    }
  }

  private struct Conversation {
    private static let clientCount = 8
    private static let keys = ["a", "b", "c", "d"]

    private var generator: SeededGenerator
    private let redis: ServerProcess
    private let control: Client
    private let clients: [Client]
    /// The ids of the clients at redis-server.
    private let ids: [Int]
    private let harness = EngineHarness()
    private let sessions: [Session]
    private var history: [String] = []
    private var difference = ""
    private var lastEntry = 0

    init(_ generator: SeededGenerator, _ version: ProtocolVersion) throws {
      self.generator = generator
      redis = try ServerProcess(.redis, directives: ["save ''"])
      let server = redis
      control = try redis.connect()
      clients = try (0..<Self.clientCount).map { _ in try server.connect() }
      ids = try clients.map { client in
        if version == .resp3 { try client.useRESP3() }
        guard case .integer(let id) = try client.command("CLIENT", "ID") else { return 0 }
        return id
      }
      let harness = harness
      sessions = (0..<Self.clientCount).map { _ in harness.open() }
      for session in sessions { session.version = version }
      for number in Self.clientCount - 2..<Self.clientCount {
        try clients[number].command("SELECT", "1")
        try harness.run("SELECT", "1", from: sessions[number])
      }
    }

    var story: String { history.suffix(40).joined(separator: "\n") + "\n" + difference }

    /// False if the two have answered differently.
    mutating func run(events: Int) throws -> Bool {
      for _ in 0..<events {
        let number = Int.random(in: 0..<Self.clientCount, using: &generator)
        let commands = isWaiting(number) ? [unblocking(of: number)] : next()
        // The asker of an unblocking is somebody who does not wait.
        guard let asker = isWaiting(number) ? (0..<Self.clientCount).first(where: { !isWaiting($0) }) : number else {
          guard try freeOne() else { return false }
          continue
        }
        guard try exchange(asker, commands) else { return false }
      }
      while (0..<Self.clientCount).contains(where: isWaiting) {
        guard try freeOne() else { return false }
      }
      return try exchange(0, Self.keys.map { ["TYPE", $0] } + [["DBSIZE"]])
    }

    private func isWaiting(_ number: Int) -> Bool { sessions[number].isWaiting }

    private mutating func unblocking(of number: Int) -> [String] {
      ["CLIENT", "UNBLOCK", "#\(number)"] + (generator.oneIn(2) ? ["ERROR"] : [])
    }

    /// Ends the wait of one client from outside. False as from `exchange`.
    private mutating func freeOne() throws -> Bool {
      guard let number = (0..<Self.clientCount).first(where: isWaiting) else { return true }
      history.append("-- unblock \(number)")
      try control.command("CLIENT", "UNBLOCK", "\(ids[number])")
      _ = harness.raw(["CLIENT", "UNBLOCK", "\(sessions[number].id)"])
      return compare(try collect(from: nil))
    }

    /// Has client `number` send commands at once to both, and compares what every client gets.
    private mutating func exchange(_ number: Int, _ commands: [[String]]) throws -> Bool {
      history.append("\(number): " + commands.map { $0.joined(separator: " ") }.joined(separator: " ; "))
      try clients[number].send(request(commands) { ids[$0] })
      harness.post(request(commands) { sessions[$0].id }, from: sessions[number])
      return compare(try collect(from: (number, commands.count)))
    }

    private mutating func compare(_ redisReplies: [[UInt8]]) -> Bool {
      for other in 0..<Self.clientCount {
        let (expected, actual) = (redisReplies[other], harness.received(sessions[other]))
        guard expected != actual else { continue }
        difference =
          "client \(other)\nredis: \(String(decoding: expected, as: UTF8.self).debugDescription)\n"
          + "engine: \(String(decoding: actual, as: UTF8.self).debugDescription)"
        return false
      }
      return true
    }

    private func request(_ commands: [[String]], _ id: (Int) -> Int) -> [UInt8] {
      var request: [UInt8] = []
      for command in commands {
        request.command(
          command.map { word in
            Array((word.hasPrefix("#") ? "\(id(Int(word.dropFirst()) ?? 0))" : word).utf8)
          })
      }
      return request
    }

    /// What redis-server has sent to every client when it has done all that was asked of it. A client that was given
    /// `commands` has either answers to all of them or waits.
    private func collect(from asker: (number: Int, commands: Int)?) throws -> [[UInt8]] {
      var received = [[UInt8]](repeating: [], count: Self.clientCount)
      if let asker {
        let isDone = try ServerProcess.wait(milliseconds: 5000) {
          received[asker.number] += try clients[asker.number].readAvailable()
          if try Self.replyCount(received[asker.number]) >= asker.commands { return true }
          guard let line = try control.command("CLIENT", "LIST", "ID", "\(ids[asker.number])").text else {
            return false
          }
          return line.contains("flags=b")
        }
        #expect(isDone, "\(generator): redis-server does not answer")
      }
      // Whatever was to be sent before this reply has been sent.
      try control.command("PING")
      for number in 0..<Self.clientCount { received[number] += try clients[number].readAvailable() }
      return received
    }

    private static func replyCount(_ bytes: [UInt8]) throws -> Int {
      var parser = ReplyParser()
      unsafe parser.append(bytes.span.bytes)
      var count = 0
      while try parser.next() != nil { count += 1 }
      return count
    }

    // MARK: Commands

    private mutating func pick(_ words: [String]) -> String { words.randomElement(using: &generator) ?? "" }
    private mutating func key() -> String { pick(Self.keys) }
    private mutating func keys() -> [String] {
      (0..<Int.random(in: 1...3, using: &generator)).map { _ in key() }
    }
    private mutating func value() -> String { "v\(Int.random(in: 0..<100, using: &generator))" }
    private mutating func side() -> String { pick(["LEFT", "RIGHT"]) }
    private mutating func entryID() -> String {
      lastEntry += 1
      return "\(lastEntry)-1"
    }

    /// A command alone, several at once, or a transaction.
    private mutating func next() -> [[String]] {
      switch Int.random(in: 0..<20, using: &generator) {
      case 0..<9: return [waitingCommand()]
      case 9..<15: return [change()]
      case 15..<17: return [waitingCommand(), change(), waitingCommand(), change()]
      default:
        let count = Int.random(in: 1...5, using: &generator)
        return [["MULTI"]] + (0..<count).map { _ in generator.oneIn(6) ? waitingCommand() : change() } + [["EXEC"]]
      }
    }

    private mutating func waitingCommand() -> [String] {
      switch Int.random(in: 0..<12, using: &generator) {
      case 0, 1: return [pick(["BLPOP", "BRPOP"])] + keys() + ["0"]
      case 2, 3: return ["BLMOVE", key(), key(), side(), side(), "0"]
      case 4: return ["BRPOPLPUSH", key(), key(), "0"]
      case 5:
        let keys = keys()
        return ["BLMPOP", "0", "\(keys.count)"] + keys + [side()] + (generator.oneIn(2) ? ["COUNT", "2"] : [])
      case 6: return [pick(["BZPOPMIN", "BZPOPMAX"])] + keys() + ["0"]
      case 7:
        let keys = keys()
        return ["BZMPOP", "0", "\(keys.count)"] + keys + [pick(["MIN", "MAX"])]
          + (generator.oneIn(2) ? ["COUNT", "2"] : [])
      case 8, 9:
        let keys = keys()
        let limit = generator.oneIn(3) ? ["COUNT", "1"] : []
        let ids = keys.map { _ in generator.oneIn(4) ? "\(lastEntry)-0" : "$" }
        return ["XREAD", "BLOCK", "0"] + limit + ["STREAMS"] + keys + ids
      default:
        let keys = generator.oneIn(3) ? keys() : [key()]
        return ["XREADGROUP", "GROUP", "g", pick(["x", "y"]), "BLOCK", "0"] + (generator.oneIn(4) ? ["NOACK"] : [])
          + ["STREAMS"] + keys + keys.map { _ in ">" }
      }
    }

    private mutating func change() -> [String] {
      switch Int.random(in: 0..<30, using: &generator) {
      case 0..<6: return [pick(["LPUSH", "RPUSH"]), key(), value()] + (generator.oneIn(2) ? [value()] : [])
      case 6..<9: return ["ZADD", key(), "\(Int.random(in: 0..<9, using: &generator))", value()]
      case 9..<13: return ["XADD", key(), entryID(), "f", value()]
      case 13: return ["SET", key(), value()]
      case 14..<17: return ["DEL", key()]
      case 17: return ["RENAME", key(), key()]
      case 18: return ["COPY", key(), key()] + (generator.oneIn(2) ? ["REPLACE"] : [])
      case 19: return ["LMOVE", key(), key(), side(), side()]
      case 20, 21: return ["XGROUP", "CREATE", key(), "g", "$", "MKSTREAM"]
      case 22: return ["XGROUP", "DESTROY", key(), "g"]
      case 23: return ["XDEL", key(), "\(lastEntry)-1"]
      case 24: return ["XGROUP", "SETID", key(), "g", "0"]
      case 25, 26: return ["MOVE", key(), pick(["0", "1"])]
      case 27: return generator.oneIn(4) ? ["FLUSHDB"] : ["PEXPIREAT", key(), "1"]
      case 28: return [pick(["LPOP", "RPOP", "ZPOPMIN", "GETDEL"]), key()]
      default: return ["XTRIM", key(), "MAXLEN", "2"]
      }
    }
  }
}
