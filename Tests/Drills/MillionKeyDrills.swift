import RESP
import TestSupport
import Testing

/// A redis-server with one million string keys in three databases, a tenth of them with a time to live.
@Suite(.tags(.drill), .serialized) struct MillionKeyDrills {
  /// `(database, number of keys)`; those of the last one expire.
  static let databases = [(0, 600_000), (1, 300_000), (5, 100_000)]

  static func primary() throws -> ServerProcess {
    let server = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0", "save \"\""])
    let client = try server.connect(timeoutMilliseconds: 60_000)
    // Numbers, short strings, strings beyond 44 bytes, and some that the snapshot compresses.
    let script = """
      redis.call('select', ARGV[1])
      for i = 0, ARGV[2] - 1 do
        local value = i
        if i % 4 == 1 then value = 'value:' .. i end
        if i % 4 == 2 then value = string.rep('v' .. i, 8) end
        if i % 400 == 3 then value = string.rep('long ', 100) .. i end
        if ARGV[1] == '5' then redis.call('set', 'key:' .. i, value, 'px', 86400000 + i)
        else redis.call('set', 'key:' .. i, value) end
      end
      """
    for (database, count) in databases {
      #expect(try client.command("EVAL", script, "0", "\(database)", "\(count)") == .null)
    }
    return server
  }

  /// One test, since it takes longer to fill the primary than to do the rest.
  @Test func replicateFollowRollBackAndLoseThePrimaryInTheMiddle() throws {
    let primary = try Self.primary()
    try replicate(primary)
    try losePrimary(primary)
  }

  private func replicate(_ primary: ServerProcess) throws {
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.wait(for: "master_link_status", milliseconds: 120_000) { $0 == "up" }
    let both = Differential(
      reference: try primary.connect(timeoutMilliseconds: 60_000),
      subject: try drill.server.connect(timeoutMilliseconds: 60_000))
    try expectEqual(both)

    let client = try primary.connect(timeoutMilliseconds: 60_000)
    try client.command("SELECT", "1")
    for first in stride(from: 0, to: 7000, by: 7) {
      _ = try client.pipeline([
        ["SET", "key:\(first)", "changed"], ["DEL", "key:\(first + 1)"], ["PEXPIRE", "key:\(first + 2)", "9999999"],
        ["APPEND", "key:\(first + 3)", "more"], ["SETRANGE", "key:\(first + 4)", "100", "far"],
      ])
    }
    #expect(try client.command("WAIT", "1", "50000") == .integer(1))
    try both.check("SELECT", "1")
    try both.check("DBSIZE")
    try both.check(["MGET"] + (0..<7000).map { "key:\($0)" })
    for first in stride(from: 0, to: 7000, by: 70) { try both.check("PEXPIRETIME", "key:\(first + 2)") }

    // The former dataset comes back at once.
    #expect(try drill.operatorClient.command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(try drill.operatorClient.command("VERSION", "ROLLBACK", "before-replicaof-1") == .integer(2))
    #expect(drill.old.missing(drill.operatorClient).isEmpty)
    #expect(try drill.operatorClient.command("DBSIZE") == .integer(50))
    #expect(try drill.operatorClient.command("SET", "own", "write") == .simple("OK"))
  }

  private func losePrimary(_ primary: ServerProcess) throws {
    try primary.connect().command("CONFIG", "SET", "rdb-key-save-delay", "10")
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.wait(for: "staging_keys_read", milliseconds: 60_000) { Int($0).map { $0 > 50_000 } == true }
    primary.kill9()
    try drill.waitForError("I/O error trying to sync with MASTER: ")
    try drill.finish()
    #expect(try drill.operatorClient.command("VERSION", "LIST") == .array([]))
  }

  /// Every key, its value and its time to live, and no key more.
  private func expectEqual(_ both: Differential) throws {
    for (database, count) in Self.databases {
      try both.check("SELECT", "\(database)")
      try both.check("DBSIZE")
      for first in stride(from: 0, to: count, by: 10_000) {
        try both.check(["MGET"] + (first..<first + 10_000).map { "key:\($0)" })
      }
    }
    for index in 0..<10_000 { try both.check("PEXPIRETIME", "key:\(index * 10)") }
  }
}
