@testable import Engine
@testable import Replication
@testable import VersionedStore

/// What must hold at every moment of every run, whatever the network, the clocks and the disks do:
///
/// 1. *Never empty, never partial.* Whoever reads sees a dataset that was whole at some boundary between two units of
///    execution: all stones there and of one beginning. A server that has had keys is never seen without any.
/// 2. *Old or new.* A replica's dataset is changed by nothing but the commit of a complete, verified one and by whole units of
///    its primary's stream. A sync that was refused or that failed leaves the dataset as it was: the same object, unchanged.
/// 3. *A position says what is there.* Two servers, or one at two times, whose datasets have the same place in the same
///    history (replication id and offset) hold the same.
/// 4. *Forward only.* While a replica follows one history its offset never goes back, but by a full sync that is behind.
/// 5. *Versions stay.* What a version holds never changes, whatever is written, dropped, rolled back or freed beside it; and in
///    every dataset all that is allocated can be reached, once each, and all that can be reached is allocated
///    (`Dataset.invariantViolations`): no version shares memory that was freed.
/// 6. *Acknowledged is safe.* With `appendfsync always`, a server that was killed, or whose machine lost its power, begins with a
///    state that it was in when the last write was acknowledged, or later; whatever the disk has done. It always does begin,
///    unless its disk is full or fails, or has failed, with `appendfsync no` or before a process that knew of it was killed: what
///    a sync has failed to write is written anew by the same process, while a later one is told that all is well.
/// 7. *Waited for is there.* When WAIT answers that so many replicas have a write, so many have had it in their datasets; by 2 and
///    4 whichever of them is promoted has it then.
/// 8. *They converge.* When the faults stop and all follow one primary, all datasets become equal within a bounded time.
final class Invariants {
  /// What a dataset at a place in a history was seen to hold.
  private struct Sighting {
    var landmarks: Landmarks
    var digest: String?
    let server: String
    let time: Int64
  }

  /// How a process stood when it was last looked at.
  private final class Standing {
    var dataset: ObjectIdentifier
    var changeCount: UInt64
    var roleCount: Int
    var isReplica: Bool
    var landmarks: Landmarks
    var keyCounts: [Int]
    var position: ReplicationPosition?
    /// Digests of versions, by id.
    var versions: [(id: Int, digest: String)] = []
    var changes = 0

    init(_ life: Life) {
      let live = life.engine.keyspace.live
      (dataset, changeCount) = (ObjectIdentifier(live), live.changeCount)
      roleCount = life.roleCount
      isReplica = life.engine.isReplica
      landmarks = Landmarks(live.head)
      keyCounts = (0..<live.databaseCount).map(live.keyCount)
    }
  }

  private unowned let world: World
  private var standings: [ObjectIdentifier: Standing] = [:]
  /// The last stamp that each server has shown of each dataset that was ever begun.
  private var stamps: [String: [Int: Int]] = [:]
  private var sightings: [ReplicationPosition: Sighting] = [:]

  init(_ world: World) { self.world = world }

  private func standing(_ life: Life) -> Standing {
    if let standing = standings[ObjectIdentifier(life)] { return standing }
    let standing = Standing(life)
    standings[ObjectIdentifier(life)] = standing
    life.server.ledger.note(standing.landmarks)
    return standing
  }

  func landmarks(_ life: Life) -> Landmarks { Landmarks(life.engine.keyspace.live.head) }

  static func digest(_ root: Root) -> String { DatasetDigest.text(DatasetDigest.digest(of: root)) }

  // MARK: When something has happened

  /// To be called after everything that the serving loop has done.
  func observe(_ life: Life) {
    let standing = standing(life)
    let live = life.engine.keyspace.live
    if standing.dataset != ObjectIdentifier(live) || standing.changeCount != live.changeCount {
      // Within one turn it may have been a primary, and a replica again.
      if standing.isReplica, standing.roleCount == life.roleCount, life.changeDepth == 0 {
        return world.fail("\(life.server.name), a replica, was changed by nothing that its primary has sent")
      }
      note(life, standing)
    }
    standing.isReplica = life.engine.isReplica
    standing.roleCount = life.roleCount
    lookAtPosition(life, standing)
  }

  /// To be called when what a primary has sent was executed or has gone live.
  func didChange(_ life: Life) {
    let standing = standing(life)
    note(life, standing)
    lookAtPosition(life, standing)
  }

