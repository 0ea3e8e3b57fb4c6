import CJemalloc
import Testing
import VersionedStore

/// A dataset that ends gives all of its memory back.
@Suite struct ArenaReuseTests {
  private func arenaCount() -> UInt32 {
    var (count, size) = (UInt32(0), MemoryLayout<UInt32>.size)
    _ = unsafe mallctl("arenas.narenas", &count, &size, nil, 0)
    return count
  }

  /// Each RESTORE builds its value in a dataset of its own: an arena that stays behind would be a leak.
  @Test func manyShortLivesTakeFewArenas() {
    let before = arenaCount()
    let value = [UInt8](repeating: 7, count: 5000)
    for number in 0..<2000 {
      let dataset = Dataset(databases: 1, lineage: number)
      value.withBytes { value in
        for key in UInt8(0)..<20 {
          [key].withBytes { dataset.put(0, $0, dataset.hash($0), .bytes(value), tag: 0, accessClock: 0) }
        }
      }
      #expect(dataset.keyCount(0) == 20 && dataset.invariantViolations().isEmpty)
    }
    // Other tests run meanwhile and take some, too.
    #expect(arenaCount() < before + 1000)
  }
}
