import TestSupport
import Testing

@testable import VersionedStore

/// The differences of collections, in any two states of random histories: of other lineages, nested, copied, with leaves
/// that were cut, inserted and removed.
@Suite struct CollectionDiffTests {
  @Test(arguments: [UInt64.max, 0x3])
  func anyTwoStates(mask: UInt64) throws {
    let seeds = SeededGenerator()
    for round in 0..<8 {
      let model = CollectionModel(SeededGenerator(seed: seeds.seed &+ UInt64(round)), mask: mask)
      for step in 0..<160 {
        model.step()
        model.reclaimSlice()
        guard step % 8 == 7 else { continue }
        let failure = compareStates(of: model)
        try #require(failure == nil, "seed \(seeds.seed) round \(round) step \(step): \(failure ?? "")")
      }
      #expect(model.failures.isEmpty, "seed \(seeds.seed) round \(round)")
    }
  }

  /// What is wrong with the differences of some pairs of states.
  private func compareStates(of model: CollectionModel) -> String? {
    let states = model.states
    for _ in 0..<6 {
      let (old, new) = (
        states.randomElement(using: &model.generator)!, states.randomElement(using: &model.generator)!
      )
      for (number, database) in old.state.enumerated() {
        for (key, state) in database {
          guard let other = new.state[number][key] else { continue }
          let (a, b) = (collection(old.root, number, key), collection(new.root, number, key))
          if let failure = compare(a, state, b, other) { return failure }
          if a.holdsSame(as: b, model.hashKey) != (state == other) { return "equal, or not, against the model" }
          for (name, inner) in state.inner {
            guard let otherInner = other.inner[name] else { continue }
            let found = name.withBytes { name in
              (a.find(name, model.hashKey.hash(name))!.collection!, b.find(name, model.hashKey.hash(name))!.collection!)
            }
            if let failure = compare(found.0, inner, found.1, otherInner) { return failure }
          }
        }
      }
    }
    return nil
  }

  private func collection(_ root: Root, _ database: Int, _ key: [UInt8]) -> Collection {
    key.withBytes { root.find(database, $0, root.hash($0))!.collection! }
  }

  private func compare(
    _ a: Collection, _ old: CollectionModel.State, _ b: Collection, _ new: CollectionModel.State
  ) -> String? {
    let parts = a.unsharedParts(to: b)
    let (mine, theirs) = (leaves(a), leaves(b))
    // Between the parts the leaves are the same objects, in the parts none is.
    var (i, k) = (0, 0)
    var changed: [Int] = []
    for part in parts {
      guard !part.older.isEmpty || !part.newer.isEmpty else { return "an empty part" }
      guard part.older.lowerBound >= i, part.older.lowerBound - i == part.newer.lowerBound - k else {
        return "parts in disorder: \(parts)"
      }
      guard addresses(mine, i..<part.older.lowerBound) == addresses(theirs, k..<part.newer.lowerBound) else {
        return "a leaf outside of the parts is not shared: \(parts)"
      }
      guard let inOld = addresses(mine, part.older), let inNew = addresses(theirs, part.newer) else {
        return "a part ends within a leaf: \(parts)"
      }
      if !Set(inOld).isDisjoint(with: inNew) { return "a leaf in a part is shared: \(parts)" }
      changed += inNew.map { Int(bitPattern: $0) }
      (i, k) = (part.older.upperBound, part.newer.upperBound)
    }
    guard a.weight - i == b.weight - k, addresses(mine, i..<a.weight) == addresses(theirs, k..<b.weight) else {
      return "a leaf behind the parts is not shared: \(parts)"
    }
    if Set(changed).count != changed.count { return "a leaf is in two parts" }
    // And so the one becomes the other.
    var elements = old.elements
    for part in parts.reversed() { elements.replaceSubrange(part.older, with: new.elements[part.newer]) }
    return elements == new.elements ? nil : "the parts do not make one out of the other: \(parts)"
  }

  private typealias LeafPlace = (start: Int, end: Int, address: UInt)

