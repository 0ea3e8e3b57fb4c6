import Foundation
import Glibc
import RESP
import TestSupport
import Testing

/// This server as the primary of stock servers, of its own kind, and of what else asks for a snapshot.
@Suite(.serialized) struct PrimaryTests {
  private static let debug = "enable-debug-command yes"

  private func primary(_ directives: [String] = []) throws -> ServerProcess {
    try ServerProcess(.cambium, directives: [Self.debug, "repl-diskless-sync-delay 0"] + directives)
  }

  private func replica(
    _ program: ServerProcess.Program, of primary: ServerProcess, _ directives: [String] = []
  ) throws -> ServerProcess {
    try ServerProcess(
      program,
      directives: [Self.debug, "save \"\"", "repl-diskless-sync-delay 0", "replicaof 127.0.0.1 \(primary.port)"]
        + directives)
  }

  private func field(_ client: Client, _ name: String, _ section: String = "replication") throws -> String? {
    try client.information(section)[name]
  }

  private func number(_ client: Client, _ name: String, _ section: String = "replication") throws -> Int {
    Int(try field(client, name, section) ?? "") ?? -1
  }

  /// Waits until the replicas have all that the primary has, and compares.
  private func expectEqual(
    _ primary: ServerProcess, _ replicas: ServerProcess..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let client = try primary.connect(timeoutMilliseconds: 30_000)
    for replica in replicas {
      let reader = try replica.connect(timeoutMilliseconds: 30_000)
      let hasCome = try ServerProcess.wait(milliseconds: 30_000) {
        try field(reader, "master_link_status") == "up"
          && number(reader, "master_repl_offset") == number(client, "master_repl_offset")
      }
      #expect(hasCome, "\(replica.log.text)\n\(primary.log.text)", sourceLocation: sourceLocation)
      let digests = try [client, reader].map { try $0.command("DEBUG", "DIGEST") }
      #expect(digests[0] == digests[1], sourceLocation: sourceLocation)
    }
  }

  private func count(_ text: String, in server: ServerProcess) -> Int {
    server.log.lines.count { $0.contains(text) }
  }

  /// Values of every type and encoding, in two databases.
  private func fill(_ client: Client) throws {
    let long = String(repeating: "long ", count: 4000)
    for command in [
      ["SELECT", "0"], ["MSET", "n", "-12345", "text", "text", "empty", "", "long", long],
      ["SET", "expiring", "1", "PXAT", "33000000000000"], ["RPUSH", "list", "1", "b", "3"],
      ["SADD", "ints", "1", "2", "70000"], ["SADD", "set", "a", "b", "1"], ["HSET", "hash", "f", "1", "g", long],
      ["ZADD", "zset", "1", "a", "-2.5", "b", "inf", "c"], ["XADD", "stream", "5-1", "f", "v"],
      ["XADD", "stream", "6-1", "f", "w"], ["XGROUP", "CREATE", "stream", "group", "5-1"],
      ["XREADGROUP", "GROUP", "group", "one", "STREAMS", "stream", ">"], ["XDEL", "stream", "5-1"],
      ["PFADD", "log", "a", "b", "c"], ["SETBIT", "bits", "100000", "1"], ["GEOADD", "geo", "13.4", "52.5", "Berlin"],
    ] { try client.command(command) }
    for index in 0..<500 {
      try client.command("RPUSH", "long list", "\(index)", "element \(index)")
      try client.command("HSET", "large hash", "field \(index)", "\(index * 7)")
      try client.command("SADD", "large set", "member \(index)")
      try client.command("ZADD", "large zset", "\(Double(index) / 3)", "member \(index)")
    }
    try client.command("SELECT", "9")
    try client.command("SET", "elsewhere", "1")
    try client.command(
      "FUNCTION", "LOAD",
      "#!lua name=lib\nredis.register_function{function_name='f', callback=function() return 7 end, flags={'no-writes'}}"
    )
  }

