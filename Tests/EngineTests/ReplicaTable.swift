import Engine
import VersionedStore

/// Replicas as the engine sees them, without any: a test says how far they are. What is told to them is gathered.
final class ReplicaTable {
  var replicas: [ReplicaStatus] = []
  private(set) var stream = ""
  private let engine: Engine

  /// With `count` replicas that have acknowledged nothing.
  init(_ engine: Engine, count: Int) {
    self.engine = engine
    replicas = (0..<count).map {
      ReplicaStatus(
        name: "10.0.0.\($0):6379", isOnline: true, state: "online", hasAcknowledged: false, acknowledgedOffset: 0,
        lagSeconds: 0)
    }
    engine.effects.replicas.isOpen = true
    engine.effects.replicas.take = { [unowned self] in stream += String(decoding: $0, as: UTF8.self) }
    engine.replicaHooks.replicas = { [unowned self] in replicas }
    engine.replicaHooks.end = { engine.effects.replicas.end }
    engine.replicaHooks.acknowledged = { [unowned self] offset in
      replicas.count { $0.isOnline && $0.acknowledgedOffset >= offset }
    }
  }

  /// Replica `index` has executed all that was told so far.
  func catchUp(_ index: Int) {
    engine.handOverEffects()
    replicas[index].hasAcknowledged = true
    replicas[index].acknowledgedOffset = engine.effects.replicas.end
    engine.replicasHaveAcknowledged()
  }

  /// How often replicas were asked how far they are.
  var requests: Int { stream.split(separator: "\r\n").count { $0 == "GETACK" } }
}
