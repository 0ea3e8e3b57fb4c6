import Engine
import RESP
import Replication
import Testing
import VersionedStore

/// Histories and offsets: who may go on from where.
@Suite struct HistoryTests {
  private static func replica() throws -> ReplicaHarness {
    let harness = ReplicaHarness()
    #expect(try harness.run("SET", "old", "kept") == .simple("OK"))
    #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    #expect(try harness.commit(["new": "1"]) == nil)
    return harness
  }

  private func text(_ commands: [[String]]) -> [UInt8] { ReplicaHarness.text(commands) }

  @Test func theStreamIsHandedOnAsItCame() throws {
    let harness = try Self.replica()
    let further = try harness.addReplica()
    let commands = [["MULTI"], ["SET", "a", "1"], ["INCR", "a"], ["EXEC"], ["SELECT", "2"], ["SET", "b", "1"]]
    #expect(harness.execute(commands) == nil)
    #expect(harness.takeOutput(of: further) == text(commands))
    #expect(try harness.run("GET", "a") == .bulk("2"))
    #expect(try harness.run("SELECT", "2") == .simple("OK"))
    #expect(try harness.run("GET", "b") == .bulk("1"))
    // What is for the link alone is handed on all the same.
    let (ping, end) = (text([["PING"]]), harness.controller.offset)
    let part = StreamPart(bytes: ping, commands: [], end: ReplicationOffset(rawValue: end + 14))
    #expect(harness.controller.execute(part, from: harness.link) == nil)
    #expect(harness.takeOutput(of: further) == ping)
    #expect(harness.controller.offset == end + 14)
    #expect(try harness.field("slave_repl_offset") == "\(end + 14)")
  }

