import TestSupport
import Testing

@testable import VersionedStore

/// The books are as large as there are versions, not as large as there have been.
@Suite struct BookkeepingTests {
  /// A window of versions that moves on, as automatic versions make it; something of every birth stays alive.
  @Test func movingWindow() throws {
    let history = History(live: Dataset(databases: 2, lineage: 1))
    let kept = 4
    for number in 0..<200 {
      try write(number, history)
      _ = try history.create(reason: "test", atMilliseconds: Int64(number))
      // One in the middle now and then, mostly the oldest.
      if history.versions.count > kept { _ = try history.drop([history.versions[number % 5 == 0 ? 2 : 0].id]) }
      while !history.reclaim(limit: 100) {}
      let live = history.live
      #expect(live.dead.keys.count <= kept + 1)
      #expect(live.held.rowCount == live.dead.keys.count)
      for version in live.sealed.values {
        #expect(version.dead.keys.count <= kept + 1)
        #expect(version.held.count <= (kept + 1) * 3)
      }
      for member in live.tree.members.values {
        #expect(member.held.keys.count <= kept + 2)
        #expect(member.dead.keys.count <= kept + 2)
      }
      let large = try #require(name("large", { live.head.find(0, $0, live.hash($0))?.collection }))
      #expect(large.ledgerCount <= kept + 2)
      if number % 20 == 19 { #expect(live.invariantViolations().isEmpty, "\(live.invariantViolations())") }
    }
  }

  /// Many versions that go at once give back what was announced, wherever they stand and in whatever order they are named.
  @Test(arguments: [1, 2, 7])
  func manyAtOnce(every stride: Int) throws {
    let history = History(live: Dataset(databases: 2, lineage: 1))
    for number in 0..<50 {
      try write(number, history)
      if number > 10 { name("key:\(number - 10)") { _ = history.live.remove(0, $0, history.live.hash($0)) } }
      _ = try history.create(reason: "test", atMilliseconds: Int64(number))
    }
    let ids = history.versions.map(\.id).filter { $0 % 7 < 7 - stride }.shuffled()
    let before = history.allocatedBytes
    let announced = try history.bytesGivenBack(byDropping: ids)
    #expect(try history.drop(ids) == announced)
    while !history.reclaim(limit: 1000) {}
    #expect(history.allocatedBytes == before - announced)
    #expect(history.versions.count == 50 - ids.count)
    #expect(history.live.invariantViolations().isEmpty, "\(history.live.invariantViolations())")
  }

  /// A key of its own, and a member of its own in a collection.
  private func write(_ number: Int, _ history: History) throws {
    let live = history.live
    name("key:\(number)") {
      live.put(0, $0, live.hash($0), .word(Int64(number)), tag: 0, accessClock: 0)
      live.put(1, $0, live.hash($0), .bytes($0), tag: 0, accessClock: 0)
    }
    let open = name("large") { key in
      live.openCollection(0, key, live.hash(key))
        ?? live.putCollection(0, key, live.hash(key), tag: 0, expiry: nil, accessClock: 0)
    }
    name("member:\(number)") { _ = open.put($0, live.hash($0), .word(1)) }
  }

  @discardableResult
  private func name<R>(_ text: String, _ body: (Bytes) -> R) -> R { Array(text.utf8).withBytes(body) }
}
