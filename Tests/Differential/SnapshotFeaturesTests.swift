import Foundation
import RESP
import TestSupport
import Testing

/// What a file carries beside keys and values, what slows saving and loading down, and what INFO says of both.
@Suite struct SnapshotFeaturesTests {
  private static let directives = ["save ''", "enable-debug-command yes"]

  private func info(_ client: Client, _ name: String, section: String = "persistence") throws -> String {
    try client.information(section)[name] ?? ""
  }

  // MARK: Function libraries

  private static let libraries = ["one", "two"].map {
    "#!lua name=\($0)\nredis.register_function('f\($0)', function() return '\($0)' end)"
  }

  private func primaryWithLibraries() throws -> ServerProcess {
    let redis = try ServerProcess(.redis, directives: Self.directives + ["repl-diskless-sync-delay 0"])
    let client = try redis.connect()
    for library in Self.libraries { try client.command("FUNCTION", "LOAD", library) }
    try client.command("SET", "key", "of redis")
    return redis
  }

  /// Redis lists them in no order.
  private func libraries(_ client: Client) throws -> [String] {
    guard case .array(let libraries) = try client.command("FUNCTION", "LIST", "WITHCODE") else { return [] }
    return libraries.map { "\($0)" }.sorted()
  }

  private func libraryCount(in file: [UInt8]) -> Int {
    Self.libraries.count { file.firstRange(of: Array($0.utf8)) != nil }
  }

  @Test func functionLibrariesOfAFileAreSavedAgain() throws {
    let redis = try primaryWithLibraries()
    let client = try redis.connect()
    let expected = try libraries(client)
    #expect(expected.count == 2)
    try client.command("SAVE")
    let ours = try ServerProcess(.cambium, directives: Self.directives, directory: redis.directory)
    #expect(ours.log.text.contains("2 function libraries are kept with the dataset"))
    let subject = try ours.connect()
    #expect(try subject.command("GET", "key") == .bulk("of redis"))
    // An empty dataset has them as well.
    #expect(try subject.command("FLUSHALL") == .simple("OK"))
    #expect(try subject.command("DEBUG", "RELOAD") == .simple("OK"))
    #expect(try subject.command("SAVE") == .simple("OK"))
    let again = try ServerProcess(.redis, directives: Self.directives, directory: redis.directory)
    let reader = try again.connect()
    #expect(try libraries(reader) == expected)
    #expect(try reader.command("FCALL", "ftwo", "0") == .bulk("two"))
    #expect(try reader.command("DBSIZE") == .integer(0))
  }

