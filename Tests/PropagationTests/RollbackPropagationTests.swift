import Engine
import RESP
import TestSupport
import Testing

/// A rollback is told as the difference: whoever follows, with whatever it took from there on, has the same dataset.
@Suite(.serialized) struct RollbackPropagationTests {
  /// A primary, a redis-server that follows it, and an engine that does.
  private final class Tree {
    let primary = PropagationHarness()
    let replica = PropagationHarness()
    let redis: Client
    private let link: Session
    private(set) var told: [ToldCommand] = []
    /// Redis 7.0 knows nothing of fields that expire.
    let hasFieldExpiry: Bool

    init(hasFieldExpiry: Bool = false) throws {
      self.hasFieldExpiry = hasFieldExpiry
      redis = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"]).connect(
        timeoutMilliseconds: 20_000)
      try redis.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
      link = replica.openPrimary()
      primary.listen()
      if hasFieldExpiry { pass(milliseconds: 1_700_000_000_000) }
    }

    /// Lets time pass. What is due on the primary is done, and nothing is on the replica.
    func pass(milliseconds: Int64) {
      for harness in [primary, replica] {
        harness.clock = (harness.clock ?? 0) + milliseconds
        harness.cron()
      }
    }

    /// Has both do what the primary has told, and compares.
    func follow() throws {
      let bytes = primary.takeReplicaBytes()
      told = try ToldCommand.all(in: bytes)
      replica.send(bytes, from: link)
      if let failure = link.failure {
        throw Witnesses.Difference(description: "the replica has failed: \(failure.line)")
      }
      let expected = try primary.digest
      guard try replica.digest == expected else {
        throw Witnesses.Difference(
          description: "the replica has diverged:\n\(replica.differences(from: primary))\nafter\n\(told.suffix(40))")
      }
      if hasFieldExpiry {
        for database in 0..<16 where try fields(primary, database) != fields(replica, database) {
          throw Witnesses.Difference(description: "fields of database \(database) expire at other times")
        }
      } else {
        // A client, other than a primary, cannot tell a redis-server of a key that has expired already.
        try primary.meetAllKeys()
        let rest = primary.takeReplicaBytes()
        replica.send(rest, from: link)
        let follower = try Follower.apply(bytes + rest, to: redis)
        guard try follower.digest == primary.digest else {
          let differences = try primary.differences(from: redis)
          throw Witnesses.Difference(description: "redis has diverged:\n\(differences)\nafter\n\(told.suffix(40))")
        }
        try follower.expect(follower.digest)
      }
      guard try libraries(primary) == libraries(replica) else {
        throw Witnesses.Difference(description: "the libraries of functions are others")
      }
    }

    private func libraries(_ harness: PropagationHarness) throws -> [Reply] {
      (try harness.run("FUNCTION", "LIST", "WITHCODE")?.elements ?? []).sorted { "\($0)" < "\($1)" }
    }

