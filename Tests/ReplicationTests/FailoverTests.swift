import Engine
import RESP
import Replication
import Testing
import VersionedStore

/// FAILOVER, up to what the replica that is to take over answers.
@Suite struct FailoverTests {
  private let harness = ReplicaHarness()

  init() { harness.controller.feed.reset(0) }

  /// A replica that has all so far.
  private func addReplica(port: Int) throws -> Session {
    let session = harness.open()
    harness.send("REPLCONF", "listening-port", "\(port)", from: session)
    harness.send("PSYNC", harness.controller.historyID, "\(harness.controller.offset + 1)", from: session)
    try #require(harness.controller.feed.replicas.last?.session === session)
    acknowledge(session)
    return session
  }

  /// The replica says that it has executed all so far, or all up to an offset.
  private func acknowledge(_ session: Session, _ offset: Int64? = nil) {
    harness.send("REPLCONF", "ACK", "\(offset ?? harness.controller.offset)", from: session)
  }

  private func state() throws -> String? { try harness.field("master_failover_state") }

  /// A client whose write is put off.
  private func write() -> Session {
    let session = harness.open()
    harness.send("SET", "k", "late", from: session)
    return session
  }

  private func text(_ session: Session) -> String {
    if harness.engine.hasWork { harness.cron(afterMilliseconds: 0) }
    _ = try? harness.run("PING")
    return String(decoding: harness.takeOutput(of: session), as: UTF8.self)
  }

