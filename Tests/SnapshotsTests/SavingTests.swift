import Engine
import RESP
import Snapshots
import TestSupport
import Testing
import Values
import VersionedStore

/// Saving and restoring within an engine that has no disk: the test says when a file is written.
@Suite struct SavingTests {
  private final class Harness: SessionTransport {
    let engine: Engine
    let saves = SnapshotSaves()
    private(set) var session: Session!
    private(set) var output: [UInt8] = []
    let now: Int64 = 1_700_000_000_000

    init(_ settings: Settings = Settings()) {
      let keyspace = Keyspace(
        settings: settings, history: History(live: Dataset(databases: settings.databases, lineage: Lineage.next())))
      engine = Engine(
        settings: settings, keyspace: keyspace, commands: CommandTable(StandardCommands.families + [saves.commands]))
      engine.transport = self
      saves.attach(to: engine, nowMilliseconds: now)
      let peer = PeerAddress(
        remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
      session = engine.open(peer, now: now)
    }

    @discardableResult
    func run(_ words: [[UInt8]]) throws -> Reply? {
      var request: [UInt8] = []
      request.command(words)
      output = []
      request.withBytes { engine.receive($0, from: session) }
      engine.tick(nowMicroseconds: now * 1000)
      var parser = ReplyParser()
      let answer = output
      unsafe parser.append(answer.span.bytes)
      return try parser.next()
    }

    @discardableResult
    func run(_ words: String...) throws -> Reply? { try run(words.map { Array($0.utf8) }) }

    func send(_ bytes: Bytes, to session: Session) { output += Array(bytes) }
    func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }
    func wake() {}
  }

  /// A save that was done, but not known to be, when all was saved once more takes nothing off the count of changes.
  @Test(arguments: [true, false]) func twoSavesEndAtOnce(firstIsDone: Bool) throws {
    let harness = Harness()
    var end: ((Result<Void, SnapshotWriteFailure>) -> Void)?
    harness.saves.write = { _, completion in end = completion }
    harness.saves.writeNow = { _ in .success(()) }
    for number in 0..<10 { try harness.run("SET", "key:\(number)", "v") }
    #expect(try harness.run("BGSAVE") == .simple("Background saving started"))
    try harness.run("SET", "later", "v")
    #expect(harness.engine.keyspace.changesSinceSave == 11)
    #expect(harness.saves.saveNow(harness.engine))
    #expect(harness.engine.keyspace.changesSinceSave == 0)
    try harness.run("SET", "latest", "v")
    let finish = try #require(end)
    finish(firstIsDone ? .success(()) : .failure(.cancelled))
    #expect(harness.engine.keyspace.changesSinceSave == 1)
  }

  @Test(arguments: ["BGSAVE", "SAVE"]) func flushAllGivesUpASaveThatNobodyWaitsFor(command: String) throws {
    let harness = Harness()
    var job: SnapshotSaves.Job?
    harness.saves.write = { written, _ in job = written }
    try harness.run("SET", "key", "v")
    try harness.run(command)
    #expect(job?.progress.isCancelled == false)
    let other = harness.engine.open(harness.session.peer, now: harness.now)
    Array("FLUSHALL\r\n".utf8).withBytes { harness.engine.receive($0, from: other) }
    harness.engine.tick(nowMicroseconds: harness.now * 1000)
    #expect(harness.engine.keyspace.live.keyCount(0) == 0)
    #expect(job?.progress.isCancelled == (command == "BGSAVE"))
  }

