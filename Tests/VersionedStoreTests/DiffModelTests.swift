import TestSupport
import Testing

@testable import VersionedStore

/// The structural difference of any two states of a random history, against that of plain dictionaries.
@Suite struct DiffModelTests {
  private struct Difference: Equatable {
    var added: Set<[UInt8]> = []
    var removed: Set<[UInt8]> = []
    var changed: Set<[UInt8]> = []
    var meetings = 0

    mutating func meet(_ difference: KeyDifference) {
      meetings += 1
      switch difference {
      case .added(let entry): added.insert(Array(entry.key))
      case .removed(let entry): removed.insert(Array(entry.key))
      case .changed(let old, let new):
        changed.insert(Array(new.key))
        if old.key != new.key { meetings = .min }
      }
    }
  }

  @Test(arguments: [UInt64.max, 0xf_ffff, 0x3, 0x8000_0000_0000_0001])
  func anyTwoStates(mask: UInt64) throws {
    let seeds = SeededGenerator()
    for round in 0..<6 {
      let model = StoreModel(SeededGenerator(seed: seeds.seed &+ UInt64(round)), mask: mask)
      for step in 0..<200 {
        model.step()
        model.reclaimSlice()
        if step % 20 == 19 { compareStates(of: model, "seed \(seeds.seed) round \(round) step \(step)") }
      }
      #expect(model.failures.isEmpty, "seed \(seeds.seed) round \(round)")
    }
  }

  private func compareStates(of model: StoreModel, _ when: String) {
    let states: [(root: Root, state: [StoreModel.Database])] =
      [(model.history.live.head, model.live)]
      + model.kept.sorted { $0.key < $1.key }.map { (try! model.history.root(of: $0.key), $0.value) }
    for _ in 0..<8 {
      let (old, new) = (
        states.randomElement(using: &model.generator)!, states.randomElement(using: &model.generator)!
      )
      for database in 0..<StoreModel.databases {
        let count = [1, 2, 7, .max].randomElement(using: &model.generator)!
        let effort = [1, 5, .max].randomElement(using: &model.generator)!
        #expect(
          pages(old.root, new.root, database, count: count, effort: effort)
            == expected(old.state[database], new.state[database]), "\(when)")
      }
    }
  }

  private func pages(_ old: Root, _ new: Root, _ database: Int, count: Int, effort: Int) -> Difference {
    var difference = Difference()
    var position = HashPosition(0)
    repeat {
      position = old.differences(database, to: new, from: position, count: count, effort: effort) {
        difference.meet($0)
      }
    } while position != HashPosition(0)
    return difference
  }

  private func expected(_ old: StoreModel.Database, _ new: StoreModel.Database) -> Difference {
    var difference = Difference()
    difference.added = Set(new.keys.filter { old[$0] == nil })
    difference.removed = Set(old.keys.filter { new[$0] == nil })
    difference.changed = Set(new.keys.filter { old[$0] != nil && old[$0] != new[$0] })
    difference.meetings = difference.added.count + difference.removed.count + difference.changed.count
    return difference
  }

  /// Whatever is written between the pages, a key that differs all the time is met once.
  @Test(arguments: [UInt64.max, 0x3ff, 0xf000_0000_0000_0007])
  func pagesOfADatasetThatIsWrittenMeanwhile(mask: UInt64) throws {
    let seeds = SeededGenerator()
    for round in 0..<10 {
      var generator = SeededGenerator(seed: seeds.seed &+ UInt64(round))
      let hashKey = HashKey(k0: 7, k1: 8, mask: mask)
      let history = History(live: Dataset(databases: 1, lineage: 1, hashKey: hashKey))
      func put(_ number: Int, _ word: Int64) {
        Array("key:\(number)".utf8).withBytes {
          history.live.put(0, $0, history.live.hash($0), .word(word), tag: 0, accessClock: 0)
        }
      }
      let differing = Set((0..<400).filter { _ in generator.oneIn(3) })
      for number in 0..<400 where generator.oneIn(2) { put(number, 0) }
      let version = try history.create(reason: "test", atMilliseconds: 0)
      for number in differing { put(number, 1) }
      var met: [Int64: Int] = [:]
      var position = HashPosition(0)
      repeat {
        position = history.root(of: version).differences(
          0, to: history.live.head, from: position, count: Int.random(in: 1...2, using: &generator)
        ) { difference in
          switch difference {
          case .added(let entry),
            .changed(_, let entry) where entry.word == 1:
            guard let number = Int64(String(decoding: entry.key.dropFirst(4), as: UTF8.self)) else { return }
            met[number, default: 0] += 1
          case .changed, .removed: break
          }
        }
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
          let number = Int.random(in: 0..<400, using: &generator)
          if differing.contains(number) {
            put(number, 1)
          } else if generator.oneIn(2) {
            put(number, 2)
          } else {
            Array("key:\(number)".utf8).withBytes { _ = history.live.remove(0, $0, history.live.hash($0)) }
          }
        }
      } while position != HashPosition(0)
      let notOnce = differing.filter { met[Int64($0)] != 1 }
      #expect(notOnce.isEmpty, "seed \(seeds.seed) round \(round)")
    }
  }

  /// What two versions share costs nothing: a difference of one key among many compares only a few pairs.
  @Test func sharedPartsAreSkipped() throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    func put(_ number: Int, _ word: Int64) {
      Array("key:\(number)".utf8).withBytes {
        history.live.put(0, $0, history.live.hash($0), .word(word), tag: 0, accessClock: 0)
      }
    }
    for number in 0..<50_000 { put(number, 0) }
    let version = try history.create(reason: "test", atMilliseconds: 0)
    put(777, 1)
    var met = 0
    let next = history.root(of: version).differences(
      0, to: history.live.head, from: HashPosition(0), count: 10, effort: 40
    ) { _ in met += 1 }
    #expect(met == 1)
    #expect(next == HashPosition(0))
  }
}