  /// A full sync has gone live. Whoever follows a server that is behind, such as another replica that is busy, goes back to where
  /// that is.
  func didCommit(_ life: Life) { standing(life).position = nil }

  private func note(_ life: Life, _ standing: Standing) {
    let live = life.engine.keyspace.live
    let former = standing.landmarks
    (standing.dataset, standing.changeCount) = (ObjectIdentifier(live), live.changeCount)
    standing.landmarks = landmarks(life)
    life.server.ledger.note(standing.landmarks)
    let (tag, number) = (standing.landmarks.tag, standing.landmarks.number)
    stamps[tag, default: [:]][life.server.port] = max(stamps[tag]?[life.server.port] ?? 0, number)
    standing.keyCounts = (0..<live.databaseCount).map(live.keyCount)
    standing.changes += 1
    switch standing.landmarks.shape {
    case .whole: break
    case .broken: world.fail("\(life.server.name) shows a dataset that is not whole; before it was \(former)")
    case .blank:
      if former.shape != .blank { world.fail("\(life.server.name) shows nothing; before it was \(former)") }
    }
  }

  private func lookAtPosition(_ life: Life, _ standing: Standing) {
    guard let position = life.position else {
      standing.position = nil
      return
    }
    if let former = standing.position, former.id == position.id, former.offset > position.offset {
      return world.fail("\(life.server.name) has gone back from \(former) to \(position)")
    }
    guard standing.position != position else { return }
    standing.position = position
    let isDigested = standing.changes % world.digestInterval == 0
    guard var sighting = sightings[position] else {
      sightings[position] = Sighting(
        landmarks: standing.landmarks, digest: isDigested ? Self.digest(life.engine.keyspace.live.head) : nil,
        server: life.server.name, time: world.now)
      return
    }
    guard sighting.landmarks == standing.landmarks else {
      return world.fail(
        "at \(position) \(life.server.name) is \(standing.landmarks), and \(sighting.server) was \(sighting.landmarks) at \(sighting.time) ms"
      )
    }
    guard isDigested || sighting.digest != nil else { return }
    let digest = Self.digest(life.engine.keyspace.live.head)
    if let former = sighting.digest, former != digest {
      return world.fail(
        "at \(position) \(life.server.name) holds something else than \(sighting.server) did at \(sighting.time) ms")
    }
    if sighting.digest != nil { world.counts.comparisons += 1 }
    sighting.digest = digest
    sightings[position] = sighting
  }

  /// A client of `life` was told that `count` replicas have a stamp of the dataset that was begun as `tag`.
  func acknowledged(_ number: Int, of tag: String, by count: Int, _ life: Life) {
    let holders = stamps[tag, default: [:]].count { $0.key != life.server.port && $0.value >= number }
    if count > 0 { world.counts.waits += 1 }
    guard holders < count else { return }
    world.fail("\(life.server.name) says that \(count) replicas have stamp \(number), and \(holders) have had it")
  }

  // MARK: From time to time

  /// Looks at what the versions of a server hold, and at one more of them from now on.
  func lookAtVersions(_ life: Life) {
    let history = life.engine.keyspace.history
    let standing = standing(life)
    standing.versions.removeAll { history.version($0.id) == nil }
    for (id, digest) in standing.versions {
      guard let root = try? history.root(of: id) else { continue }
      if Self.digest(root) != digest { world.fail("version \(id) of \(life.server.name) has changed") }
    }
    let unseen = history.versions.filter { version in !standing.versions.contains { $0.id == version.id } }
    guard standing.versions.count < 4, let version = unseen.randomElement(using: &world.random) else { return }
    standing.versions.append((version.id, Self.digest(history.root(of: version))))
  }

  /// Looks at every object of every dataset of a server.
  func lookAtStore(_ life: Life) {
    let history = life.engine.keyspace.history
    while !history.reclaim(limit: 10_000) {}
    for dataset in history.allDatasets {
      let violations = dataset.invariantViolations()
      if !violations.isEmpty { world.fail("the store of \(life.server.name): \(violations.prefix(3))") }
    }
  }

  func willCrash(_ life: Life) {
    observe(life)
    lookAtStore(life)
    standings[ObjectIdentifier(life)] = nil
  }
}

extension Life {
  /// The place in a history that the dataset has; nil if it is not to be had from any other server.
  var position: ReplicationPosition? {
    // Nothing is counted where nobody keeps it.
    if controller.primary == nil, !controller.feed.isActive() { return nil }
    return controller.position
  }
}