  /// Half a transaction is nothing to keep.
  @Test(arguments: [["MULTI"], ["MULTI", "ROLLBACK"]]) func aTransactionIsSavedWhenItIsOver(_ begin: [String]) throws {
    let harness = Harness()
    var jobs: [SnapshotSaves.Job] = []
    harness.saves.write = { job, _ in jobs.append(job) }
    let isKept = begin.count == 1
    let commands = [begin, ["SET", "a", "1"], ["BGSAVE"], ["LPUSH", "a", "1"], ["SET", "b", "1"]]
    for words in commands { try harness.run(words.map { Array($0.utf8) }) }
    let replies = try harness.run("EXEC")
    if isKept { #expect(replies?.elements[1] == .simple("Background saving scheduled")) }
    #expect(jobs.isEmpty)
    #expect(!harness.engine.persistence.isSaving)
    // Once.
    for _ in 0..<2 { harness.engine.cron(nowMicroseconds: harness.now * 1000) }
    #expect(jobs.map { $0.content.root.keyCount(0) } == (isKept ? [2] : []))
    #expect(harness.engine.persistence.isSaving == isKept)
  }

  /// What a transaction that is taken back has flushed is still there, and a save of it is as good as before.
  @Test(arguments: [true, false]) func flushAllInATransaction(isKept: Bool) throws {
    let harness = Harness()
    var job: SnapshotSaves.Job?
    harness.saves.write = { written, _ in job = written }
    try harness.run("SET", "key", "v")
    try harness.run("BGSAVE")
    try harness.run("MULTI", "ROLLBACK")
    try harness.run("FLUSHALL")
    try harness.run("SET", "key", "w")
    try harness.run(isKept ? "INCR" : "LPOP", isKept ? "number" : "key")
    #expect(job?.progress.isCancelled == false)
    try harness.run("EXEC")
    #expect(try harness.run("GET", "key") == .bulk(Array((isKept ? "w" : "v").utf8)))
    #expect(job?.progress.isCancelled == isKept)
  }

  /// Who saves at once is told that it failed; that alone is no reason to refuse writes.
  @Test func aSaveBeforeTheEndThatFailsChangesNothing() throws {
    let harness = Harness()
    harness.saves.writeNow = { _ in .failure(.output(reason: "no room")) }
    try harness.run("SET", "k", "v")
    #expect(!harness.saves.saveNow(harness.engine))
    #expect(harness.engine.persistence.lastSaveSucceeded)
    #expect(harness.engine.keyspace.changesSinceSave == 1)
    #expect(try harness.run("SET", "k", "w") == .simple("OK"))
    #expect(try harness.run("PING") == .simple("PONG"))
  }

  /// Deleted entries of a stream may have higher ids than those that follow, in their node and in the next.
  @Test(arguments: [2, 3, 100]) func aStreamWhoseLastIDWasSetBack(entriesOfANode: Int) throws {
    let settings = Settings()
    settings.encodingLimits.streamNodeEntries = entriesOfANode
    let harness = Harness(settings)
    for id in ["1-0", "9-0"] { try harness.run("XADD", "s", id, "f", id) }
    try harness.run("XDEL", "s", "9-0")
    #expect(try harness.run("XSETID", "s", "1-0") == .simple("OK"))
    for id in ["1-5", "3-0", "9-0"] { try harness.run("XADD", "s", id, "f", id) }
    let entries = try harness.run("XRANGE", "s", "-", "+")
    #expect(entries?.elements.count == 4)
    guard case .bulk(let payload) = try harness.run("DUMP", "s") else {
      Issue.record("no payload")
      return
    }
    #expect(try harness.run(["RESTORE", "t", "0"].map { Array($0.utf8) } + [payload]) == .simple("OK"))
    #expect(try harness.run("XRANGE", "t", "-", "+") == entries)
  }

  /// What the primary has restored is there until the primary says that it is gone, though our clock be ahead of its.
  @Test(arguments: [true, false]) func aTimeToLiveThatIsOverByOurClock(isReplica: Bool) throws {
    let harness = Harness()
    try harness.run("SET", "k", "v")
    guard case .bulk(let payload) = try harness.run("DUMP", "k") else {
      Issue.record("no payload")
      return
    }
    harness.engine.keyspace.leavesExpiryToPrimary = isReplica
    harness.session.isPrimary = isReplica
    let words = ["RESTORE", "copy", "\(harness.now - 5)"].map { Array($0.utf8) } + [payload]
    try harness.run(words + [Array("ABSTTL".utf8)])
    let live = harness.engine.keyspace.live
    let copy = Array("copy".utf8)
    let expiry = copy.withBytes { live.head.find(0, $0, live.hash($0))?.expiry }
    #expect(expiry == (isReplica ? harness.now - 5 : nil))
  }
}
