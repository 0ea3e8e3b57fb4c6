public import Engine
public import VersionedStore

extension SnapshotContent {
  /// A sealed root of the live dataset, with what a file says beside it.
  ///
  /// - Parameter isLogBase: it is what an append-only log begins with.
  public init(_ root: Root, of engine: Engine, isLogBase: Bool) {
    self.init(root: root)
    functionLibraries = engine.keyspace.live.attachments
    mayHaveExpiringFields = engine.keyspace.live.hasHadInnerExpiry
    facts = [
      ("redis-ver", ServerIdentity.redisVersion), ("redis-bits", "64"), ("ctime", "\(engine.keyspace.now / 1000)"),
      ("used-mem", "\(engine.usedMemory)"),
    ]
    // Where in a history of replication the dataset stands is for a file that a replica starts with.
    if !isLogBase { facts += engine.replicationOrigin()?.facts ?? [] }
    facts.append(("aof-base", isLogBase ? "1" : "0"))
  }
}
