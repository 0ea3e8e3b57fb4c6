import Engine
import RESP
import Replication
import Testing
import VersionedStore

/// The serving side: roles, commits, the primary's commands.
@Suite struct ControllerTests {
  private static func replica() throws -> ReplicaHarness {
    let harness = ReplicaHarness()
    #expect(try harness.run("SET", "old", "kept") == .simple("OK"))
    #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    return harness
  }

  @Test func aFullSyncReplacesTheDatasetAndKeepsTheFormer() throws {
    let harness = try Self.replica()
    #expect(try harness.run("GET", "old") == .bulk("kept"))
    #expect(try harness.commit(["new": "1"], database: 3) == nil)
    #expect(try harness.run("MGET", "old", "new") == .array([.null, .bulk("1")]))
    // The stream begins where the snapshot says.
    #expect(harness.execute([["SET", "a", "1"], ["SELECT", "0"], ["SET", "b", "2"]], upTo: 1100) == nil)
    #expect(try harness.run("MGET", "a", "b") == .array([.null, .bulk("2")]))
    #expect(try harness.field("slave_repl_offset") == "1100")
    #expect(try harness.field("master_replid") == ScriptedLink.id.description)
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(try harness.field("second_repl_offset") == "1101")
    #expect(try harness.field("master_replid2") == ScriptedLink.id.description)
    #expect(try harness.field("master_replid") != ScriptedLink.id.description)
    #expect(try harness.run("VERSION", "ROLLBACK", "before-replicaof-1") == .integer(2))
    #expect(try harness.run("GET", "old") == .bulk("kept"))
  }

  @Test func aLinkThatWasStoppedGoesUnheard() throws {
    let harness = try Self.replica()
    let staged = try harness.staged(["new": "1"])
    let stopped = harness.link
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(stopped.isStopped)
    let request = CommitRequest(
      position: ReplicaHarness.position(1), streamDatabase: 0, keyCount: 1, mustNotReplaceKeys: false)
    #expect(harness.controller.commit(staged, request, from: stopped, atMilliseconds: 0) != nil)
    #expect(harness.execute([["SET", "new", "1"]], upTo: 2) == nil)
    #expect(try harness.run("MGET", "old", "new") == .array([.bulk("kept"), .null]))
    #expect(try harness.run("VERSION", "LIST") == .array([]))
  }

  @Test func aDiskThatCannotBeWrittenToKeepsNoCommandOfThePrimaryOut() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"]) == nil)
    harness.engine.persistence.writeRefusal = "MISCONF no"
    for number in 0..<3 { #expect(harness.execute([["SET", "a", "\(number)"]]) == nil) }
    let line = "Replica is applying a command even though it is unable to write to disk."
    #expect(harness.log.count { $0 == line } == 1)
    harness.cron(afterMilliseconds: 10_001)
    #expect(harness.execute([["SET", "a", "3"]]) == nil)
    #expect(harness.log.count { $0 == line } == 2)
    #expect(try harness.run("GET", "a") == .bulk("3"))
  }

  @Test func anEmptyDatasetDoesNotReplaceKeys() throws {
    let harness = try Self.replica()
    #expect(try harness.commit([:]) == .emptyDataset)
    #expect(try harness.run("DBSIZE") == .integer(1))
    let empty = ReplicaHarness()
    #expect(try empty.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    #expect(try empty.commit([:]) == nil)
  }

