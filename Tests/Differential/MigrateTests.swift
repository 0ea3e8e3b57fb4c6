import Glibc
import RESP
import TestSupport
import Testing

/// MIGRATE between two servers, each of which may be redis-server.
@Suite struct MigrateTests {
  private static let directives = ["save ''", "enable-debug-command yes"]

  /// Where keys go from and to: programs by whether they are redis-server.
  static let pairs: [(source: ServerProcess.Program, target: ServerProcess.Program)] = [
    (.cambium, .cambium), (.cambium, .redis), (.redis, .cambium),
  ]

  private final class Pair {
    let servers: [ServerProcess]
    let source: Client
    let target: Client
    let port: String

    init(_ source: ServerProcess.Program, _ target: ServerProcess.Program) throws {
      servers = try [source, target].map { try ServerProcess($0, directives: MigrateTests.directives) }
      self.source = try servers[0].connect(timeoutMilliseconds: 30_000)
      self.target = try servers[1].connect(timeoutMilliseconds: 30_000)
      port = "\(servers[1].port)"
      try self.target.command("SELECT", "9")
    }

    func migrate(_ words: String...) throws -> Reply {
      try source.command(["MIGRATE", "127.0.0.1", port] + words)
    }
  }

  private func digest(_ client: Client, _ key: String) throws -> String {
    guard case .array(let digests) = try client.command("DEBUG", "DIGEST-VALUE", key) else { return "" }
    return digests.first?.text ?? ""
  }

  @Test(arguments: 0..<3) func valuesOfAllTypesArrive(_ number: Int) throws {
    let pair = try Pair(Self.pairs[number].source, Self.pairs[number].target)
    let fillings: [[String]] = [
      ["SET", "string", "value"], ["SET", "number", "17"], ["SET", "empty", ""],
      ["RPUSH", "list"] + (0..<2000).map { "item \($0)" }, ["RPUSH", "short", "a", "1"],
      ["SADD", "integers", "1", "2", "3"], ["SADD", "set"] + (0..<1000).map { "member \($0)" },
      ["HSET", "hash", "f", "v", "g", "w"], ["HSET", "large"] + (0..<1000).flatMap { ["f\($0)", "v\($0)"] },
      ["ZADD", "sorted", "1", "a", "2.5", "b", "inf", "c"],
      ["ZADD", "many"] + (0..<1000).flatMap { ["\(Double($0) / 3)", "m\($0)"] },
      ["XADD", "stream", "1-1", "f", "v"], ["PFADD", "log", "a", "b"],
      ["SET", "long", String(repeating: "abcdefgh", count: 100_000)],
    ]
    for filling in fillings { try pair.source.command(filling) }
    try pair.source.command("PEXPIRE", "string", "1000000")
    var digests: [String: String] = [:]
    for filling in fillings { digests[filling[1]] = try digest(pair.source, filling[1]) }
    #expect(try pair.migrate("string", "9", "5000") == .simple("OK"))
    guard case .integer(let left) = try pair.target.command("PTTL", "string") else { return }
    #expect((900_000...1_000_000).contains(left))
    #expect(try pair.migrate("list", "9", "5000", "COPY") == .simple("OK"))
    #expect(try pair.source.command("EXISTS", "list") == .integer(1))
    #expect(try pair.migrate("list", "9", "5000", "REPLACE") == .simple("OK"))
    let keys = fillings.map { $0[1] }
    #expect(
      try pair.source.command(["MIGRATE", "127.0.0.1", pair.port, "", "9", "5000", "KEYS"] + keys) == .simple("OK"))
    for key in keys where key != "string" { #expect(try digest(pair.target, key) == digests[key], "\(key)") }
    #expect(try pair.source.command("DBSIZE") == .integer(0))
    #expect(try pair.target.command("DBSIZE") == .integer(keys.count))
    #expect(try pair.target.command("TTL", "list") == .integer(-1))
    #expect(try pair.migrate("list", "9", "5000") == .simple("NOKEY"))
  }

