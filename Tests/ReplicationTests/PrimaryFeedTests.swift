import Engine
import RESP
import Replication
import Snapshots
import Testing
import VersionedStore

/// What replicas are sent, byte by byte.
@Suite struct PrimaryFeedTests {
  /// The bytes of commands in the stream.
  private func commands(_ commands: [String]...) -> [UInt8] {
    var bytes: [UInt8] = []
    for command in commands { bytes.command(command.map { Array($0.utf8) }) }
    return bytes
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// A replica that has its snapshot and has said so.
  private func online(_ primary: PrimaryHarness, room: Int? = nil) throws -> (Session, PrimaryHarness.FullSync) {
    let session = try primary.replica()
    let sync = try PrimaryHarness.readSync(primary.received(session))
    primary.send(["REPLCONF", "ACK", "\(sync.offset)"], from: session)
    #expect(primary.received(session).isEmpty)
    if let room { primary.drain(session, room) }
    return (session, sync)
  }

  // MARK: Full sync

  @Test func aSnapshotThenTheStream() throws {
    let primary = PrimaryHarness()
    try primary.run("SET", "before", "1")
    try primary.run("SELECT", "3")
    try primary.run("SET", "other", "2")
    primary.walksAtOnce = false
    let replica = try primary.replica()
    // What is written from here on is for the stream.
    try primary.run("SET", "behind", "3")
    primary.walks[0].go()
    let sync = try PrimaryHarness.readSync(primary.received(replica))
    #expect(sync.keys == ["0 before": "1", "3 other": "2"])
    #expect(sync.offset == 0)
    #expect(try primary.field("master_replid") == sync.id)
    #expect(sync.origin?.replicationID == Array(sync.id.utf8))
    #expect(sync.origin?.offset == sync.offset)
    #expect(sync.origin?.streamDatabase == 0)
    // Nothing may stand behind the mark before the replica has found it.
    #expect(sync.rest.isEmpty)
    #expect(try primary.field("slave0")?.contains("state=online,offset=0") == true)
    primary.send(["REPLCONF", "ACK", "0"], from: replica)
    let stream = commands(["SELECT", "3"], ["SET", "behind", "3"])
    #expect(text(primary.received(replica)) == text(stream))
    try primary.run("SET", "last", "4")
    #expect(text(primary.received(replica)) == text(commands(["SET", "last", "4"])))
    let end = Int64(stream.count + commands(["SET", "last", "4"]).count)
    #expect(try primary.field("master_repl_offset") == "\(end)")
    primary.send(["REPLCONF", "ACK", "\(end)"], from: replica)
    #expect(
      try primary.run("ROLE")
        == .array([
          .bulk("master"), .integer(Int(end)), .array([.array([.bulk("127.0.0.1"), .bulk("7002"), .bulk("\(end)")])]),
        ]))
    #expect(try primary.field("slave0") == "ip=127.0.0.1,port=7002,state=online,offset=\(end),lag=0")
    #expect(try primary.field("sync_full", "stats") == "1")
    #expect(try primary.field("connected_clients", "clients") == "1")
  }

  @Test func withoutTheMarkTheLengthIsTold() throws {
    let primary = PrimaryHarness()
    for index in 0..<5000 { try primary.run("SET", "key:\(index)", String(repeating: "ab", count: index % 90)) }
    primary.engine.settings.maxmemoryPolicy = .allKeysLRU
    let replica = try primary.replica(["SYNC"], capabilities: [])
    try primary.run("SET", "behind", "1")
    let sync = try PrimaryHarness.readSync(primary.received(replica))
    #expect(sync.keys.count == 5000)
    #expect(text(sync.rest) == text(commands(["SELECT", "0"], ["SET", "behind", "1"])))
    #expect(try primary.field("slave0")?.contains("port=0,state=online") == true)
    // It is not expected to acknowledge anything.
    primary.pass(milliseconds: 100_000)
    #expect(primary.isConnected(replica))
  }

