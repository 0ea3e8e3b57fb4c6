import TestSupport
import Testing

@testable import VersionedStore

/// What is kept for readers alone is known to the byte, and does not keep keys from being evicted.
@Suite struct ReaderBytesTests {
  private let history = History(live: Dataset(databases: 2, lineage: 1))
  private let log = StepLog()

  private final class StepLog {
    var steps: [String] = []
  }

  private func put(_ database: Int, _ key: String) {
    Array(key.utf8).withBytes { key in
      history.live.put(
        database, key, history.live.hash(key), .bytes(key), tag: 0, expiry: nil, accessClock: 0)
    }
  }

  private func remove(_ database: Int, _ key: String) {
    _ = Array(key.utf8).withBytes { history.live.remove(database, $0, history.live.hash($0)) }
  }

  private func reclaim() { while !history.reclaim(limit: 100) {} }

  /// All readers end: what was said to be theirs comes free, and nothing else.
  private func end(_ pins: inout [VersionPin], _ generator: inout SeededGenerator) {
    reclaim()
    let (before, announced) = (history.allocatedBytes, history.readerBytes)
    for pin in pins.shuffled(using: &generator) { history.unpin(pin) }
    pins = []
    reclaim()
    #expect(before - history.allocatedBytes == announced, "\(generator): after \(log.steps)")
    #expect(history.readerBytes == 0)
    #expect(history.live.invariantViolations().isEmpty)
  }

  @Test func readersBytesComeFreeWhenTheyEnd() throws {
    var generator = SeededGenerator()
    var pins: [VersionPin] = []
    /// When a key was written, and when the versions were made that are still there.
    var (written, made): ([String: Int], [(id: Int, step: Int)]) = ([:], [])
    for step in 0..<6000 {
      let key = "key:\(Int.random(in: 0..<200, using: &generator))"
      switch Int.random(in: 0..<1000, using: &generator) {
      case 0..<600:
        put(0, key)
        written[key] = step
      case 600..<900:
        remove(0, key)
        written[key] = nil
      case 900..<910: put(1, key)
      case 910..<912: history.live.flush(1)
      case 912..<940 where pins.count < 4:
        pins.append(history.pinLive(atMilliseconds: 0))
        log.steps.append("\(step): pin")
      case 940..<950:
        made.append((try history.create(reason: "test", atMilliseconds: 0).id, step))
        log.steps.append("\(step): version")
      case 950..<965 where !made.isEmpty:
        try history.drop([made.remove(at: Int.random(in: made.indices, using: &generator)).id])
        log.steps.append("\(step): drop")
      case 965..<975 where !pins.isEmpty:
        history.unpin(pins.remove(at: Int.random(in: pins.indices, using: &generator)))
        log.steps.append("\(step): unpin")
      case 975..<980: end(&pins, &generator)
      default:
        var met: Set<String> = []
        history.live.sampleEvictable(0, behind: HashPosition(generator.next()), count: 1000, expiringOnly: false) {
          met.insert(String(decoding: $0.key, as: UTF8.self))
          #expect(history.live.isEvictable($0))
        }
        let last = made.map(\.step).max() ?? -1
        #expect(met == Set(written.filter { $0.value > last }.keys), "\(generator): after \(log.steps)")
      }
    }
    end(&pins, &generator)
  }

  /// A client may read a version for as long as it likes: that counts.
  @Test func clientsAreNoPassingReaders() throws {
    for number in 0..<1000 { put(0, "key:\(number)") }
    let version = try history.create(reason: "test", atMilliseconds: 0)
    let pin = try history.pin(version.id)
    for number in 0..<1000 { remove(0, "key:\(number)") }
    try history.drop([version.id])
    #expect(history.readerBytes == 0)
    history.unpin(pin)
  }

  /// Memory moves from the live dataset to the reader: what counts beside readers goes down all the same.
  @Test func evictingUnderAReaderCounts() {
    for number in 0..<1000 { put(0, "key:\(number)") }
    let pin = history.pinLive(atMilliseconds: 0)
    let before = history.allocatedBytes - history.readerBytes
    #expect(history.live.evictableBytes > 1000 * 16)
    for number in 0..<500 { remove(0, "key:\(number)") }
    #expect(history.allocatedBytes - history.readerBytes < before * 6 / 10)
    history.unpin(pin)
    reclaim()
    #expect(history.readerBytes == 0 && history.allocatedBytes < before * 6 / 10)
  }

  /// A reader whose dataset has been replaced has all of it to itself.
  @Test func aReaderOfAFormerDatasetHoldsAllOfIt() throws {
    for number in 0..<1000 { put(0, "key:\(number)") }
    let pin = history.pinLive(atMilliseconds: 0)
    let size = history.allocatedBytes
    let former = history.commit(Dataset(databases: 2, lineage: 2), reason: "test", atMilliseconds: 0)
    #expect(history.readerBytes == 0)
    try history.drop([former.id])
    #expect(history.readerBytes == size)
    history.unpin(pin)
    #expect(history.readerBytes == 0 && history.lineageCount == 1)
  }
}
