import Foundation
import RESP
import TestSupport
import Testing

/// What was saved is there whatever happens afterwards, and what could not be saved is not forgotten.
@Suite(.tags(.drill), .serialized) struct SavingDrills {
  private func fill(_ client: Client, keys: Int) throws {
    for key in 0..<keys { try client.command("SET", "key:\(key)", "value \(key) \(key * key)") }
  }

  @Test func whatWasSavedIsThereAfterTheStart() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect()
    try fill(client, keys: 1000)
    try client.command("HSET", "h", "a", "1", "b", "2")
    try client.command("RPUSH", "l", "x", "y", "7")
    try client.command("PEXPIREAT", "key:1", "4000000000123")
    #expect(try client.command("SAVE") == .simple("OK"))
    try client.command("SET", "late", "1")
    server.kill9()
    try server.restart()
    let again = try server.connect()
    #expect(try again.command("DBSIZE") == .integer(1002))
    #expect(try again.command("GET", "key:999") == .bulk("value 999 998001"))
    #expect(try again.command("PEXPIRETIME", "key:1") == .integer(4_000_000_000_123))
    #expect(try again.command("HMGET", "h", "a", "b") == .array([.bulk("1"), .bulk("2")]))
    #expect(try again.command("LRANGE", "l", "0", "-1") == .array([.bulk("x"), .bulk("y"), .bulk("7")]))
    // And once more, saved by the way out.
    try again.command("SET", "late", "1")
    #expect(server.stop())
    #expect(server.exitCode == 0)
    try server.restart()
    #expect(try server.connect().command("GET", "late") == .bulk("1"))
  }

  @Test func redisLoadsAndChecksWhatWasSaved() throws {
    let server = try ServerProcess(.cambium, directives: ["maxmemory-policy allkeys-lfu"])
    let client = try server.connect()
    try fill(client, keys: 500)
    for member in 0..<1000 { try client.command("SADD", "s", "member \(member)") }
    try client.command("SET", "long", String(repeating: "abcdefgh", count: 10_000))
    #expect(try client.command("SAVE") == .simple("OK"))
    let check = try Tool.run(["/usr/bin/redis-check-rdb", server.path(of: "dump.rdb")])
    #expect(check.exitCode == 0 && check.output.contains("RDB looks OK"), "\(check.output)")
    let redis = try ServerProcess(.redis, directives: ["save ''"], directory: server.directory)
    let reader = try redis.connect()
    #expect(try reader.command("DBSIZE") == .integer(502))
    #expect(try reader.command("SCARD", "s") == .integer(1000))
    #expect(try reader.command("STRLEN", "long") == .integer(80_000))
  }

  /// What a client may send at most says nothing of what there is: it was stored under another limit, or in parts.
  @Test func whatIsLongerThanClientsMaySend() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "proto-max-bulk-len 1mb", "rdbcompression no"])
    let client = try server.connect()
    let (part, whole) = (String(repeating: "x", count: 900_000), String(repeating: "y", count: 1 << 20))
    try client.command("XADD", "stream", "1-1", "f", part, "g", part)
    try client.command("RPUSH", "list", whole)
    try client.command("CONFIG", "SET", "proto-max-bulk-len", "10mb")
    try client.command("SET", "string", whole + whole)
    try client.command("HSET", "hash", "f", whole + whole)
    let questions = [
      ["XRANGE", "stream", "-", "+"], ["LINDEX", "list", "0"], ["STRLEN", "string"], ["HGET", "hash", "f"],
    ]
    let answers = try questions.map { try client.command($0) }
    #expect(try client.command("SAVE") == .simple("OK"))
    server.kill9()
    try server.restart()
    let again = try server.connect()
    #expect(try questions.map { try again.command($0) } == answers)
    guard case .integer = try again.command("VERSION", "LOAD", server.path(of: "dump.rdb")) else {
      Issue.record("the file cannot be loaded beside the dataset")
      return
    }
  }

  /// The file of the save before stays until the next one is whole.
  @Test func killedWhileItSaves() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''"])
    let client = try server.connect()
    try fill(client, keys: 100)
    #expect(try client.command("SAVE") == .simple("OK"))
    var random = SeededGenerator()
    for round in 0..<5 {
      let writer = try server.connect()
      for key in 0..<2000 { try writer.command("SET", "round \(round) \(key)", String(repeating: "x", count: 500)) }
      #expect(try writer.command("BGSAVE") == .simple("Background saving started"))
      usleep(UInt32(Int.random(in: 0...20_000, using: &random)))
      server.kill9()
      try server.restart()
      let reader = try server.connect()
      #expect(try reader.command("GET", "key:99") == .bulk("value 99 9801"), "\(random)")
      guard case .integer(let count) = try reader.command("DBSIZE") else { continue }
      #expect(count >= 100 && (count - 100) % 2000 == 0, "\(random): \(count) keys: neither the old file nor a new one")
    }
  }

  /// A file that cannot be read to its end is not started with, and not written over.
  @Test func damagedFile() throws {
    let server = try ServerProcess(.cambium)
    try fill(try server.connect(), keys: 200)
    #expect(server.stop())
    var file = try server.contents(of: "dump.rdb")
    file[file.count / 2] ^= 0x55
    try Data(file).write(to: server.directory.appendingPathComponent("dump.rdb"))
    #expect(throws: (any Error).self) { try server.restart() }
    #expect(server.exitCode == 1)
    #expect(server.log.text.contains("Fatal error loading the DB"))
    #expect(try server.contents(of: "dump.rdb") == file)
  }

  /// A full disk: writes are refused as long as nothing can be saved, the old file stays, and it all mends itself.
  @Test func fullDisk() throws {
    let server = try ServerProcess(.cambium, directives: ["save 1000 1000"])
    let client = try server.connect()
    try fill(client, keys: 100)
    #expect(try client.command("SAVE") == .simple("OK"))
    let before = try server.contents(of: "dump.rdb")
    let temporary = server.path(of: "temp-\(server.processIdentifier).rdb")
    try FileManager.default.createSymbolicLink(atPath: temporary, withDestinationPath: "/dev/full")
    try client.command("SET", "more", "1")
    #expect(try client.command("SAVE") == .error("ERR"))
    #expect(isMisconfigured(try client.command("SET", "more", "2")))
    #expect(isMisconfigured(try client.command("PING")))
    #expect(try client.command("GET", "more") == .bulk("1"))
    #expect(server.log.text.contains("No space left on device"))
    #expect(try server.contents(of: "dump.rdb") == before)
    // The link to the full disk has gone with the file that could not be written.
    #expect(try client.command("SAVE") == .simple("OK"))
    #expect(try client.command("SET", "more", "2") == .simple("OK"))
    #expect(try server.contents(of: "dump.rdb") != before)
  }

  /// A save that has begun ends where it began, wherever the server goes meanwhile.
  @Test func theDirectoryChangesWhileItSaves() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "enable-protected-configs yes"])
    let client = try server.connect()
    try fill(client, keys: 10)
    let elsewhere = server.directory.appendingPathComponent("elsewhere")
    try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: false)
    try client.command("CONFIG", "SET", "rdb-key-save-delay", "50000")
    #expect(try client.command("BGSAVE") == .simple("Background saving started"))
    #expect(try client.command("CONFIG", "SET", "dir", elsewhere.path) == .simple("OK"))
    func hasEnded() throws -> Bool {
      try client.command("INFO", "persistence").text?.contains("rdb_bgsave_in_progress:0") == true
    }
    #expect(try !hasEnded())
    #expect(try ServerProcess.wait(milliseconds: 10_000, until: hasEnded))
    #expect(try client.command("INFO", "persistence").text?.contains("rdb_last_bgsave_status:ok") == true)
    #expect(try server.contents(of: "dump.rdb").starts(with: Array("REDIS".utf8)))
    #expect(try temporaryFiles(server.directory) == [] && FileManager.default.contents(in: elsewhere) == [])
    // The next one is written where the server is now.
    try client.command("CONFIG", "SET", "rdb-key-save-delay", "0")
    #expect(try client.command("SAVE") == .simple("OK"))
    #expect(try FileManager.default.contents(in: elsewhere) == ["dump.rdb"])
  }

  /// Half of a file is of no use to anybody, and would stay for ever: the next process has another number.
  @Test func theEndOfTheServerLeavesNoHalfOfAFile() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "rdb-key-save-delay 200000"])
    let client = try server.connect()
    try fill(client, keys: 100)
    #expect(try client.command("BGSAVE") == .simple("Background saving started"))
    #expect(try ServerProcess.wait(milliseconds: 5000) { try temporaryFiles(server.directory).count == 1 })
    #expect(server.stop())
    #expect(server.exitCode == 0)
    #expect(try temporaryFiles(server.directory) == [])
    #expect(throws: (any Error).self) { try server.contents(of: "dump.rdb") }
  }

  private func temporaryFiles(_ directory: URL) throws -> [String] {
    try FileManager.default.contents(in: directory).filter { $0.hasPrefix("temp-") }
  }

  private func isMisconfigured(_ reply: Reply) -> Bool {
    if case .error(let text) = reply {
      text.hasPrefix("MISCONF Redis is configured to save RDB snapshots")
    } else {
      false
    }
  }
}

extension FileManager {
  /// The names of what is in a directory.
  fileprivate func contents(in directory: URL) throws -> [String] { try contentsOfDirectory(atPath: directory.path) }
}