  @Test func aTransactionOfThePrimaryIsOneUnitOfTheLog() throws {
    let harness = try Self.replica()
    var journal: [UInt8] = []
    harness.engine.effects.journal.take = { journal += Array($0) }
    harness.engine.effects.journal.isOpen = true
    let commands = [["MULTI"], ["SET", "a", "1"], ["SET", "b", "2"], ["EXEC"], ["SET", "c", "3"]]
    #expect(harness.execute(commands, upTo: 1100) == nil)
    #expect(
      journal
        == text([
          ["SELECT", "0"], ["MULTI"], ["SET", "a", "1"], ["SET", "b", "2"], ["EXEC"], ["SET", "c", "3"],
        ]))
  }

  @Test func anErrorWithinATransactionEndsTheStreamAndTheHistory() throws {
    let harness = try Self.replica()
    let former = try #require(try harness.field("master_replid"))
    let further = try harness.addReplica()
    let commands = [
      ["MULTI"], ["SET", "text", "abc"], ["INCR", "text"], ["SET", "behind", "1"], ["EXEC"], ["SET", "b", "2"],
    ]
    #expect(
      harness.execute(commands, upTo: 1100)
        == .commandFailed(name: "incr", reply: "ERR value is not an integer or out of range"))
    #expect(try harness.run("MGET", "behind", "b") == .array([.null, .null]))
    #expect(harness.takeOutput(of: further) == [])
    #expect(harness.closed.contains(further.id))
    // Nobody may go on from what is neither the old state nor the new one.
    #expect(try harness.field("master_replid") != former)
    #expect(try harness.field("second_repl_offset") == "-1")
    #expect(try harness.run("REPLICAOF", "other", "1") == .simple("OK"))
    #expect(harness.link.position == nil)
  }

  @Test func whereClientsMayWriteTheStreamGoesOnBehindAnError() throws {
    let harness = try Self.replica()
    let further = try harness.addReplica()
    harness.engine.settings.replicaReadOnly = false
    #expect(try harness.run("SET", "number", "foo") == .simple("OK"))
    #expect(harness.execute([["INCRBY", "number", "1"], ["SET", "b", "2"]]) == nil)
    #expect(try harness.run("MGET", "number", "b") == .array([.bulk("foo"), .bulk("2")]))
    #expect(
      harness.log.contains(
        "== CRITICAL == This replica is sending an error to its master: 'ERR value is not an integer or out of range' after processing the command 'incrby'"
      ))
    // What clients write here is not told to further replicas.
    #expect(harness.takeOutput(of: further) == text([["INCRBY", "number", "1"], ["SET", "b", "2"]]))
  }

  @Test func messagesAndLibrariesComeInTheStream() throws {
    let harness = try Self.replica()
    #expect(harness.link.plan.settings.commands != StreamCommands(executing: []))
    harness.ask("SUBSCRIBE", "news")
    _ = try harness.reply()
    #expect(harness.execute([["PUBLISH", "news", "hello"]], upTo: 1100) == nil)
    #expect(try harness.reply() == .array([.bulk("message"), .bulk("news"), .bulk("hello")]))
  }

  @Test func whatFollowsAPromotionIsAHistoryOfItsOwn() throws {
    let harness = try Self.replica()
    #expect(harness.execute([["SET", "a", "1"]], upTo: 1100) == nil)
    let further = try harness.addReplica()
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    // Replicas of this server have to learn of the new ID.
    #expect(harness.closed.contains(further.id))
    #expect(try harness.field("master_repl_offset") == "1100")
    #expect(try harness.field("second_repl_offset") == "1101")
    #expect(
      harness.log.contains {
        $0.hasPrefix("Setting secondary replication ID to \(ScriptedLink.id), valid up to offset: 1101.")
      })
  }

  @Test func aPrimaryAsksForTheRoleByTheIDInAnyCase() throws {
    for (id, asked) in [("N", "n"), ("n", "N"), ("N", "N")] {
      let harness = ReplicaHarness()
      #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
      let position = ReplicationPosition(
        id: try #require(ReplicationID(String(repeating: id, count: 40))), offset: ReplicationOffset(rawValue: 1000))
      #expect(try harness.commit(["new": "1"], position: position) == nil)
      harness.send("PSYNC", String(repeating: asked, count: 40), "1001", "FAILOVER", from: harness.open())
      #expect(try harness.field("role") == "master")
    }
  }

  /// What a transaction has done before it changes the server's role is told as it is, since it cannot be taken back.
  @Test func theRoleChangesInNoTransactionThatMayBeTakenBack() throws {
    for isAsked in [true, false] {
      let harness = ReplicaHarness()
      harness.controller.feed.reset(0)
      harness.engine.settings.transactionRollback = !isAsked
      #expect(try harness.run("SET", "text", "abc") == .simple("OK"))
      let further = try harness.addReplica()
      #expect(try harness.run(["MULTI"] + (isAsked ? ["ROLLBACK"] : [])) == .simple("OK"))
      for command in [["SET", "a", "1"], ["REPLICAOF", "other", "1"], ["INCR", "text"]] {
        #expect(try harness.run(command) == .simple("QUEUED"))
      }
      let reply = try harness.run("EXEC")
      let stream = String(decoding: harness.takeOutput(of: further), as: UTF8.self)
      if isAsked {
        #expect(
          reply
            == .error(
              "EXECABORT Transaction rolled back because of command 2: ERR REPLICAOF cannot be taken back by a transaction that rolls back"
            ))
        #expect(try harness.field("role") == "master")
        #expect(!stream.contains("SET"))
        #expect(try harness.run("EXISTS", "a") == .integer(0))
      } else {
        #expect(
          reply
            == .array([
              .simple("OK"), .simple("OK"), .error("ERR value is not an integer or out of range"),
            ]))
        #expect(try harness.field("role") == "slave")
        #expect(stream.contains("SET"))
        #expect(try harness.run("GET", "a") == .bulk("1"))
      }
    }
  }

  @Test func anotherNameOfTheHistoryIsToldToFurtherReplicas() throws {
    let harness = try Self.replica()
    let further = try harness.addReplica()
    let renamed = ReplicationPosition(
      id: try #require(ReplicationID(String(repeating: "n", count: 40))), offset: ReplicationOffset(rawValue: 1000))
    harness.controller.streamEnded(from: harness.link)
    #expect(harness.controller.resume(ReplicaHarness.position(1000), from: harness.link) == nil)
    #expect(!harness.closed.contains(further.id))
    #expect(harness.controller.resume(renamed, from: harness.link) == nil)
    #expect(harness.closed.contains(further.id))
    // A full sync leaves nothing that they could go on from.
    let again = try harness.addReplica()
    #expect(try harness.commit(["new": "2"], at: 5000) == nil)
    #expect(harness.closed.contains(again.id))
    #expect(try harness.field("second_repl_offset") == "-1")
    #expect(try harness.field("repl_backlog_first_byte_offset") == "5001")
  }

  @Test func theStreamGoesOnInItsDatabase() throws {
    let harness = try Self.replica()
    #expect(harness.execute([["SELECT", "5"], ["SET", "a", "1"]], upTo: 1100) == nil)
    harness.controller.streamEnded(from: harness.link)
    #expect(harness.controller.resume(ReplicaHarness.position(1100), from: harness.link) == nil)
    #expect(harness.execute([["SET", "b", "1"]], upTo: 1200) == nil)
    #expect(try harness.run("SELECT", "5") == .simple("OK"))
    #expect(try harness.run("DBSIZE") == .integer(2))
    #expect(
      harness.engine.replicationOrigin()
        == ReplicationOrigin(id: ScriptedLink.id.description, offset: 1200, streamDatabase: 5))
  }

  @Test func aReplicaThatStartsWithAFileThatKnowsItsHistoryGoesOn() throws {
    let settings = Settings()
    settings.replicaOf = PrimaryAddress(host: "primary", port: 1)
    let harness = ReplicaHarness(settings)
    let origin = ReplicationOrigin(id: ScriptedLink.id.description, offset: 777, streamDatabase: 3)
    harness.controller.restore(origin, atMilliseconds: 1_700_000_000_000)
    harness.controller.start()
    #expect(harness.link.position == ReplicaHarness.position(777))
    #expect(harness.engine.replicationOrigin() == origin)
    #expect(harness.controller.resume(ReplicaHarness.position(777), from: harness.link) == nil)
    #expect(harness.execute([["SET", "a", "1"]], upTo: 800) == nil)
    #expect(try harness.run("SELECT", "3") == .simple("OK"))
    #expect(try harness.run("GET", "a") == .bulk("1"))
  }

  @Test(arguments: [
    ReplicationOrigin(id: "short", offset: 777, streamDatabase: 3),
    ReplicationOrigin(id: ScriptedLink.id.description, offset: -1, streamDatabase: 0),
    ReplicationOrigin(id: ScriptedLink.id.description, offset: .max, streamDatabase: 0),
    ReplicationOrigin(id: ScriptedLink.id.description, offset: 5, streamDatabase: 16), nil,
  ])
  func aReplicaThatKnowsNoHistoryAsksForEverything(origin: ReplicationOrigin?) throws {
    let settings = Settings()
    settings.replicaOf = PrimaryAddress(host: "primary", port: 1)
    let harness = ReplicaHarness(settings)
    if let origin { harness.controller.restore(origin, atMilliseconds: 1_700_000_000_000) }
    harness.controller.start()
    #expect(harness.link.position == nil)
    #expect(harness.engine.replicationOrigin() == nil)
  }

  @Test func aPrimaryThatStartsWithAFileTakesItsHistoryForTheFormerOne() throws {
    let harness = ReplicaHarness()
    harness.controller.restore(
      ReplicationOrigin(id: ScriptedLink.id.description, offset: 777, streamDatabase: 3),
      atMilliseconds: harness.milliseconds)
    harness.controller.start()
    #expect(harness.links.isEmpty)
    // Its replicas have as long to come back as if they had just left.
    harness.cron(afterMilliseconds: 3_600_000)
    #expect(try harness.field("repl_backlog_active") == "1")
    #expect(try harness.field("repl_backlog_first_byte_offset") == "778")
    #expect(try harness.field("master_replid2") == ScriptedLink.id.description)
    #expect(try harness.field("second_repl_offset") == "778")
    #expect(try harness.field("master_repl_offset") == "777")
    #expect(try harness.field("master_replid") != ScriptedLink.id.description)
    harness.cron(afterMilliseconds: 2_000)
    #expect(try harness.field("repl_backlog_active") == "0")
    #expect(try harness.field("master_replid2") != ScriptedLink.id.description)
  }

  @Test func aStateThatThePrimaryWentOnFromIsNotKept() throws {
    let harness = try Self.replica()
    #expect(harness.execute([["SET", "a", "1"]], upTo: 1100) == nil)
    let promoted = ReplicationPosition(
      id: try #require(ReplicationID(String(repeating: "p", count: 40))), offset: ReplicationOffset(rawValue: 3000))
    let before = harness.engine.keyspace.history.versions.count
    #expect(
      try harness.commit(["new": "2"], formerHistory: ReplicaHarness.position(1100), position: promoted) == nil)
    #expect(harness.engine.keyspace.history.versions.count == before)
    // It has not seen our last writes.
    #expect(harness.execute([["SET", "a", "1"]], upTo: 3100) == nil)
    let other = ReplicationPosition(
      id: try #require(ReplicationID(String(repeating: "q", count: 40))), offset: ReplicationOffset(rawValue: 9000))
    let former = ReplicationPosition(id: promoted.id, offset: ReplicationOffset(rawValue: 3099))
    #expect(try harness.commit(["new": "3"], formerHistory: former, position: other) == nil)
    #expect(harness.engine.keyspace.history.versions.count == before + 1)
  }

  @Test func writesOfClientsOfAReplicaAreKeptThoughItWasPromotedMeanwhile() throws {
    let harness = try Self.replica()
    harness.engine.settings.replicaReadOnly = false
    #expect(try harness.run("SET", "own", "1") == .simple("OK"))
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    let id = try #require(ReplicationID(try harness.field("master_replid") ?? ""))
    #expect(try harness.run("REPLICAOF", "promoted", "1") == .simple("OK"))
    let before = harness.engine.keyspace.history.versions.count
    let position = ReplicationPosition(id: id, offset: ReplicationOffset(rawValue: 2000))
    #expect(try harness.commit(["new": "2"], position: position) == nil)
    #expect(harness.engine.keyspace.history.versions.count == before + 1)
  }

  @Test func howLongAFormerDatasetIsKept() throws {
    for (setting, isKept) in [(RetainPrevious.no, false), (.yes, true), (.seconds(10), true)] {
      let harness = ReplicaHarness()
      harness.engine.settings.replicaRetainPrevious = setting
      #expect(try harness.run("SET", "old", "kept") == .simple("OK"))
      #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
      #expect(try harness.commit(["new": "1"]) == nil)
      #expect(harness.engine.keyspace.history.versions.isEmpty == !isKept)
      harness.cron(afterMilliseconds: 9_000)
      #expect(harness.engine.keyspace.history.versions.isEmpty == !isKept)
      harness.cron(afterMilliseconds: 2_000)
      #expect(harness.engine.keyspace.history.versions.isEmpty == (setting != .yes))
      #expect(
        harness.log.contains("Dropped version 1 (before-replicaof-1): replica-retain-previous has passed")
          == (setting == .seconds(10)))
    }
  }

  @Test func aFormerDatasetIsGivenUpWhenMemoryIsShort() throws {
    for leavesKeys in [true, false] {
      let harness = ReplicaHarness()
      #expect(try harness.run("SET", "old", String(repeating: "x", count: 1 << 20)) == .simple("OK"))
      #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
      #expect(try harness.commit(["new": "1"]) == nil)
      harness.engine.settings.replicaIgnoreMaxmemory = leavesKeys
      harness.engine.settings.maxmemoryPolicy = .allKeysLRU
      harness.engine.settings.maxmemory = harness.engine.usedMemory - 1000
      for _ in 0..<10 { #expect(try harness.run("GET", "new") == .bulk("1")) }
      #expect(harness.log.contains("Dropped version 1 (before-replicaof-1): memory is short"))
      #expect(harness.engine.keyspace.history.versions.isEmpty)
      #expect(harness.engine.keyspace.statistics.evictedKeys == 0)
    }
  }

  @Test func aStagedDatasetHasRoomMadeForIt() throws {
    let harness = ReplicaHarness()
    #expect(try harness.run("SET", "old", String(repeating: "x", count: 1 << 20)) == .simple("OK"))
    #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    #expect(try harness.commit(["new": "1"]) == nil)
    harness.engine.settings.maxmemory = harness.engine.usedMemory + 1000
    harness.controller.cron()
    let room = try #require(harness.link.lastUpdate?.room)
    #expect(try #require(room.besideVersions) <= 1000)
    #expect(try #require(room.besideLive) > 1 << 20)
    harness.controller.makeRoom(forStaged: 500, from: harness.link)
    #expect(harness.engine.keyspace.history.versions.count == 1)
    harness.controller.makeRoom(forStaged: 100_000, from: harness.link)
    #expect(harness.engine.keyspace.history.versions.isEmpty)
    #expect(
      harness.log.contains(
        "Dropped version 1 (before-replicaof-1): a dataset from the primary is being staged and memory is short"))
    #expect(try #require(harness.link.lastUpdate?.room.besideVersions) > 1 << 20)
  }

  @Test func withoutThePrimaryNothingIsServedIfThatIsNotWanted() throws {
    let harness = try Self.replica()
    harness.engine.settings.replicaServeStaleData = false
    harness.controller.cron()
    #expect(try harness.run("GET", "new") == .bulk("1"))
    harness.controller.streamEnded(from: harness.link)
    let refusal = Reply.error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
    #expect(try harness.run("GET", "new") == refusal)
    #expect(try harness.run("MULTI") == .simple("OK"))
    #expect(try harness.run("GET", "new") == refusal)
    #expect(
      try harness.run("EXEC") == .error("EXECABORT Transaction discarded because of previous errors."))
    #expect(try harness.run("PING") == refusal)
    #expect(try harness.field("role") == "slave")
    #expect(harness.controller.resume(ReplicaHarness.position(1000), from: harness.link) == nil)
    #expect(try harness.run("MULTI") == .simple("OK"))
    #expect(try harness.run("GET", "new") == .simple("QUEUED"))
    harness.controller.streamEnded(from: harness.link)
    #expect(
      try harness.run("EXEC")
        == .error(
          "EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
        ))
    #expect(try harness.run("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(try harness.run("GET", "new") == .bulk("1"))
  }

  @Test func nobodyIsServedBetweenTwoCommandsOfAPart() throws {
    let harness = try Self.replica()
    harness.ask("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
    #expect(try harness.reply() == nil)
    // The reader goes on with what it has sent meanwhile, but not before it is known how far the stream has come.
    harness.ask("INFO", "replication")
    #expect(
      harness.execute([["XADD", "s", "1-1", "f", "v"]] + (0..<100).map { ["SET", "k\($0)", "v"] }, upTo: 9000) == nil)
    let text = String(decoding: harness.takeOutput(), as: UTF8.self)
    #expect(text.contains("1-1"))
    #expect(text.contains("slave_repl_offset:9000"))
  }

  @Test func whatClientsAskForInTheSameTurnComesFirst() throws {
    let harness = try Self.replica()
    let link = harness.link
    harness.send("REPLICAOF", "NO", "ONE")
    let part = StreamPart(
      bytes: text([["SET", "a", "1"]]), commands: text([["SET", "a", "1"]]), end: ReplicationOffset(rawValue: 1027))
    #expect(harness.controller.execute(part, from: link) == nil)
    #expect(try harness.reply() == .simple("OK"))
    #expect(try harness.run("EXISTS", "a") == .integer(0))
    // The promotion has kept the history that it branched from.
    #expect(try harness.field("master_replid2") == ScriptedLink.id.description)
    #expect(try harness.field("second_repl_offset") == "1001")

    #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    #expect(try harness.commit(["new": "1"]) == nil)
    let former = harness.link
    harness.send("REPLICAOF", "other", "1")
    #expect(harness.controller.execute(part, from: former) == nil)
    #expect(try harness.reply() == .simple("OK"))
    #expect(try harness.run("EXISTS", "a") == .integer(0))
    #expect(harness.link.position == ReplicaHarness.position(1000))
  }

  @Test func anotherDatasetEndsTheStream() throws {
    let harness = try Self.replica()
    harness.engine.keyspace.history.replaceLive(with: try harness.staged(["loaded": "1"]))
    harness.engine.keyspace.liveDatasetChanged()
    harness.engine.datasetWasReplaced()
    #expect(harness.link.endings == ["the dataset was replaced by another one"])
    #expect(harness.execute([["SET", "a", "1"]]) == .datasetReplaced)
    #expect(try harness.run("EXISTS", "loaded", "a") == .integer(1))
  }

  @Test func whatWasSavedAndReadBackIsGoneOnFrom() throws {
    let harness = try Self.replica()
    let former = harness.engine.keyspace.live
    harness.engine.keyspace.history.replaceLive(with: try harness.staged(["new": "1"]))
    harness.engine.keyspace.liveDatasetChanged()
    harness.engine.datasetReloaded(former)
    #expect(harness.execute([["SET", "a", "1"]]) == nil)
    #expect(try harness.run("EXISTS", "new", "a") == .integer(2))
  }

  @Test func aReplicaThatTakesOverIsToldToTheOneWhoAskedForIt() throws {
    let harness = ReplicaHarness()
    #expect(try harness.run("SET", "a", "1") == .simple("OK"))
    var answers: [Bool] = []
    harness.controller.onFailoverAnswer = { answers.append($0) }
    harness.controller.follow(PrimaryAddress(host: "replica", port: 1), asFailover: true)
    #expect(harness.link.plan.settings.isFailover)
    harness.controller.failoverAnswered(true, from: harness.link)
    #expect(answers == [true])
    harness.controller.cron()
    #expect(harness.link.lastUpdate?.settings.isFailover == false)
  }
}

