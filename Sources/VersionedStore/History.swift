/// The live dataset and every retained version, across lineages: what `VERSION` commands act on.
///
/// A lineage begins with an empty process, with a full sync or with a loaded file; exactly one has an open head, which is
/// the live dataset. Going live (`commit`) and going back (`rollback`) store one root and take constant time.
///
/// Belongs to the serving thread.
public final class History {
  public private(set) var live: Dataset
  /// Ascending by id.
  public internal(set) var versions: [Version] = []
  private(set) var datasets: [Int: Dataset]
  private var lastID = 0
  /// Values freed by `reclaim` so far of those that it would have taken time to free at once.
  public private(set) var reclaimedCount = 0
  /// Where what is being done may be taken back to; see `beginUndoable`.
  var checkpoint: Checkpoint?
  /// Takes a lineage that nobody needs any more; ending it gives a whole arena back, which is better done on another
  /// thread.
  public var dispose: (Dataset) -> Void = { _ in }

  /// `live` must be open and have no versions.
  public init(live: Dataset) {
    precondition(live.isOpen)
    self.live = live
    datasets = [live.lineage: live]
  }

  // MARK: Looking

  public func version(_ id: Int) -> Version? { index(of: id).map { versions[$0] } }

  public func version(named name: String) -> Version? { versions.last { $0.name == name } }

  /// The latest version created at or before a time in milliseconds since 1970.
  public func latest(atOrBefore milliseconds: Int64) -> Version? {
    versions.last { $0.createdMilliseconds <= milliseconds }
  }

