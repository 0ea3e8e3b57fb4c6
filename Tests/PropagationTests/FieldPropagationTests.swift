import RESP
import TestSupport
import Testing

/// Fields of hashes that expire: for replicas of the same kind, and for a Redis 7.0, which knows nothing of them and is left
/// with the values.
@Suite(.serialized) struct FieldPropagationTests {
  private let primary = PropagationHarness()
  private let far = "5000000000000"

  init() {
    primary.clock = 1_700_000_000_000
    primary.listen()
  }

  private func send(_ line: String) throws {
    let reply = try primary.run(line.split(separator: " ").map { Array($0.utf8) })
    if let reply, reply.isError { Issue.record("\(line): \(reply)") }
  }

  private func follow(refusing refused: Set<String>) throws -> [String] {
    let bytes = primary.takeReplicaBytes()
    let follower = try Follower.engine(bytes)
    try follower.expect(try primary.digest)
    if let engine = follower.engine {
      engine.clock = primary.clock
      #expect(try engine.details(withFields: true).differences(from: primary.details(withFields: true)) == [])
    }
    let redis = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"]).connect(
      timeoutMilliseconds: 20_000)
    let stock = try Follower.apply(bytes, to: redis)
    #expect(stock.failures.allSatisfy { refused.contains(String($0.prefix { $0 != " " })) }, "\(stock.failures)")
    if try stock.digest != primary.digest { Issue.record("\(try primary.differences(from: redis))") }
    return try ToldCommand.all(in: bytes).map(\.description)
  }

  @Test func `a value is told apart from the time when it expires`() throws {
    try send("HSETEX h PXAT \(far) FIELDS 2 a 1 b 2")
    try send("HINCRBYFLOAT h a 1.5")
    try send("HINCRBYFLOAT h c 1.5")
    try send("HSETEX h KEEPTTL FIELDS 2 a 7 d 8")
    #expect(
      try follow(refusing: ["HPEXPIREAT"]) == [
        "SELECT 0", "HSET h a 1 b 2", "HPEXPIREAT h \(far) FIELDS 2 a b", "HSET h a 2.5",
        "HPEXPIREAT h \(far) FIELDS 1 a", "HSET h c 1.5", "HSET h a 7", "HPEXPIREAT h \(far) FIELDS 1 a", "HSET h d 8",
      ])
    // The log is ours, and what a command does is there as a whole or not at all.
    let journal = try ToldCommand.all(in: primary.takeJournalBytes()).map(\.name)
    #expect(journal.prefix(5) == ["SELECT", "MULTI", "HSET", "HPEXPIREAT", "EXEC"])
  }

  @Test func `commands on fields that expire`() throws {
    try send("HSET h a 1 b 2 c 3 d 4 e 5 f 6")
    try send("HEXPIRE h 1000000000 FIELDS 2 a none")
    try send("HPEXPIRE h 1000000000000 NX FIELDS 2 a b")
    try send("HEXPIREAT h 5000000000 FIELDS 1 c")
    try send("HPEXPIREAT h \(far) GT FIELDS 3 a b d")
    try send("HPERSIST h FIELDS 2 a e")
    try send("HGETEX h PX 100000000000 FIELDS 2 d none")
    try send("HGETEX h PERSIST FIELDS 1 d")
    try send("HGETDEL h FIELDS 2 e none")
    try send("HSETEX h EX 1000000000 FIELDS 2 f 7 g 8")
    try send("HSETEX h FNX PXAT \(far) FIELDS 1 f 9")
    try send("HSETEX h FXX KEEPTTL FIELDS 1 f 9")
    try send("HSETEX h PXAT 1 FIELDS 1 b 9")
    try send("HEXPIREAT h 1 FIELDS 1 c")
    let told = try follow(refusing: ["HPEXPIREAT", "HPERSIST"])
    #expect(!told.contains("MULTI"))
  }

  @Test func `what was restored has its fields expire`() throws {
    try send("HSETEX h PXAT \(far) FIELDS 2 a 1 b 2")
    try send("HSET large " + (0..<1000).map { "f\($0) \($0)" }.joined(separator: " "))
    try send("HPEXPIREAT large \(far) FIELDS 2 f1 f2")
    _ = primary.takeReplicaBytes()
    for key in ["h", "large"] {
      let payload = try primary.run("DUMP", key)?.bytes ?? []
      try primary.run("DEL", key)
      let words = ["RESTORE", key, "100000"].map { Array($0.utf8) }
      #expect(try primary.run(words + [payload]) == .simple("OK"))
    }
    let bytes = primary.takeReplicaBytes()
    let follower = try Follower.engine(bytes)
    try follower.expect(try primary.digest)
    let engine = try #require(follower.engine)
    engine.clock = primary.clock
    #expect(try engine.details(withFields: true).differences(from: primary.details(withFields: true)) == [])
    #expect(try engine.run("HPEXPIRETIME", "large", "FIELDS", "1", "f1") == .array([.integer(5_000_000_000_000)]))
  }
}