/// What clients write to a replica (`replica-read-only no`).
@Suite struct WritableReplicaTests {
  @Test func whatClientsHaveWrittenExpiresThere() throws {
    let harness = ReplicaHarness()
    #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    #expect(try harness.commit(["new": "1"]) == nil)
    #expect(harness.execute([["SET", "theirs", "1", "PX", "100"]]) == nil)
    harness.engine.settings.replicaReadOnly = false
    #expect(try harness.run("SET", "own", "1", "PX", "100") == .simple("OK"))
    #expect(try harness.run("RPUSH", "list", "1") == .integer(1))
    #expect(try harness.run("PEXPIRE", "list", "100") == .integer(1))
    #expect(try harness.run("SET", "later", "1", "PX", "100000") == .simple("OK"))
    #expect(try harness.run("DBSIZE") == .integer(5))
    harness.cron(afterMilliseconds: 50)
    #expect(try harness.run("DBSIZE") == .integer(5))
    harness.cron(afterMilliseconds: 100)
    // For what came from the primary the primary has to say so.
    #expect(try harness.run("DBSIZE") == .integer(3))
    #expect(try harness.run("EXISTS", "new", "later", "theirs", "own", "list") == .integer(2))
    harness.cron(afterMilliseconds: 200_000)
    #expect(try harness.run("DBSIZE") == .integer(2))
    #expect(harness.execute([["DEL", "theirs"]]) == nil)
    #expect(try harness.run("DBSIZE") == .integer(1))
  }

  /// However a string is stored.
  @Test func longStringsAndCountersExpireThereToo() throws {
    let harness = ReplicaHarness()
    #expect(try harness.run("REPLICAOF", "primary", "6379") == .simple("OK"))
    #expect(try harness.commit(["new": "1"]) == nil)
    harness.engine.settings.replicaReadOnly = false
    let text = String(repeating: "x", count: 1 << 20)
    #expect(try harness.run("SET", "long", text, "PX", "100") == .simple("OK"))
    #expect(harness.execute([["PFADD", "log", "a"], ["PEXPIRE", "log", "100"]]) == nil)
    #expect(try harness.run("PFADD", "log", "b") == .integer(1))
    #expect(try harness.run("DBSIZE") == .integer(3))
    harness.cron(afterMilliseconds: 150)
    #expect(try harness.run("DBSIZE") == .integer(1))
  }
}
