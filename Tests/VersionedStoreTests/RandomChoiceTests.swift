import TestSupport
import Testing

@testable import VersionedStore

/// Random choice: every key equally likely, by the chi-square of many draws. Seeds and hash keys are fixed: no test may
/// fail by chance.
@Suite struct RandomChoiceTests {
  private func dataset(_ count: Int, mask: UInt64, expiringEvery: Int = 0) -> Dataset {
    let dataset = Dataset(databases: 1, lineage: 1, hashKey: HashKey(k0: 11, k1: 12, mask: mask))
    for number in 0..<count {
      let expiry: Int64? = expiringEvery > 0 && number % expiringEvery == 0 ? 7 : nil
      Array("key:\(number)".utf8).withBytes {
        dataset.put(0, $0, dataset.hash($0), .word(Int64(number)), tag: 0, expiry: expiry, accessClock: 0)
      }
    }
    return dataset
  }

  /// The chi-square of `draws` draws, as standard deviations above what chance makes of it.
  private func deviation(_ dataset: Dataset, keys: Int, draws: Int, expiringOnly: Bool) -> Double {
    var generator = SeededGenerator(seed: 4711)
    var counts: [Int64: Int] = [:]
    for _ in 0..<draws {
      guard let entry = dataset.head.randomEntry(0, expiringOnly: expiringOnly, using: &generator) else {
        return .infinity
      }
      counts[entry.word, default: 0] += 1
    }
    let mean = Double(draws) / Double(keys)
    var chiSquare = counts.values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
    chiSquare += Double(keys - counts.count) * mean
    let freedom = Double(keys - 1)
    return (chiSquare - freedom) / (2 * freedom).squareRoot()
  }

  @Test(arguments: [2, 30, 70, 300, 1100, 2500])
  func everyKeyIsEquallyLikely(count: Int) {
    let dataset = dataset(count, mask: .max)
    let deviation = deviation(dataset, keys: count, draws: count * 20, expiringOnly: false)
    #expect(deviation < 5, "\(count) keys: \(deviation)")
  }

  @Test(arguments: [(0x3ff as UInt64, 300), (0x1f, 200), (0, 60)])
  func alsoAmongCollisions(mask: UInt64, count: Int) {
    let dataset = dataset(count, mask: mask)
    let deviation = deviation(dataset, keys: count, draws: count * 20, expiringOnly: false)
    #expect(deviation < 5, "\(deviation)")
  }

  /// SCAN goes in the order of hashes, so that whoever wants to can keep just those keys that share a bucket.
  @Test(arguments: [(300, false), (3000, false), (300, true)])
  func alsoAmongKeysChosenByTheirHash(count: Int, expiringOnly: Bool) {
    let dataset = Dataset(databases: 1, lineage: 1, hashKey: HashKey(k0: 11, k1: 12))
    for number in 0... {
      Array("key:\(number)".utf8).withBytes { key in
        let hash = dataset.hash(key)
        guard hash & 31 == 9 else { return }
        dataset.put(
          0, key, hash, .word(Int64(number)), tag: 0, expiry: expiringOnly ? 7 : nil, accessClock: 0)
      }
      if dataset.keyCount(0) == count { break }
    }
    let deviation = deviation(dataset, keys: count, draws: count * 20, expiringOnly: expiringOnly)
    #expect(deviation < 5, "\(deviation)")
  }

  @Test func alsoAmongKeysThatExpire() {
    let dataset = dataset(2000, mask: .max, expiringEvery: 7)
    let count = dataset.expiringCount(0)
    let deviation = deviation(dataset, keys: count, draws: count * 20, expiringOnly: true)
    #expect(deviation < 5, "\(deviation)")
  }

  /// A key that has a bucket of the root for itself stands for 32 cells of the next level, and must not be drawn for each.
  @Test func aKeyThatStandsHighIsNoLikelier() {
    let dataset = Dataset(databases: 1, lineage: 1, hashKey: HashKey(k0: 11, k1: 12))
    var lone: Int64?
    for number in 0..<6000 {
      Array("key:\(number)".utf8).withBytes { key in
        let hash = dataset.hash(key)
        if hash & 31 == 0 {
          guard lone == nil else { return }
          lone = Int64(number)
        }
        dataset.put(0, key, hash, .word(Int64(number)), tag: 0, accessClock: 0)
      }
    }
    var generator = SeededGenerator(seed: 4711)
    let draws = 20 * dataset.keyCount(0)
    let met = (0..<draws).count { _ in dataset.head.randomEntry(0, using: &generator)?.word == lone }
    #expect((5...50).contains(met), "\(met) times where 20 are to be expected")
  }

  @Test func noChoiceAmongNothing() {
    var generator = SeededGenerator(seed: 1)
    let empty = dataset(0, mask: .max)
    #expect(empty.head.randomEntry(0, using: &generator)?.word == nil)
    let lasting = dataset(50, mask: .max)
    #expect(lasting.head.randomEntry(0, expiringOnly: true, using: &generator)?.word == nil)
    #expect(lasting.head.randomEntry(0, using: &generator)?.word != nil)
    #expect(lasting.keyCount(0) == 50)
  }
}
