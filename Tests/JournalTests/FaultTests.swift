import Engine
import Journal
import RESP
import TestSupport
import Testing

/// What becomes of the log, and of those who wait for it, when the disk does not do what it should.
@Suite(.serialized) struct FaultTests {
  private static let refusal = "MISCONF Errors writing to the AOF file: "

  @Test(arguments: [AppendSync.always, .everySecond, .never])
  func aFullDiskRefusesWritesUntilThereIsRoom(_ sync: AppendSync) throws {
    let harness = try JournalHarness(sync)
    harness.send("INCR", "n")
    harness.disk.runAll()
    _ = try harness.received()
    harness.disk.capacity = 0
    // The first one finds out.
    let first = try harness.ask("INCR", "n")
    #expect(first == (sync == .always ? nil : .integer(2)))
    #expect(try harness.ask("INCR", "n", from: 1) == .error(Self.refusal + "No space left on device"))
    #expect(try harness.ask("PING", from: 1) == .error(Self.refusal + "No space left on device"))
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "2")]))
    #expect(try harness.figure("aof_last_write_status") == "err")
    harness.passAll(milliseconds: 2000)
    #expect(try harness.received() == [])
    harness.disk.heal()
    harness.passAll(milliseconds: 1200)
    if sync == .always { #expect(try harness.received() == [.integer(2)]) }
    #expect(try harness.figure("aof_last_write_status") == "ok")
    harness.send("INCR", "n", from: 1)
    harness.disk.runAll()
    #expect(try harness.received(1) == [.integer(3)])
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [3, 0])
    #expect(harness.log.contains("AOF write error looks solved, Redis can write again."))
  }

  /// When a rewrite has failed, its base may not be removable either.
  @Test func aBaseThatWasGivenUpIsRemovedLater() throws {
    let harness = try JournalHarness(.always)
    harness.send("INCR", "n")
    harness.disk.runAll()
    for name in ["temp-log.7.base", "temp-log.x.base", "temp-other.7.base"] {
      harness.disk.close(try harness.disk.open(name, truncating: true))
    }
    harness.send("BGREWRITEAOF")
    harness.disk.runAll()
    #expect(harness.log.last == "Background AOF rewrite finished successfully")
    #expect(harness.disk.names.filter { $0.hasPrefix("temp-") }.sorted() == ["temp-log.x.base", "temp-other.7.base"])
  }

  /// Whether what was read is on the disk is not to be known then, and for how long is not either.
  @Test func readersDoNotWaitForADiskThatFails() throws {
    let harness = try JournalHarness(.always)
    #expect(try harness.ask("INCR", "n") == nil)
    #expect(try harness.ask("GET", "n", from: 1) == nil)
    harness.disk.isSyncBroken = true
    harness.disk.run(.sync)
    #expect(try harness.received(1) == [.bulk([UInt8(ascii: "1")])])
    #expect(try harness.received() == [])
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "1")]))
    harness.disk.heal()
    harness.passAll(milliseconds: 2200)
    #expect(try harness.received() == [.integer(1)])
    // Nor for a new base, which takes as long as the dataset is large.
    harness.engine.datasetWasReplaced()
    #expect(try harness.ask("INCR", "n") == nil)
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "2")]))
    harness.disk.runAll()
    #expect(try harness.received() == [.integer(2)])
    #expect(try harness.ask("INCR", "n") == nil)
    #expect(try harness.ask("GET", "n", from: 1) == nil)
  }

  @Test(arguments: [false, true]) func aShortWriteLeavesNoHalfOfAUnit(_ cannotBeCut: Bool) throws {
    let harness = try JournalHarness(.always)
    harness.send("INCR", "n")
    harness.disk.runAll()
    let size = harness.disk.content("log.1.incr.aof")!.count
    harness.disk.capacity = harness.disk.files(.all).values.reduce(0) { $0 + $1.count } + 10
    harness.disk.isTruncateBroken = cannotBeCut
    harness.send("INCR", "n")
    #expect(harness.disk.content("log.1.incr.aof")!.count == size + (cannotBeCut ? 10 : 0))
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [1, 0])
    }
    harness.passAll(milliseconds: 1000)
    harness.disk.heal()
    harness.passAll(milliseconds: 1200)
    #expect(try harness.received().last == .integer(2))
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [2, 0])
    }
  }

  @Test(arguments: [AppendSync.always, .everySecond])
  func whatCouldNotBeSyncedIsWrittenAnew(_ sync: AppendSync) throws {
    let harness = try JournalHarness(sync)
    harness.send([["SELECT", "3"], ["INCR", "n"]])
    harness.passAll(milliseconds: 1100)
    _ = try harness.received()
    harness.disk.isSyncBroken = true
    let kept = try harness.ask("INCR", "n")
    #expect(kept == (sync == .always ? nil : .integer(2)))
    harness.passAll(milliseconds: 1100)
    #expect(try harness.ask("INCR", "n", from: 1) == .error(Self.refusal + "Input/output error"))
    #expect(try harness.ask("GET", "n", from: 1) == .null)
    harness.passAll(milliseconds: 3000)
    #expect(harness.disk.names == ["log.1.base.rdb", "log.1.incr.aof", "log.manifest"])
    harness.disk.heal()
    harness.passAll(milliseconds: 2200)
    // What was written before is not believed, though a sync of it would succeed now.
    #expect(harness.disk.names.contains("log.2.incr.aof"))
    #expect(try harness.ask("PING", from: 1) == .simple("PONG"))
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 1100)
    #expect(try harness.received().last == .integer(3))
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [0, 3])
    }
    #expect(harness.log.filter { $0.hasPrefix("Fail to fsync the AOF file") }.count == 1)
  }

  /// The stream believes in the database that it has selected, whatever file comes next.
  @Test func anIncrementInThePlaceOfAnotherSelectsTheDatabase() throws {
    let harness = try JournalHarness()
    harness.send([["SELECT", "3"], ["INCR", "n"]])
    harness.passAll(milliseconds: 1100)
    harness.disk.isSyncBroken = true
    #expect(!harness.journal.prepareToStop(force: false))
    harness.disk.heal()
    harness.passAll(milliseconds: 2200)
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 1100)
    #expect(harness.disk.names.contains("log.2.incr.aof"))
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [0, 2])
    }
  }

  @Test(arguments: [true, false]) func aFailedSyncOfNothingIsGotOver(_ hasWritten: Bool) throws {
    let harness = try JournalHarness()
    if hasWritten { harness.send("INCR", "n") }
    harness.passAll(milliseconds: 1100)
    harness.disk.isSyncBroken = true
    harness.send("BGREWRITEAOF")
    harness.disk.runAll()
    #expect(try harness.ask("PING", from: 1) == .error(Self.refusal + "Input/output error"))
    harness.disk.heal()
    harness.passAll(milliseconds: 3000)
    #expect(try harness.ask("PING", from: 1) == .simple("PONG"))
  }

  /// A primary goes on to send what a full disk does not take.
  @Test func whatCannotBeWrittenTakesNoMoreThanSoMuchMemory() throws {
    let harness = try JournalHarness()
    let primary = harness.client(0)
    primary.isPrimary = true
    harness.engine.isReplica = true
    harness.send("INCR", "n")
    harness.disk.capacity = 0
    let value = String(repeating: "x", count: 8 << 20)
    var largest = 0
    for _ in 0..<20 {
      harness.send([["SET", "k", value], ["INCR", "n"]])
      harness.passAll(milliseconds: 100)
      largest = max(largest, try Int(harness.figure("aof_buffer_length") ?? "") ?? .max)
    }
    #expect(largest < 100 << 20)
    harness.disk.heal()
    harness.passAll(milliseconds: 40_000)
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 2000)
    #expect(try harness.ask("PING", from: 1) == .simple("PONG"))
    #expect(harness.counts.n == [22, 0])
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [22, 0])
    }
  }

  /// As with Redis: whoever asks a replica whether it is well is told.
  @Test func aReplicaTellsOfItsDisk() throws {
    let harness = try JournalHarness()
    harness.client(0).isPrimary = true
    harness.engine.isReplica = true
    harness.disk.capacity = 0
    harness.send("INCR", "n")
    let refused = Reply.error(Self.refusal + "No space left on device")
    #expect(try harness.ask("PING", from: 1) == refused)
    #expect(try harness.ask("SET", "k", "v", from: 1) == refused)
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "1")]))
    harness.send("INCR", "n")
    #expect(harness.counts.n == [2, 0])
    harness.disk.heal()
    harness.passAll(milliseconds: 1200)
    #expect(try harness.ask("PING", from: 1) == .simple("PONG"))
  }

  /// Where the bytes are not kept, because nobody was promised anything when they were written, the dataset is what is left.
  @Test func whatIsNotKnownAnyMoreIsMadeGoodByABase() throws {
    let harness = try JournalHarness(.never)
    for _ in 0..<3 { harness.send("INCR", "n") }
    harness.settings.appendSync = .always
    harness.disk.isSyncBroken = true
    harness.journal.policyChanged()
    harness.disk.runAll()
    #expect(try harness.ask("INCR", "n", from: 1) == .error(Self.refusal + "Input/output error"))
    harness.disk.heal()
    harness.passAll(milliseconds: 2000)
    harness.send("INCR", "n", from: 1)
    harness.disk.runAll()
    #expect(try harness.received(1) == [.integer(4)])
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [4, 0])
    }
  }

  @Test func aRewriteThatFailsLeavesTheLogAsGoodAsBefore() throws {
    let harness = try JournalHarness(.always)
    harness.send("INCR", "n")
    harness.disk.runAll()
    harness.send("BGREWRITEAOF")
    harness.disk.run(.sync)
    harness.send("INCR", "n")
    harness.disk.isRenameBroken = true
    harness.disk.runAll()
    #expect(try harness.figure("aof_last_bgrewrite_status") == "err")
    #expect(try harness.figure("aof_rewrites_consecutive_failures") == "1")
    #expect(try harness.received().last == .integer(2))
    #expect(!harness.disk.names.contains { $0.hasPrefix("temp-") || $0.contains("2.base") })
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(harness.disk.files(remains)).n == [2, 0])
    }
    harness.disk.heal()
    harness.send("BGREWRITEAOF")
    harness.disk.runAll()
    #expect(try harness.figure("aof_last_bgrewrite_status") == "ok")
    #expect(harness.disk.names == ["log.2.base.rdb", "log.3.incr.aof", "log.manifest"])
  }

  @Test func rewritesThatFailAgainAndAgainAreTriedMoreRarely() throws {
    let harness = try JournalHarness()
    harness.settings.autoRewriteMinSize = 10
    harness.settings.autoRewritePercentage = 1
    harness.disk.isRenameBroken = true
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 20_000)
    #expect(try harness.figure("aof_rewrites_consecutive_failures") == "3")
    #expect(harness.log.filter { $0.contains("triggered the limit, will retry in 1 minutes") }.count == 1)
    // Who asks for one is served at once.
    harness.disk.heal()
    #expect(try harness.ask("BGREWRITEAOF") == .simple("Background append only file rewriting started"))
    harness.disk.runAll()
    #expect(try harness.figure("aof_rewrites_consecutive_failures") == "0")
  }

  @Test func aFailedFirstBaseIsTriedAgain() throws {
    let harness = try JournalHarness(isOn: false)
    harness.send("INCR", "n")
    harness.disk.isSyncBroken = true
    harness.settings.appendOnly = true
    #expect(harness.journal.enabledChanged())
    harness.send("INCR", "n")
    harness.disk.runAll()
    #expect(harness.log.last == "Removing the temp incr aof file temp-log.incr in the background")
    #expect(try harness.figure("aof_rewrite_scheduled") == "1")
    #expect(harness.disk.names == [])
    harness.disk.heal()
    harness.passAll(milliseconds: 2200)
    #expect(harness.disk.names == ["log.1.base.rdb", "log.1.incr.aof", "log.manifest"])
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [2, 0])
  }

  @Test func aLogThatCannotBeTurnedOnStaysOff() throws {
    let harness = try JournalHarness(isOn: false)
    harness.disk.isOpenBroken = true
    harness.settings.appendOnly = true
    #expect(!harness.journal.enabledChanged())
    harness.settings.appendOnly = false
    #expect(harness.journal.enabledChanged())
    #expect(try harness.figure("aof_enabled") == "0")
    #expect(try harness.ask("INCR", "n") == .integer(1))
  }

  // MARK: The end

  @Test func theEndOfTheServerSyncsTheLog() throws {
    let harness = try JournalHarness(.everySecond)
    harness.send("INCR", "n")
    #expect(harness.journal.prepareToStop(force: false))
    #expect(harness.log.last == "Calling fsync() on the AOF file.")
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [1, 0])
    harness.send("INCR", "n")
    harness.disk.isSyncBroken = true
    #expect(!harness.journal.prepareToStop(force: false))
    #expect(harness.log.last == "Error trying to write the AOF, can't exit.")
    #expect(harness.journal.prepareToStop(force: true))
  }

  /// It waits for the next increment, and goes on with that.
  @Test(arguments: [false, true]) func theEndSyncsAnIncrementThatHasJustBegun(_ isWriteBroken: Bool) throws {
    let harness = try JournalHarness(.everySecond)
    harness.send("INCR", "n")
    harness.send("BGREWRITEAOF")
    harness.send("INCR", "n")
    // The sync, the new file, its name, and five operations for the manifest.
    if isWriteBroken { harness.disk.failsIn = 8 }
    #expect(harness.journal.prepareToStop(force: false))
    #expect(harness.disk.failsIn == nil)
    #expect(harness.disk.names == ["log.1.base.rdb", "log.1.incr.aof", "log.2.incr.aof", "log.manifest"])
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [2, 0])
    #expect(harness.disk.content("log.2.incr.aof")?.isEmpty == false)
  }

  /// Nothing of what there is since it was lost is in any file.
  @Test(arguments: [AppendSync.always, .everySecond, .never])
  func theServerDoesNotEndWithoutItsLog(_ sync: AppendSync) throws {
    let harness = try JournalHarness(sync)
    harness.send("INCR", "n")
    harness.disk.runAll()
    harness.disk.isOpenBroken = true
    try harness.replaceDataset()
    harness.disk.runAll()
    #expect(try harness.figure("aof_rewrite_in_progress") == "0")
    #expect(!harness.journal.prepareToStop(force: false))
    #expect(harness.log.last == "Writing initial AOF, can't exit.")
    #expect(harness.journal.prepareToStop(force: true))
    harness.disk.heal()
    harness.passAll(milliseconds: 2000)
    #expect(harness.journal.prepareToStop(force: false))
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [0, 0])
  }

  @Test func theServerDoesNotEndBeforeItsFirstBase() throws {
    let harness = try JournalHarness(isOn: false)
    harness.send("INCR", "n")
    harness.settings.appendOnly = true
    #expect(harness.journal.enabledChanged())
    #expect(!harness.journal.prepareToStop(force: false))
    #expect(harness.log.last == "Writing initial AOF, can't exit.")
    harness.disk.runAll()
    #expect(harness.journal.prepareToStop(force: false))
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [1, 0])
  }
}
