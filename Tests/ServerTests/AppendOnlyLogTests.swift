import Foundation
import RESP
import TestSupport
import Testing

/// The append-only log of a running server.
struct AppendOnlyLogTests {
  private func manifest(_ server: ServerProcess) throws -> String {
    String(decoding: try server.contents(of: "appendonlydir/appendonly.aof.manifest"), as: UTF8.self)
  }

  private func figure(_ client: Client, _ name: String) throws -> String? {
    guard case .bulk(let text) = try client.command("INFO", "persistence") else { return nil }
    return String(decoding: text, as: UTF8.self).components(separatedBy: "\r\n").first { $0.hasPrefix("\(name):") }
      .map { String($0.dropFirst(name.count + 1)) }
  }

  private func waitForRewrite(_ client: Client) throws {
    let isDone = try ServerProcess.wait(milliseconds: 20_000) {
      try figure(client, "aof_rewrite_in_progress") == "0" && figure(client, "aof_rewrite_scheduled") == "0"
    }
    #expect(isDone)
  }

  @Test(arguments: ["always", "everysec", "no"]) func whatIsWrittenIsThereAgain(_ sync: String) throws {
    let server = try ServerProcess(
      .cambium, directives: ["appendonly yes", "appendfsync \(sync)", "save \"\"", "aof-timestamp-enabled yes"])
    let client = try server.connect()
    for number in 1...100 { #expect(try client.command("INCR", "n") == .integer(number)) }
    #expect(try client.command("BGREWRITEAOF") == .simple("Background append only file rewriting started"))
    for number in 101...200 { #expect(try client.command("INCR", "n") == .integer(number)) }
    try waitForRewrite(client)
    #expect(
      try manifest(server)
        == "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n")
    if sync == "no" { server.stop() } else { server.kill9() }
    let check = try Tool.run(["/usr/bin/redis-check-aof", server.path(of: "appendonlydir/appendonly.aof.manifest")])
    #expect(check.output.contains("All AOF files and manifest are valid"), "\(check.output)")
    try server.restart()
    #expect(try server.connect().command("GET", "n") == .bulk("200"))
  }

  @Test func theLogIsTurnedOnAndOffWhileTheServerRuns() throws {
    let server = try ServerProcess(.cambium, directives: ["save \"\""])
    let client = try server.connect()
    #expect(try client.command("SET", "a", "1") == .simple("OK"))
    #expect(try client.command("CONFIG", "SET", "appendonly", "yes") == .simple("OK"))
    try waitForRewrite(client)
    #expect(try client.command("SET", "b", "2") == .simple("OK"))
    #expect(try client.command("CONFIG", "SET", "appendonly", "no") == .simple("OK"))
    #expect(try client.command("SET", "c", "3") == .simple("OK"))
    #expect(try figure(client, "aof_enabled") == "0")
    let redis = try ServerProcess(.redis, directives: ["appendonly yes", "save \"\""], directory: server.directory)
    #expect(try redis.connect().command("MGET", "a", "b", "c") == .array([.bulk("1"), .bulk("2"), .null]))
  }

  @Test func commandsInABaseAreReadByRedis() throws {
    let server = try ServerProcess(
      .cambium,
      directives: ["appendonly yes", "aof-use-rdb-preamble no", "save \"\"", "enable-debug-command yes"])
    let client = try server.connect()
    for words in [
      ["SET", "s", "v", "PX", "100000000"], ["RPUSH", "l", "1", "a", ""], ["SADD", "set", "1", "2", "x"],
      ["ZADD", "z", "1.5", "a", "-inf", "b"], ["HSET", "h", "f", "v"], ["XADD", "x", "1-1", "f", "v"],
      ["XGROUP", "CREATE", "x", "g", "0"], ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
      ["SETRANGE", "long", "300000", "end"],
    ] {
      if case .error(let text) = try client.command(words) { Issue.record("\(words): \(text)") }
    }
    #expect(try client.command("BGREWRITEAOF") == .simple("Background append only file rewriting started"))
    try waitForRewrite(client)
    #expect(try manifest(server).hasPrefix("file appendonly.aof.2.base.aof seq 2 type b\n"))
    let digest = try client.command("DEBUG", "DIGEST")
    server.stop()
    let redis = try ServerProcess(
      .redis, directives: ["appendonly yes", "save \"\"", "enable-debug-command yes"], directory: server.directory)
    #expect(try redis.connect().command("DEBUG", "DIGEST") == digest)
  }

  @Test func aRewriteWaitsForASave() throws {
    let server = try ServerProcess(.cambium, directives: ["appendonly yes", "save \"\""])
    let client = try server.connect()
    #expect(try client.command("SET", "k", "v") == .simple("OK"))
    #expect(try client.command("CONFIG", "SET", "rdb-key-save-delay", "10000000") == .simple("OK"))
    #expect(try client.command("BGSAVE") == .simple("Background saving started"))
    #expect(try client.command("BGREWRITEAOF") == .simple("Background append only file rewriting scheduled"))
    #expect(try figure(client, "aof_rewrite_scheduled") == "1")
    server.stop()
    #expect(!FileManager.default.fileExists(atPath: server.path(of: "appendonlydir/appendonly.aof.2.base.rdb")))
  }

  @Test func theServerDoesNotEndWhileItsFirstBaseIsWritten() throws {
    let server = try ServerProcess(.cambium, directives: ["save \"\""])
    let client = try server.connect()
    #expect(try client.command("SET", "k", "v") == .simple("OK"))
    #expect(try client.command("CONFIG", "SET", "rdb-key-save-delay", "10000000") == .simple("OK"))
    #expect(try client.command("CONFIG", "SET", "appendonly", "yes") == .simple("OK"))
    #expect(try client.command("SHUTDOWN") == .error("ERR Errors trying to SHUTDOWN. Check logs."))
    #expect(server.log.text.contains("Writing initial AOF, can't exit."))
    #expect(try client.command("CONFIG", "SET", "appendonly", "no") == .simple("OK"))
    #expect(server.log.text.contains("Killing running AOF rewrite"))
    #expect(server.stop())
  }
}
