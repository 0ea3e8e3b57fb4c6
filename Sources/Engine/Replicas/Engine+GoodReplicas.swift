internal import VersionedStore

/// Writes only while enough replicas are near (`min-replicas-to-write`, `min-replicas-max-lag`).
extension Engine {
  static let tooFewReplicas: StaticString = "NOREPLICAS Not enough good replicas to write."

  /// Whether the number of good replicas matters at all.
  public var wantsGoodReplicas: Bool { settings.minReplicasToWrite > 0 && settings.minReplicasMaxLag > 0 }

  /// Counts the replicas that are near enough. To be called when one has come or gone, every second, and when one of the
  /// directives or the role has changed. A server that follows another leaves the matter to that one.
  public func updateGoodReplicas() {
    guard wantsGoodReplicas else {
      goodReplicaCount = 0
      attention.remove(.fewReplicas)
      return
    }
    goodReplicaCount = replicaHooks.replicas().count {
      $0.isOnline && $0.lagSeconds <= Int64(settings.minReplicasMaxLag)
    }
    attention.set(.fewReplicas, !isReplica && goodReplicaCount < settings.minReplicasToWrite)
  }
}