  @Test func thoseWhoAskTogetherShareAWalk() throws {
    let settings = Settings()
    let primary = PrimaryHarness(settings)
    settings.replDisklessSyncDelay = 2
    try primary.run("SET", "a", "1")
    let first = try primary.replica()
    primary.pass(milliseconds: 1000)
    let second = try primary.replica()
    let old = try primary.replica(["SYNC"], capabilities: [])
    // Who cannot find a mark waits for nobody.
    #expect(primary.walks.count == 1)
    #expect(try PrimaryHarness.readSync(primary.received(old)).keys == ["0 a": "1"])
    #expect(try primary.field("slave0")?.contains("state=wait_bgsave") == true)
    #expect(primary.receivedText(first) == "\n")
    primary.walksAtOnce = false
    primary.pass(milliseconds: 1000)
    #expect(primary.walks.count == 2)
    // A late one has a version and a walk of its own.
    try primary.run("SET", "b", "2")
    settings.replDisklessSyncMaxReplicas = 1
    let late = try primary.replica()
    #expect(primary.walks.count == 3)
    for walk in primary.walks.dropFirst() { walk.go() }
    let syncs = try [first, second, late].map { try PrimaryHarness.readSync(primary.received($0)) }
    #expect(syncs.map(\.keys) == [["0 a": "1"], ["0 a": "1"], ["0 a": "1", "0 b": "2"]])
    #expect(syncs[0].offset == syncs[1].offset && syncs[0].offset < syncs[2].offset)
    for session in [first, second, late] { primary.send(["REPLCONF", "ACK", "1"], from: session) }
    let stream = text(commands(["SELECT", "0"], ["SET", "b", "2"]))
    #expect(primary.receivedText(first).hasSuffix(stream))
    #expect(primary.receivedText(second).hasSuffix(stream))
    #expect(primary.receivedText(late) == "")
    #expect(primary.engine.keyspace.history.pinCount == 0)
  }

