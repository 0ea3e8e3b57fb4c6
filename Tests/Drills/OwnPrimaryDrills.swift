import Foundation
import Glibc
import RESP
import TestSupport
import Testing

/// Ours at both ends: links that break, servers that end and come back, keys of every type and encoding.
@Suite(.tags(.drill), .serialized) struct OwnPrimaryDrills {
  private static let directives = [
    "repl-diskless-sync-delay 0", "repl-ping-replica-period 3600", "enable-debug-command yes",
  ]
  /// Commands for so many keys: all kinds, and all sizes of most.
  private static let keyCount = 4400

  private func start(_ program: ServerProcess.Program = .cambium, _ more: [String] = []) throws -> ServerProcess {
    try ServerProcess(program, directives: Self.directives + more)
  }

  private func write(_ client: Client, _ range: Range<Int> = 0..<keyCount, each: (Int) throws -> Void = { _ in }) throws
  {
    for index in range {
      for reply in try client.pipeline(AllTypesDrills.commands(index)) {
        if case .error(let text) = reply { Issue.record("\(index): \(text)") }
      }
      try each(index)
    }
  }

  private func field(_ name: String, _ server: ServerProcess, _ section: String = "replication") throws -> String {
    try server.connect().information(section)[name] ?? ""
  }

  private func follow(
    _ primary: ServerProcess, _ replica: ServerProcess, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try replica.connect().command("REPLICAOF", "127.0.0.1", "\(primary.port)")
    try expectEqual(primary, replica, sourceLocation: sourceLocation)
  }

  /// Waits until the replica is where the primary is, and compares what they hold.
  private func expectEqual(
    _ primary: ServerProcess, _ replica: ServerProcess, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let isThere = try ServerProcess.wait(milliseconds: 60_000) {
      guard try field("master_link_status", replica) == "up" else { return false }
      return try field("master_repl_offset", primary) == field("master_repl_offset", replica)
    }
    let logs = isThere ? "" : "\(primary.log.text.suffix(3000))\n---\n\(replica.log.text.suffix(3000))"
    try #require(isThere, "\(logs)", sourceLocation: sourceLocation)
    let digests = try [primary, replica].map { try $0.connect(timeoutMilliseconds: 60_000).command("DEBUG", "DIGEST") }
    #expect(digests[0] == digests[1], sourceLocation: sourceLocation)
    #expect(
      try primary.connect().command("DBSIZE") == replica.connect().command("DBSIZE"), sourceLocation: sourceLocation)
  }

  /// The stream is cut again and again while keys of all types are written; nothing has to be sent twice.
  @Test func theStreamIsCutAgainAndAgain() throws {
    let primary = try start(.cambium, ["repl-backlog-size 16mb"])
    let replicas = [try start(), try start(.redis)]
    let client = try primary.connect(timeoutMilliseconds: 30_000)
    try write(client, 0..<400)
    for replica in replicas { try follow(primary, replica) }
    try write(client, 400..<Self.keyCount) { index in
      guard index % 400 == 399 else { return }
      // Both have come back from the last time.
      #expect(
        try ServerProcess.wait(milliseconds: 20_000) { try field("connected_slaves", primary) == "\(replicas.count)" })
      try client.command("CLIENT", "KILL", "TYPE", "replica")
    }
    for replica in replicas { try expectEqual(primary, replica) }
    #expect(try field("sync_full", primary, "stats") == "2")
    let count = try #require(Int(try field("sync_partial_ok", primary, "stats")))
    #expect(count >= 10 * replicas.count)
  }

  /// A replica does not come to execute anything for longer than `repl-timeout`, and more is written than the backlog holds. It
  /// goes on with what waits for it, on the connection that it has.
  @Test func aReplicaThatIsBusyKeepsItsLink() throws {
    let primary = try start(.cambium, ["repl-ping-replica-period 1"])
    let replica = try start(.cambium, ["repl-timeout 2"])
    try follow(primary, replica)
    let client = try primary.connect(timeoutMilliseconds: 30_000)
    let sleeper = try replica.connect(timeoutMilliseconds: 30_000)
    try sleeper.sendCommand(["DEBUG", "SLEEP", "5"].map { Array($0.utf8) })
    for index in 0..<50 { try client.command("SET", "big:\(index)", String(repeating: "v", count: 100_000)) }
    #expect(try sleeper.readReply() == .simple("OK"))
    try expectEqual(primary, replica)
    #expect(try field("sync_full", primary, "stats") == "1")
  }

  /// The primary is killed in the midst of a full sync: the replica keeps what it had, and takes what the primary has when
  /// that has come back.
  @Test func thePrimaryIsKilledInTheMidstOfASync() throws {
    let primary = try start(.cambium, ["save 3600 1"])
    let client = try primary.connect(timeoutMilliseconds: 60_000)
    try write(client)
    try client.command("SAVE")
    try client.command("CONFIG", "SET", "rdb-key-save-delay", "500")
    let drill = try Drill(["enable-debug-command yes"])
    try drill.replicate(port: primary.port)
    try drill.wait(for: "staging_keys_read") { Int($0).map { $0 > 300 } == true }
    primary.kill9()
    try drill.waitForError("I/O error trying to sync with MASTER: ")
    #expect(drill.old.missing(drill.operatorClient).isEmpty)
    #expect(try drill.operatorClient.command("VERSION", "LIST") == .array([]))
    try primary.restart()
    try expectEqual(primary, drill.server)
    // The former dataset can be had back.
    try drill.operatorClient.command("REPLICAOF", "NO", "ONE")
    #expect(try drill.operatorClient.command("VERSION", "ROLLBACK", "before-replicaof-1") == .integer(2))
    #expect(drill.old.missing(drill.operatorClient).isEmpty)
  }

  /// A replica is killed in the midst of a full sync: the primary gives up what it kept for that, and others are served.
  @Test func aReplicaIsKilledInTheMidstOfASync() throws {
    let primary = try start()
    let client = try primary.connect(timeoutMilliseconds: 60_000)
    try write(client)
    try client.command("CONFIG", "SET", "rdb-key-save-delay", "500")
    for round in 0..<3 {
      let replica = try start()
      try replica.connect().command("REPLICAOF", "127.0.0.1", "\(primary.port)")
      #expect(
        try ServerProcess.wait(milliseconds: 20_000) {
          try Int(field("staging_keys_read", replica)).map { $0 > 100 } == true
        })
      try write(client, Self.keyCount + round * 50..<Self.keyCount + round * 50 + 50)
      replica.kill9()
      #expect(try ServerProcess.wait(milliseconds: 20_000) { try field("connected_slaves", primary) == "0" })
    }
    try client.command("CONFIG", "SET", "rdb-key-save-delay", "0")
    try follow(primary, start())
    #expect(try client.command("VERSION", "LIST") == .array([]))
  }

  /// A replica is told to follow another primary in the midst of a full sync, and again in the midst of the next one.
  @Test func anotherPrimaryInTheMidstOfASync() throws {
    let primaries = try [start(), start(), start()]
    for (number, primary) in primaries.enumerated() {
      let client = try primary.connect(timeoutMilliseconds: 60_000)
      try write(client, 0..<2200)
      try client.command("SET", "which", "\(number)")
      if number < 2 { try client.command("CONFIG", "SET", "rdb-key-save-delay", "1000") }
    }
    let drill = try Drill(["enable-debug-command yes"])
    for primary in primaries.prefix(2) {
      try drill.replicate(port: primary.port)
      try drill.wait(for: "staging_keys_read") { Int($0).map { $0 > 50 } == true }
      #expect(drill.old.missing(drill.operatorClient).isEmpty)
    }
    try drill.replicate(port: primaries[2].port)
    try expectEqual(primaries[2], drill.server)
    #expect(try drill.operatorClient.command("GET", "which") == .bulk("2"))
    #expect(
      try drill.operatorClient.command("VERSION", "ROLLBACK", "before-replicaof-1")
        == .error("READONLY You can't write against a read only replica."))
    try drill.operatorClient.command("REPLICAOF", "NO", "ONE")
    #expect(try drill.operatorClient.command("VERSION", "ROLLBACK", "before-replicaof-1") == .integer(2))
    #expect(drill.old.missing(drill.operatorClient).isEmpty)
  }

  /// Both ends are stopped and come back with their files: each time the stream goes on where it was.
  @Test func bothEndsComeBackWithTheirFiles() throws {
    let primary = try start(.cambium, ["save 3600 1"])
    let replica = try start(.cambium, ["save 3600 1", "replicaof 127.0.0.1 \(primary.port)"])
    let client = try primary.connect(timeoutMilliseconds: 60_000)
    try write(client, 0..<2200)
    try expectEqual(primary, replica)

    // What is saved and read back is what it was.
    #expect(
      try replica.connect(timeoutMilliseconds: 60_000).command("DEBUG", "RELOAD") == .simple("OK"))
    try client.command("SELECT", "7")
    try client.command("SET", "seven", "1")
    try expectEqual(primary, replica)
    #expect(replica.stop())
    try client.command("INCR", "seven")  // no SELECT goes before it in the stream
    try write(client, 2200..<2300)
    try replica.restart()
    try expectEqual(primary, replica)
    #expect(try field("sync_full", primary, "stats") == "1")
    #expect(try field("sync_partial_ok", primary, "stats") == "1")
    let reader = try replica.connect()
    try reader.command("SELECT", "7")
    #expect(try reader.command("GET", "seven") == .bulk("2"))

    let id = try field("master_replid", primary)
    #expect(primary.stop())
    try primary.restart()
    try expectEqual(primary, replica)
    #expect(try field("master_replid2", primary) == id)
    #expect(try field("sync_full", primary, "stats") == "0")
    #expect(try field("sync_partial_ok", primary, "stats") == "1")
    try write(try primary.connect(timeoutMilliseconds: 60_000), 2300..<2400)
    try expectEqual(primary, replica)
  }

  /// A replica is promoted; its sibling, the former primary and a replica below go on from there without a full sync.
  @Test func aReplicaIsPromoted() throws {
    let first = try start()
    let client = try first.connect(timeoutMilliseconds: 60_000)
    try write(client, 0..<1000)
    let (second, third, below) = (try start(), try start(), try start())
    for replica in [second, third] { try follow(first, replica) }
    try follow(second, below)
    try write(client, 1000..<1100)
    for replica in [second, third, below] { try expectEqual(first, replica) }
    let history = try field("master_replid", first)

    #expect(try second.connect().command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    try write(second.connect(timeoutMilliseconds: 60_000), 1100..<1200)
    try follow(second, third)
    try follow(second, first)
    try expectEqual(second, below)
    #expect(try field("master_replid2", second) == history)
    for replica in [first, third, below] {
      #expect(try field("master_replid", replica) == field("master_replid", second))
      #expect(replica.log.text.contains("Successful partial resynchronization with master."), "\(replica.log.text)")
    }
    #expect(try field("sync_full", second, "stats") == "1")
    #expect(try field("sync_partial_ok", second, "stats") == "3")
    // Nothing was exchanged, so nothing had to be kept.
    #expect(try first.connect().command("VERSION", "LIST") == .array([]))
  }

  /// What a primary wrote that nobody else got is not lost when it becomes a replica of the one that was promoted.
  @Test func whatOnlyAFormerPrimaryHadIsKeptBesideTheNewDataset() throws {
    let first = try start()
    let client = try first.connect(timeoutMilliseconds: 60_000)
    try write(client, 0..<200)
    let second = try start()
    try follow(first, second)
    #expect(try second.connect().command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    try client.command("SET", "only here", "1")
    try client.command("CLIENT", "KILL", "TYPE", "replica")
    try write(second.connect(timeoutMilliseconds: 60_000), 200..<300)
    try client.command("SET", "here alone", "2")
    try follow(second, first)
    #expect(try client.command("EXISTS", "only here", "here alone") == .integer(0))
    let line = first.log.text.split(separator: "\n").last { $0.contains("is kept for 3600 seconds as version") }
    let version = try #require(line?.split(separator: " ").last.map(String.init), "\(first.log.text)")
    #expect(version.hasPrefix("before-replicaof-"))
    #expect(try client.command("VERSION", "READ", version, "GET", "only here") == .bulk("1"))
    #expect(try client.command("VERSION", "READ", version, "GET", "here alone") == .bulk("2"))
  }
}