  @Test func `what cannot be is refused`() throws {
    func expect(_ words: String, _ error: String, line: Int = #line) throws {
      #expect(
        try harness.run(words.split(separator: " ").map(String.init)) == .error(error),
        sourceLocation: SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1))
    }
    try expect("FAILOVER", "ERR FAILOVER requires connected replicas.")
    try expect("FAILOVER ABORT", "ERR No failover in progress.")
    let replica = try addReplica(port: 7001)
    try expect("FAILOVER TO nowhere 7001", "ERR FAILOVER target HOST and PORT is not a replica.")
    try expect("FAILOVER TO 127.0.0.1 7002", "ERR FAILOVER target HOST and PORT is not a replica.")
    try expect("FAILOVER TO 127.0.0.1 x", "ERR value is not an integer or out of range")
    try expect("FAILOVER TIMEOUT x", "ERR value is not an integer or out of range")
    try expect("FAILOVER TIMEOUT 0", "ERR FAILOVER timeout must be greater than 0")
    let force = "ERR FAILOVER with force option requires both a timeout and target HOST and IP."
    try expect("FAILOVER FORCE TIMEOUT 100", force)
    try expect("FAILOVER TO 127.0.0.1 7001 FORCE", force)
    for words in ["TO", "TO 127.0.0.1", "TIMEOUT", "TIMEOUT 1 TIMEOUT 1", "FORCE FORCE", "ABORT FORCE", "what"] {
      try expect("FAILOVER \(words)", "ERR syntax error")
    }
    acknowledge(replica, 0)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER") == .simple("OK"))
    try expect("FAILOVER", "ERR FAILOVER already in progress.")
    try expect("REPLICAOF 10.0.0.1 6379", "ERR REPLICAOF not allowed while failing over.")
    try expect("REPLICAOF NO ONE", "ERR REPLICAOF not allowed while failing over.")
    try expect("PSYNC \(harness.controller.historyID) 1", "NOMASTERLINK Can't SYNC while failing over")
    #expect(try harness.run("FAILOVER", "ABORT") == .simple("OK"))
    #expect(try harness.run("REPLICAOF", "10.0.0.1", "6379") == .simple("OK"))
    try expect("FAILOVER", "ERR FAILOVER is not valid when server is a replica.")
  }

  @Test func `the replica that was named is waited for, and takes over`() throws {
    let (first, second) = (try addReplica(port: 7001), try addReplica(port: 7002))
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    let former = harness.controller.historyID
    #expect(try harness.run("FAILOVER", "TO", "127.0.0.1", "7002") == .simple("OK"))
    #expect(try state() == "waiting-for-sync")
    let writer = write()
    #expect(text(writer) == "")
    #expect(try harness.run("GET", "k") == .bulk("1"))
    // Nobody is asked how far it is: the stream would be longer by the question.
    for replica in [first, second] {
      #expect(!String(decoding: harness.takeOutput(of: replica), as: UTF8.self).contains("GETACK"))
    }
    acknowledge(first)
    #expect(try state() == "waiting-for-sync")
    acknowledge(second, harness.controller.offset - 1)
    #expect(try state() == "waiting-for-sync")
    acknowledge(second)
    #expect(try state() == "failover-in-progress")
    #expect(harness.log.contains("FAILOVER requested to 127.0.0.1:7002."))
    #expect(harness.log.contains("Failover target 127.0.0.1:7002 is synced, failing over."))
    #expect(try harness.field("role") == "slave")
    #expect(harness.link.plan.settings.isFailover)
    #expect(harness.link.plan.settings.host == "127.0.0.1" && harness.link.plan.settings.port == 7002)
    #expect(harness.link.position?.id.description == former)
    #expect(harness.link.position?.offset.rawValue == harness.controller.offset)
    #expect(text(writer) == "")
    harness.controller.failoverAnswered(true, from: harness.link)
    #expect(try state() == "no-failover")
    #expect(text(writer) == "-READONLY You can't write against a read only replica.\r\n")
    #expect(try harness.run("GET", "k") == .bulk("1"))
  }

  @Test func `a replica that has everything takes over at once`() throws {
    let replica = try addReplica(port: 7001)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    acknowledge(replica)
    let end = harness.controller.offset
    #expect(try harness.run("FAILOVER") == .simple("OK"))
    #expect(try state() == "failover-in-progress")
    #expect(harness.controller.offset == end)
    #expect(harness.link.position?.offset.rawValue == end)
    #expect(harness.link.plan.settings.port == 7001)
  }

  @Test func `what the same transaction writes is waited for`() throws {
    let replica = try addReplica(port: 7001)
    for command in [["MULTI"], ["SET", "k", "1"], ["FAILOVER"]] { _ = try harness.run(command) }
    #expect(try harness.run("EXEC") == .array([.simple("OK"), .simple("OK")]))
    #expect(try state() == "waiting-for-sync")
    acknowledge(replica)
    #expect(try state() == "failover-in-progress")
  }

  @Test func `a replica that has not spoken yet, or not said where it is, does not take over`() throws {
    let hidden = harness.open()
    harness.send("PSYNC", harness.controller.historyID, "1", from: hidden)
    acknowledge(hidden)
    let silent = harness.open()
    harness.send("REPLCONF", "listening-port", "7001", from: silent)
    harness.send("PSYNC", harness.controller.historyID, "1", from: silent)
    #expect(harness.controller.offset == 0)
    #expect(try harness.run("FAILOVER") == .simple("OK"))
    harness.cron(afterMilliseconds: 1000)
    #expect(try state() == "waiting-for-sync")
    #expect(harness.links.isEmpty)
    acknowledge(silent)
    #expect(try state() == "failover-in-progress")
    #expect(harness.link.plan.settings.port == 7001)
  }

  @Test func `without a name the first that has everything takes over`() throws {
    let (first, second) = (try addReplica(port: 7001), try addReplica(port: 7002))
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER") == .simple("OK"))
    acknowledge(first, harness.controller.offset - 1)
    #expect(try state() == "waiting-for-sync")
    acknowledge(second)
    #expect(try state() == "failover-in-progress")
    #expect(harness.link.plan.settings.port == 7002)
    #expect(harness.log.contains("FAILOVER requested to any replica."))
  }

  @Test func `a replica that declines leaves the primary as it was`() throws {
    let replica = try addReplica(port: 7001)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER") == .simple("OK"))
    let writer = write()
    acknowledge(replica)
    let former = (id: harness.controller.historyID, end: harness.controller.offset)
    harness.controller.failoverAnswered(false, from: harness.link)
    #expect(try state() == "no-failover")
    #expect(harness.log.contains("FAILOVER to 127.0.0.1:7001 aborted: Failover target rejected psync request"))
    #expect(text(writer) == "+OK\r\n")
    #expect(try harness.field("role") == "master")
    // The replica comes back, and can go on from where it is.
    #expect(harness.closed.contains(replica.id))
    #expect(try harness.field("master_replid2") == former.id)
    #expect(try harness.field("second_repl_offset") == "\(former.end + 1)")
    #expect(harness.link.isStopped)
  }

  @Test func `a replica that never catches up is given up after the time`() throws {
    let replica = try addReplica(port: 7001)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER", "TIMEOUT", "500") == .simple("OK"))
    let writer = write()
    acknowledge(replica, 1)
    harness.cron(afterMilliseconds: 499)
    #expect(try state() == "waiting-for-sync")
    harness.cron(afterMilliseconds: 1)
    #expect(try state() == "no-failover")
    #expect(harness.log.contains("FAILOVER to any replica aborted: Replica never caught up before timeout"))
    #expect(text(writer) == "+OK\r\n")
    #expect(harness.links.isEmpty)
    #expect(try harness.field("connected_slaves") == "1")
  }

  @Test func `if forced it takes over after the time with what it has`() throws {
    _ = try addReplica(port: 7001)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER", "TO", "127.0.0.1", "7001", "FORCE", "TIMEOUT", "100") == .simple("OK"))
    harness.cron(afterMilliseconds: 100)
    #expect(try state() == "failover-in-progress")
    #expect(harness.log.contains("FAILOVER to 127.0.0.1:7001 time out exceeded, failing over."))
    // And can be taken back still.
    #expect(try harness.run("FAILOVER", "ABORT") == .simple("OK"))
    #expect(harness.log.contains("FAILOVER to 127.0.0.1:7001 aborted: Failover manually aborted"))
    #expect(try harness.field("role") == "master")
    #expect(try harness.run("SET", "k", "2") == .simple("OK"))
  }

  @Test func `one that waits can be taken back`() throws {
    _ = try addReplica(port: 7001)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER", "TO", "127.0.0.1", "7001", "TIMEOUT", "60000") == .simple("OK"))
    let writer = write()
    #expect(try harness.run("FAILOVER", "ABORT") == .simple("OK"))
    #expect(text(writer) == "+OK\r\n")
    #expect(try state() == "no-failover")
    #expect(harness.links.isEmpty)
  }

  @Test func `a probe that ends meanwhile does not take the server elsewhere`() throws {
    let replica = try addReplica(port: 7001)
    harness.ask("REPLICAOF", "other", "1", "VERIFY")
    let probe = harness.link
    let operatorSession = harness.open()
    harness.send("FAILOVER", from: operatorSession)
    acknowledge(replica)
    harness.controller.report(.reached(PrimaryFindings()), from: probe)
    #expect(try harness.reply() == .error("ERR REPLICAOF not allowed while failing over."))
    #expect(harness.link.plan.settings.host == "127.0.0.1")
  }

  @Test func `no PINGs make the stream longer while a replica is to catch up in time`() throws {
    let replica = try addReplica(port: 7001)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    #expect(try harness.run("FAILOVER", "TIMEOUT", "60000") == .simple("OK"))
    let end = harness.controller.offset
    for _ in 0..<30 {
      harness.cron(afterMilliseconds: 1000)
      acknowledge(replica, 1)
    }
    #expect(harness.controller.offset == end)
    acknowledge(replica)
    #expect(try state() == "failover-in-progress")
  }
}