  @Test(arguments: [["eof", "psync2"], ["psync2"]])
  func thoseWhoAskInTheSameMomentShareAWalk(capabilities: [String]) throws {
    let primary = PrimaryHarness()
    try primary.run("SET", "a", "1")
    let sessions = try (0..<3).map { _ in
      let session = primary.open()
      try primary.introduce(session, capabilities.flatMap { ["capa", $0] })
      return session
    }
    primary.send(["PSYNC", "?", "-1"], from: sessions)
    #expect(primary.walks.count == 1)
    for session in sessions { #expect(try PrimaryHarness.readSync(primary.received(session)).keys == ["0 a": "1"]) }
  }

  /// One who asks behind a write of the same moment is sent it, and what others write behind the question too.
  @Test func aSnapshotHoldsAllOfItsMoment() throws {
    let primary = PrimaryHarness()
    let (replica, other) = (primary.open(), primary.open())
    try primary.introduce(replica, ["capa", "eof", "capa", "psync2"])
    var request: [UInt8] = []
    request.command(["PSYNC", "?", "-1"].map { Array($0.utf8) })
    request.withBytes { primary.engine.receive($0, from: replica) }
    primary.send(["SET", "a", "1"], from: other)
    let sync = try PrimaryHarness.readSync(primary.received(replica))
    #expect(sync.keys == ["0 a": "1"])
    #expect(try primary.field("master_repl_offset") == "\(sync.offset)")
    primary.send(["REPLCONF", "ACK", "\(sync.offset)"], from: replica)
    #expect(primary.received(replica).isEmpty)
  }

  @Test func thereAreOnlySoManyWalks() throws {
    let primary = PrimaryHarness()
    primary.walksAtOnce = false
    try primary.run("SET", "a", "1")
    let sessions = try (0..<20).map { _ in try primary.replica(["SYNC"], capabilities: []) }
    #expect(primary.walks.count == 4)
    #expect(primary.hasLogged("Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"))
    #expect(try primary.field("slave19")?.contains("state=wait_bgsave") == true)
    primary.pass(milliseconds: 1000)
    #expect(primary.walks.count == 4)
    #expect(primary.receivedText(sessions[19]) == "\n")
    // One is over, and all who wait share the next.
    primary.walks[2].go()
    primary.pass(milliseconds: 100)
    #expect(primary.walks.count == 5)
    for number in [0, 1, 3, 4] { primary.walks[number].go() }
    for session in sessions { #expect(try PrimaryHarness.readSync(primary.received(session)).keys == ["0 a": "1"]) }
    #expect(try primary.field("rdb_bgsave_in_progress", "persistence") == "0")
    #expect(primary.engine.keyspace.history.pinCount == 0)
  }

  @Test func aWalkThatCannotBeginIsTheReplicasLossAlone() throws {
    let primary = PrimaryHarness()
    primary.walkFailure = .output(reason: "no thread can be made")
    let replica = try primary.replica()
    #expect(!primary.isConnected(replica))
    #expect(primary.hasLogged("Background transfer error: no thread can be made"))
    #expect(primary.engine.keyspace.history.pinCount == 0)
    primary.walkFailure = nil
    #expect(try PrimaryHarness.readSync(primary.received(primary.replica())).keys.isEmpty)
  }

  @Test func noMoreIsMadeThanIsTaken() throws {
    let primary = PrimaryHarness()
    for index in 0..<30 {
      // Nothing to be compressed, and so some pieces of a quarter of a megabyte.
      try primary.run(
        "SET", "\(index)", String((0..<60_000).map { _ in Character(UnicodeScalar(UInt8.random(in: 33...126))) }))
    }
    primary.walksAtOnce = false
    let slow = try primary.replica(room: 0)
    let fast = try primary.replica(room: 0)
    primary.engine.settings.replDisklessSyncDelay = 100
    #expect(primary.walks.count == 2)
    primary.walks[0].go(4)
    // The first line waits; then each piece is given when the one before it has left.
    #expect(primary.walks[0].releaseCount == 0)
    #expect(slow.unsentByteCount < 100)
    primary.drain(slow, 100)
    #expect(primary.walks[0].releaseCount == 1)
    primary.walks[0].go()
    #expect(slow.unsentByteCount < 1 << 20)
    primary.drain(slow)
    #expect(try PrimaryHarness.readSync(primary.received(slow)).keys.count == 30)
    primary.hangUp(fast)
    #expect(primary.walks[1].isCancelled)
    #expect(primary.hasLogged("Diskless rdb transfer, last replica dropped, killing fork child."))
    #expect(primary.engine.keyspace.history.pinCount == 1)
    primary.walks[1].go()
    #expect(primary.engine.keyspace.history.pinCount == 0)
    #expect(try primary.field("rdb_bgsave_in_progress", "persistence") == "0")
    #expect(try primary.field("connected_slaves") == "1")
  }

  @Test func snapshotsAlone() throws {
    let primary = PrimaryHarness()
    try primary.run("SET", "a", "1")
    let session = primary.open()
    try primary.introduce(session, ["capa", "eof", "rdb-only", "1"])
    primary.send(["SYNC"], from: session)
    primary.pass(milliseconds: 0)
    #expect(!primary.isConnected(session))
    let bytes = try #require(primary.closed[session.id])
    #expect(try PrimaryHarness.readSync(bytes).keys == ["0 a": "1"])
    let filtered = primary.open()
    try primary.introduce(filtered, ["capa", "eof", "rdb-filter-only", "functions"])
    primary.send(["SYNC"], from: filtered)
    #expect(try PrimaryHarness.readSync(primary.received(filtered)).keys.isEmpty)
  }

  @Test func fieldsThatExpireAreNotForEverybody() throws {
    let primary = PrimaryHarness()
    try primary.run("HSET", "h", "f", "1")
    try primary.run("HEXPIRE", "h", "1000", "FIELDS", "1", "f")
    let stock = try primary.replica(capabilities: ["eof", "psync2"])
    #expect(!primary.isConnected(stock))
    #expect(primary.hasLogged("needs RDB version 12"))
    let ours = try primary.replica()
    #expect(primary.isConnected(ours))
    primary.engine.settings.rdbNewestVersion = 10
    let refused = try primary.replica()
    #expect(!primary.isConnected(refused))
    #expect(primary.engine.keyspace.history.pinCount == 0)
    #expect(try primary.field("rdb_bgsave_in_progress", "persistence") == "0")
  }

  // MARK: Partial resync

  @Test func aReplicaGoesOnWhereItWas() throws {
    let primary = PrimaryHarness()
    let (replica, sync) = try online(primary)
    try primary.run("SET", "a", "1")
    let known = primary.received(replica)
    primary.hangUp(replica)
    #expect(primary.hasLogged("Connection with replica 127.0.0.1:7002 lost."))
    try primary.run("SET", "b", "2")
    let next = sync.offset + Int64(known.count) + 1
    let again = try primary.replica(["PSYNC", sync.id.uppercased(), "\(next)"])
    #expect(primary.receivedText(again) == "+CONTINUE \(sync.id)\r\n" + text(commands(["SET", "b", "2"])))
    try primary.run("SET", "c", "3")
    #expect(primary.receivedText(again) == text(commands(["SET", "c", "3"])))
    let old = try primary.replica(["PSYNC", sync.id, "\(next)"], capabilities: [])
    #expect(primary.receivedText(old) == "+CONTINUE\r\n" + text(commands(["SET", "b", "2"], ["SET", "c", "3"])))
    #expect(try primary.field("sync_partial_ok", "stats") == "2")
    #expect(try primary.field("sync_partial_err", "stats") == "0")
    let ahead = try primary.replica(["PSYNC", sync.id, "1000000"])
    #expect(primary.receivedText(ahead).hasPrefix("+FULLRESYNC \(sync.id) "))
    #expect(primary.hasLogged("greater than the master replication offset"))
    let stranger = try primary.replica(["PSYNC", String(repeating: "x", count: 40), "1"])
    #expect(primary.receivedText(stranger).hasPrefix("+FULLRESYNC \(sync.id) "))
    #expect(try primary.field("sync_partial_err", "stats") == "2")
  }

  @Test func whatIsGoneFromTheBacklogIsGone() throws {
    let settings = Settings()
    settings.replBacklogSize = 1
    #expect(settings.replBacklogSize == 16 << 10)
    let primary = PrimaryHarness(settings)
    let (replica, sync) = try online(primary)
    primary.hangUp(replica)
    let value = String(repeating: "x", count: 1000)
    for _ in 0..<100 { try primary.run("SET", "a", value) }
    let again = try primary.replica(["PSYNC", sync.id, "\(sync.offset + 1)"])
    #expect(primary.receivedText(again).hasPrefix("+FULLRESYNC"))
    #expect(primary.hasLogged("for lack of backlog"))
    #expect(try Int(primary.field("mem_total_replication_buffers", "memory") ?? "").map { $0 < 64 << 10 } == true)
    #expect(try Int(primary.field("repl_backlog_histlen") ?? "").map { $0 < 64 << 10 && $0 > 16 << 10 } == true)
  }

  @Test func theBacklogTakesAnotherSize() throws {
    let primary = PrimaryHarness()
    let (replica, _) = try online(primary)
    func length() throws -> Int { Int(try primary.field("repl_backlog_histlen") ?? "") ?? -1 }
    func write() throws {
      for _ in 0..<150 { try primary.run("SET", "a", String(repeating: "x", count: 10_000)) }
    }
    try write()
    #expect(try length() > 1 << 20)
    primary.engine.settings.replBacklogSize = 16384
    primary.pass(milliseconds: 100)
    // Whole blocks go; those that are there have the size that suited the former one.
    #expect(try (16384..<(16384 + (64 << 10))).contains(length()))
    try write()
    #expect(try length() < 64 << 10)
    primary.engine.settings.replBacklogSize = 1 << 20
    primary.pass(milliseconds: 100)
    try write()
    #expect(try length() > 1 << 20)
    #expect(primary.isConnected(replica))
  }

  @Test(arguments: [false, true]) func smallWritesMayBeGathered(_ isWanted: Bool) throws {
    let settings = Settings()
    settings.replDisableTCPNoDelay = isWanted
    let primary = PrimaryHarness(settings)
    var gathered: [Int] = []
    primary.controller.feed.gatherWrites = { gathered.append($0.id) }
    let (replica, _) = try online(primary)
    #expect(gathered == (isWanted ? [replica.id] : []))
  }

  @Test func anotherDatasetIsAnotherHistory() throws {
    let primary = PrimaryHarness()
    let (replica, sync) = try online(primary)
    try primary.run("SET", "a", "1")
    let end = try #require(try primary.field("master_repl_offset"))
    primary.engine.datasetWasReplaced()
    #expect(!primary.isConnected(replica))
    #expect(try primary.field("master_replid") != sync.id)
    #expect(try primary.field("master_repl_offset") == end)
    let again = try primary.replica(["PSYNC", sync.id, "\(sync.offset + 1)"])
    #expect(primary.receivedText(again).hasPrefix("+FULLRESYNC"))
  }

  @Test func promotionKeepsTheHistoryUpToThere() throws {
    let primary = PrimaryHarness()
    let (_, sync) = try online(primary)
    try primary.run("SET", "a", "1")
    try primary.run("REPLICAOF", "elsewhere", "6379")
    #expect(
      try primary.run("PSYNC", sync.id, "1")
        == .error("NOMASTERLINK Can't SYNC while not connected with my master"))
    #expect(try primary.run("SYNC") == .error("NOMASTERLINK Can't SYNC while not connected with my master"))
    #expect(
      try primary.run("PSYNC", "x", "1", "FAILOVER") == .error("ERR PSYNC FAILOVER replid must match my replid."))
    try primary.run("REPLICAOF", "NO", "ONE")
    #expect(try primary.run("PSYNC", "x", "1", "FAILOVER") == .error("ERR PSYNC FAILOVER can't be sent to a master."))
    try primary.run("SET", "b", "2")
    let again = try primary.replica(["PSYNC", sync.id, "\(sync.offset + 1)"])
    let id = try #require(try primary.field("master_replid"))
    #expect(id != sync.id)
    #expect(primary.receivedText(again).hasPrefix("+CONTINUE \(id)\r\n"))
  }