  @Test(arguments: 0..<3) func keysThatAreThereAlreadyStay(_ number: Int) throws {
    let pair = try Pair(Self.pairs[number].source, Self.pairs[number].target)
    try pair.source.command(["MSET"] + ["a", "b", "c", "d", "e"].flatMap { [$0, "new"] })
    try pair.target.command("MSET", "b", "old", "d", "old")
    let refusal = Reply.error("ERR Target instance replied with error: BUSYKEY Target key name already exists.")
    #expect(try pair.migrate("", "9", "5000", "KEYS", "a", "b", "none", "c", "d", "e") == refusal)
    #expect(try pair.source.command("DBSIZE") == .integer(2))
    #expect(try pair.source.command("EXISTS", "b", "d") == .integer(2))
    #expect(
      try pair.target.command("MGET", "a", "b", "d") == .array(["new", "old", "old"].map { .bulk(Array($0.utf8)) }))
    #expect(try pair.migrate("", "9", "5000", "REPLACE", "KEYS", "b", "d") == .simple("OK"))
    #expect(try pair.target.command("GET", "b") == .bulk(Array("new".utf8)))
    #expect(try pair.source.command("DBSIZE") == .integer(0))
  }

  @Test(arguments: 0..<3) func passwordsAreAskedFor(_ number: Int) throws {
    let pair = try Pair(Self.pairs[number].source, Self.pairs[number].target)
    try pair.source.command("MSET", "a", "1", "b", "2", "c", "3")
    try pair.target.command("CONFIG", "SET", "requirepass", "secret")
    try pair.target.command("ACL", "SETUSER", "u", "on", ">word", "+@all", "~*")
    for (words, code) in [(["a", "9", "5000"], "NOAUTH"), (["a", "9", "5000", "AUTH", "wrong"], "WRONGPASS")] {
      guard case .error(let text) = try pair.source.command(["MIGRATE", "127.0.0.1", pair.port] + words) else {
        Issue.record("\(words)")
        continue
      }
      #expect(text.hasPrefix("ERR Target instance replied with error: \(code) "), "\(text)")
    }
    #expect(try pair.source.command("DBSIZE") == .integer(3))
    #expect(try pair.migrate("a", "9", "5000", "AUTH", "secret") == .simple("OK"))
    #expect(try pair.migrate("", "9", "5000", "AUTH2", "u", "word", "KEYS", "b", "c") == .simple("OK"))
    #expect(try pair.source.command("DBSIZE") == .integer(0))
    #expect(try pair.target.command("AUTH", "u", "word") == .simple("OK"))
    #expect(try pair.target.command("MGET", "a", "b", "c") == .array(["1", "2", "3"].map { .bulk(Array($0.utf8)) }))
  }

  /// The connection is kept, and made anew where the other server has ended it.
  @Test func theConnectionIsKept() throws {
    let pair = try Pair(.cambium, .redis)
    for key in ["a", "b", "c"] { try pair.source.command("SET", key, "v") }
    #expect(try pair.migrate("a", "9", "5000") == .simple("OK"))
    guard case .bulk(let info) = try pair.source.command("INFO", "stats") else { return }
    #expect(String(decoding: info, as: UTF8.self).contains("migrate_cached_sockets:1\r\n"))
    #expect(try pair.migrate("b", "9", "5000") == .simple("OK"))
    try pair.target.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    #expect(try pair.migrate("c", "9", "5000") == .simple("OK"))
    #expect(try pair.target.command("DBSIZE") == .integer(3))
  }

  @Test(arguments: [64, 30_000_000]) func aServerThatHangsLosesNothing(byteCount: Int) throws {
    let pair = try Pair(.cambium, .redis)
    try pair.source.command("SET", "a", String(repeating: "x", count: byteCount))
    let digest = try digest(pair.source, "a")
    // What takes no memory to speak of must be sent as it is.
    try pair.source.command("CONFIG", "SET", "rdbcompression", "no")
    pair.servers[1].halt()
    let reply = try pair.migrate("a", "9", "300")
    pair.servers[1].signal(SIGCONT)
    #expect(reply == .error("IOERR error or timeout \(byteCount < 1000 ? "reading" : "writing") to target instance"))
    #expect(try self.digest(pair.source, "a") == digest)
    #expect(try pair.migrate("a", "9", "20000", "REPLACE") == .simple("OK"))
    #expect(try self.digest(pair.target, "a") == digest)
    #expect(try pair.source.command("DBSIZE") == .integer(0))
  }

  @Test func errorsEqualThoseOfRedis() throws {
    let clients = try [ServerProcess.Program.cambium, .redis].map {
      try ServerProcess($0, directives: Self.directives).connect(timeoutMilliseconds: 20_000)
    }
    let free = try ServerProcess.freePort()
    let calls: [[String]] = [
      ["k", "0"], ["k", "0", "x"], ["k", "x", "500"], ["k", "0", "500", "NOPE"], ["k", "0", "500", "AUTH"],
      ["k", "0", "500", "AUTH2", "a"], ["k", "0", "500", "KEYS", "a"], ["", "0", "500", "KEYS"], ["", "0", "500"],
      ["", "0", "500", "KEYS", "none"], ["none", "0", "500"], ["k", "0", "500"], ["k", "0", "500", "COPY", "REPLACE"],
      ["", "0", "500", "KEYS", "k", "none"], ["k", "0", "99999999999999999999"], ["none", "0", "-1", "COPY", "COPY"],
    ]
    for client in clients { try client.command("SET", "k", "v") }
    for call in calls {
      let replies = try clients.map { try $0.command(["MIGRATE", "127.0.0.1", "\(free)"] + call) }
      #expect(replies[0] == replies[1], "\(call)")
    }
    for host in [
      ["no such host", "1"], ["127.0.0.1", "x"], ["", "1"], ["127.0.0.1", "-1"], ["127.0.0.1", "99999999"],
    ] {
      let replies = try clients.map { try $0.command(["MIGRATE"] + host + ["k", "0", "500"]) }
      #expect(replies[0] == replies[1], "\(host)")
    }
    for client in clients { #expect(try client.command("GET", "k") == .bulk(Array("v".utf8))) }
  }

  @Test func keysAreFoundAsByRedis() throws {
    let clients = try [ServerProcess.Program.cambium, .redis].map {
      try ServerProcess($0, directives: Self.directives).connect()
    }
    let start = ["MIGRATE", "h", "1"]
    let calls: [[String]] = [
      ["k", "0", "1"], ["k", "0", "1", "KEYS", "a"], ["", "0", "1", "KEYS", "a", "b"], ["", "0", "1"],
      ["", "0", "1", "AUTH", "KEYS", "KEYS", "a"], ["", "0", "1", "AUTH2", "KEYS", "KEYS", "keys", "a"],
      ["", "0", "1", "COPY", "REPLACE", "KEYS"], ["k", "0", "1", "AUTH"], ["k", "0", "1", "what", "keys", "x"],
    ]
    for client in clients { try client.command("ACL", "SETUSER", "u", "+@all", "%R~r*", "%W~w*", "%RW~k*") }
    for call in calls {
      for question in [["COMMAND", "GETKEYS"], ["COMMAND", "GETKEYSANDFLAGS"], ["ACL", "DRYRUN", "u"]] {
        let replies = try clients.map { "\(try $0.command(question + start + call))" }
        // Flags are a set, in whatever order.
        if question[1] == "GETKEYSANDFLAGS" {
          #expect(replies[0].sorted() == replies[1].sorted(), "\(call)")
        } else {
          #expect(replies[0] == replies[1], "\(question) \(call)")
        }
      }
    }
  }

  @Test func passwordsAreNotLogged() throws {
    let clients = try [ServerProcess.Program.cambium, .redis].map {
      try ServerProcess($0, directives: Self.directives).connect()
    }
    let logs = try clients.map { client in
      try client.command("CONFIG", "SET", "slowlog-log-slower-than", "0")
      try client.command("SLOWLOG", "RESET")
      for call in [[], ["AUTH", "x"], ["AUTH2", "u", "x"], ["COPY", "auth", "x", "auth2", "AUTH", "y"]] {
        try client.command(["MIGRATE", "h", "1", "none", "0", "1"] + call)
      }
      try client.command("MIGRATE", "h", "1", "", "0", "1", "AUTH", "x", "KEYS", "auth", "key")
      try client.command("CONFIG", "SET", "slowlog-log-slower-than", "-1")
      guard case .array(let entries) = try client.command("SLOWLOG", "GET") else { return [Reply]() }
      return entries.map { if case .array(let parts) = $0 { parts[3] } else { $0 } }
    }
    #expect(logs[0] == logs[1] && logs[0].count == 6)
  }
}
