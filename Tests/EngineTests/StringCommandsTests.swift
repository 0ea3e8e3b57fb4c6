import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct StringCommandsTests {
  /// Whose replies are the same in redis-server, one list of commands after the other.
  @Test func encodingsEqualThoseOfRedis() throws {
    let long = String(repeating: "x", count: 44)
    try Transcript().isSame(
      [
        "SET a 12", "SET b 012", "SET c \(long)", "SET d \(long)x", "SET e 9223372036854775807",
        "SET f 9223372036854775808", "SET g ''", "SET h abc", "SET i -1", "SET j 20000",
      ] + encodings("abcdefghij")
        + [
          "APPEND a 3", "APPEND b x", "APPEND h d", "APPEND new1 12", "APPEND new2 x", "APPEND new3 \(long)y",
          "SETRANGE c 1 y", "SETRANGE e 0 1", "SETRANGE new4 0 12", "INCR i", "INCRBYFLOAT j 1", "INCRBYFLOAT new5 1",
          "INCRBYFLOAT new6 0.5", "INCRBY new7 5", "SET raw 1", "APPEND raw 0", "COPY raw copied", "INCR raw",
          "SETRANGE a 5 ''", "GETSET d 5", "GETEX d PERSIST", "APPEND copied ''", "RENAME copied renamed",
        ] + encodings("abcdefghij")
        + ["new1", "new2", "new3", "new4", "new5", "new6", "new7", "raw", "renamed", "none"].map {
          "OBJECT ENCODING \($0)"
        })
  }

  private func encodings(_ keys: String) -> [String] {
    keys.flatMap { ["OBJECT ENCODING \($0)", "GET \($0)", "STRLEN \($0)"] }
  }

  @Test func errorsEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "SET a 1 EX 0", "SET a 1 EX -1", "SET a 1 EX x", "SET a 1 EX 9223372036854775807",
      "SET a 1 PX 9223372036854775807",
      "SET a 1 NX XX", "SET a 1 EX 1 PX 1", "SET a 1 KEEPTTL EX 1", "SET a 1 EX", "SET a 1 PERSIST", "SET a",
      "SETEX a 0 1", "PSETEX a 0 1", "SETEX a x 1", "SETEX a 9223372036854775807 1", "GETEX a EX 0", "SET a 5",
      "GETEX a EX 0", "GETEX a PX x", "GETEX a EX 1 PERSIST", "GETEX a KEEPTTL", "MSET a 1 b", "MSETNX a", "MSET a",
      "SETRANGE a -1 x", "SETRANGE a x x", "SETRANGE a 536870912 x", "SETRANGE a 536870911 ''",
      "SETRANGE a 9223372036854775807 xx", "GETRANGE a x 1", "GETRANGE a 1 x", "INCRBY a x", "DECRBY a x",
      "DECRBY a -9223372036854775808", "SET b x", "INCR b", "INCRBYFLOAT b 1", "INCRBYFLOAT a x", "INCRBYFLOAT a inf",
      "INCRBYFLOAT a ''", "SET c 9223372036854775807", "INCR c", "SET d -9223372036854775808", "DECR d", "INCRBY c 1",
      "LCS a b LEN IDX", "LCS a b MINMATCHLEN", "LCS a b MINMATCHLEN x", "LCS a b WHAT", "LCS a",
    ])
  }

  @Test func subsequencesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "MSET a ohmytext b mynewtext n 12345", "LCS a b", "LCS a b LEN", "LCS a b IDX", "LCS a b IDX MINMATCHLEN 4",
      "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN", "LCS a none", "LCS none none IDX", "LCS n a",
      "LCS n n IDX WITHMATCHLEN",
    ])
  }

  @Test func limitOfLengthIsTheConfigured() throws {
    let settings = Settings()
    settings.protoMaxBulkLen = 1 << 20
    let harness = EngineHarness(settings: settings)
    let tooLong = Reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    #expect(try harness.run("SETRANGE", "k", "\(1 << 20)", "x") == tooLong)
    #expect(try harness.run("SETRANGE", "k", "\(1 << 20 - 1)", "x") == .integer(1 << 20))
    #expect(try harness.run("APPEND", "k", "x") == tooLong)
    #expect(try harness.run("STRLEN", "k") == .integer(1 << 20))
    #expect(try harness.run("SET", "half", String(repeating: "a", count: 1 << 19)) == .simple("OK"))
    #expect(
      try harness.run("LCS", "half", "half")
        == .error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"))
  }

  @Test func relativeTimesCountFromNow() throws {
    let harness = EngineHarness()
    for (command, key) in [(["SET", "a", "1", "EX", "10"], "a"), (["SETEX", "b", "10", "1"], "b")] {
      #expect(try harness.run(command) == .simple("OK"))
      #expect(try harness.run("PTTL", key) == .integer(10_000))
    }
    try harness.run("PSETEX", "c", "1500", "1")
    #expect(try harness.run("TTL", "c") == .integer(2))
    harness.clock.advance(milliseconds: 1)
    #expect(try harness.run("TTL", "c") == .integer(1))
    #expect(try harness.run("GETEX", "a", "PX", "7") == .bulk("1"))
    #expect(try harness.run("PEXPIRETIME", "a") == .integer(harness.clock.milliseconds + 7))
    #expect(try harness.run("SET", "a", "2", "KEEPTTL") == .simple("OK"))
    #expect(try harness.run("PTTL", "a") == .integer(7))
    #expect(try harness.run("INCR", "a") == .integer(3))
    #expect(try harness.run("APPEND", "a", "0") == .integer(2))
    #expect(try harness.run("SETRANGE", "a", "1", "1") == .integer(2))
    #expect(try harness.run("INCRBYFLOAT", "a", "1") == .bulk("32"))
    #expect(try harness.run("PTTL", "a") == .integer(7))
    #expect(try harness.run("GETSET", "a", "4") == .bulk("32"))
    #expect(try harness.run("PTTL", "a") == .integer(-1))
  }

  /// A value that a version holds is not touched by changes in place.
  @Test func versionsKeepFormerStrings() throws {
    let harness = EngineHarness()
    let long = String(repeating: "l", count: 1000)
    for (key, value) in [("number", "1"), ("short", "abc"), ("long", long)] { try harness.run("SET", key, value) }
    let id = try #require(harness.engine.keyspace.guardVersion("test")).id
    try harness.run("INCR", "number")
    try harness.run("APPEND", "short", "d")
    try harness.run("SETRANGE", "long", "500", "x")
    #expect(try harness.run("MGET", "number", "short") == .array([.bulk("2"), .bulk("abcd")]))
    #expect(
      try harness.run("VERSION", "READ", "\(id)", "MGET", "number", "short", "long")
        == .array([.bulk("1"), .bulk("abc"), .bulk(long)]))
  }
}
