import Synchronization
import TestSupport
import Testing

@testable import VersionedStore

/// Sealed data is read from other threads while the head is written: under the thread sanitizer this shows any write to
/// what should be immutable.
@Suite struct SealedReadTests {
  private static let keyCount = 3000

  private final class Flag: Sendable {
    let isUp = Atomic<Bool>(false)
  }

  private static func put(_ dataset: Dataset, _ number: Int, _ round: Int) {
    let value = [UInt8](repeating: UInt8(round), count: number % 5 == 0 ? 400 : 10)
    Array("key:\(number)".utf8).withBytes { key in
      value.withBytes {
        dataset.put(
          0, key, dataset.hash(key), .bytes($0), tag: 1, expiry: number % 3 == 0 ? 5 : nil, accessClock: 0)
      }
    }
  }

  /// Every value of the version, folded into one number.
  private static func sum(_ root: Root) -> (keys: Int, sum: Int) {
    var (keys, sum) = (0, 0)
    _ = root.scan(0, from: HashPosition(0), count: .max) { entry in
      keys += 1
      if case .bytes(let bytes) = entry.value { sum += bytes.reduce(0) { $0 + Int($1) } }
    }
    return (keys, sum)
  }

  @Test func anotherThreadReadsAVersionWhileTheHeadIsWritten() async throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    for number in 0..<Self.keyCount { Self.put(history.live, number, 1) }
    let version = try history.create(reason: "test", atMilliseconds: 0)
    let pin = try history.pin(version.id)
    let expected = Self.sum(pin.root)
    #expect(expected.keys == Self.keyCount)

    let flag = Flag()
    let root = pin.root
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        var same = true
        repeat { same = same && Self.sum(root) == expected } while !flag.isUp.load(ordering: .acquiring)
        return same
      }
      var generator = SeededGenerator()
      let live = history.live
      for step in 0..<12_000 {
        let number = Int.random(in: 0..<Self.keyCount, using: &generator)
        switch step % 6 {
        case 0:
          Array("key:\(number)".utf8).withBytes { _ = live.remove(0, $0, live.hash($0)) }
        case 1:
          Array("key:\(number)".utf8).withBytes { key in
            // A read of the head, which notes the access in place, in sealed entries as well.
            live.head.find(0, key, live.hash(key))?.accessClock = UInt32(step)
          }
        case 2:
          Array("key:\(number)".utf8).withBytes { _ = live.setExpiry(0, $0, live.hash($0), Int64(step)) }
        case 3:
          Array("key:\(number)".utf8).withBytes { key in
            let bytes = live.editBytes(0, key, live.hash(key), count: 420, tag: 1, accessClock: 0)
            bytes[3] = 9
          }
        default: Self.put(live, number, step & 127)
        }
        if step % 1000 == 999 {
          _ = try? history.create(reason: "test", atMilliseconds: 0)
          if step % 3000 == 2999 { _ = try? history.drop([history.versions[1].id]) }
        }
        _ = history.reclaim(limit: 5)
      }
      flag.isUp.store(true, ordering: .releasing)
      for await same in group { #expect(same) }
    }
    #expect(Self.sum(pin.root) == expected)
    history.unpin(pin)
  }
}