  /// They come with a full sync, go with a rollback to the dataset from before, and come back with its undoing.
  @Test func functionLibrariesBelongToTheDatasetThatTheyCameWith() throws {
    let redis = try primaryWithLibraries()
    let ours = try ServerProcess(.cambium, directives: Self.directives + ["rdbcompression no"])
    let client = try ours.connect()
    try client.command("SET", "own", "1")
    func savedLibraries() throws -> Int {
      #expect(try client.command("SAVE") == .simple("OK"))
      return libraryCount(in: try ours.contents(of: "dump.rdb"))
    }
    #expect(try savedLibraries() == 0)
    try client.command("REPLICAOF", "127.0.0.1", "\(redis.port)")
    #expect(
      try ServerProcess.wait(milliseconds: 20_000) {
        try info(client, "master_link_status", section: "replication") == "up"
      })
    #expect(try savedLibraries() == 2)
    #expect(try info(client, "rdb_last_load_keys_loaded") == "1")
    try client.command("REPLICAOF", "NO", "ONE")
    // Every save takes a number, too.
    #expect(try client.command("VERSION", "ROLLBACK", "before-replicaof-2") == .integer(4))
    #expect(try client.command("GET", "own") == .bulk("1"))
    #expect(try savedLibraries() == 0)
    #expect(try client.command("VERSION", "ROLLBACK", "4") == .integer(6))
    #expect(try savedLibraries() == 2)
    // A file that goes live brings its own, or none.
    let bare = try ServerProcess(.redis, directives: Self.directives)
    try bare.connect().command("SAVE")
    #expect(try client.command("VERSION", "LOAD", bare.path(of: "dump.rdb"), "COMMIT") == .integer(8))
    #expect(try savedLibraries() == 0)
  }

  // MARK: Fields that expire

  @Test func expiringFieldsAreSavedInANewerVersionIfThatIsAllowed() throws {
    let server = try ServerProcess(.cambium, directives: Self.directives)
    let client = try server.connect()
    try client.command("HSET", "plain", "f", "v")
    #expect(try client.command("SAVE") == .simple("OK"))
    #expect(try server.contents(of: "dump.rdb").starts(with: Array("REDIS0010".utf8)))
    for hash in ["small", "large"] {
      try client.command(["HSET", hash] + (0..<(hash == "small" ? 3 : 700)).flatMap { ["f\($0)", "v\($0)"] })
      try client.command("HPEXPIREAT", hash, "4000000000123", "FIELDS", "2", "f0", "f2")
    }
    let question = ["HPEXPIRETIME", "large", "FIELDS", "3", "f0", "f1", "f2"]
    let answer = try client.command(question)
    #expect(answer == .array([.integer(4_000_000_000_123), .integer(-1), .integer(4_000_000_000_123)]))
    #expect(try client.command("SAVE") == .simple("OK"))
    #expect(try server.contents(of: "dump.rdb").starts(with: Array("REDIS0012".utf8)))
    let digest = try client.command("DEBUG", "DIGEST")
    #expect(try client.command("DEBUG", "RELOAD") == .simple("OK"))
    #expect(try client.command("DEBUG", "DIGEST") == digest)
    #expect(try client.command(question) == answer)
    guard case .bulk(let payload) = try client.command("DUMP", "large") else {
      Issue.record("no payload")
      return
    }
    #expect(payload[payload.count - 10] == 12)
    #expect(try client.command(["RESTORE", "copy", "0"].map { Array($0.utf8) } + [payload]) == .simple("OK"))
    #expect(try client.command(["HPEXPIRETIME", "copy"] + question.dropFirst(2)) == answer)

    // Where only the old version will do, nothing is lost in silence.
    let file = try server.contents(of: "dump.rdb")
    #expect(try client.command("CONFIG", "SET", "rdb-newest-version", "10") == .simple("OK"))
    let reason = "needs RDB version 12, and rdb-newest-version allows 10"
    guard case .error(let dump) = try client.command("DUMP", "small"),
      case .error(let save) = try client.command("SAVE")
    else {
      Issue.record("the time to live of a field was lost")
      return
    }
    #expect(dump == "ERR can't dump: the value at 'small' \(reason)")
    #expect(
      ["small", "large", "copy"].contains { save == "ERR can't save: the value at '\($0)' \(reason)" }, "\(save)")
    #expect(try info(client, "rdb_last_bgsave_status") == "err")
    #expect(try server.contents(of: "dump.rdb") == file)
    try client.command("DEL", "small", "large", "copy")
    #expect(try client.command("SAVE") == .simple("OK"))
    #expect(try server.contents(of: "dump.rdb").starts(with: Array("REDIS0010".utf8)))
    #expect(try info(client, "rdb_last_bgsave_status") == "ok")
  }

  @Test func expiredFieldsAreGoneWithTheLoad() throws {
    let server = try ServerProcess(.cambium, directives: Self.directives)
    let client = try server.connect()
    try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    try client.command("HSET", "some", "f", "1", "g", "2")
    try client.command("HSET", "all", "f", "1")
    for hash in ["some", "all"] { try client.command("HPEXPIRE", hash, "1", "FIELDS", "1", "f") }
    try client.command("SET", "key", "v", "PX", "1")
    usleep(20_000)
    #expect(try client.command("SAVE") == .simple("OK"))
    server.kill9()
    try server.restart()
    let again = try server.connect()
    #expect(try again.command("HGETALL", "some") == .array([.bulk("g"), .bulk("2")]))
    #expect(try again.command("DBSIZE") == .integer(1))
    #expect(try info(again, "rdb_last_load_keys_loaded") == "1")
    #expect(try info(again, "rdb_last_load_keys_expired") == "2")
    #expect(server.log.text.contains("Done loading RDB, keys loaded: 1, keys expired: 2."))
  }

  // MARK: What INFO says of a load

  @Test(arguments: [true, false]) func keysLoadedAndExpiredAreCountedAsRedisDoes(asReplica: Bool) throws {
    let writer = try ServerProcess(.redis, directives: Self.directives)
    let client = try writer.connect()
    try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    for key in 0..<100 {
      try client.command("SELECT", "\(key % 16)")
      try client.command(key % 3 == 0 ? ["SET", "\(key)", "v", "PX", "1"] : ["RPUSH", "\(key)", "v"])
    }
    usleep(20_000)
    try client.command("SAVE")
    writer.kill9()
    let role = asReplica ? ["replicaof 127.0.0.1 1"] : []
    var counts: [[String]] = []
    for program in [ServerProcess.Program.redis, .cambium] {
      let reader = try ServerProcess(program, directives: Self.directives + role, directory: writer.directory)
      let client = try reader.connect()
      counts.append([
        try info(client, "rdb_last_load_keys_loaded"), try info(client, "rdb_last_load_keys_expired"),
        "\(try client.command("DBSIZE"))", try info(client, "loading"),
      ])
      reader.kill9()
    }
    #expect(counts[0] == counts[1])
    #expect(counts[0].prefix(2) == (asReplica ? ["100", "0"] : ["66", "34"]))
  }

  // MARK: Access clocks

  /// Idle times and frequencies go along under the policies that count them, both ways, and under no other.
  @Test(arguments: ["allkeys-lru", "volatile-lfu", "noeviction"], [true, false])
  func useOfKeysIsSavedAsThePolicyCountsIt(policy: String, toRedis: Bool) throws {
    let directives = Self.directives + ["maxmemory-policy \(policy)", "lfu-decay-time 0"]
    let writer = try ServerProcess(toRedis ? .cambium : .redis, directives: directives)
    let source = try writer.connect()
    try source.command("SET", "string", "v")
    try source.command("RPUSH", "list", "v")
    let isLFU = policy.hasSuffix("lfu")
    for key in ["string", "list"] {
      guard case .bulk(let payload) = try source.command("DUMP", key) else { continue }
      let hint = isLFU ? ["FREQ", "99"] : ["IDLETIME", "5000"]
      let request =
        ["RESTORE", key, "0"].map { Array($0.utf8) } + [payload] + (hint + ["REPLACE"]).map { Array($0.utf8) }
      #expect(try source.command(request) == .simple("OK"))
    }
    try source.command("SAVE")
    writer.kill9()
    let reader = try ServerProcess(toRedis ? .redis : .cambium, directives: directives, directory: writer.directory)
    let target = try reader.connect()
    for key in ["string", "list"] {
      let reply = try target.command("OBJECT", isLFU ? "FREQ" : "IDLETIME", key)
      guard case .integer(let count) = reply else {
        Issue.record("\(reply)")
        continue
      }
      switch policy {
      case "volatile-lfu": #expect(count == 99)
      case "allkeys-lru": #expect((5000..<5060).contains(count))
      default: #expect((0..<60).contains(count))
      }
    }
  }

  // MARK: Delays

  @Test func delaysAreHiddenDirectives() throws {
    let client = try ServerProcess(.cambium, directives: Self.directives).connect()
    for (name, value) in [("rdb-key-save-delay", "-50"), ("key-load-delay", "2147483647")] {
      #expect(try client.command("CONFIG", "SET", name, value) == .simple("OK"))
      #expect(try client.command("CONFIG", "GET", name) == .array([.bulk(name), .bulk(value)]))
      #expect(try client.command("CONFIG", "GET", name + "*") == .array([]))
      guard case .error = try client.command("CONFIG", "SET", name, "2147483648") else {
        Issue.record("\(name) takes too much")
        return
      }
    }
  }

  @Test func savingCanBeSlowedDown() throws {
    let server = try ServerProcess(.cambium, directives: Self.directives + ["rdb-key-save-delay 10000000"])
    let client = try server.connect()
    for key in 0..<10 { try client.command("SET", "\(key)", "v") }
    #expect(try client.command("BGSAVE") == .simple("Background saving started"))
    #expect(try info(client, "rdb_bgsave_in_progress") == "1")
    #expect(try info(client, "current_save_keys_total") == "10")
    #expect(
      try ServerProcess.wait(milliseconds: 5000) { try info(client, "current_save_keys_processed") == "1" })
    #expect(try info(client, "current_fork_perc") == "10.00")
    // It does not keep the server from ending.
    try client.sendCommand([Array("SHUTDOWN".utf8), Array("NOSAVE".utf8)])
    #expect(server.waitForExit(milliseconds: 8000))
  }

  @Test func loadingCanBeSlowedDownAndHurriedUp() throws {
    let redis = try ServerProcess(.redis, directives: Self.directives + ["repl-diskless-sync-delay 0"])
    let writer = try redis.connect()
    try writer.command("DEBUG", "POPULATE", "200", "key", "100")
    try writer.command("SAVE")
    // Of a replica that stages.
    let replica = try ServerProcess(.cambium, directives: Self.directives + ["key-load-delay 1000000"])
    let client = try replica.connect()
    try client.command("REPLICAOF", "127.0.0.1", "\(redis.port)")
    func stagedKeys() throws -> Int { Int(try info(client, "staging_keys_read", section: "replication")) ?? 0 }
    #expect(try ServerProcess.wait(milliseconds: 20_000) { try stagedKeys() > 0 })
    usleep(300_000)
    #expect(try (1..<200).contains(stagedKeys()))
    #expect(try client.command("DBSIZE") == .integer(0))
    #expect(try client.command("CONFIG", "SET", "key-load-delay", "0") == .simple("OK"))
    #expect(try ServerProcess.wait(milliseconds: 20_000) { try client.command("DBSIZE") == .integer(200) })
    // Of a file.
    try client.command("REPLICAOF", "NO", "ONE")
    try client.command("CONFIG", "SET", "key-load-delay", "1000000")
    let loader = try replica.connect(timeoutMilliseconds: 20_000)
    try loader.sendCommand(["VERSION", "LOAD", redis.path(of: "dump.rdb")].map { Array($0.utf8) })
    usleep(100_000)
    #expect(try client.command("VERSION", "LIST") == .array([]))
    #expect(try client.command("CONFIG", "SET", "key-load-delay", "0") == .simple("OK"))
    guard case .integer = try loader.readReply() else {
      Issue.record("the file was not loaded")
      return
    }
  }

  @Test func clientsAreToldWhileAFileIsLoaded() throws {
    let redis = try ServerProcess(.redis, directives: Self.directives)
    try redis.connect().command("DEBUG", "POPULATE", "300", "key", "100")
    try redis.connect().command("SAVE")
    let ours = try ServerProcess(.cambium, directives: Self.directives + ["key-load-delay 3000"])
    ours.kill9()
    try Data(redis.contents(of: "dump.rdb")).write(to: ours.directory.appendingPathComponent("dump.rdb"))
    // The start waits for the end of the load, so the look is taken from another thread.
    let (port, looks) = (ours.port, Looks())
    let thread = Thread {
      while !looks.isOver {
        usleep(5000)
        guard let client = try? Client(port: port), let reply = try? client.command("INFO", "persistence"),
          case .bulk(let text) = reply
        else { continue }
        var fields: [String: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
          let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
          if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        looks.add(fields)
      }
    }
    thread.start()
    try ours.restart()
    looks.end()
    #expect(try ours.connect().command("DBSIZE") == .integer(300))
    let seen = looks.all.filter { $0["loading"] == "1" }
    #expect(!seen.isEmpty)
    #expect(seen.contains { (Int($0["loading_loaded_bytes"] ?? "") ?? 0) > 0 })
    #expect(seen.allSatisfy { $0["loading_total_bytes"] == seen.first?["loading_total_bytes"] })
  }
}

/// What a thread has seen.
private final class Looks: @unchecked Sendable {
  private let lock = NSLock()
  private var seen: [[String: String]] = []
  private var hasEnded = false

  var all: [[String: String]] { lock.withLock { seen } }
  var isOver: Bool { lock.withLock { hasEnded } }
  func add(_ look: [String: String]) { lock.withLock { seen.append(look) } }
  func end() { lock.withLock { hasEnded = true } }
}
