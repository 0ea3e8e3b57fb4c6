import TestSupport
import Testing

@testable import VersionedStore

/// Walks in hash order, by a cursor that is nothing but a position.
@Suite struct ScanTests {
  private static let masks: [UInt64] = [.max, 0xfff, 0x1f, 0xf000_0000_0000_0007, 0]

  private static func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

  private func dataset(_ mask: UInt64) -> Dataset {
    Dataset(databases: 2, lineage: 1, hashKey: HashKey(k0: 5, k1: 6, mask: mask))
  }

  private func put(_ dataset: Dataset, _ key: [UInt8], expiry: Int64? = nil) {
    key.withBytes { dataset.put(0, $0, dataset.hash($0), .word(1), tag: 0, expiry: expiry, accessClock: 0) }
  }

  private func remove(_ dataset: Dataset, _ key: [UInt8]) {
    _ = key.withBytes { dataset.remove(0, $0, dataset.hash($0)) }
  }

  /// Whatever is written between the calls, a key that stays is met once, and no key is met twice unless it left and
  /// came back.
  @Test(arguments: masks, [false, true])
  func everyKeyThatStaysIsMetOnce(mask: UInt64, expiringOnly: Bool) throws {
    let seeds = SeededGenerator()
    for round in 0..<6 {
      var generator = SeededGenerator(seed: seeds.seed &+ UInt64(round))
      let dataset = dataset(mask)
      let universe = 400
      let staying = Set((0..<universe).filter { _ in generator.oneIn(3) })
      func expiry(_ number: Int) -> Int64? { expiringOnly && staying.contains(number) ? 5 : nil }
      for number in 0..<universe where staying.contains(number) || generator.oneIn(2) {
        put(dataset, Self.key(number), expiry: expiry(number))
      }
      var met: [[UInt8]: Int] = [:]
      var rewritten: Set<[UInt8]> = []
      var position = HashPosition(0)
      repeat {
        let count = Int.random(in: 1...20, using: &generator)
        position = dataset.head.scan(0, from: position, count: count, expiringOnly: expiringOnly) {
          met[Array($0.key), default: 0] += 1
        }
        for _ in 0..<Int.random(in: 0...30, using: &generator) {
          let number = Int.random(in: 0..<universe, using: &generator)
          let key = Self.key(number)
          if staying.contains(number) {
            put(dataset, key, expiry: expiry(number))
          } else if generator.oneIn(2) {
            remove(dataset, key)
            rewritten.insert(key)
          } else {
            put(dataset, key)
          }
        }
      } while position != HashPosition(0)
      let notOnce = staying.filter { met[Self.key($0)] != 1 }
      #expect(notOnce.isEmpty, "seed \(seeds.seed) round \(round)")
      let repeated = met.filter { $0.value > 1 && !rewritten.contains($0.key) }
      #expect(repeated.isEmpty, "seed \(seeds.seed) round \(round)")
      if expiringOnly { #expect(Set(met.keys) == Set(staying.map(Self.key)), "seed \(seeds.seed) round \(round)") }
    }
  }

  @Test(arguments: masks)
  func pagesOfEverySizeMakeUpTheWhole(mask: UInt64) {
    let dataset = dataset(mask)
    for number in 0..<300 { put(dataset, Self.key(number)) }
    for count in [1, 2, 10, 299, 300, 1000] {
      var met: [[UInt8]] = []
      var position = HashPosition(0)
      repeat {
        position = dataset.head.scan(0, from: position, count: count) { met.append(Array($0.key)) }
      } while position != HashPosition(0)
      #expect(met.count == 300 && Set(met).count == 300, "count \(count)")
    }
    #expect(
      dataset.head.scan(1, from: HashPosition(0), count: 10) { _ in Issue.record("an empty database") }
        == HashPosition(0))
  }

  /// A cursor may come from anywhere, such as from a client that made it up.
  @Test(arguments: masks)
  func anyNumberIsAPosition(mask: UInt64) {
    var generator = SeededGenerator()
    let dataset = dataset(mask)
    for number in 0..<300 { put(dataset, Self.key(number), expiry: number % 3 == 0 ? 9 : nil) }
    for _ in 0..<300 {
      var start = HashPosition(generator.next())
      if generator.oneIn(4) { start = HashPosition(UInt64.max << UInt64.random(in: 0..<64, using: &generator)) }
      let wanted = Set(
        (0..<300).map(Self.key).filter { key in
          key.withBytes { HashPosition.order(dataset.hash($0)) >= HashPosition.order(start.rawValue) }
        })
      var met: Set<[UInt8]> = []
      var position = start
      repeat {
        position = dataset.head.scan(0, from: position, count: 50) { met.insert(Array($0.key)) }
      } while position != HashPosition(0)
      #expect(met == wanted, "\(generator.description) from \(start.rawValue)")
    }
  }

  @Test func positionsComeInTheOrderOfTheWalk() {
    let dataset = dataset(.max)
    for number in 0..<2000 { put(dataset, Self.key(number)) }
    var last: UInt64 = 0
    _ = dataset.head.scan(0, from: HashPosition(0), count: .max) { entry in
      let order = HashPosition.order(dataset.hash(entry.key))
      if order < last { Issue.record("a key stands before another one that has a lower position") }
      last = order
    }
    #expect(last > 0)
  }
}