    private func fields(_ harness: PropagationHarness, _ database: Int) throws -> [Reply?] {
      let session = harness.open()
      defer { harness.engine.peerClosed(session) }
      session.database = database
      return try ["h0", "h1", "h2", "big hash"].map { key in
        let names = try harness.run("HKEYS", key, from: session)?.elements.compactMap(\.bytes) ?? []
        let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
        guard !sorted.isEmpty else { return nil }
        let words = ["HPEXPIRETIME", key, "FIELDS", "\(sorted.count)"].map { Array($0.utf8) }
        return try harness.run(words + sorted, from: session)
      }
    }
  }

  @Test func `a few members of a large value are told by themselves`() throws {
    let tree = try Tree()
    let primary = tree.primary
    for (name, arguments) in [("HSET", 2), ("SADD", 1), ("ZADD", 2)] {
      for first in stride(from: 0, to: 1000, by: 100) {
        let items = (first..<first + 100).flatMap { number in
          name == "ZADD" ? ["\(number).5", "m\(number)"] : arguments == 2 ? ["m\(number)", "v"] : ["m\(number)"]
        }
        try primary.run(([name, "large \(name)"] + items).map { Array($0.utf8) })
      }
      try primary.run("PEXPIREAT", "large \(name)", "9999999999999")
    }
    try primary.run("VERSION", "CREATE", "before")
    try primary.run("HDEL", "large HSET", "m1", "m2")
    try primary.run("HSET", "large HSET", "m3", "other", "more", "1")
    try primary.run("SREM", "large SADD", "m1", "m2")
    try primary.run("SADD", "large SADD", "more")
    try primary.run("ZREM", "large ZADD", "m1")
    try primary.run("ZADD", "large ZADD", "inf", "m2", "-1e-7", "m3", "1", "more")
    try primary.run("PERSIST", "large ZADD")
    try tree.follow()
    try primary.run("VERSION", "ROLLBACK", "before")
    try tree.follow()
    let names = tree.told.map(\.name)
    #expect(names.first == "MULTI" && names.last == "EXEC")
    #expect(
      names.dropFirst().dropLast().sorted() == ["HDEL", "HSET", "PEXPIREAT", "SADD", "SREM", "ZADD", "ZREM"],
      "\(tree.told)")
  }

  @Test func `libraries, expiries and whole databases go back too`() throws {
    let tree = try Tree()
    let primary = tree.primary
    func library(_ name: String, _ function: String) -> String {
      "#!lua name=\(name)\nredis.register_function('\(function)', function() return 1 end)"
    }
    try primary.run("FUNCTION", "LOAD", library("one", "f"))
    try primary.run("SET", "a", "1", "PXAT", "9999999999999")
    try primary.run("SET", "b", "1")
    try primary.run("RPUSH", "l", "1", "2", "3")
    try primary.run("VERSION", "CREATE", "before")
    try primary.run("FUNCTION", "DELETE", "one")
    try primary.run("FUNCTION", "LOAD", library("two", "f"))
    try primary.run("PERSIST", "a")
    try primary.run("PEXPIREAT", "b", "9999999999998")
    try primary.run("SELECT", "7")
    try primary.run("MSET", "x", "1", "y", "2")
    try tree.follow()
    try primary.run("VERSION", "ROLLBACK", "before")
    try tree.follow()
    #expect(
      Set(tree.told.map(\.name)) == [
        "MULTI", "SELECT", "PEXPIREAT", "PERSIST", "FLUSHDB", "FUNCTION", "EXEC",
      ], "\(tree.told)")
    #expect(tree.told.map(\.description).contains("PEXPIREAT a 9999999999999"))
    #expect(tree.told.count { $0.name == "FUNCTION" } == 2)
  }

  /// A replica that is sent more at once than it may leave unread is dropped in any case, and all of it would lie in memory
  /// until then.
  @Test func `a difference that is too long is not told`() throws {
    let settings = Settings()
    settings.outputLimits.replica = .init(hard: 1 << 20, soft: 0, softSeconds: 0)
    settings.replBacklogSize = 16 << 10
    let harness = PropagationHarness(settings: settings)
    harness.listen()
    var replacements = 0
    harness.engine.datasetReplacements.append { replacements += 1 }
    var generator = SeededGenerator()
    func write(_ count: Int) throws {
      for key in 0..<count {
        let value = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try harness.run([Array("SET".utf8), Array("k\(key)".utf8), value])
      }
    }
    /// What is told of a way back from an empty dataset.
    func fallBack(to name: String, in transaction: Bool = false) throws -> Int {
      let digest = try harness.digest
      try harness.run("VERSION", "CREATE", name)
      try harness.run("FLUSHALL")
      try harness.run("SET", "only", "1")
      _ = harness.takeReplicaBytes()
      if transaction { try harness.run("MULTI", "ROLLBACK") }
      try harness.run("VERSION", "ROLLBACK", name)
      if transaction { try harness.run("EXEC") }
      #expect(try harness.digest == digest)
      return harness.takeReplicaBytes().count
    }
    try write(50)
    #expect(try fallBack(to: "short") > 500_000)
    #expect(replacements == 0)
    try write(1000)
    #expect(try fallBack(to: "long") == 0)
    #expect(replacements == 1)
    // What comes behind it is told as ever.
    try harness.run("SET", "only", "2")
    #expect(!harness.takeReplicaBytes().isEmpty)
    // Where all may still be taken back, nobody can begin anew.
    #expect(try fallBack(to: "undoable", in: true) > 5_000_000)
    #expect(replacements == 1)
  }

  @Test func `a rollback that changes nothing tells nothing`() throws {
    let tree = try Tree()
    try tree.primary.run("SET", "a", "1")
    try tree.primary.run("VERSION", "CREATE", "before")
    try tree.follow()
    try tree.primary.run("VERSION", "ROLLBACK", "before")
    try tree.follow()
    #expect(tree.told.isEmpty)
  }

  @Test func `a rollback that is taken back is not told`() throws {
    let tree = try Tree()
    for command in [
      ["SET", "a", "1"], ["VERSION", "CREATE", "before"], ["SET", "a", "2"], ["MULTI", "ROLLBACK"],
      ["VERSION", "ROLLBACK", "before"], ["INCR", "a", "b"],
    ] { try tree.primary.run(command.map { Array($0.utf8) }) }
    for command in [
      ["DISCARD"], ["MULTI", "ROLLBACK"], ["VERSION", "ROLLBACK", "before"], ["LPUSH", "a", "b"], ["EXEC"],
    ] {
      try tree.primary.run(command.map { Array($0.utf8) })
    }
    try tree.follow()
    #expect(try tree.primary.run("GET", "a") == .bulk(Array("2".utf8)))
    #expect(tree.told.map(\.description) == ["SELECT 0", "SET a 1", "SET a 2"])
  }

  @Test func `what was restored from a version is told as it is`() throws {
    let tree = try Tree()
    let primary = tree.primary
    for command in [
      ["SET", "a", "1", "PXAT", "9999999999999"], ["RPUSH", "l", "1", "2"], ["HSET", "h", "f", "v"],
      ["VERSION", "CREATE", "before"], ["FLUSHALL"], ["SADD", "a", "1"],
      ["VERSION", "RESTORE", "before", "a", "l", "h", "none"],
    ] { try primary.run(command.map { Array($0.utf8) }) }
    try tree.follow()
    #expect(tree.told.map(\.name).suffix(5) == ["MULTI", "RESTORE", "RESTORE", "RESTORE", "EXEC"])
  }

  /// Random histories, with versions and rollbacks in between, and with whatever a version brings back.
  @Test(arguments: [false, true]) func `followers go back with their primary`(_ hasFieldExpiry: Bool) throws {
    for round in 0..<3 {
      var mix = CommandMix(SeededGenerator(), .allFamilies)
      do {
        try runHistory(&mix, hasFieldExpiry: hasFieldExpiry)
      } catch let difference as Witnesses.Difference {
        Issue.record("\(mix.generator), round \(round): \(difference)")
        return
      }
    }
  }

  private func runHistory(_ mix: inout CommandMix, hasFieldExpiry: Bool) throws {
    let tree = try Tree(hasFieldExpiry: hasFieldExpiry)
    var versions: [String] = []
    for _ in 0..<60 {
      for _ in 0..<Int.random(in: 0...40, using: &mix.generator) {
        try tree.primary.run(mix.next().map(CommandMix.bytes))
        if mix.generator.oneIn(8) { try change(&mix, tree) }
        if hasFieldExpiry, mix.generator.oneIn(4) { try expireField(&mix, tree) }
      }
      if hasFieldExpiry, mix.generator.oneIn(2) { tree.pass(milliseconds: 700) }
      switch Int.random(in: 0..<6, using: &mix.generator) {
      case 0...1:
        if case .integer(let id)? = try tree.primary.run("VERSION", "CREATE") { versions.append("\(id)") }
      case 2...4 where !versions.isEmpty:
        let version = versions[Int.random(in: 0..<versions.count, using: &mix.generator)]
        if mix.generator.oneIn(3) {
          try tree.primary.run("VERSION", "RESTORE", version, "h0", "s1", "z2", "x0", "k1", "big hash")
        } else {
          try tree.primary.run("VERSION", "ROLLBACK", version)
        }
      default: break
      }
      try tree.follow()
    }
  }

  /// A change of a large value.
  private func change(_ mix: inout CommandMix, _ tree: Tree) throws {
    let first = Int.random(in: 0...400, using: &mix.generator)
    let numbers = first..<first + (mix.generator.oneIn(4) ? 200 : 3)
    let value = "\(Int.random(in: 0...9, using: &mix.generator))"
    let kinds: [[String]] = [
      ["HSET", "big hash"] + numbers.flatMap { ["m\($0)", value] }, ["HDEL", "big hash"] + numbers.map { "m\($0)" },
      ["SADD", "big set"] + numbers.map { "m\($0)" }, ["SREM", "big set"] + numbers.map { "m\($0)" },
      ["ZADD", "big zset"] + numbers.flatMap { [value, "m\($0)"] }, ["ZREM", "big zset"] + numbers.map { "m\($0)" },
      ["RPUSH", "big list"] + numbers.map { "m\($0)" }, ["SETRANGE", "big string", "\(first * 100)", value],
      ["PEXPIREAT", "big hash", "\(9_999_999_999_990 + first)"], ["PERSIST", "big hash"],
    ]
    try tree.primary.run(kinds[Int.random(in: 0..<kinds.count, using: &mix.generator)].map { Array($0.utf8) })
  }

  private func expireField(_ mix: inout CommandMix, _ tree: Tree) throws {
    let key = mix.generator.oneIn(2) ? "big hash" : "h\(Int.random(in: 0...2, using: &mix.generator))"
    let fields = (0..<3).map { _ in mix.generator.oneIn(2) ? "a" : "m\(Int.random(in: 0...400, using: &mix.generator))"
    }
    // Far away, soon, or over already.
    let time = mix.generator.oneIn(3) ? "1" : mix.generator.oneIn(2) ? "1000" : "3000000000000"
    let kinds: [[String]] = [
      ["HPEXPIRE", key, time, "FIELDS", "3"] + fields, ["HPEXPIRE", key, time, "NX", "FIELDS", "3"] + fields,
      ["HEXPIREAT", key, "1", "FIELDS", "3"] + fields, ["HPERSIST", key, "FIELDS", "3"] + fields,
      ["HGETEX", key, "PX", time, "FIELDS", "3"] + fields, ["HGETEX", key, "PERSIST", "FIELDS", "3"] + fields,
      ["HGETDEL", key, "FIELDS", "1", fields[0]],
      ["HSETEX", key, "FNX", "PX", time, "FIELDS", "2", fields[0], "1", fields[1], "2"],
      ["HSETEX", key, "KEEPTTL", "FIELDS", "2", fields[0], "1", fields[1], "2"],
      ["HSETEX", key, "FXX", "FIELDS", "1", fields[0], "5"],
      ["HSETEX", key, "PXAT", "1", "FIELDS", "1", fields[0], "5"],
      ["HINCRBY", key, fields[0], "1"], ["HINCRBYFLOAT", key, fields[0], "1.5"], ["HSETNX", key, fields[0], "1"],
      ["HDEL", key, fields[0]], ["COPY", key, "h1", "REPLACE"],
      ["SORT", "big list", "BY", "\(key.dropLast())*->a", "GET", "*->a", "STORE", "sorted"],
    ]
    try tree.primary.run(kinds[Int.random(in: 0..<kinds.count, using: &mix.generator)].map { Array($0.utf8) })
  }
}
