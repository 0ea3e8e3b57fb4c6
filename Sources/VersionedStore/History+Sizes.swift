/// What versions hold, and where they stand in the tree.
extension History {
  /// Sizes of one of the versions of this history.
  public func sizes(of version: Version) -> VersionSizes {
    datasets[version.lineage]!.currentTree().sizes(of: version.id)
  }

  /// Those of the live dataset; unique is what would come back if it were gone.
  public var liveSizes: VersionSizes { live.currentTree().sizes(of: VersionTree.head) }

  /// Sizes of all versions by id: cheaper than to ask for one after the other.
  public func allSizes() -> [Int: VersionSizes] {
    let trees = datasets.mapValues { $0.currentTree() }
    return Dictionary(uniqueKeysWithValues: versions.map { ($0.id, trees[$0.lineage]!.sizes(of: $0.id)) })
  }

  /// The nearest version that `version` descends from and that was not dropped; nil if there is none.
  public func parent(of version: Version) -> Int? {
    datasets[version.lineage]!.tree.visibleParent(of: version.id)
  }

  /// The nearest version that the live dataset descends from; nil if there is none.
  public var liveParent: Int? { live.tree.visibleParent(of: VersionTree.head) }

  /// The generation that the live dataset's writes bear now.
  public var liveGeneration: Generation { live.open }

  /// Whether the live dataset holds anything that the version it descends from does not.
  public var isLiveChanged: Bool {
    guard live.root.generation == live.open else { return false }
    return live.tree[VersionTree.head].parent != nil || (0..<live.databaseCount).contains { live.keyCount($0) > 0 }
  }

  /// All memory of the store by what it is for.
  public var bytes: HistoryBytes {
    let reached = datasets.values.reduce(0) { $0 + $1.currentTree().reachableBytes }
    let liveBytes = liveBytes
    return HistoryBytes(live: liveBytes, versions: reached - liveBytes, waiting: allocatedBytes - reached)
  }
}

/// Bytes of all arenas, of which the three parts are the sum.
public struct HistoryBytes: Sendable, Equatable {
  /// What the live dataset refers to, shared with versions or not.
  public var live: Int
  /// What versions hold beside it.
  public var versions: Int
  /// What nobody holds any more and `reclaim` has still to free.
  public var waiting: Int
}

extension VersionTree {
  func sizes(of number: Int) -> VersionSizes {
    VersionSizes(referenced: self[number].held.total, unique: unique(number), written: written(number))
  }

  func visibleParent(of number: Int) -> Int? {
    var parent = self[number].parent
    while let number = parent, self[number].isHidden { parent = self[number].parent }
    return parent
  }

  /// Bytes that the head or any version can reach. An object that several hold is counted where it was written: whoever
  /// holds something older than its parent shares it with the parent.
  var reachableBytes: Int { members.keys.reduce(0) { $0 + written($1) } }
}