  private func acknowledge(_ primary: PrimaryHarness, _ session: Session) {
    primary.send(["REPLCONF", "ACK", "\(primary.controller.feed.offset)"], from: session)
  }
  @Test func theEndWaitsForAReplicaThatIsOnItsWay() throws {
    let primary = PrimaryHarness()
    primary.walksAtOnce = false
    let replica = try primary.replica()
    // Nothing was ever written, so that it is no less at the end of the history than one that has the dataset.
    #expect(primary.controller.feed.offset == 0)
    var ends = 0
    primary.engine.shutDown = { _ in
      ends += 1
      return true
    }
    #expect(primary.engine.beginShutdown(ShutdownRequest()) == .waits)
    primary.walks[0].go()
    primary.pass(milliseconds: 100)
    #expect(ends == 0)
    acknowledge(primary, replica)
    #expect(ends == 1)
    #expect(primary.hasLogged("1 of 1 replicas are in sync when shutting down."))
  }

  // MARK: Limits

  @Test func aSlowReplicaIsDroppedAtItsLimit() throws {
    let settings = Settings()
    settings.replBacklogSize = 16 << 10
    settings.outputLimits.replica = .init(hard: 1 << 20, soft: 0, softSeconds: 0)
    let primary = PrimaryHarness(settings)
    let (slow, _) = try online(primary, room: 1000)
    let (fast, _) = try online(primary)
    let value = String(repeating: "x", count: 10_000)
    for _ in 0..<90 { try primary.run("SET", "a", value) }
    // It waits in the backlog, once, and next to nothing of it in the connection.
    #expect(slow.unsentByteCount < 128 << 10)
    #expect(primary.isConnected(slow))
    #expect(primary.received(fast).count > 900_000)
    #expect(try Int(primary.field("mem_clients_slaves", "memory") ?? "").map { $0 > 700_000 } == true)
    let line = try primary.run("CLIENT", "LIST", "TYPE", "replica")?.text ?? ""
    #expect(line.contains("flags=S") && line.split(separator: "\n").count == 2)
    for _ in 0..<20 { try primary.run("SET", "a", value) }
    #expect(!primary.isConnected(slow))
    #expect(primary.hasLogged("scheduled to be closed ASAP for overcoming of output buffer limits"))
    primary.pass(milliseconds: 1000)
    #expect(try Int(primary.field("mem_total_replication_buffers", "memory") ?? "").map { $0 < 64 << 10 } == true)
    #expect(primary.isConnected(fast))
    #expect(try primary.field("connected_slaves") == "1")
  }

