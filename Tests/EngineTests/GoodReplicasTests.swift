import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// `min-replicas-to-write`: no writes while too few replicas are near.
struct GoodReplicasTests {
  private let harness = EngineHarness()
  private let table: ReplicaTable
  private let refusal = Reply.error("NOREPLICAS Not enough good replicas to write.")

  init() {
    table = ReplicaTable(harness.engine, count: 2)
    harness.engine.settings.minReplicasToWrite = 2
    harness.engine.updateGoodReplicas()
  }

  @Test func `writes are taken while enough replicas are near`() throws {
    #expect(harness.engine.goodReplicaCount == 2)
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    table.replicas[1].lagSeconds = 10
    harness.engine.updateGoodReplicas()
    #expect(try harness.run("SET", "k", "2") == .simple("OK"))
    table.replicas[1].lagSeconds = 11
    harness.engine.updateGoodReplicas()
    #expect(harness.engine.goodReplicaCount == 1)
    #expect(try harness.run("SET", "k", "3") == refusal)
    #expect(try harness.run("GET", "k") == .bulk("2"))
    #expect(try harness.run("PUBLISH", "c", "m") == .integer(0))
    table.replicas[1].lagSeconds = 0
    table.replicas[1].isOnline = false
    harness.engine.updateGoodReplicas()
    #expect(try harness.run("DEL", "k") == refusal)
    table.replicas[1].isOnline = true
    harness.engine.updateGoodReplicas()
    #expect(try harness.run("DEL", "k") == .integer(1))
  }

  @Test func `a transaction with a write is refused, one without is not`() throws {
    try harness.run("MULTI")
    try harness.run("SET", "k", "1")
    table.replicas = []
    harness.engine.updateGoodReplicas()
    #expect(
      try harness.run("EXEC")
        == .error("EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to write."))
    try harness.run("MULTI")
    #expect(try harness.run("SET", "k", "1") == refusal)
    #expect(try harness.run("EXEC") == .error("EXECABORT Transaction discarded because of previous errors."))
    try harness.run("MULTI")
    try harness.run("GET", "k")
    #expect(try harness.run("EXEC") == .array([.null]))
  }

  @Test func `either directive at 0 asks for none, and a replica asks for none`() throws {
    table.replicas = []
    for change in [\Settings.minReplicasToWrite, \Settings.minReplicasMaxLag] {
      harness.engine.updateGoodReplicas()
      #expect(try harness.run("SET", "k", "1") == refusal)
      let former = harness.engine.settings[keyPath: change]
      harness.engine.settings[keyPath: change] = 0
      harness.engine.updateGoodReplicas()
      #expect(try harness.run("SET", "k", "1") == .simple("OK"))
      harness.engine.settings[keyPath: change] = former
    }
    harness.engine.updateGoodReplicas()
    #expect(try harness.run("SET", "k", "1") == refusal)
    harness.engine.settings.replicaReadOnly = false
    harness.engine.isReplica = true
    #expect(try harness.run("SET", "k", "1") == .simple("OK"))
    harness.engine.isReplica = false
    #expect(try harness.run("SET", "k", "1") == refusal)
  }
}
