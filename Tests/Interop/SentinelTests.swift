import Foundation
import RESP
import TestSupport
import Testing

/// Three redis-sentinel processes and three servers, of ours alone and mixed with redis-server.
@Suite(.serialized) struct SentinelTests {
  private static let fleets: [[ServerProcess.Program]] = [
    [.cambium, .cambium, .cambium], [.cambium, .redis, .cambium], [.redis, .cambium, .cambium],
  ]

  private func keyCount(_ server: ServerProcess) throws -> Int {
    let reply = try server.connect().command("DBSIZE")
    let count: Int? = if case .integer(let count) = reply { count } else { nil }
    return try #require(count, "\(reply)")
  }

  private func waitForWrites(_ fleet: SentinelFleet, _ server: ServerProcess) throws {
    let count = try keyCount(server)
    try fleet.wait("the client writes") {
      try keyCount(server) > count + 50
    }
  }

  /// The primary is killed under load: a replica is promoted, the other follows, the client carries on and loses nothing that
  /// was acknowledged, and the former primary comes back as a replica.
  @Test(arguments: fleets) func thePrimaryIsKilled(programs: [ServerProcess.Program]) throws {
    let fleet = try SentinelFleet(programs)
    let primary = fleet.servers[0]
    let client = try SentinelClient(fleet)
    try waitForWrites(fleet, primary)
    primary.kill9()
    let promoted = try fleet.waitForPromotion(insteadOf: primary)
    let other = try #require(fleet.servers.first { $0 !== primary && $0 !== promoted })
    try fleet.waitUntil(other, follows: promoted)
    // It goes on where it was: its history is that of the promoted one.
    #expect(other.log.text.contains("Successful partial resynchronization with master."), "\(other.log.text)")
    try waitForWrites(fleet, promoted)
    try primary.restart()
    try fleet.waitUntil(primary, follows: promoted)
    try waitForWrites(fleet, promoted)
    let said = try client.finish()
    #expect(said.hasPrefix("all well:"), "\(said)")
    #expect(said.contains("primaries \(primary.port) \(promoted.port)"), "\(said)")
    #expect(!said.hasPrefix("all well: 0 "), "\(said)")
    try fleet.expectSameDataset()
  }

  /// The operator asks for a change of roles: nobody needs a full sync, the former primary neither.
  @Test(arguments: fleets) func aFailoverThatIsAskedFor(programs: [ServerProcess.Program]) throws {
    let fleet = try SentinelFleet(programs)
    let primary = fleet.servers[0]
    try primary.connect().command("SET", "before", "1")
    #expect(
      try fleet.sentinels[0].connect().command("SENTINEL", "FAILOVER", "mymaster") == .simple("OK"))
    let promoted = try fleet.waitForPromotion(insteadOf: primary)
    for server in fleet.servers where server !== promoted { try fleet.waitUntil(server, follows: promoted) }
    try promoted.connect().command("SET", "behind", "1")
    try fleet.expectSameDataset()
    #expect(try primary.connect().command("MGET", "before", "behind") == .array([.bulk("1"), .bulk("1")]))
  }

  /// A primary that keeps nothing on its disk is started anew before anybody has noticed that it was gone, and is empty. It
  /// wipes nobody out here.
  @Test func aPrimaryThatComesBackEmptyWipesNobodyOut() throws {
    let fleet = try SentinelFleet([.redis, .cambium, .cambium])
    let primary = fleet.servers[0]
    let writer = try primary.connect()
    for index in 0..<100 { try writer.command("SET", "key:\(index)", "\(index)") }
    try fleet.expectSameDataset()
    for sentinel in fleet.sentinels {
      try sentinel.connect().command("SENTINEL", "SET", "mymaster", "down-after-milliseconds", "60000")
    }
    primary.kill9()
    try primary.restart()
    for replica in fleet.servers.dropFirst() {
      try fleet.wait("it has seen that the primary is empty") {
        try SentinelFleet.field("master_link_last_error", replica).contains("MASTER is empty and this server is not")
      }
      #expect(try replica.connect().command("DBSIZE") == .integer(101))
      #expect(try replica.connect().command("GET", "key:99") == .bulk("99"))
    }
    // Whoever is promoted has it all.
    let saved = fleet.servers[1]
    #expect(try saved.connect().command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    #expect(try saved.connect().command("DBSIZE") == .integer(101))
  }
}
