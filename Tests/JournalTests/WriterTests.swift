import Engine
import Journal
import RESP
import TestSupport
import Testing

/// What the log does to files, step by step.
@Suite struct WriterTests {
  private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

  // MARK: Files

  @Test func aNewLogHasABaseAndAnIncrement() throws {
    let harness = try JournalHarness()
    #expect(harness.disk.names == ["log.1.base.rdb", "log.1.incr.aof", "log.manifest"])
    #expect(
      text(harness.disk.content("log.manifest")) == """
        file log.1.base.rdb seq 1 type b
        file log.1.incr.aof seq 1 type i

        """)
    #expect(
      harness.log.suffix(2) == [
        "Creating AOF base file log.1.base.rdb on server start",
        "Creating AOF incr file log.1.incr.aof on server start",
      ])
    harness.send("SET", "k", "v")
    #expect(
      text(harness.disk.content("log.1.incr.aof"))
        == "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
  }

  @Test func aLogGoesOnWithItsLastIncrement() throws {
    let first = try JournalHarness()
    first.send("INCR", "n")
    let files = first.disk.files(.all)
    let disk = FaultyDisk()
    for (name, content) in files { disk.put(name, content) }
    disk.put("temp-log.2.base", [1, 2, 3])
    let second = try JournalHarness(disk: disk, isOn: false)
    second.settings.appendOnly = true
    try second.journal.begin(JournalManifest.load("log", from: disk))
    second.send("INCR", "n")
    #expect(second.disk.names == ["log.1.base.rdb", "log.1.incr.aof", "log.manifest"])
    // The engine of this test began without what the log holds.
    #expect(try JournalHarness.load(disk.files(.all)).n == [2, 0])
  }

  /// As a rewrite of a log that is off leaves it, if what it makes needless is kept.
  @Test func anIncrementHasNoNameOfHistory() throws {
    let disk = FaultyDisk()
    for name in ["log.2.base.rdb", "log.1.base.rdb", "log.1.incr.aof"] { disk.put(name, LogText.snapshot()) }
    let manifest = """
      file log.2.base.rdb seq 2 type b
      file log.1.incr.aof seq 1 type h
      file log.1.base.rdb seq 1 type h

      """
    disk.put("log.manifest", Array(manifest.utf8))
    let harness = try JournalHarness(disk: disk, isOn: false)
    harness.settings.appendOnly = true
    try harness.journal.begin(JournalManifest.load("log", from: disk))
    harness.send("INCR", "n")
    harness.passAll(milliseconds: 2200)
    #expect(disk.names == ["log.2.base.rdb", "log.2.incr.aof", "log.manifest"])
    for remains in FaultyDisk.Remains.allCases {
      #expect(try JournalHarness.load(disk.files(remains)).n == [1, 0])
    }
  }

  /// A manifest that calls one file both cannot have meant that it is to be removed.
  @Test func whatTheLogConsistsOfIsNotRemovedAsHistory() throws {
    let disk = FaultyDisk()
    disk.put("log.2.base.rdb", LogText.snapshot())
    disk.put("log.1.incr.aof", LogText.command("SET", "n", "7"))
    let manifest = """
      file log.2.base.rdb seq 2 type b
      file log.1.incr.aof seq 1 type h
      file log.1.incr.aof seq 1 type i

      """
    disk.put("log.manifest", Array(manifest.utf8))
    let harness = try JournalHarness(disk: disk, isOn: false)
    harness.settings.appendOnly = true
    try harness.journal.begin(JournalManifest.load("log", from: disk))
    harness.passAll(milliseconds: 2200)
    #expect(disk.names == ["log.1.incr.aof", "log.2.base.rdb", "log.manifest"])
    #expect(try JournalHarness.load(disk.files(.least)).n == [7, 0])
    #expect(try JournalManifest.load("log", from: disk).history == [])
  }

  /// Somebody has lost the manifest, and may want to write another.
  @Test(arguments: [true, false]) func filesThatNoManifestNamesAreNotWrittenOver(_ isOn: Bool) throws {
    let disk = FaultyDisk()
    let increment = LogText.command("SET", "n", "7")
    disk.put("log.3.base.rdb", LogText.snapshot())
    disk.put("log.1.base.aof", increment)
    disk.put("log.5.incr.aof", increment)
    disk.put("log.x.incr.aof", increment)
    let harness = try JournalHarness(disk: disk, isOn: false)
    harness.settings.appendOnly = true
    if isOn { try harness.journal.begin(JournalManifest()) } else { #expect(harness.journal.enabledChanged()) }
    harness.disk.runAll()
    harness.send("INCR", "n")
    #expect(
      disk.names == [
        "log.1.base.aof", "log.3.base.rdb", "log.4.base.rdb", "log.5.incr.aof", "log.6.incr.aof", "log.manifest",
        "log.x.incr.aof",
      ])
    #expect(disk.content("log.5.incr.aof") == increment && disk.content("log.3.base.rdb") == LogText.snapshot())
    #expect(try JournalHarness.load(disk.files(.all)).n == [1, 0])
  }

  @Test func aRewriteLeavesOneBaseAndOneIncrement() throws {
    let harness = try JournalHarness()
    for _ in 0..<3 { harness.send("INCR", "n") }
    #expect(try harness.ask("BGREWRITEAOF") == .simple("Background append only file rewriting started"))
    #expect(try harness.figure("aof_rewrite_in_progress") == "1")
    #expect(
      try harness.ask("BGREWRITEAOF") == .error("ERR Background append only file rewriting already in progress"))
    harness.send("INCR", "n")
    harness.disk.runAll()
    harness.send("INCR", "n")
    #expect(harness.disk.names == ["log.2.base.rdb", "log.2.incr.aof", "log.manifest"])
    #expect(try harness.figure("aof_rewrite_in_progress") == "0")
    #expect(try harness.figure("aof_last_bgrewrite_status") == "ok")
    #expect(try harness.figure("aof_rewrites") == "1")
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [5, 0])
    #expect(harness.disk.openCount == 1)
    #expect(harness.log.last == "Background AOF rewrite finished successfully")
  }

  @Test func aBaseMayBeCommands() throws {
    let harness = try JournalHarness()
    harness.settings.logBaseIsSnapshot = false
    harness.settings.logTimestamps = true
    harness.send("SET", "s", "v")
    harness.send("PEXPIREAT", "s", "9999999999999")
    harness.send([["RPUSH", "l"] + (0..<100).map { "e\($0)" }])
    harness.send("SADD", "set", "a")
    harness.send("ZADD", "z", "1.5", "m")
    harness.send("HSET", "h", "f", "v")
    harness.send("XADD", "x", "1-1", "f", "v")
    harness.settings.enableDebugCommand = .yes
    let digest = try harness.ask("DEBUG", "DIGEST")
    #expect(digest != nil)
    harness.send("BGREWRITEAOF")
    harness.disk.runAll()
    #expect(harness.disk.names == ["log.2.base.aof", "log.2.incr.aof", "log.manifest"])
    let base = text(harness.disk.content("log.2.base.aof"))
    #expect(base.hasPrefix("#TS:1700000000\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"))
    #expect(base.contains("*4\r\n$4\r\nZADD\r\n$1\r\nz\r\n$3\r\n1.5\r\n$1\r\nm\r\n"))
    #expect(base.contains("*3\r\n$9\r\nPEXPIREAT\r\n$1\r\ns\r\n$13\r\n9999999999999\r\n"))
    #expect(base.contains("*66\r\n$5\r\nRPUSH\r\n") && base.contains("*38\r\n$5\r\nRPUSH\r\n"))
    let loading = LoadingHarness(harness.settings)
    loading.disk.files = harness.disk.files(.all)
    guard case .loaded = try loading.load() else { throw JournalHarness.Failure(text: "\(loading.log)") }
    #expect(try loading.ask("DEBUG", "DIGEST") == digest)
  }

  @Test func timesAreNotedBetweenUnits() throws {
    let harness = try JournalHarness()
    harness.settings.logTimestamps = true
    harness.send("SET", "k", "1")
    harness.send("SET", "k", "2")
    harness.passAll(milliseconds: 1000)
    harness.send([["MULTI"], ["SET", "k", "3"], ["SET", "k", "4"], ["EXEC"]])
    let log = text(harness.disk.content("log.1.incr.aof"))
    #expect(log.hasPrefix("#TS:1700000000\r\n*2\r\n$6\r\nSELECT"))
    #expect(log.count { $0 == "#" } == 2)
    #expect(log.contains("#TS:1700000001\r\n*1\r\n$5\r\nMULTI\r\n"))
  }

  @Test func historyIsKeptWhereThatIsWanted() throws {
    let harness = try JournalHarness()
    harness.settings.keepsLogHistory = true
    harness.send("BGREWRITEAOF")
    harness.disk.runAll()
    #expect(
      text(harness.disk.content("log.manifest")) == """
        file log.2.base.rdb seq 2 type b
        file log.1.incr.aof seq 1 type h
        file log.1.base.rdb seq 1 type h
        file log.2.incr.aof seq 2 type i

        """)
    #expect(harness.disk.names.contains("log.1.base.rdb"))
    harness.settings.keepsLogHistory = false
    harness.journal.historyPolicyChanged()
    #expect(harness.disk.names == ["log.2.base.rdb", "log.2.incr.aof", "log.manifest"])
    #expect(!text(harness.disk.content("log.manifest")).contains("type h"))
  }

  // MARK: On and off

  @Test func aLogThatIsTurnedOnFollowsUponItsBase() throws {
    let harness = try JournalHarness(isOn: false)
    harness.send("INCR", "n")
    #expect(try harness.figure("aof_enabled") == "0")
    harness.settings.appendOnly = true
    #expect(harness.journal.enabledChanged())
    harness.send("INCR", "n")
    #expect(try harness.figure("aof_enabled") == "1")
    #expect(harness.disk.content("log.manifest") == nil)
    harness.disk.runAll()
    #expect(harness.disk.names == ["log.1.base.rdb", "log.1.incr.aof", "log.manifest"])
    harness.send("INCR", "n")
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [3, 0])
    harness.settings.appendOnly = false
    #expect(harness.journal.enabledChanged())
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [3, 0])
    harness.send("INCR", "n")
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [3, 0])
    harness.settings.appendOnly = true
    #expect(harness.journal.enabledChanged())
    harness.disk.runAll()
    #expect(harness.disk.names == ["log.2.base.rdb", "log.2.incr.aof", "log.manifest"])
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [4, 0])
  }

  @Test func turningOffEndsARewrite() throws {
    let harness = try JournalHarness()
    harness.send("INCR", "n")
    harness.send("BGREWRITEAOF")
    harness.disk.run(.sync)
    harness.settings.appendOnly = false
    #expect(harness.journal.enabledChanged())
    #expect(harness.log.last?.contains("Killing running AOF rewrite") == true)
    harness.disk.runAll()
    #expect(harness.disk.openCount == 0)
    #expect(!harness.disk.names.contains { $0.hasPrefix("temp") })
    #expect(try harness.figure("aof_rewrite_in_progress") == "0")
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [1, 0])
  }

  /// What a rewrite that was given up has done, or is about to do, is not to be taken for what the next one does.
  @Test(arguments: [true, false]) func aRewriteIsNotMixedUpWithTheOneBefore(_ isOn: Bool) throws {
    let harness = try JournalHarness(isOn: isOn)
    harness.send("INCR", "n")
    harness.send("BGREWRITEAOF")
    if isOn {
      harness.disk.run(.sync)
      harness.settings.appendOnly = false
      harness.disk.perform(.rewrite)
      #expect(harness.journal.enabledChanged())
    } else {
      // The manifest that names the base is to be written.
      harness.disk.run(.rewrite)
    }
    harness.send("INCR", "n")
    harness.settings.appendOnly = true
    #expect(harness.journal.enabledChanged())
    // The next one is at work when what the former has done is told.
    harness.disk.perform(.rewrite)
    harness.disk.runAll()
    #expect(try harness.figure("aof_last_bgrewrite_status") == "ok")
    #expect(
      harness.disk.names == (isOn ? ["log.2.base.rdb", "log.3.incr.aof"] : ["log.1.incr.aof", "log.2.base.rdb"]) + [
        "log.manifest"
      ])
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [2, 0])
  }

  /// Those of another log in the same directory are not this one's.
  @Test func whatACrashHasLeftIsRemoved() throws {
    let disk = FaultyDisk()
    let others = ["temp-log.2.1.base", "temp-log.x.base", "temp-logs.1.base", "temp-other.incr"]
    for name in others + ["temp-log.0.base", "temp-log.17.base", "temp-log.incr", "temp-log.manifest"] {
      disk.put(name, [1])
    }
    let harness = try JournalHarness(disk: disk, isOn: false)
    harness.settings.appendOnly = true
    #expect(harness.journal.enabledChanged())
    harness.disk.runAll()
    #expect(disk.names.filter { $0.hasPrefix("temp-") } == others)
  }

  @Test func aRewriteOfALogThatIsOffLeavesABase() throws {
    let harness = try JournalHarness(isOn: false)
    harness.send("INCR", "n")
    #expect(try harness.ask("BGREWRITEAOF") == .simple("Background append only file rewriting started"))
    harness.disk.runAll()
    #expect(harness.disk.names == ["log.1.base.rdb", "log.manifest"])
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [1, 0])
  }

  @Test func inATransactionARewriteWaits() throws {
    let harness = try JournalHarness()
    harness.send([["MULTI"], ["INCR", "n"], ["BGREWRITEAOF"], ["INCR", "n"], ["EXEC"]])
    #expect(
      try harness.received().last
        == .array([.integer(1), .simple("Background append only file rewriting scheduled"), .integer(2)]))
    #expect(try harness.figure("aof_rewrite_scheduled") == "1")
    harness.passAll(milliseconds: 200)
    #expect(try harness.figure("aof_rewrites") == "1")
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [2, 0])
  }

  @Test func aLogThatHasGrownIsRewritten() throws {
    let harness = try JournalHarness()
    harness.settings.autoRewriteMinSize = 1000
    harness.send("SET", "k", String(repeating: "x", count: 2000))
    harness.passAll(milliseconds: 200)
    #expect(harness.log.contains { $0.hasPrefix("Starting automatic rewriting of AOF on ") })
    #expect(try harness.figure("aof_rewrites") == "1")
    let size = harness.disk.files(.all).reduce(0) { $0 + ($1.key == "log.manifest" ? 0 : $1.value.count) }
    #expect(try harness.figure("aof_current_size") == "\(size)")
    #expect(try harness.figure("aof_base_size") == "\(size)")
  }

  // MARK: Policies

  @Test func underAlwaysARepliesWaitsForTheDisk() throws {
    let harness = try JournalHarness(.always)
    #expect(try harness.ask("INCR", "n") == nil)
    #expect(try harness.ask("INCR", "n", from: 2) == nil)
    // One sync serves the first, and the next all that came meanwhile.
    harness.disk.run(.sync)
    #expect(try harness.received() == [.integer(1)])
    #expect(try harness.received(2) == [])
    #expect(try harness.ask("INCR", "n", from: 3) == nil)
    harness.disk.run(.sync)
    #expect(try harness.received(2) == [.integer(2)])
    #expect(try harness.received(3) == [])
    harness.disk.run(.sync)
    #expect(try harness.received(3) == [.integer(3)])
    #expect(harness.disk.isIdle)
  }

  @Test func underAlwaysNobodySeesWhatACrashTakesBack() throws {
    let harness = try JournalHarness(.always)
    #expect(try harness.ask("GET", "n", from: 1) == .null)
    #expect(try harness.ask("INCR", "n") == nil)
    #expect(try harness.ask("GET", "n", from: 1) == nil)
    // What a write of the same moment has done is shown no earlier either.
    harness.post([["INCR", "n"]])
    #expect(try harness.ask("GET", "n", from: 2) == nil)
    harness.disk.run(.sync)
    #expect(try harness.received(1) == [.bulk([UInt8(ascii: "1")])])
    #expect(try harness.received(2) == [])
    harness.disk.run(.sync)
    #expect(try harness.received(2) == [.bulk([UInt8(ascii: "2")])])
    #expect(try harness.ask("GET", "n", from: 1) == .bulk([UInt8(ascii: "2")]))
  }

  /// Nothing is ever safe to its end where writes come all the time; what could leave when it came does, a sync later.
  @Test func aLoadThatNeverPausesStarvesNobody() throws {
    let harness = try JournalHarness(.always)
    #expect(try harness.ask("SUBSCRIBE", "c", from: 2) != nil)
    harness.send("INCR", "n")
    var (written, read, heard) = (0, 0, 0)
    for _ in 0..<20 {
      harness.send([["INCR", "n"], ["PUBLISH", "c", "m"]])
      harness.send("GET", "n", from: 1)
      harness.disk.run(.sync)
      written += try harness.received().count
      read += try harness.received(1).count
      heard += try harness.received(2).count
    }
    #expect(written >= 36 && read >= 18 && heard >= 18, "\(written) \(read) \(heard)")
  }

  @Test func whoeverWaitedForAKeyWaitsForTheDiskToo() throws {
    let harness = try JournalHarness(.always)
    #expect(try harness.ask("BLPOP", "l", "0") == nil)
    #expect(try harness.ask("RPUSH", "l", "a", from: 1) == nil)
    #expect(try harness.received() == [])
    harness.disk.runAll()
    #expect(try harness.received() == [.array([.bulk([UInt8(ascii: "l")]), .bulk([UInt8(ascii: "a")])])])
    #expect(try harness.received(1) == [.integer(1)])
  }

  @Test func policiesMayChange() throws {
    let harness = try JournalHarness(.always)
    #expect(try harness.ask("INCR", "n") == nil)
    harness.settings.appendSync = .everySecond
    harness.journal.policyChanged()
    #expect(try harness.received() == [.integer(1)])
    #expect(try harness.ask("INCR", "n") == .integer(2))
    harness.settings.appendSync = .always
    harness.journal.policyChanged()
    #expect(try harness.ask("INCR", "n") == nil)
    harness.disk.runAll()
    #expect(try harness.received() == [.integer(3)])
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [3, 0])
  }

  @Test func everySecondTheLogIsSynced() throws {
    let harness = try JournalHarness(.everySecond)
    #expect(try harness.ask("INCR", "n") == .integer(1))
    #expect(harness.disk.isIdle)
    harness.passAll(milliseconds: 1100)
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [1, 0])
    // Nothing to do, nothing done.
    harness.pass(milliseconds: 3000)
    #expect(harness.disk.isIdle)
  }

  @Test func aSlowSyncHasWritesWaitForTwoSeconds() throws {
    let harness = try JournalHarness(.everySecond)
    harness.send("INCR", "n")
    harness.pass(milliseconds: 1100)
    #expect(!harness.disk.isIdle)
    let size = harness.disk.content("log.1.incr.aof")!.count
    harness.send("INCR", "n")
    harness.pass(milliseconds: 1000)
    #expect(harness.disk.content("log.1.incr.aof")!.count == size)
    #expect(try harness.figure("aof_pending_bio_fsync") == "1")
    #expect(Int(try harness.figure("aof_buffer_length") ?? "")! > 0)
    #expect(try harness.figure("aof_delayed_fsync") == "0")
    harness.pass(milliseconds: 1200)
    #expect(harness.disk.content("log.1.incr.aof")!.count > size)
    #expect(try harness.figure("aof_delayed_fsync") == "1")
    #expect(harness.log.contains { $0.hasPrefix("Asynchronous AOF fsync is taking too long") })
    harness.disk.runAll()
    harness.passAll(milliseconds: 1100)
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [2, 0])
  }

  @Test func withoutSyncsNothingIsSynced() throws {
    let harness = try JournalHarness(.never)
    #expect(try harness.ask("INCR", "n") == .integer(1))
    harness.pass(milliseconds: 3000)
    #expect(harness.disk.isIdle)
    #expect(try JournalHarness.load(harness.disk.files(.all)).n == [1, 0])
    #expect(harness.journal.prepareToStop(force: false))
    #expect(try JournalHarness.load(harness.disk.files(.least)).n == [1, 0])
  }

  @Test func whileTheLogIsRewrittenSyncsMayRest() throws {
    let harness = try JournalHarness(.always)
    harness.settings.skipsAppendSyncOnRewrite = true
    harness.send("BGREWRITEAOF")
    harness.disk.run(.sync)
    #expect(try harness.ask("INCR", "n", from: 1) == .integer(1))
    harness.disk.runAll()
    #expect(try harness.ask("INCR", "n", from: 1) == nil)
    harness.disk.runAll()
    #expect(try harness.received(1) == [.integer(2)])
  }
}