  // MARK: Stock servers

  @Test(arguments: [["repl-diskless-sync yes"], ["repl-diskless-sync no"], ["rdbcompression no", "rdbchecksum no"]])
  func aStockReplica(directives: [String]) throws {
    let primary = try primary(directives)
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try fill(client)
    let replica = try replica(.redis, of: primary)
    try expectEqual(primary, replica)
    #expect(try replica.connect().command("FCALL_RO", "f", "0") == .integer(7))
    // The stream follows, in whatever database.
    try client.command("SELECT", "9")
    try client.command("APPEND", "elsewhere", "23")
    try client.command("SELECT", "3")
    for index in 0..<200 { try client.command("LPUSH", "queue", "\(index)") }
    try client.command("MULTI")
    try client.command("INCR", "counter")
    try client.command("LTRIM", "queue", "0", "99")
    try client.command("EXEC")
    try client.command("DEL", "nothing")
    try expectEqual(primary, replica)
    #expect(try field(client, "slave0")?.contains("port=\(replica.port),state=online") == true)
    guard case .array(let role) = try client.command("ROLE"), case .array(let list) = role[2],
      case .array(let entry)? = list.first
    else {
      Issue.record("ROLE shows no replica")
      return
    }
    #expect(entry[0] == .bulk("127.0.0.1") && entry[1] == .bulk("\(replica.port)"))
    #expect(try number(client, "sync_full", "stats") == 1)
  }

  @Test func aBrokenLinkGoesOn() throws {
    let primary = try primary()
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try fill(client)
    let replica = try replica(.redis, of: primary)
    try expectEqual(primary, replica)
    for round in 1...5 {
      #expect(try client.command("CLIENT", "KILL", "TYPE", "replica") == .integer(1))
      for index in 0..<50 { try client.command("SET", "round \(round)", "\(index)") }
      try expectEqual(primary, replica)
      #expect(try number(client, "sync_partial_ok", "stats") == round)
    }
    #expect(try number(client, "sync_full", "stats") == 1)
    // Beyond the backlog all of it is sent again.
    let reader = try replica.connect(timeoutMilliseconds: 20_000)
    #expect(try reader.command("REPLICAOF", "127.0.0.1", "1") == .simple("OK"))
    let value = String(repeating: "x", count: 100_000)
    for _ in 0..<30 { try client.command("SET", "much", value) }
    #expect(try reader.command("REPLICAOF", "127.0.0.1", "\(primary.port)") == .simple("OK"))
    try expectEqual(primary, replica)
    #expect(try number(client, "sync_full", "stats") == 2)
    #expect(try number(client, "sync_partial_err", "stats") == 1)
  }

  @Test func stockReplicasBelowAStockReplica() throws {
    let primary = try primary(["repl-ping-replica-period 1"])
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try fill(client)
    let middle = try replica(.redis, of: primary)
    let below = try replica(.redis, of: middle)
    try expectEqual(primary, middle, below)
    try client.command("SET", "a", "1")
    try expectEqual(primary, middle, below)
    // The one below goes on from its own history at the top, whose names it has learned.
    #expect(try below.connect().command("REPLICAOF", "127.0.0.1", "\(primary.port)") == .simple("OK"))
    try client.command("SET", "a", "2")
    try expectEqual(primary, middle, below)
    #expect(try number(client, "sync_partial_ok", "stats") == 1)
    #expect(try number(client, "connected_slaves") == 2)
  }

