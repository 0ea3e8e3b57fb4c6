internal import Engine
internal import Glibc
internal import VersionedStore

/// This server as a primary: its history, and what feeds its replicas.
extension ReplicationController {
  /// Has the feed be told of what it needs to know.
  func attachFeed() {
    let feed = feed
    engine.effects.replicas.take = { feed.append($0) }
    engine.replicaHooks.sessionEnded = { feed.ended($0) }
    engine.replicaHooks.showedLife = { feed.showedLife($0) }
    engine.replicaHooks.drained = { feed.drained($0) }
    engine.replicaHooks.figures = { feed.figures }
    engine.replicaHooks.roleChanged = { [unowned self] in
      updateStream()
      feed.noReplicasSince = engine.keyspace.now
    }
    engine.cronTasks.append { _ in feed.cron() }
    attachStatus()
  }

  /// What our clients write goes into the stream as long as it is ours and somebody keeps it: replicas of a replica are
  /// sent what its primary has sent.
  func updateStream() {
    let isOpen = primary == nil && feed.isActive()
    if isOpen != engine.effects.replicas.isOpen { engine.effects.replicas.isOpen = isOpen }
  }

  var processIdentifier: Int { Int(getpid()) }
}
