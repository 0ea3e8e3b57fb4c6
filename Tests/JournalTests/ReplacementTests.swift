import Engine
import Journal
import RESP
import Snapshots
import TestSupport
import Testing
import VersionedStore

/// Another dataset in the place of the live one: until its base is on the disk, a crash brings back what there was before.
@Suite struct ReplacementTests {
  private func n(_ harness: JournalHarness, _ remains: FaultyDisk.Remains) throws -> [Int] {
    try JournalHarness.load(harness.disk.files(remains)).n
  }

  /// Whoever has written since waits for it, under `everysec`, too: no more than a second is to be lost.
  @Test(arguments: [AppendSync.always, .everySecond]) func writersWaitForTheBase(_ sync: AppendSync) throws {
    let harness = try JournalHarness(sync)
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 1100)
    _ = try harness.received()
    try harness.replaceDataset()
    #expect(try harness.ask("INCR", "n") == nil)
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "1")]))
    harness.disk.run(.sync)
    harness.disk.run(.sync)
    #expect(try harness.received() == [])
    harness.send("INCR", "n", from: 2)
    harness.send("INCR", "n", from: 2)
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [1, 0]) }
    harness.disk.runAll()
    #expect(try harness.received() == [.integer(1)])
    #expect(try harness.received(2) == [.integer(2), .integer(3)])
    #expect(try n(harness, .all) == [3, 0])
    harness.passAll(milliseconds: 1100)
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [3, 0]) }
  }

  @Test func withoutSyncsNobodyWaits() throws {
    let harness = try JournalHarness(.never)
    harness.send("INCR", "n")
    try harness.replaceDataset()
    harness.passAll(milliseconds: 300)
    #expect(try harness.ask("INCR", "n") == .integer(1))
    #expect(try n(harness, .all) == [1, 0])
  }

  @Test(arguments: [AppendSync.always, .everySecond]) func aRollbackToAnotherLineage(_ sync: AppendSync) throws {
    let harness = try JournalHarness(sync)
    for _ in 0..<5 { harness.send("INCR", "n") }
    harness.passAll(milliseconds: 1100)
    let former = try harness.replaceDataset()
    harness.passAll(milliseconds: 1100)
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 1100)
    _ = try harness.received()
    #expect(try harness.ask("VERSION", "ROLLBACK", "\(former.id)") == nil)
    #expect(harness.counts.n == [5, 0])
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [1, 0]) }
    harness.disk.runAll()
    #expect(try harness.received().count == 1)
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [5, 0]) }
  }

  @Test(arguments: [AppendSync.always, .everySecond]) func aFileThatGoesLive(_ sync: AppendSync) throws {
    let harness = try JournalHarness(sync)
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 1100)
    _ = try harness.received()
    try load(harness) { harness.send("VERSION", "LOAD", "dump.rdb", "COMMIT") }
    #expect(try harness.received() == [])
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "5")]))
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [1, 0]) }
    harness.disk.runAll()
    #expect(try harness.received().count == 1)
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [5, 0]) }
  }

  /// Has `body` ask for a file to be loaded, which holds one key; it is read when `body` is over.
  private func load(_ harness: JournalHarness, _ body: () -> Void) throws {
    var read: (() -> Void)?
    harness.loads.read = { _, form, _, completion in
      let result: Result<DatasetLoader, SnapshotLoads.Failure>
      do { result = .success(try Self.dataset(form, harness.now)) } catch { result = .failure(.unreadable(reason: "")) }
      read = { completion(result) }
    }
    body()
    let finish = try #require(read)
    finish()
    harness.tick()
  }

  private static func dataset(_ form: DatasetLoader.Form, _ now: Int64) throws -> DatasetLoader {
    var loader = DatasetLoader(form, nowMilliseconds: now)
    var reader = SnapshotReader()
    _ = try LogText.snapshot("n", "5").withBytes { try reader.receive($0, into: &loader) }
    try reader.finish()
    return loader
  }

  /// What is being loaded by DEBUG LOADAOF is not to be mixed with it.
  @Test func noFileGoesLiveWhileTheLogIsLoaded() throws {
    let harness = try JournalHarness()
    harness.send("INCR", "n")
    try load(harness) {
      harness.send("VERSION", "LOAD", "dump.rdb", "COMMIT")
      harness.engine.beginLoading(seconds: harness.now / 1000)
    }
    #expect(try harness.received().last == .error("LOADING Redis is loading the dataset in memory"))
    harness.engine.persistence.isLoading = false
    #expect(harness.counts.n == [1, 0])
    #expect(harness.engine.keyspace.history.versions.isEmpty)
  }

  @Test func policiesMayChangeMeanwhile() throws {
    let harness = try JournalHarness(.always)
    harness.send("INCR", "n")
    harness.disk.runAll()
    _ = try harness.received()
    try harness.replaceDataset()
    for sync in [AppendSync.never, .always] {
      harness.settings.appendSync = sync
      harness.journal.policyChanged()
    }
    #expect(try harness.ask("INCR", "n") == nil)
    harness.settings.appendSync = .everySecond
    harness.journal.policyChanged()
    #expect(try harness.received() == [])
    harness.settings.appendSync = .never
    harness.journal.policyChanged()
    #expect(try harness.received() == [.integer(1)])
    harness.settings.appendSync = .always
    harness.journal.policyChanged()
    #expect(try harness.ask("INCR", "n") == nil)
    harness.disk.runAll()
    #expect(try harness.received() == [.integer(2)])
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [2, 0]) }
  }

  /// Whatever goes wrong on the way, and whenever: who is answered finds it there after a crash.
  @Test(arguments: [AppendSync.always, .everySecond], 0..<30)
  func nobodyIsAnsweredTooEarly(_ sync: AppendSync, _ failing: Int) throws {
    let harness = try JournalHarness(sync)
    for _ in 0..<5 { harness.send("INCR", "n") }
    harness.passAll(milliseconds: 1100)
    _ = try harness.received()
    harness.disk.failsIn = failing
    try harness.replaceDataset()
    if try harness.ask("PING", from: 1) != .simple("PONG") {
      // Not even an attempt could be made: writes are refused until there is a log again.
      harness.passAll(milliseconds: 2000)
      harness.send("INCR", "n")
    } else {
      #expect(try harness.ask("INCR", "n") == nil)
    }
    var answers: [Reply] = []
    var loaded: [String: [UInt8]]?
    for _ in 0..<100 {
      if !harness.disk.run(.sync), !harness.disk.run(.rewrite) { harness.pass(milliseconds: 100) }
      answers += try harness.received()
      guard !answers.isEmpty, loaded != harness.disk.files(.least) else { continue }
      loaded = harness.disk.files(.least)
      let found = try n(harness, .least)
      // A second may be lost under `everysec`, but not the dataset.
      let isThere = sync == .always ? found == [1, 0] : found[0] <= 1
      if !isThere {
        Issue.record("\(found) after \(answers): \(harness.log)")
        return
      }
    }
    #expect(answers == [.integer(1)])
    for remains in FaultyDisk.Remains.allCases { #expect(try n(harness, remains) == [1, 0]) }
  }
}
