import Foundation
import RESP
import TestSupport
import Testing

/// The append-only log on a disk that takes no more, or cannot keep what it took: writes are refused, reads go on, nothing
/// that was answered is lost, and it all mends itself.
@Suite(.tags(.drill), .serialized) struct JournalDiskDrills {
  private static let value = String(repeating: "x", count: 1000)

  private func server(_ policy: String, directory: URL? = nil) throws -> ServerProcess {
    try ServerProcess(
      .cambium,
      directives: ["save ''", "appendonly yes", "appendfsync \(policy)", "auto-aof-rewrite-percentage 0"],
      directory: directory)
  }

  /// Writes keys until one is refused, or is not answered. The keys that were stored as far as the client knows, and
  /// whether a reply is still owed.
  private func fill(_ client: Client, prefix: String, atMost count: Int = 20_000) throws -> (stored: Int, owed: Bool) {
    for number in 0..<count {
      guard let reply = try? client.command("SET", "\(prefix):\(number)", Self.value) else { return (number, true) }
      guard reply == .simple("OK") else { return (number, false) }
    }
    Issue.record("\(count) writes, and the disk is not full")
    return (count, false)
  }

  private func isRefused(_ reply: Reply, _ reason: String) -> Bool {
    guard case .error(let text) = reply else { return false }
    return text == "MISCONF Errors writing to the AOF file: \(reason)"
  }

  private func status(_ client: Client) throws -> String {
    let lines = try client.command("INFO", "persistence").text?.split(whereSeparator: \.isNewline) ?? []
    return lines.first { $0.hasPrefix("aof_last_write_status:") }.map { String($0.dropFirst(22)) } ?? ""
  }

  /// What is to be seen while nothing can be written, and what is to be seen again after `mend`.
  private func checkTrouble(
    _ server: ServerProcess, filler: Client, stored: Int, owed: Bool, reason: String, mend: () throws -> Void
  ) throws {
    let client = try server.connect()
    #expect(
      try ServerProcess.wait(milliseconds: 10_000) { isRefused(try client.command("SET", "other", "1"), reason) },
      "\(server.log.text)")
    #expect(isRefused(try client.command("PING"), reason))
    #expect(try client.command("GET", "key:0") == .bulk(Self.value))
    #expect(try status(client) == "err")
    try mend()
    #expect(
      try ServerProcess.wait(milliseconds: 20_000) { try client.command("SET", "other", "2") == .simple("OK") },
      "\(server.log.text)")
    #expect(try status(client) == "ok")
    if owed { #expect(try filler.readReply() == .simple("OK")) }
    #expect(try client.command("SET", "last", "3") == .simple("OK"))
  }

  private func checkStored(_ server: ServerProcess, stored: Int) throws {
    let client = try server.connect()
    for number in 0..<stored {
      #expect(try client.command("STRLEN", "key:\(number)") == .integer(1000), "key \(number) of \(stored)")
    }
    #expect(try client.command("GET", "other") == .bulk("2"))
    #expect(try client.command("GET", "last") == .bulk("3"))
  }

  /// Files may be so long and no longer.
  @Test(arguments: ["always", "everysec", "no"]) func noRoomInTheFile(_ policy: String) throws {
    let server = try server(policy)
    let filler = try server.connect(timeoutMilliseconds: 2000)
    try filler.command("SET", "key:0", Self.value)
    try limit(server, "200000:unlimited")
    let (stored, owed) = try fill(filler, prefix: "key")
    #expect((100..<200).contains(stored))
    #expect(policy == "always" || !owed)
    try checkTrouble(server, filler: filler, stored: stored, owed: owed, reason: "File too large") {
      try limit(server, "unlimited:unlimited")
    }
    // What was answered under `everysec` and `no` before it was refused was in memory alone, and is in the file now.
    server.kill9()
    try server.restart()
    try checkStored(server, stored: stored + (owed ? 1 : 0))
  }

  private func limit(_ server: ServerProcess, _ bytes: String) throws {
    let outcome = try Tool.run(["/usr/bin/prlimit", "--pid", "\(server.processIdentifier)", "--fsize=\(bytes)"])
    #expect(outcome.exitCode == 0, "\(outcome.output)")
  }

  /// A disk of a megabyte, of which something else has taken the half. Needs the right to mount one.
  @Test(.enabled(if: SmallDisk.isPossible), arguments: ["always", "everysec"]) func fullDisk(_ policy: String) throws {
    let disk = try SmallDisk()
    let ballast = disk.directory.appendingPathComponent("ballast")
    try Data(count: 500_000).write(to: ballast)
    let server = try server(policy, directory: disk.directory)
    let filler = try server.connect(timeoutMilliseconds: 2000)
    let (stored, owed) = try fill(filler, prefix: "key")
    let client = try server.connect()
    // A rewrite needs room, too: it fails, and the log is as good as before.
    _ = try client.command("BGREWRITEAOF")
    try checkTrouble(server, filler: filler, stored: stored, owed: owed, reason: "No space left on device") {
      try FileManager.default.removeItem(at: ballast)
    }
    server.kill9()
    try server.restart()
    try checkStored(server, stored: stored + (owed ? 1 : 0))
    #expect(server.stop())
  }

  /// The disk says that it could not keep what it took. Needs the right to look into other processes.
  @Test(.enabled(if: FailingSyncs.arePossible), arguments: ["always", "everysec"])
  func failingSyncs(_ policy: String) throws {
    let server = try server(policy)
    let filler = try server.connect(timeoutMilliseconds: 3000)
    try filler.command("SET", "key:0", Self.value)
    let faults = try FailingSyncs(server)
    // Under `everysec` it shows when the next sync is due.
    var (stored, owed) = (0, false)
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      guard let reply = try? filler.command("SET", "key:\(stored)", Self.value) else {
        owed = true
        break
      }
      guard reply == .simple("OK") else { break }
      stored += 1
      usleep(5000)
    }
    try checkTrouble(server, filler: filler, stored: stored, owed: owed, reason: "Input/output error") {
      faults.end()
    }
    #expect(server.log.text.contains("Fail to fsync the AOF file: Input/output error"))
    server.kill9()
    try server.restart()
    try checkStored(server, stored: stored + (owed ? 1 : 0))
    let check = try Tool.run(["/usr/bin/redis-check-aof", server.path(of: "appendonlydir/appendonly.aof.manifest")])
    #expect(check.exitCode == 0, "\(check.output)")
  }
}