  @Test func theSoftLimitHasItsTime() throws {
    let settings = Settings()
    settings.replBacklogSize = 16 << 10
    settings.outputLimits.replica = .init(hard: 0, soft: 100_000, softSeconds: 5)
    let primary = PrimaryHarness(settings)
    let (slow, _) = try online(primary, room: 0)
    for _ in 0..<20 { try primary.run("SET", "a", String(repeating: "x", count: 10_000)) }
    primary.pass(milliseconds: 4000)
    #expect(primary.isConnected(slow))
    primary.pass(milliseconds: 4000)
    #expect(!primary.isConnected(slow))
  }

  /// The limit is at least what the backlog holds in any case.
  @Test func theBacklogIsNobodysFault() throws {
    let settings = Settings()
    settings.replBacklogSize = 1 << 20
    settings.outputLimits.replica = .init(hard: 1000, soft: 0, softSeconds: 0)
    let primary = PrimaryHarness(settings)
    let (slow, _) = try online(primary, room: 0)
    for _ in 0..<90 { try primary.run("SET", "a", String(repeating: "x", count: 10_000)) }
    #expect(primary.isConnected(slow))
    primary.drain(slow)
    #expect(primary.received(slow).count > 900_000)
  }

  // MARK: Time

  @Test func signsOfLife() throws {
    let settings = Settings()
    settings.replPingReplicaPeriod = 3
    settings.replTimeout = 10
    let primary = PrimaryHarness(settings)
    primary.pass(milliseconds: 10_000)
    #expect(try primary.field("master_repl_offset") == "0")
    let (replica, _) = try online(primary)
    primary.pass(milliseconds: 3000)
    #expect(primary.receivedText(replica) == text(commands(["PING"])))
    #expect(try primary.field("master_repl_offset") == "14")
    #expect(try primary.field("slave0")?.hasSuffix("lag=3") == true)
    primary.send(["REPLCONF", "ACK", "14"], from: replica)
    #expect(try primary.field("slave0")?.hasSuffix("offset=14,lag=0") == true)
    primary.pass(milliseconds: 10_000)
    #expect(primary.isConnected(replica))
    primary.pass(milliseconds: 1000)
    #expect(!primary.isConnected(replica))
    #expect(primary.hasLogged("Disconnecting timedout replica (streaming sync): 127.0.0.1:7002"))
  }