  private func leaves(_ collection: Collection) -> [LeafPlace] {
    var leaves: [LeafPlace] = []
    var next = 0
    while let leaf = collection.leaf(at: next) {
      next = leaf.start + leaf.weight
      leaves.append((leaf.start, next, unsafe leaf.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }))
    }
    return leaves
  }

  /// The leaves of a range; nil if one of its ends lies within a leaf.
  private func addresses(_ leaves: [LeafPlace], _ range: Range<Int>) -> [UInt]? {
    let inside = leaves.filter { $0.start >= range.lowerBound && $0.end <= range.upperBound }
    guard inside.reduce(0, { $0 + $1.end - $1.start }) == range.count else { return nil }
    return inside.map(\.address)
  }

  /// One element changed in a long sequence is one leaf, wherever it stands; what comes before it does not matter.
  @Test func oneChangeIsOneLeaf() throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    let dataset = history.live
    try Array("k".utf8).withBytes { key throws in
      let hash = dataset.hash(key)
      let open = dataset.putCollection(0, key, hash, tag: 0, expiry: nil, accessClock: 0)
      for number in 0..<40_000 {
        [UInt8(number & 255), 1].withBytes { open.insertLeaf(at: 2 * number, $0, weight: 2) }
      }
      func difference(_ change: (OpenCollection) -> Void) throws -> [SequencePart] {
        let version = try history.create(reason: "test", atMilliseconds: 0)
        change(try #require(dataset.openCollection(0, key, hash)))
        let old = try #require(history.root(of: version).find(0, key, hash)?.collection)
        let new = try #require(dataset.head.find(0, key, hash)?.collection)
        return old.unsharedParts(to: new)
      }
      #expect(try difference { _ in } == [])
      #expect(
        try difference { open in [9].withBytes { open.splice(at: 50_001, 1..<2, with: $0) } }
          == [SequencePart(older: 50_000..<50_002, newer: 50_000..<50_002)])
      #expect(
        try difference { open in [9].withBytes { open.insertLeaf(at: 0, $0, weight: 1) } }
          == [SequencePart(older: 0..<0, newer: 0..<1)])
      #expect(
        try difference { open in
          open.removeLeaf(at: 0)
          [9].withBytes { open.insertLeaf(at: open.collection.weight, $0, weight: 1) }
        } == [
          SequencePart(older: 0..<1, newer: 0..<0), SequencePart(older: 80_001..<80_001, newer: 80_000..<80_001),
        ])
      #expect(
        try difference { $0.splitLeaf(at: 40_000, byteOffset: 1, weight: 1) }
          == [SequencePart(older: 40_000..<40_002, newer: 40_000..<40_002)])
      #expect(dataset.invariantViolations().isEmpty)
    }
  }

  /// Equal sequences are equal however they are cut, and though what they share stands in other places.
  @Test func leavesMayBeCutDifferently() throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    let dataset = history.live
    try Array("k".utf8).withBytes { key throws in
      let hash = dataset.hash(key)
      let open = dataset.putCollection(0, key, hash, tag: 0, expiry: nil, accessClock: 0)
      for _ in 0..<3 { [7, 7].withBytes { open.insertLeaf(at: 0, $0, weight: 2) } }
      let version = try history.create(reason: "test", atMilliseconds: 0)
      let old = try #require(history.root(of: version).find(0, key, hash)?.collection)
      func live() throws -> Collection { try #require(dataset.head.find(0, key, hash)?.collection) }
      let again = try #require(dataset.openCollection(0, key, hash))
      again.splitLeaf(at: 2, byteOffset: 1, weight: 1)
      #expect(old.holdsSame(as: try live(), dataset.hashKey))
      again.removeLeaf(at: 0)
      [7, 7].withBytes { again.insertLeaf(at: again.collection.weight, $0, weight: 2) }
      #expect(old.unsharedParts(to: try live()).contains { $0.older.count != $0.newer.count })
      #expect(old.holdsSame(as: try live(), dataset.hashKey))
      [8].withBytes { again.splice(at: 5, 0..<1, with: $0) }
      #expect(!old.holdsSame(as: try live(), dataset.hashKey))
    }
  }
}