/// A file system of a megabyte in memory, gone with this object.
private final class SmallDisk {
  let directory: URL

  static let isPossible = (try? SmallDisk()) != nil

  struct NotMounted: Error {}

  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-disk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    let outcome = try Tool.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "none", directory.path])
    guard outcome.exitCode == 0 else {
      try? FileManager.default.removeItem(at: directory)
      throw NotMounted()
    }
  }

  deinit {
    _ = try? Tool.run(["/usr/bin/umount", "-l", directory.path])
    try? FileManager.default.removeItem(at: directory)
  }
}

/// Has every sync of a server's fail until it ends.
private final class FailingSyncs {
  private let tracer: ChildProcess
  private let log = FileManager.default.temporaryDirectory.appendingPathComponent("trace-\(UUID().uuidString).log")

  static let arePossible: Bool = {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"),
      let sleeper = try? ChildProcess(arguments: ["/bin/sleep", "20"], outputPath: "/dev/null")
    else { return false }
    defer { sleeper.signal(SIGKILL) }
    guard let faults = try? FailingSyncs(sleeper.identifier) else { return false }
    faults.end()
    return true
  }()

  struct NotAttached: Error {}

  convenience init(_ server: ServerProcess) throws { try self.init(server.processIdentifier) }

  private init(_ process: Int32) throws {
    tracer = try ChildProcess(
      arguments: [
        "/usr/bin/strace", "-f", "-p", "\(process)", "-e", "trace=fsync,fdatasync", "-e",
        "inject=fsync,fdatasync:error=EIO", "-o", "/dev/null",
      ], outputPath: log.path)
    let (log, tracer) = (log, tracer)
    let isAttached = ServerProcess.wait(milliseconds: 10_000) {
      tracer.poll() != nil || (try? String(contentsOf: log, encoding: .utf8))?.contains("attached") == true
    }
    guard isAttached, tracer.poll() == nil else { throw NotAttached() }
  }

  func end() {
    tracer.signal(SIGINT)
    let tracer = tracer
    _ = ServerProcess.wait(milliseconds: 10_000) { tracer.poll() != nil }
  }

  deinit {
    tracer.signal(SIGKILL)
    try? FileManager.default.removeItem(at: log)
  }
}
