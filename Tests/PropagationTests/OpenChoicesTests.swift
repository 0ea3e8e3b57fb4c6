import RESP
import TestSupport
import Testing

/// What every server would choose for itself is told as it was chosen: whoever follows, a redis-server among them, has the
/// same.
@Suite(.serialized) struct OpenChoicesTests {
  private let primary = PropagationHarness()

  init() { primary.listen() }

  private func send(_ line: String) throws {
    let reply = try primary.run(line.split(separator: " ").map { Array($0.utf8) })
    if let reply, reply.isError { Issue.record("\(line): \(reply)") }
  }

  /// Has a redis-server follow, and returns what it was told.
  @discardableResult
  private func follow() throws -> [ToldCommand] {
    let redis = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"]).connect(
      timeoutMilliseconds: 20_000)
    let bytes = primary.takeReplicaBytes()
    let follower = try Follower.apply(bytes, to: redis)
    if try follower.digest != primary.digest { Issue.record("\(try primary.differences(from: redis))") }
    try follower.expect(try primary.digest)
    try Follower.engine(bytes).expect(try primary.digest)
    return try ToldCommand.all(in: bytes)
  }

  @Test func `the order of elements of equal weight`() throws {
    try send("SADD s " + (0..<300).map { "m\($0)" }.joined(separator: " "))
    try send("RPUSH l " + (0..<300).map { "m\($0)" }.joined(separator: " "))
    try send("MSET " + (0..<300).map { "w_m\($0) \($0 % 3)" }.joined(separator: " "))
    for key in ["s", "l"] {
      for options in ["ALPHA", "ALPHA DESC", "ALPHA LIMIT 10 150", "ALPHA LIMIT 5 3 GET # GET w_*", "", "DESC"] {
        try send("SORT \(key) BY w_* \(options) STORE t:\(key):\(options.filter { $0 != " " })")
      }
      try send("SORT \(key) BY missing_* ALPHA STORE t:\(key)")
    }
    try send("SORT none BY w_* ALPHA STORE t:s")
    let told = try follow()
    #expect(told.allSatisfy { $0.words.count <= 2 + 128 || $0.words[1].count == 1 || $0.name == "MSET" })
    // Equal numbers go by the elements, everywhere.
    #expect(told.count { $0.name == "SORT" } == 4)
  }

  @Test func `which of equally distant places are within the limit`() throws {
    let places = (0..<400).map { "15.08 37.50 m\($0)" }.joined(separator: " ")
    try send("GEOADD g 13.36 38.11 Palermo 14.36 38.11 other \(places)")
    try send("SET far 1")
    for (number, options) in ["COUNT 5", "COUNT 300", "DESC COUNT 7", "ASC COUNT 1", "COUNT 3 STOREDIST"].enumerated() {
      try send("GEOSEARCHSTORE t\(number) g FROMLONLAT 15 37 BYRADIUS 300 km \(options)")
    }
    try send("GEORADIUS g 15 37 300 km COUNT 20 STORE far")
    try send("GEORADIUSBYMEMBER g Palermo 300 km COUNT 1 STORE nearest")
    try send("GEOSEARCHSTORE all g FROMLONLAT 15 37 BYRADIUS 300 km COUNT 500")
    let told = try follow()
    // Where there is no choice, the command says it all.
    #expect(told.map(\.name).filter { $0.hasPrefix("GEO") } == ["GEORADIUSBYMEMBER", "GEOSEARCHSTORE"])
  }
}
