import Foundation
import RESP
import TestSupport
import Testing

/// Redis as primary in its usual settings, and the ways in which people set replicas up.
@Suite struct ReplicationFromRedisTests {
  /// Keys of each encoding that a snapshot has for strings.
  private static let dataset: [[String]] = [
    ["MSET", "number", "-12345", "small", "7", "large", "9223372036854775807", "text", "text", "empty", ""],
    ["SET", "compressible", String(repeating: "abc", count: 5000)],
    ["SET", "expiring", "1", "PXAT", "33000000000000"],
    ["SELECT", "9"],
    ["SET", String(repeating: "long key ", count: 100), "value"],
  ]

  private func fill(_ server: ServerProcess) throws {
    let client = try server.connect()
    for command in Self.dataset { try client.command(command) }
  }

  private func waitForLink(_ server: ServerProcess, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let client = try server.connect()
    let isUp = try ServerProcess.wait(milliseconds: 20_000) {
      try client.command("INFO", "replication").text?.contains("master_link_status:up") == true
    }
    #expect(isUp, "\(server.log.text)", sourceLocation: sourceLocation)
  }

  private func expectDataset(_ primary: ServerProcess, _ replica: ServerProcess) throws {
    let both = Differential(reference: try primary.connect(), subject: try replica.connect())
    try both.check("DBSIZE")
    try both.check("MGET", "number", "small", "large", "text", "empty", "compressible", "expiring")
    try both.check("PEXPIRETIME", "expiring")
    for key in ["number", "small", "large", "text", "empty", "compressible"] {
      try both.check("OBJECT", "ENCODING", key)
    }
    try both.check("SELECT", "9")
    try both.check("DBSIZE")
    try both.check("GET", String(repeating: "long key ", count: 100))
  }

  @Test(arguments: [
    ["repl-diskless-sync yes"], ["repl-diskless-sync no"], ["repl-diskless-sync no", "rdbcompression no"],
    ["repl-diskless-sync no", "rdbchecksum no"], ["repl-diskless-sync yes", "maxmemory-policy allkeys-lfu"],
    ["repl-diskless-sync yes", "maxmemory-policy allkeys-lru"],
  ]) func settingsOfThePrimary(directives: [String]) throws {
    let primary = try ServerProcess(.redis, directives: directives + ["repl-diskless-sync-delay 0"])
    try fill(primary)
    let replica = try ServerProcess(.cambium)
    #expect(try replica.connect().command("REPLICAOF", "localhost", "\(primary.port)") == .simple("OK"))
    try waitForLink(replica)
    try expectDataset(primary, replica)
  }

  /// The limit is for clients: the primary may have another one.
  @Test func stringsLongerThanOurClientsMaySend() throws {
    let primary = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0"])
    let client = try primary.connect()
    let long = String(repeating: "x", count: 3 << 20)
    try client.command("SET", "before", long)
    try client.command("SET", "payload", long)
    guard case .bulk(let payload) = try client.command("DUMP", "payload") else {
      Issue.record("no payload")
      return
    }
    let replica = try ServerProcess(.cambium, directives: ["proto-max-bulk-len 1mb"])
    let reader = try replica.connect()
    #expect(try reader.command("REPLICAOF", "localhost", "\(primary.port)") == .simple("OK"))
    try waitForLink(replica)
    try client.command("SET", "after", long)
    try client.command(["RESTORE", "restored", "0"].map { Array($0.utf8) } + [payload])
    try client.command("SET", "last", "1")
    #expect(try ServerProcess.wait(milliseconds: 10_000) { try reader.command("GET", "last") == .bulk("1") })
    for key in ["before", "after", "restored"] {
      #expect(try reader.command("STRLEN", key) == .integer(3 << 20), "\(replica.log.text)")
    }
  }

  @Test func aUserThatMayOnlyReplicate() throws {
    let primary = try ServerProcess(
      .redis,
      directives: ["repl-diskless-sync-delay 0", "user replica on >secret +psync +replconf +ping", "user default off"])
    let replica = try ServerProcess(
      .cambium, directives: ["masteruser replica", "masterauth secret", "replicaof 127.0.0.1 \(primary.port)"])
    try waitForLink(replica)
    let roles = try replica.connect().command("ROLE")
    guard case .array(let role) = roles else {
      Issue.record("\(roles)")
      return
    }
    #expect(role[3] == .bulk("connected"))
  }

  @Test func theConfigurationFileKnowsThePrimary() throws {
    let primary = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0"])
    try fill(primary)
    let replica = try ServerProcess(.cambium)
    let client = try replica.connect()
    #expect(try client.command("REPLICAOF", "127.0.0.1", "\(primary.port)") == .simple("OK"))
    #expect(
      try client.command("CONFIG", "GET", "replicaof")
        == .array([.bulk("replicaof"), .bulk("127.0.0.1 \(primary.port)")]))
    #expect(try client.command("CONFIG", "REWRITE") == .simple("OK"))
    #expect(replica.stop())
    try replica.restart()
    try waitForLink(replica)
    try expectDataset(primary, replica)
    let again = try replica.connect()
    #expect(try again.command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(try again.command("CONFIG", "REWRITE") == .simple("OK"))
    let file = String(decoding: try replica.contents(of: "server.conf"), as: UTF8.self)
    #expect(!file.contains("replicaof"))
  }

  /// A replica of Redis is promoted, and the rest of the history goes on from there without another full sync.
  @Test func failoverToAnotherReplica() throws {
    let first = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0", "repl-ping-replica-period 1"])
    try fill(first)
    let second = try ServerProcess(
      .redis, directives: ["repl-diskless-sync-delay 0", "replicaof 127.0.0.1 \(first.port)"])
    let replica = try ServerProcess(.cambium, directives: ["replicaof 127.0.0.1 \(first.port)"])
    try waitForLink(second)
    try waitForLink(replica)
    let writer = try first.connect(timeoutMilliseconds: 20_000)
    for index in 0..<100 { try writer.command("SET", "counter", "\(index)") }
    #expect(try writer.command("WAIT", "2", "10000") == .integer(2))
    first.kill9()

    let promoted = try second.connect(timeoutMilliseconds: 20_000)
    #expect(try promoted.command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    try promoted.command("INCR", "counter")
    #expect(try replica.connect().command("REPLICAOF", "127.0.0.1", "\(second.port)") == .simple("OK"))
    try waitForLink(replica)
    #expect(try promoted.command("WAIT", "1", "10000") == .integer(1))
    #expect(try replica.connect().command("GET", "counter") == .bulk("100"))
    try expectDataset(second, replica)
    #expect(replica.log.text.contains("Successful partial resynchronization with master."))
    #expect(replica.log.text.contains("Master replication ID changed to "))
  }
}