  private func index(of id: Int) -> Int? {
    var low = 0
    var high = versions.count
    while low < high {
      let middle = (low + high) / 2
      if versions[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < versions.count && versions[low].id == id ? low : nil
  }

  private func dataset(of version: Version) -> Dataset { datasets[version.lineage]! }

  private func known(_ id: Int) throws(VersionError) -> Version {
    guard let version = version(id) else { throw .unknown(id) }
    return version
  }

  /// The root of one of the versions of this history, to be read. Whoever keeps it across a turn of the serving loop pins
  /// the version.
  public func root(of version: Version) -> Root { dataset(of: version).root(of: version.id) }

  public func root(of id: Int) throws(VersionError) -> Root { root(of: try known(id)) }

  /// Bytes of all arenas: of the live dataset and of whatever versions hold beside it.
  public var allocatedBytes: Int {
    // Asked before every command when there is a limit; mostly there is one lineage.
    if datasets.count == 1 { return live.arena.allocatedBytes }
    return datasets.values.reduce(0) { $0 + $1.arena.allocatedBytes }
  }
  /// Bytes that only passing readers still hold: what the live dataset has lost since a save or a full sync began (`pinLive`).
  /// They come free when it ends. Not so what clients hold that read a version.
  public var readerBytes: Int { datasets.values.reduce(0) { $0 + $1.readerBytes } }

  /// Bytes that would be left if all versions were dropped.
  public var liveBytes: Int { live.referencedBytes }
  public var lineageCount: Int { datasets.count }
  /// Every lineage that is still needed.
  var allDatasets: [Dataset] { Array(datasets.values) }

  // MARK: Making

  /// The most versions that may be kept beside the automatic ones. Each knows what it shares with every older one, so that
  /// the memory for these numbers grows with the square of how many there are: 60 MB at a thousand.
  public static let limit = 1000

  /// Throws if a version that is asked for cannot be kept.
  private func admit(_ name: String?) throws(VersionError) {
    if let name, version(named: name) != nil { throw .nameTaken(name) }
    if versions.count(where: { !$0.isAutomatic }) >= Self.limit { throw .tooMany(limit: Self.limit) }
  }

  /// Seals the live dataset and keeps it. A name that is given must be free.
  @discardableResult
  public func create(
    name: String? = nil, reason: String, atMilliseconds now: Int64
  ) throws(VersionError) -> Version {
    try admit(name)
    let version = next(name, reason, nil, now)
    live.seal(as: version.id)
    versions.append(version)
    return version
  }

  /// Seals the live dataset and keeps it as an automatic version, named `<prefix>-<id>`.
  @discardableResult
  public func createAutomatic(prefix: String, reason: String, atMilliseconds now: Int64) -> Version {
    let version = next(nil, reason, prefix, now)
    live.seal(as: version.id)
    versions.append(version)
    return version
  }

  /// The record of the version that the live dataset would become; an automatic one if there is a prefix for its name.
  private func next(_ name: String?, _ reason: String, _ prefix: String?, _ now: Int64) -> Version {
    lastID += 1
    let id = lastID
    return Version(
      id: id, name: name ?? prefix.flatMap { freeName("\($0)-\(id)") }, reason: reason,
      createdMilliseconds: now, generation: live.open,
      lineage: live.lineage, keyCounts: (0..<live.databaseCount).map(live.keyCount), isAutomatic: prefix != nil)
  }

  /// Nil if a version was given this very name by hand: a name means one version.
  private func freeName(_ name: String) -> String? { version(named: name) == nil ? name : nil }

  /// Makes a version the live dataset. The state before it becomes a version, which is returned; with `keepCurrent`
  /// false it is given up.
  @discardableResult
  public func rollback(
    to id: Int, keepCurrent: Bool = true, atMilliseconds now: Int64
  ) throws(VersionError) -> Version? {
    let target = try known(id)
    let undo = keepCurrent ? next(nil, "rollback", "before-rollback", now) : nil
    let next = dataset(of: target)
    if next === live {
      live.rollback(to: id, undo: undo?.id)
    } else {
      live.close(keepAs: undo?.id)
      next.open(on: id)
      let former = live
      live = next
      endIfUnused(former)
    }
    if let undo { versions.append(undo) }
    return undo
  }

  /// Makes a dataset that was built elsewhere the live one. The former one becomes a version, which is returned.
  @discardableResult
  public func commit(_ staged: Dataset, reason: String, atMilliseconds now: Int64) -> Version {
    precondition(staged.isOpen && datasets[staged.lineage] == nil)
    let former = next(nil, reason, "before-\(reason)", now)
    live.close(keepAs: former.id)
    versions.append(former)
    datasets[staged.lineage] = staged
    live = staged
    return former
  }

  /// Makes a dataset that was built elsewhere the live one, and gives the former one up: at the start of a server, when
  /// there is nothing in it.
  public func replaceLive(with staged: Dataset) {
    precondition(staged.isOpen && datasets[staged.lineage] == nil)
    let former = live
    former.close(keepAs: nil)
    datasets[staged.lineage] = staged
    live = staged
    endIfUnused(former)
  }

  /// Keeps a dataset that was built elsewhere as a version of its own, beside the live one.
  @discardableResult
  public func adopt(
    _ staged: Dataset, name: String? = nil, reason: String, atMilliseconds now: Int64
  ) throws(VersionError) -> Version {
    precondition(staged.isOpen && datasets[staged.lineage] == nil)
    try admit(name)
    lastID += 1
    let version = Version(
      id: lastID, name: name, reason: reason, createdMilliseconds: now, generation: staged.open,
      lineage: staged.lineage, keyCounts: (0..<staged.databaseCount).map(staged.keyCount), isAutomatic: false)
    staged.close(keepAs: version.id)
    datasets[staged.lineage] = staged
    versions.append(version)
    return version
  }

  // MARK: Giving up

  public func hold(_ id: Int, tag: String) throws(VersionError) {
    guard let index = index(of: id) else { throw .unknown(id) }
    if !versions[index].holds.contains(tag) { versions[index].holds.append(tag) }
  }

  public func release(_ id: Int, tag: String) throws(VersionError) {
    guard let index = index(of: id) else { throw .unknown(id) }
    guard let at = versions[index].holds.firstIndex(of: tag) else { throw .unknownTag(tag) }
    versions[index].holds.remove(at: at)
  }

  /// The bytes that dropping all of `ids` would give back.
  public func bytesGivenBack(byDropping ids: [Int]) throws(VersionError) -> Int {
    try grouped(ids).reduce(0) { $0 + datasets[$1.lineage]!.bytesGivenBack(byDropping: $1.ids) }
  }

  /// Drops versions: all of them or, if one is unknown or held, none. Returns the bytes given back, the memory of which
  /// comes free in the slices of `reclaim`.
  @discardableResult
  public func drop(_ ids: [Int]) throws(VersionError) -> Int {
    var byteCount = 0
    for group in try grouped(ids) {
      let dataset = datasets[group.lineage]!
      byteCount += dataset.drop(group.ids)
      versions.removeAll { group.ids.contains($0.id) }
      endIfUnused(dataset)
    }
    return byteCount
  }

  private func grouped(_ ids: [Int]) throws(VersionError) -> [(lineage: Int, ids: [Int])] {
    var groups: [(lineage: Int, ids: [Int])] = []
    for id in ids {
      let version = try known(id)
      guard version.holds.isEmpty else { throw .held(id, tags: version.holds) }
      if let at = groups.firstIndex(where: { $0.lineage == version.lineage }) {
        if !groups[at].ids.contains(id) { groups[at].ids.append(id) }
      } else {
        groups.append((version.lineage, [id]))
      }
    }
    return groups
  }

  /// Drops the oldest automatic versions that nobody holds until `limit` are left. Returns how many were dropped.
  @discardableResult
  public func trimAutomatic(to limit: Int) -> Int {
    if checkpoint != nil { return 0 }
    let automatic = versions.filter { $0.isAutomatic && $0.holds.isEmpty }
    let surplus = automatic.prefix(max(automatic.count - limit, 0)).map(\.id)
    guard !surplus.isEmpty, (try? drop(surplus)) != nil else { return 0 }
    return surplus.count
  }

  /// Keeps a version's memory for a reader, even if it is dropped meanwhile, until the pin is given back.
  public func pin(_ id: Int) throws(VersionError) -> VersionPin {
    let version = try known(id)
    let dataset = dataset(of: version)
    dataset.pin(id)
    return VersionPin(
      id: id, createdMilliseconds: version.createdMilliseconds, lineage: version.lineage, root: dataset.root(of: id))
  }

  /// Seals the live dataset for a reader alone: what is there now stays until the pin is given back, and no version is
  /// to be seen meanwhile.
  public func pinLive(atMilliseconds now: Int64) -> VersionPin {
    lastID += 1
    live.seal(as: lastID)
    live.pin(lastID)
    live.markAsPassing(lastID)
    let pin = VersionPin(
      id: lastID, createdMilliseconds: now, lineage: live.lineage, root: live.root(of: lastID))
    _ = live.drop([lastID])
    return pin
  }

  public func unpin(_ pin: VersionPin) {
    let dataset = datasets[pin.lineage]!
    dataset.unpin(pin.id)
    endIfUnused(dataset)
  }

  /// Pins that were not given back yet.
  public var pinCount: Int {
    datasets.values.reduce(0) { $0 + $1.tree.members.values.reduce(0) { $0 + $1.pins } }
  }

  private func endIfUnused(_ dataset: Dataset) {
    guard !dataset.isOpen, dataset.tree.members.isEmpty else { return }
    datasets[dataset.lineage] = nil
    dispose(dataset)
  }

  /// Frees up to `limit` objects of what was given up. Returns whether nothing is left.
  public func reclaim(limit: Int) -> Bool {
    for dataset in datasets.values where !dataset.isReclaimed {
      let before = dataset.reclaimedCount
      let isDone = dataset.reclaim(limit: limit)
      reclaimedCount += dataset.reclaimedCount - before
      if !isDone { return false }
    }
    return true
  }

  public var isReclaimed: Bool { datasets.values.allSatisfy(\.isReclaimed) }
}

/// A reader's claim on a version.
public struct VersionPin {
  public let id: Int
  /// When the version was made, in milliseconds since 1970.
  public let createdMilliseconds: Int64
  let lineage: Int
  public let root: Root
}