  @Test func aStreamInADatabaseThatIsNotThereIsRefused() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"], database: 16) == .databaseOutOfRange(16))
    #expect(try harness.run("GET", "old") == .bulk("kept"))
  }

  @Test func anOlderStateOfTheSameHistoryIsNotKept() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"], at: 1000) == nil)
    #expect(harness.execute([["SET", "new", "2"]], upTo: 1100) == nil)
    #expect(try harness.commit(["new": "3"], at: 2000) == nil)
    #expect(versionCount(harness) == 1)
    // A history that has gone back is another one, and what a client wrote is nobody's older state.
    #expect(try harness.commit(["new": "4"], at: 1500) == nil)
    #expect(versionCount(harness) == 2)
    harness.engine.settings.replicaReadOnly = false
    #expect(try harness.run("SET", "own", "1") == .simple("OK"))
    #expect(harness.execute([["SET", "new", "5"]], upTo: 1600) == nil)
    #expect(try harness.commit(["new": "6"], at: 2500) == nil)
    #expect(versionCount(harness) == 3)
  }

  /// A command that failed is not held against the state that it failed on: it is still nothing but the primary's.
  @Test func theStateThatAStreamFailedOnIsNotKept() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["text": "abc"], at: 1000) == nil)
    let before = versionCount(harness)
    for round in 1...3 {
      let offset = Int64(round) * 1000
      #expect(harness.execute([["SET", "a", "1"], ["INCR", "text"]], upTo: offset + 100) != nil)
      #expect(try harness.commit(["text": "abc"], at: offset + 1000) == nil)
      #expect(versionCount(harness) == before)
    }
    // Another history is another matter, and so is what a client has written behind the failure.
    #expect(harness.execute([["INCR", "text"]], upTo: 4100) != nil)
    let other = ReplicationPosition(
      id: try #require(ReplicationID(String(repeating: "o", count: 40))), offset: ReplicationOffset(rawValue: 9000))
    #expect(try harness.commit(["text": "abc"], position: other) == nil)
    #expect(versionCount(harness) == before + 1)
    #expect(harness.execute([["INCR", "text"]], upTo: 9100) != nil)
    harness.engine.settings.replicaReadOnly = false
    #expect(try harness.run("SET", "own", "1") == .simple("OK"))
    let later = ReplicationPosition(id: other.id, offset: ReplicationOffset(rawValue: 9900))
    #expect(try harness.commit(["text": "abc"], position: later) == nil)
    #expect(versionCount(harness) == before + 2)
  }

  /// What was taken back is no write of the replica's own.
  @Test func aTransactionThatWasTakenBackIsNoChange() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["text": "abc"], at: 1000) == nil)
    let before = versionCount(harness)
    harness.engine.settings.transactionRollback = true
    #expect(try harness.run("MULTI") == .simple("OK"))
    #expect(try harness.run("LLEN", "text") == .simple("QUEUED"))
    let error = "WRONGTYPE Operation against a key holding the wrong kind of value"
    #expect(try harness.run("EXEC") == .error("EXECABORT Transaction rolled back because of command 1: \(error)"))
    #expect(try harness.commit(["text": "abc"], at: 2000) == nil)
    #expect(versionCount(harness) == before)
  }

  /// A primary of the same history that is empty has been emptied, by its clients.
  @Test func anEmptyStateOfTheSameHistoryIsTaken() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"], at: 1000) == nil)
    let other = ReplicationPosition(
      id: try #require(ReplicationID(String(repeating: "o", count: 40))), offset: ReplicationOffset(rawValue: 9000))
    #expect(try harness.commit([:], position: other) == .emptyDataset)
    #expect(try harness.commit([:], at: 2000) == nil)
    #expect(try harness.run("DBSIZE") == .integer(0))
  }

  /// Who promotes the replica that has come furthest must not take one that has nothing.
  @Test func aReplicaThatHasGivenUpItsDatasetHasComeNowhere() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"], at: 1000) == nil)
    #expect(try harness.field("slave_repl_offset") == "1000")
    harness.engine.settings.replicaStagingPolicy = .dropOld
    harness.controller.giveUpLiveDataset(for: harness.link)
    #expect(try harness.run("DBSIZE") == .integer(0))
    #expect(try harness.field("slave_repl_offset") == "0")
    #expect(try harness.field("master_repl_offset") == "0")
    #expect(try harness.commit(["new": "2"], at: 2000) == nil)
    #expect(try harness.field("slave_repl_offset") == "2000")
  }

  private func versionCount(_ harness: ReplicaHarness) -> Int { harness.engine.keyspace.history.versions.count }

  @Test func aCommandThatFailsStopsTheStream() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["text": "abc"]) == nil)
    let error = harness.execute([["SET", "a", "1"], ["INCR", "text"], ["SET", "b", "1"]], upTo: 1100)
    #expect(error == .commandFailed(name: "incr", reply: "ERR value is not an integer or out of range"))
    #expect(harness.execute([["SET", "c", "1"]], upTo: 1200) == .datasetReplaced)
    #expect(try harness.run("MGET", "text", "a", "b", "c") == .array([.bulk("abc"), .bulk("1"), .null, .null]))
    // Nor does it go on by a partial resync.
    #expect(harness.controller.resume(ReplicaHarness.position(1100), from: harness.link) == .datasetReplaced)
    #expect(try harness.commit(["text": "new"]) == nil)
    #expect(harness.execute([["SET", "c", "1"]], upTo: 1200) == nil)
    #expect(try harness.run("MGET", "text", "c") == .array([.bulk("new"), .bulk("1")]))
  }

  @Test func clientKillBreaksTheConnectionAndLosesNothing() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"], database: 2) == nil)
    #expect(try harness.run("CLIENT", "KILL", "TYPE", "master") == .integer(1))
    let error = harness.execute([["SET", "a", "1"]], upTo: 1100)
    #expect(error == .lostInStream(reason: "killed by a client"))
    #expect(harness.execute([["SET", "b", "1"]], upTo: 1200) == nil)
    #expect(harness.controller.resume(ReplicaHarness.position(1200), from: harness.link) == nil)
    #expect(try harness.run("SELECT", "2") == .simple("OK"))
    #expect(try harness.run("MGET", "a", "b") == .array([.bulk("1"), .bulk("1")]))
  }

  @Test func theNextPrimaryMayGoOnFromTheSamePosition() throws {
    let harness = try Self.replica()
    #expect(try harness.commit(["new": "1"]) == nil)
    #expect(harness.execute([["SET", "a", "1"]], upTo: 1100) == nil)
    #expect(try harness.run("REPLICAOF", "other", "6380") == .simple("OK"))
    #expect(harness.link.position == ReplicaHarness.position(1100))
    let renamed = ReplicationPosition(
      id: try #require(ReplicationID(String(repeating: "n", count: 40))), offset: ReplicationOffset(rawValue: 1100))
    #expect(harness.controller.resume(renamed, from: harness.link) == nil)
    #expect(try harness.field("master_replid") == renamed.id.description)
    #expect(try harness.field("master_replid2") == ScriptedLink.id.description)
    #expect(try harness.field("second_repl_offset") == "1101")
    #expect(harness.execute([["SET", "a", "2"]], upTo: 1200) == nil)
    #expect(try harness.run("GET", "a") == .bulk("2"))
    // A primary has a history of its own, which a replica of it may go on from.
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    let own = try #require(ReplicationID(try harness.field("master_replid") ?? ""))
    #expect(try harness.run("REPLICAOF", "other", "6380") == .simple("OK"))
    #expect(harness.link.position == ReplicationPosition(id: own, offset: ReplicationOffset(rawValue: 1200)))
  }

  @Test func theConfigurationReachesARunningLink() throws {
    let harness = try Self.replica()
    harness.engine.settings.masterauth = Array("secret".utf8)
    harness.engine.settings.maxmemory = 1 << 30
    harness.controller.cron()
    #expect(harness.link.lastUpdate?.settings.password == Array("secret".utf8))
    #expect((harness.link.lastUpdate?.room.besideLive).map { $0 < 1 << 30 } == true)
    #expect(harness.link.lastUpdate?.room.insteadOfLive == nil)
    harness.engine.settings.replicaStagingPolicy = .dropOld
    harness.controller.cron()
    #expect(harness.link.lastUpdate?.room.insteadOfLive == 1 << 30)
  }

  @Test func rolesAndRefusals() throws {
    let harness = ReplicaHarness()
    #expect(try harness.run("ROLE") == .array([.bulk("master"), .integer(0), .array([])]))
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(try harness.run("REPLICAOF", "primary", "x") == .error("ERR Invalid master port"))
    #expect(try harness.run("REPLICAOF", "primary", "65536") == .error("ERR Invalid master port"))
    #expect(try harness.run("REPLICAOF", "primary", "1", "maybe") == .error("ERR syntax error"))
    #expect(harness.links.isEmpty)
    #expect(try harness.run("slaveof", "primary", "1") == .simple("OK"))
    #expect(try harness.run("SLAVEOF", "PRIMARY", "1") == .simple("OK Already connected to specified master"))
    #expect(harness.links.count == 1)
    #expect(
      try harness.run("ROLE")
        == .array([.bulk("slave"), .bulk("primary"), .integer(1), .bulk("none"), .integer(-1)]))
    #expect(
      try harness.run("SET", "a", "1") == .error("READONLY You can't write against a read only replica."))
  }

  @Test func verifyWaitsForWhatTheProbeFinds() throws {
    let harness = ReplicaHarness()
    harness.ask("REPLICAOF", "primary", "1", "VERIFY")
    #expect(try harness.reply() == nil)
    #expect(harness.link.plan.settings.purpose == .probe)
    harness.controller.report(.failed(.handshakeTimeout), from: harness.link)
    #expect(try harness.reply() == .error("ERR nothing was changed: Timeout connecting to the MASTER..."))
    #expect(try harness.field("role") == "master")

    harness.ask("REPLICAOF", "primary", "1", "VERIFY")
    var findings = PrimaryFindings()
    findings.isSelf = true
    harness.controller.report(.reached(findings), from: harness.link)
    #expect(
      try harness.reply()
        == .error("ERR nothing was changed: MASTER is this server itself, a server can't replicate from itself"))
    #expect(try harness.field("role") == "master")

    harness.ask("REPLICAOF", "primary", "1", "verify")
    let probe = harness.link
    harness.controller.report(.reached(PrimaryFindings()), from: probe)
    #expect(try harness.reply() == .simple("OK"))
    #expect(try harness.field("role") == "slave")
    #expect(harness.link !== probe)
    #expect(harness.link.plan.settings.purpose == .replicate)
    // Nobody waits for this any more.
    harness.controller.report(.failed(.isSelf), from: probe)
    #expect(try harness.reply() == nil)
  }

  @Test func dryRunTellsWhatThereIsAndChangesNothing() throws {
    let harness = ReplicaHarness()
    harness.ask("REPLICAOF", "primary", "1", "DRYRUN")
    var findings = PrimaryFindings()
    findings.runID = "run"
    findings.replicationID = "id"
    findings.offset = 7
    findings.role = "slave"
    findings.keyCount = 3
    findings.isLinkUp = false
    harness.controller.report(.reached(findings), from: harness.link)
    #expect(
      try harness.reply()
        == .array([
          .bulk("run-id"), .bulk("run"), .bulk("replication-id"), .bulk("id"), .bulk("offset"), .integer(7),
          .bulk("role"), .bulk("slave"), .bulk("keys"), .integer(3), .bulk("is-self"), .integer(0),
          .bulk("obstacle"),
          .bulk(
            "Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK it is a replica without a primary"
          ),
        ]))
    #expect(try harness.field("role") == "master")
  }
}
