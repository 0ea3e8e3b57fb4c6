import TestSupport
import Testing

@testable import VersionedStore

/// Random histories against plain dictionaries: every retained state stays readable, every invariant holds, and at the
/// end every byte is accounted for. Masks force whole hashes to collide.
@Suite struct HistoryModelTests {
  @Test(arguments: [UInt64.max, 0xf_ffff, 0x3, 0x8000_0000_0000_0001])
  func randomHistories(mask: UInt64) throws {
    let seeds = SeededGenerator()
    for round in 0..<12 {
      let model = StoreModel(SeededGenerator(seed: seeds.seed &+ UInt64(round)), mask: mask)
      for step in 0..<220 {
        model.step()
        // Half of the rounds let what must be freed pile up.
        if round % 2 == 0 { model.reclaim() } else { model.reclaimSlice() }
        if step % 10 == 9 {
          if round % 2 == 0 { check(model, "seed \(seeds.seed) round \(round) step \(step)") }
          model.check()
          model.checkBytes()
        }
        try #require(model.failures.isEmpty, "seed \(seeds.seed) round \(round): \(model.failures) after \(model.log)")
      }
      model.reclaim()
      check(model, "seed \(seeds.seed) round \(round)")
      end(model, "seed \(seeds.seed) round \(round)")
    }
  }

  private func check(_ model: StoreModel, _ when: String) {
    var lineages: Set<Int> = []
    for dataset in model.history.allDatasets where lineages.insert(dataset.lineage).inserted {
      let violations = dataset.invariantViolations()
      #expect(violations.isEmpty, "\(when): \(violations) after \(model.log)")
    }
  }

  /// All versions go, then all keys: what is left is one root block.
  private func end(_ model: StoreModel, _ when: String) {
    let history = model.history
    model.reclaim()
    let (before, announced) = (history.allocatedBytes, history.readerBytes)
    while !model.pinned.isEmpty { model.unpin() }
    model.reclaim()
    #expect(before - history.allocatedBytes >= announced, "\(when)")
    #expect(throws: Never.self) { try history.drop(model.kept.keys.shuffled()) }
    model.reclaim()
    #expect(history.lineageCount == 1)
    #expect(history.allocatedBytes == history.liveBytes, "\(when)")
    for database in 0..<StoreModel.databases { history.live.flush(database) }
    model.reclaim()
    #expect(history.live.arena.objectCount == 1, "\(when)")
  }
}
