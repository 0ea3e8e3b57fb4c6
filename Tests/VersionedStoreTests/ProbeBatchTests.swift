import TestSupport
import Testing

@testable import VersionedStore

/// Lookups in lockstep find what single ones find.
@Suite(.serialized) struct ProbeBatchTests {
  // A batch lives as long as the process; the cases run one after the other.
  nonisolated(unsafe) private static let batch = ProbeBatch()

  @Test(arguments: [UInt64.max, 0xff, 0x8000_0000_0000_0001, 0])
  func batchesEqualSingleLookups(mask: UInt64) {
    var generator = SeededGenerator()
    let dataset = Dataset(databases: 3, lineage: 1, hashKey: HashKey(k0: 3, k1: 4, mask: mask))
    func key() -> [UInt8] { Array("key:\(Int.random(in: 0..<200, using: &generator))".utf8) }
    let batch = unsafe Self.batch
    for _ in 0..<200 {
      for _ in 0..<10 {
        let database = Int.random(in: 0..<2, using: &generator)
        key().withBytes { key in
          if generator.oneIn(3) {
            dataset.remove(database, key, dataset.hash(key))
          } else {
            dataset.put(database, key, dataset.hash(key), .word(1), tag: 0, accessClock: 0)
          }
        }
      }
      // Database 2 stays empty.
      let lookups = (0..<Int.random(in: 1...ProbeBatch.capacity, using: &generator)).map { _ in
        (database: Int.random(in: 0..<3, using: &generator), key: key())
      }
      for (database, key) in lookups { batch.append(dataset.head, database, key.withBytes { dataset.hash($0) }) }
      #expect(batch.count == lookups.count)
      batch.descend()
      for (index, lookup) in lookups.enumerated() {
        lookup.key.withBytes { key in
          let hash = dataset.hash(key)
          let single = dataset.head.find(lookup.database, key, hash)
          let found = batch.find(index, key)
          if batch.hash(index) != hash { Issue.record("\(generator.description): another hash") }
          if unsafe found?.base != single?.base { Issue.record("\(generator.description): another entry") }
        }
      }
      batch.removeAll()
    }
  }
}