  @Test func thoseWhoAskTogetherShareASnapshot() throws {
    let primary = try primary(["rdbcompression no"])
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try fill(client)
    try client.command("DEBUG", "POPULATE", "20000", "key", "100")
    try client.command("CONFIG", "SET", "repl-diskless-sync-delay", "600", "repl-diskless-sync-max-replicas", "3")
    let replicas = try [.redis, .cambium, .redis].map { try replica($0, of: primary) }
    try expectEqual(primary, replicas[0], replicas[1], replicas[2])
    #expect(count("Background RDB transfer started by pid", in: primary) == 1)
    #expect(count("done reading from pipe, 3 replicas still up", in: primary) == 1)
    try client.command("CONFIG", "SET", "repl-diskless-sync-max-replicas", "1")
    let late = try replica(.redis, of: primary)
    try client.command("SET", "last", "1")
    try expectEqual(primary, replicas[0], replicas[1], replicas[2], late)
    #expect(count("Background RDB transfer started by pid", in: primary) == 2)
  }

  @Test func aSyncThatNobodyWantsAnyMoreIsGivenUp() throws {
    let primary = try primary(["rdb-key-save-delay 100000"])
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try client.command("DEBUG", "POPULATE", "1000")
    do {
      let replica = try replica(.redis, of: primary)
      #expect(primary.log.waitFor("Background RDB transfer started by pid"))
      #expect(try number(client, "rdb_bgsave_in_progress", "persistence") == 1)
      replica.kill9()
    }
    #expect(primary.log.waitFor("Diskless rdb transfer, last replica dropped, killing fork child."))
    #expect(
      try ServerProcess.wait(milliseconds: 10_000) {
        try number(client, "rdb_bgsave_in_progress", "persistence") == 0
      })
    #expect(try number(client, "connected_slaves") == 0)
  }

  // MARK: Slow ones

  @Test func aReplicaThatDoesNotReadIsDroppedAtItsLimit() throws {
    let primary = try primary(["client-output-buffer-limit replica 8mb 0 0", "repl-backlog-size 1mb"])
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    let reading = try replica(.redis, of: primary)
    try expectEqual(primary, reading)
    let stuck = try primary.connect()
    try stuck.sendCommand(["PSYNC", "?", "-1"].map { Array($0.utf8) })
    #expect(try ServerProcess.wait(milliseconds: 10_000) { try number(client, "connected_slaves") == 2 })
    #expect(try ServerProcess.wait(milliseconds: 10_000) { try field(client, "slave1")?.contains("online") == true })
    let value = String(repeating: "x", count: 500_000)
    var most = 0
    // What the kernel takes for it does not count.
    for _ in 0..<100 where try number(client, "connected_slaves") == 2 {
      try client.command("SET", "much", value)
      most = max(most, try number(client, "mem_total_replication_buffers", "memory"))
    }
    #expect(try number(client, "connected_slaves") == 1)
    #expect(most < 12 << 20)
    #expect(primary.log.text.contains("scheduled to be closed ASAP for overcoming of output buffer limits"))
    #expect(
      try ServerProcess.wait(milliseconds: 10_000) {
        try number(client, "mem_total_replication_buffers", "memory") < 2 << 20
      })
    try expectEqual(primary, reading)
  }

  /// A snapshot is made as fast as it is taken, and no faster.
  @Test func aSnapshotThatIsNotReadTakesNoMemory() throws {
    let primary = try primary(["rdbcompression no"])
    let client = try primary.connect(timeoutMilliseconds: 60_000)
    try client.command("DEBUG", "POPULATE", "100000", "key", "1000")
    let before = try number(client, "used_memory", "memory")
    let stuck = try primary.connect(timeoutMilliseconds: 60_000)
    try stuck.command("REPLCONF", "capa", "eof")
    try stuck.sendCommand(["PSYNC", "?", "-1"].map { Array($0.utf8) })
    #expect(primary.log.waitFor("Background RDB transfer started by pid"))
    for _ in 0..<200 {
      try client.command("SET", "written", "meanwhile")
      usleep(5000)
    }
    #expect(try number(client, "rdb_bgsave_in_progress", "persistence") == 1)
    #expect(try number(client, "used_memory", "memory") - before < 20 << 20)
    // When it is read, all of it comes.
    var (received, tail) = (0, [UInt8]())
    while received < 100_000_000 {
      let bytes = try stuck.readRaw(atMost: 1 << 20)
      guard !bytes.isEmpty else { break }
      received += bytes.count
      tail = (tail + bytes).suffix(100)
    }
    #expect(received >= 100_000_000)
    #expect(primary.log.waitFor("Streamed RDB transfer with replica", milliseconds: 20_000))
  }

  // MARK: Others

  @Test func ourOwnKind() throws {
    let primary = try primary()
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try fill(client)
    try client.command("HSET", "with time", "f", "1", "g", "2")
    try client.command("HEXPIRE", "with time", "10000", "FIELDS", "1", "f")
    let replica = try replica(.cambium, of: primary)
    try expectEqual(primary, replica)
    try client.command("SET", "a", "1")
    try expectEqual(primary, replica)
    #expect(try client.command("CLIENT", "KILL", "TYPE", "replica") == .integer(1))
    try client.command("SET", "a", "2")
    try expectEqual(primary, replica)
    #expect(try number(client, "sync_full", "stats") == 1)
    #expect(try number(client, "sync_partial_ok", "stats") == 1)
    // A stock server could not read the hash.
    let stock = try self.replica(.redis, of: primary)
    #expect(primary.log.waitFor("needs RDB version 12, and rdb-newest-version allows 10"))
    #expect(try stock.connect().command("DBSIZE") == .integer(0))
  }

  @Test func snapshotsByRedisCli() throws {
    let primary = try primary()
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try fill(client)
    let cli = ["/usr/bin/redis-cli", "-p", "\(primary.port)"]
    let file = primary.path(of: "fetched.rdb")
    let fetched = try Tool.run(cli + ["--rdb", file])
    #expect(fetched.exitCode == 0, "\(fetched.output)")
    let checked = try Tool.run(["/usr/bin/redis-check-rdb", file])
    #expect(checked.exitCode == 0 && checked.output.contains("RDB looks OK"), "\(checked.output)")
    let functions = primary.path(of: "functions.rdb")
    #expect(try Tool.run(cli + ["--functions-rdb", functions]).exitCode == 0)
    let size = try Data(contentsOf: URL(fileURLWithPath: functions)).count
    #expect(size < 400)
    // It logs the stream until it is ended.
    let seen = primary.path(of: "seen.txt")
    let follow = "timeout 20 redis-cli -p \(primary.port) --replica > '\(seen)' 2>&1 &"
    #expect(try Tool.run(["/bin/sh", "-c", follow]).exitCode == 0)
    let isSeen = try ServerProcess.wait(milliseconds: 10_000) {
      try client.command("INCR", "seen")
      return try String(contentsOfFile: seen, encoding: .utf8).lowercased().contains("\"incr\",\"seen\"")
    }
    #expect(isSeen)
  }

  /// A client that speaks SYNC of old is told the length.
  @Test func syncOfOld() throws {
    let primary = try primary()
    let client = try primary.connect(timeoutMilliseconds: 20_000)
    try client.command("DEBUG", "POPULATE", "5000")
    let old = try primary.connect(timeoutMilliseconds: 10_000)
    try old.send("SYNC\r\n")
    var bytes: [UInt8] = []
    func more() throws {
      let part = try old.readRaw()
      try #require(!part.isEmpty)
      bytes += part
    }
    while !bytes.contains(13) { try more() }
    let header = bytes.prefix { $0 != 13 }.drop { $0 == 10 }
    let length = try #require(Int(String(decoding: header.dropFirst(), as: UTF8.self)))
    bytes.removeFirst(bytes.firstIndex(of: 13)! + 2)
    while bytes.count < length { try more() }
    try client.command("SET", "behind", "1")
    let stream = Array("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$6\r\nbehind\r\n$1\r\n1\r\n".utf8)
    while bytes.count < length + stream.count { try more() }
    #expect(bytes.starts(with: Array("REDIS00".utf8)))
    #expect(Array(bytes.dropFirst(length)) == stream)
  }
}
