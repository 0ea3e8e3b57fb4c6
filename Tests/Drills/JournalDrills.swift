import Foundation
import RESP
import TestSupport
import Testing

/// The append-only log, and servers that are killed while they write it.
///
/// `CAMBIUM_DRILL_KILLS` says how often; a hundred times takes a few minutes.
@Suite(.tags(.drill), .serialized) struct JournalDrills {
  private static let killCount = ProcessInfo.processInfo.environment["CAMBIUM_DRILL_KILLS"].flatMap { Int($0) } ?? 6
  private static let writerCount = 6
  private static let everySecondLoss = Duration.milliseconds(1500)

  /// Under `always`, what was answered is there; under `everysec`, what was answered more than a second before, and what an
  /// earlier round has left in any case.
  ///
  /// A process that is killed loses what it had not given to the system. Under `everysec` that is what came while a sync ran:
  /// writing waits for it, for up to two seconds on a disk that is as slow as that. So half a second is allowed for.
  @Test(arguments: ["always", "everysec"])
  func killedWhileItWrites(_ policy: String) throws {
    var random = SeededGenerator()
    print("killing: \(policy), \(Self.killCount / 2) times, \(random)")
    var all = Outcome()
    var left = max(1, Self.killCount / 2)
    while left > 0 {
      // A server begins anew now and then: what is written in one round is loaded in each that follows.
      try kill(policy, times: min(left, 10), &random, &all)
      left -= 10
    }
    #expect(policy == "everysec" || all.lost == 0)
    #expect(all.isAnythingPromised)
    #expect(all.steps > 0, "nobody wrote anything")
    print("killing: \(policy): \(all.steps) steps, at most \(all.lost) answered ones of a writer lost at once")
  }

  private struct Outcome {
    var steps = 0
    /// The most answered steps of a writer that were not there after a kill.
    var lost = 0
    var isAnythingPromised = false
  }

  private func kill(_ policy: String, times: Int, _ random: inout SeededGenerator, _ all: inout Outcome) throws {
    let server = try ServerProcess(
      .cambium,
      directives: [
        "save ''", "appendonly yes", "appendfsync \(policy)", "auto-aof-rewrite-percentage 0", "rdb-key-save-delay 100",
        "aof-use-rdb-preamble \(random.oneIn(2) ? "yes" : "no")", "enable-debug-command yes",
        "aof-timestamp-enabled \(random.oneIn(2) ? "yes" : "no")",
      ])
    let filler = try server.connect()
    _ = try filler.pipeline((0..<300).map { ["HSET", "filler:\($0)", "a", "1", "b", "\($0)"] })
    var steps = [Int](repeating: 0, count: Self.writerCount)
    for round in 0..<times {
      let writers = try LogWriters(server, after: steps)
      let client = try server.connect()
      // Under `everysec`, long enough for something to be promised.
      let milliseconds = Int.random(in: policy == "always" ? 0...300 : 3000...6000, using: &random)
      if random.oneIn(2) {
        usleep(UInt32(Int.random(in: 0...milliseconds, using: &random)) * 1000 / 2)
        _ = try client.command("BGREWRITEAOF")
        usleep(UInt32(milliseconds) * 1000 / 2)
      } else {
        usleep(UInt32(milliseconds) * 1000)
      }
      let killed = ContinuousClock.now
      server.kill9()
      let progress = writers.end()
      // Redis reads the files as the kill has left them.
      let copy = round % 5 == 0 ? try copyOfLog(server) : nil
      try server.restart()
      let reader = try server.connect(timeoutMilliseconds: 60_000)
      let (found, wrong) = try LogWriters.steps(reader, writers: Self.writerCount)
      #expect(wrong.isEmpty, "\(random) round \(round): \(wrong)")
      #expect(try reader.command("HGET", "filler:299", "b") == .bulk("299"))
      for (writer, step) in found.enumerated() {
        let promised =
          policy == "always" ? progress[writer].answered : progress[writer].answered(by: killed - Self.everySecondLoss)
        all.isAnythingPromised = all.isAnythingPromised || promised > steps[writer]
        all.lost = max(all.lost, progress[writer].answered - step)
        #expect(
          step >= promised && step <= progress[writer].sent,
          "\(random) round \(round): writer \(writer) has \(step) of \(progress[writer].answered), and \(promised) are due"
        )
      }
      steps = found
      let check = try Tool.run(["/usr/bin/redis-check-aof", server.path(of: "appendonlydir/appendonly.aof.manifest")])
      #expect(check.exitCode == 0 && check.output.contains("All AOF files and manifest are valid"), "\(check.output)")
      if let copy { try compareWithRedis(copy, reader) }
    }
    all.steps += steps.reduce(0, +)
  }

  private func copyOfLog(_ server: ServerProcess) throws -> URL {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-log-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: false)
    try FileManager.default.copyItem(
      at: server.directory.appendingPathComponent("appendonlydir"), to: copy.appendingPathComponent("appendonlydir"))
    return copy
  }

  private func compareWithRedis(_ directory: URL, _ client: Client) throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let redis = try ServerProcess(
      .redis, directives: ["save ''", "appendonly yes", "enable-debug-command yes"], directory: directory)
    #expect(try redis.connect().command("DEBUG", "DIGEST") == client.command("DEBUG", "DIGEST"), "\(redis.log.text)")
    redis.kill9()
  }

  /// A log that cannot be loaded ends the start, and stays as it is.
  @Test func damagedLog() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "appendonly yes"])
    _ = try server.connect().pipeline((0..<200).map { ["SET", "key:\($0)", "value"] })
    #expect(server.stop())
    let name = "appendonlydir/appendonly.aof.1.incr.aof"
    var file = try server.contents(of: name)
    // Where a command begins: a byte of a value would be a value.
    let place = try #require(file[(file.count / 2)...].firstIndex(of: UInt8(ascii: "*")))
    file[place] = 0
    try Data(file).write(to: server.directory.appendingPathComponent(name))
    #expect(throws: (any Error).self) { try server.restart() }
    #expect(server.exitCode == 1)
    let last = server.log.text.split(separator: "\n").last ?? ""
    #expect(last.contains("Bad file format reading the append only file appendonly.aof.1.incr.aof"), "\(last)")
    #expect(try server.contents(of: name) == file)
  }

  /// The end of the file is missing: as the configuration says, the rest is loaded, or nothing.
  @Test func cutLog() throws {
    let server = try ServerProcess(
      .cambium, directives: ["save ''", "appendonly yes"], arguments: ["--aof-load-truncated", "no"])
    _ = try server.connect().pipeline((0..<200).map { ["INCR", "count \($0 % 3)"] })
    #expect(server.stop())
    let name = "appendonlydir/appendonly.aof.1.incr.aof"
    let file = try server.contents(of: name)
    try Data(file.dropLast(3)).write(to: server.directory.appendingPathComponent(name))
    #expect(throws: (any Error).self) { try server.restart() }
    #expect(server.exitCode == 1)
    let last = server.log.text.split(separator: "\n").last ?? ""
    #expect(last.contains("Unexpected end of file reading the append only file"), "\(last)")
    #expect(try server.contents(of: name) == Array(file.dropLast(3)))
    let lenient = try ServerProcess(
      .cambium, directives: ["save ''", "appendonly yes"], directory: server.directory)
    let client = try lenient.connect()
    #expect(
      try client.command("MGET", "count 0", "count 1", "count 2") == .array([.bulk("67"), .bulk("66"), .bulk("66")]))
    #expect(try client.command("INCR", "count 1") == .integer(67))
    #expect(lenient.stop())
    #expect(try lenient.contents(of: name).count > file.count - 60)
    let check = try Tool.run(["/usr/bin/redis-check-aof", lenient.path(of: "appendonlydir/appendonly.aof.manifest")])
    #expect(check.exitCode == 0, "\(check.output)")
  }

  /// DEBUG LOADAOF that fails gives back what was there.
  @Test func aReloadThatFailsChangesNothing() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "appendonly yes", "enable-debug-command yes"])
    let client = try server.connect()
    _ = try client.pipeline((0..<200).map { ["SET", "key:\($0)", "value"] })
    let digest = try client.command("DEBUG", "DIGEST")
    #expect(try client.command("DEBUG", "LOADAOF") == .simple("OK"))
    #expect(try client.command("DEBUG", "DIGEST") == digest)
    let name = server.directory.appendingPathComponent("appendonlydir/appendonly.aof.1.incr.aof")
    let handle = try FileHandle(forWritingTo: name)
    try handle.seek(toOffset: 100)
    try handle.write(contentsOf: Data("!!!!!!!!!!!!!!!!!".utf8))
    try handle.close()
    guard case .error(let text) = try client.command("DEBUG", "LOADAOF") else {
      Issue.record("a damaged log was loaded")
      return
    }
    #expect(text.hasPrefix("ERR Error trying to load the AOF files"))
    #expect(try client.command("DEBUG", "DIGEST") == digest)
    #expect(try client.command("VERSION", "LIST") == .array([]))
    #expect(try client.command("SET", "more", "1") == .simple("OK"))
  }

  /// A log that is off may hold another dataset than the live one. Whoever follows this follows there, too.
  @Test func replicasFollowALogThatIsLoaded() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "appendonly yes", "enable-debug-command yes"])
    let client = try server.connect()
    #expect(try client.command("SET", "a", "1") == .simple("OK"))
    #expect(try client.command("CONFIG", "SET", "appendonly", "no") == .simple("OK"))
    #expect(try client.command("SET", "b", "1") == .simple("OK"))
    let replica = try ServerProcess(.cambium, directives: ["save ''", "replicaof 127.0.0.1 \(server.port)"])
    let reader = try replica.connect()
    let isThere = ServerProcess.wait(milliseconds: 20_000) { (try? reader.command("GET", "b")) == .bulk("1") }
    #expect(isThere)
    #expect(try client.command("DEBUG", "LOADAOF") == .simple("OK"))
    #expect(try client.command("MGET", "a", "b") == .array([.bulk("1"), .null]))
    let hasFollowed = ServerProcess.wait(milliseconds: 20_000) {
      (try? reader.command("MGET", "a", "b")) == .array([.bulk("1"), .null])
    }
    #expect(hasFollowed, "\(replica.log.text)")
  }
}
