import TestSupport
import Testing

@testable import VersionedStore

/// Random histories of collections: every retained state stays readable, every book is right, and at the end every byte is
/// accounted for.
@Suite struct CollectionModelTests {
  @Test(arguments: [UInt64.max, 0x3f, 0x3])
  func randomHistories(mask: UInt64) throws {
    let seeds = SeededGenerator()
    for round in 0..<10 {
      let model = CollectionModel(SeededGenerator(seed: seeds.seed &+ UInt64(round)), mask: mask)
      let name = "seed \(seeds.seed) round \(round)"
      for step in 0..<160 {
        model.step()
        if round % 2 == 0 { model.reclaim() } else { model.reclaimSlice() }
        if step % 16 == 15 {
          if round % 2 == 0 { check(model, "\(name) step \(step)") }
          model.check()
        }
        try #require(model.failures.isEmpty, "\(name): \(model.failures) after \(model.log)")
      }
      model.reclaim()
      check(model, name)
      end(model, name)
    }
  }

  private func check(_ model: CollectionModel, _ when: String) {
    var lineages: Set<Int> = []
    for dataset in model.history.allDatasets where lineages.insert(dataset.lineage).inserted {
      let violations = dataset.invariantViolations()
      #expect(violations.isEmpty, "\(when): \(violations) after \(model.log)")
    }
  }

  /// All versions go, then all keys: what is left is one root block.
  private func end(_ model: CollectionModel, _ when: String) {
    let history = model.history
    while !model.pinned.isEmpty { model.unpin() }
    #expect(throws: Never.self) { try history.drop(model.kept.keys.shuffled()) }
    model.reclaim()
    #expect(history.allocatedBytes == history.liveBytes, "\(when)")
    for database in 0..<CollectionModel.databases { history.live.flush(database) }
    model.reclaim()
    #expect(history.live.arena.objectCount == 1, "\(when)")
  }

  /// Leaves with keys are found by order: by the key, and by their bytes where keys are equal.
  @Test func leavesAreFoundByOrder() {
    var generator = SeededGenerator()
    let dataset = Dataset(databases: 1, lineage: 1)
    let open = Array("k".utf8).withBytes {
      dataset.putCollection(0, $0, dataset.hash($0), tag: 0, expiry: nil, accessClock: 0)
    }
    // One element a leaf: (key, byte), ascending.
    var sorted: [(key: UInt64, byte: UInt8)] = []
    for _ in 0..<2000 {
      let new = (key: UInt64.random(in: 0..<40, using: &generator), byte: UInt8.random(in: 0...255, using: &generator))
      let found = open.collection.leaf(key: new.key) { $0[0] <= new.byte }
      let place = sorted.lastIndex { ($0.key, $0.byte) <= new }
      #expect(found?.start == (sorted.isEmpty ? nil : place ?? 0), "\(generator)")
      let index = place.map { $0 + 1 } ?? 0
      [new.byte].withBytes { open.insertLeaf(at: index, $0, weight: 1, key: new.key) }
      sorted.insert(new, at: index)
      if sorted.count > 200 {
        let gone = Int.random(in: 0..<sorted.count, using: &generator)
        open.removeLeaf(at: gone)
        sorted.remove(at: gone)
      }
    }
    #expect(dataset.invariantViolations().isEmpty, "\(generator)")
  }

  /// One write to a sealed collection copies a path, however large the collection is.
  @Test(arguments: [1_000, 100_000])
  func aWriteCopiesAPath(count: Int) throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    let dataset = history.live
    try Array("k".utf8).withBytes { key in
      let hash = dataset.hash(key)
      let open = dataset.putCollection(0, key, hash, tag: 0, expiry: nil, accessClock: 0)
      for number in 0..<count {
        Array("field:\(number)".utf8).withBytes { _ = open.put($0, dataset.hash($0), .word(1)) }
        if number % 100 == 0 {
          [UInt8](repeating: 1, count: 1000).withBytes {
            open.insertLeaf(at: open.collection.weight, $0, weight: 100)
          }
        }
      }
      #expect(open.collection.allocatedBytes == dataset.head.find(0, key, hash)!.allocatedBytes - 32)
      _ = try history.create(reason: "test", atMilliseconds: 0)
      let before = dataset.arena.allocatedBytes
      let again = try #require(dataset.openCollection(0, key, hash))
      Array("field:7".utf8).withBytes { _ = again.put($0, dataset.hash($0), .word(2)) }
      [2].withBytes { again.splice(at: count / 2, 0..<1, with: $0) }
      #expect(dataset.arena.allocatedBytes - before < 8000)
      #expect(dataset.invariantViolations().isEmpty)
    }
  }
}