  /// A replica that loads a large snapshot has nothing to acknowledge for a long time, and sends empty lines.
  @Test func loadingMayTakeLong() throws {
    let settings = Settings()
    settings.replTimeout = 10
    let primary = PrimaryHarness(settings)
    let replica = try primary.replica()
    #expect(try primary.field("slave0")?.contains("state=online") == true)
    for _ in 0..<5 {
      primary.pass(milliseconds: 9000)
      [10].withBytes { primary.engine.receive($0, from: replica) }
      primary.pass(milliseconds: 1)
    }
    #expect(primary.isConnected(replica))
    primary.pass(milliseconds: 12_000)
    #expect(!primary.isConnected(replica))
  }

  @Test func aSnapshotThatIsNotTaken() throws {
    let settings = Settings()
    settings.replTimeout = 10
    let primary = PrimaryHarness(settings)
    primary.walksAtOnce = false
    let stuck = try primary.replica(room: 0)
    primary.walks[0].go()
    primary.pass(milliseconds: 9000)
    #expect(primary.isConnected(stuck))
    primary.drain(stuck, 10)
    primary.pass(milliseconds: 9000)
    #expect(primary.isConnected(stuck))
    primary.pass(milliseconds: 3000)
    #expect(!primary.isConnected(stuck))
    #expect(primary.hasLogged("Disconnecting timedout replica (full sync): 127.0.0.1:7002"))
  }

  @Test func theBacklogGoesWhenNobodyComes() throws {
    let settings = Settings()
    settings.replBacklogTTL = 5
    let primary = PrimaryHarness(settings)
    let (replica, sync) = try online(primary)
    try primary.run("SET", "a", "1")
    primary.hangUp(replica)
    primary.pass(milliseconds: 4000)
    #expect(try primary.field("repl_backlog_active") == "1")
    primary.pass(milliseconds: 3000)
    #expect(try primary.field("repl_backlog_active") == "0")
    let (end, id) = (try primary.field("master_repl_offset"), try primary.field("master_replid"))
    #expect(id != sync.id)
    try primary.run("SET", "a", "2")
    #expect(try primary.field("master_repl_offset") == end)
    let again = try primary.replica(["PSYNC", sync.id, "\(sync.offset + 1)"])
    #expect(primary.receivedText(again).hasPrefix("+FULLRESYNC"))
    #expect(try primary.field("master_replid") != id)
  }

  // MARK: What replicas say

