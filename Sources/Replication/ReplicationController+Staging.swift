internal import Engine
internal import VersionedStore

/// Memory for the dataset that is being staged.
extension ReplicationController {
  /// The staged dataset has come to so many bytes, and the link's plan has less room beside the live one: automatic versions
  /// go, the oldest first, before the sync fails for want of memory.
  public func makeRoom(forStaged byteCount: Int, from link: any RunningLink) {
    guard link === self.link, let primary else { return }
    engine.dropAutomaticVersions(
      toHold: byteCount, reason: "a dataset from the primary is being staged and memory is short")
    link.update(plan(to: primary, .replicate))
  }
}

extension Engine {
  var stagingRoom: StagingRoom {
    guard settings.maxmemory > 0 else { return StagingRoom(besideLive: nil, insteadOfLive: nil) }
    let (free, droppable) = freeMemoryBesideLive
    return StagingRoom(
      besideVersions: max(free, 0), besideLive: max(free + droppable, 0),
      insteadOfLive: settings.replicaStagingPolicy == .dropOld ? settings.maxmemory : nil)
  }
}
