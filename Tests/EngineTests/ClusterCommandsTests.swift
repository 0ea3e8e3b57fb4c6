import RESP
import TestSupport
import Testing

/// A server that is no part of a cluster has its commands all the same, for clients that look for them.
@Suite struct ClusterCommandsTests {
  @Test func everyCommandRefusesAsThatOfRedisDoes() throws {
    try Transcript().isSame([
      "CLUSTER", "CLUSTER HELP", "CLUSTER HELP x", "CLUSTER INFO", "cluster info", "CLUSTER NOSUCH", "CLUSTER MYID",
      "CLUSTER MYID x", "CLUSTER SLOTS", "CLUSTER SHARDS", "CLUSTER NODES", "CLUSTER LINKS", "CLUSTER KEYSLOT a",
      "CLUSTER COUNTKEYSINSLOT 1", "CLUSTER GETKEYSINSLOT 1 2", "CLUSTER GETKEYSINSLOT 1", "CLUSTER RESET",
      "CLUSTER RESET HARD", "CLUSTER RESET x y z", "CLUSTER MEET 127.0.0.1", "CLUSTER MEET 127.0.0.1 1",
      "CLUSTER ADDSLOTS", "CLUSTER ADDSLOTS 1", "CLUSTER ADDSLOTSRANGE 1", "CLUSTER ADDSLOTSRANGE 1 2",
      "CLUSTER DELSLOTS x", "CLUSTER DELSLOTSRANGE 1 2", "CLUSTER FAILOVER", "CLUSTER FLUSHSLOTS", "CLUSTER FORGET x",
      "CLUSTER BUMPEPOCH", "CLUSTER COUNT-FAILURE-REPORTS x", "CLUSTER REPLICAS x", "CLUSTER SLAVES x",
      "CLUSTER REPLICATE x", "CLUSTER SAVECONFIG", "CLUSTER SET-CONFIG-EPOCH 1", "CLUSTER SETSLOT 1 STABLE",
      "READONLY", "READONLY x", "READWRITE", "ASKING", "ASKING x",
    ])
  }

  @Test func inATransactionTheyRefuseInTheirTurn() throws {
    try Transcript().isSame(["MULTI", "CLUSTER INFO", "READONLY", "CLUSTER NOSUCH", "EXEC", "MULTI", "ASKING", "EXEC"])
  }

  @Test func allAreThereThatRedisHas() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    for pattern in ["cluster*", "read*", "asking"] {
      let request = ["COMMAND", "LIST", "FILTERBY", "PATTERN", pattern]
      let (expected, actual) = (names(try redis.command(request)), names(try harness.run(request)))
      #expect(actual == expected && !actual.isEmpty)
    }
  }

  private func names(_ reply: Reply) -> [String] {
    guard case .array(let names) = reply else { return [] }
    return names.compactMap(\.text).sorted()
  }
}