  @Test func replconf() throws {
    let primary = PrimaryHarness()
    #expect(try primary.run("REPLCONF") == .simple("OK"))
    #expect(try primary.run("REPLCONF", "capa") == .error("ERR syntax error"))
    #expect(try primary.run("REPLCONF", "capa", "whatever") == .simple("OK"))
    #expect(try primary.run("REPLCONF", "what", "1") == .error("ERR Unrecognized REPLCONF option: what"))
    #expect(
      try primary.run("REPLCONF", "listening-port", "x") == .error("ERR value is not an integer or out of range"))
    #expect(
      try primary.run("REPLCONF", "rdb-only", "2") == .error("ERR value is out of range, value must between 0 and 1"))
    #expect(
      try primary.run("REPLCONF", "rdb-filter-only", "keys")
        == .error("ERR Unsupported rdb-filter-only option: keys"))
    #expect(try primary.run("REPLCONF", "rdb-filter-only", "\"x") == .error("ERR Missing rdb-filter-only values"))
    #expect(
      try primary.run("REPLCONF", "ip-address", String(repeating: "1", count: 256))
        == .error("ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes"))
    #expect(try primary.run("SYNC") == .error("ERR Filtered replica requires EOF capability"))
    #expect(try primary.run("PSYNC", "?", "x") == .error("ERR Filtered replica requires EOF capability"))
    let other = primary.open()
    #expect(try primary.run("PSYNC", "?", "x", from: other) == .error("ERR value is not an integer or out of range"))
    // These are answered by nobody.
    #expect(try primary.run("REPLCONF", "ACK", "1") == nil)
    #expect(try primary.run("REPLCONF", "GETACK", "*") == nil)
    #expect(try primary.run("PING") == .simple("PONG"))
  }

  @Test func nothingIsAskedBeforeTheRepliesAreRead() throws {
    let primary = PrimaryHarness()
    let session = primary.open()
    var request: [UInt8] = []
    request.command(["PING"].map { Array($0.utf8) })
    request.command(["PSYNC", "?", "-1"].map { Array($0.utf8) })
    request.withBytes { primary.engine.receive($0, from: session) }
    primary.pass(milliseconds: 0)
    #expect(primary.receivedText(session) == "+PONG\r\n-ERR SYNC and PSYNC are invalid with pending output\r\n")
  }

  @Test(arguments: [
    ["GET", "a"], ["SET", "a", "1"], ["PING"], ["NOSUCH"], ["PING", "1", "2", "3"], ["SUBSCRIBE", "c"],
    ["WAIT", "5", "10"],
  ])
  func aReplicaThatAsksForMoreIsNone(command: [String]) throws {
    let primary = PrimaryHarness()
    let (replica, _) = try online(primary)
    primary.send(command, from: replica)
    // Some are answered later.
    primary.pass(milliseconds: 20)
    #expect(!primary.isConnected(replica))
    let stream = command[0] == "WAIT" ? commands(["REPLCONF", "GETACK", "*"]) : []
    #expect(primary.closed[replica.id].map(text) == text(stream))
    #expect(primary.hasLogged("Replica generated a reply to command '"))
    let isError = command != ["PING"] && !["SUBSCRIBE", "WAIT"].contains(command[0])
    #expect(primary.hasLogged("== CRITICAL == This master is sending an error to its replica: '") == isError)
    #expect(try primary.field("connected_slaves") == "0")
    #expect(try primary.run("DBSIZE") == .integer(0))
  }

  @Test func askingTwiceChangesNothing() throws {
    let primary = PrimaryHarness()
    let (replica, sync) = try online(primary)
    primary.send(["PSYNC", "?", "-1"], from: replica)
    primary.send(["SYNC"], from: replica)
    #expect(primary.received(replica).isEmpty)
    try primary.run("SET", "a", "1")
    #expect(primary.receivedText(replica) == text(commands(["SELECT", "0"], ["SET", "a", "1"])))
    #expect(try primary.field("master_replid") == sync.id)
  }

  @Test func clientKillAndPause() throws {
    let primary = PrimaryHarness()
    let (replica, _) = try online(primary)
    try primary.run("CLIENT", "PAUSE", "1000", "ALL")
    primary.send(["REPLCONF", "ACK", "77"], from: replica)
    #expect(primary.controller.feed.replicas.first?.acknowledgedOffset == 77)
    primary.pass(milliseconds: 2000)
    #expect(try primary.field("slave0")?.contains("offset=77") == true)
    #expect(try primary.run("CLIENT", "KILL", "TYPE", "normal") == .integer(0))
    #expect(try primary.run("CLIENT", "KILL", "TYPE", "replica") == .integer(1))
    #expect(!primary.isConnected(replica))
    #expect(try primary.run("CLIENT", "LIST", "TYPE", "slave") == .bulk(""))
  }
}
