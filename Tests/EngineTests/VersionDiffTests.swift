import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// VERSION DIFF against the difference of plain dictionaries.
@Suite struct VersionDiffTests {
  private let harness = EngineHarness()

  private struct Page: Equatable {
    var cursor: String
    var added: Set<String> = []
    var removed: Set<String> = []
    var changed: Set<String> = []
    var count: Int { added.count + removed.count + changed.count }
  }

  private func page(_ words: [String]) throws -> Page {
    let reply = try harness.run(["VERSION", "DIFF"] + words)
    #expect(reply.elements.count == 2, "\(reply)")
    let fields = reply.elements[1].fields
    func keys(_ name: String) -> Set<String> { Set((fields[name] ?? .null).elements.compactMap(\.text)) }
    return Page(
      cursor: reply.elements[0].text ?? "", added: keys("added"), removed: keys("removed"), changed: keys("changed"))
  }

  /// All pages put together; fails if a key comes twice.
  private func whole(_ words: [String]) throws -> Page {
    var whole = Page(cursor: "0")
    repeat {
      let next = try page(words + ["CURSOR", whole.cursor])
      let before = whole.count
      whole.added.formUnion(next.added)
      whole.removed.formUnion(next.removed)
      whole.changed.formUnion(next.changed)
      #expect(whole.count == before + next.count, "a key was met twice")
      whole.cursor = next.cursor
    } while whole.cursor != "0"
    return whole
  }

  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func theThreeKinds(_ version: ProtocolVersion) throws {
    harness.session.version = version
    for key in ["same", "gone", "other", "ttl"] { try harness.run("SET", key, "1") }
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("DEL", "gone")
    try harness.run("SET", "other", "2")
    try harness.run("SET", "same", "2")
    try harness.run("SET", "same", "1")
    try harness.run("EXPIRE", "ttl", "100")
    try harness.run("SET", "new", "1")
    let wanted = Page(cursor: "0", added: ["new"], removed: ["gone"], changed: ["other", "ttl"])
    #expect(try page(["a", "LIVE"]) == wanted)
    try harness.run("VERSION", "CREATE", "b")
    #expect(try page(["a", "b"]) == wanted)
    let back = Page(cursor: "0", added: ["gone"], removed: ["new"], changed: ["other", "ttl"])
    #expect(try page(["b", "a"]) == back)
    #expect(try page(["LIVE", "a"]) == back)
    #expect(try page(["b", "LIVE"]) == Page(cursor: "0"))
    #expect(try page(["a", "b", "MATCH", "o*"]) == Page(cursor: "0", changed: ["other"]))
    #expect(try page(["a", "b", "DB", "1"]) == Page(cursor: "0"))
  }

  @Test func pagesOfManyDifferences() throws {
    let generator = SeededGenerator()
    var random = generator
    var before: [String: String] = [:]
    for number in 0..<2000 where !random.oneIn(4) {
      before["key:\(number)"] = "v"
      try harness.run("SET", "key:\(number)", "v")
    }
    try harness.run("VERSION", "CREATE", "a")
    var after = before
    for _ in 0..<1500 {
      let key = "key:\(Int.random(in: 0..<2000, using: &random))"
      if random.oneIn(2) {
        after[key] = "w"
        try harness.run("SET", key, "w")
      } else {
        after[key] = nil
        try harness.run("DEL", key)
      }
    }
    let wanted = Page(
      cursor: "0", added: Set(after.keys.filter { before[$0] == nil }),
      removed: Set(before.keys.filter { after[$0] == nil }),
      changed: Set(after.keys.filter { before[$0] != nil && before[$0] != after[$0] }))
    for count in ["1", "10", "1000000"] {
      #expect(try whole(["a", "LIVE", "COUNT", count]) == wanted, "\(generator)")
    }
    #expect(try page(["a", "LIVE", "COUNT", "10"]).count < 50)

    // Another lineage with the same keys: nothing is shared, and all the same nothing else differs.
    let keyspace = harness.engine.keyspace
    keyspace.history.commit(Dataset(databases: 16, lineage: 2), reason: "replicaof", atMilliseconds: 0)
    keyspace.liveDatasetChanged()
    for (key, value) in after { try harness.run("SET", key, value) }
    #expect(try whole(["a", "LIVE"]) == wanted, "\(generator)")
    #expect(try whole(["before-replicaof-2", "LIVE"]) == Page(cursor: "0"), "\(generator)")
  }

  @Test func oneCallComparesOnlySoMuch() throws {
    for number in 0..<20_000 { _ = harness.raw(["SET", "key:\(number)", "v"]) }
    let keyspace = harness.engine.keyspace
    keyspace.history.commit(Dataset(databases: 16, lineage: 2), reason: "replicaof", atMilliseconds: 0)
    keyspace.liveDatasetChanged()
    for number in 0..<20_000 { _ = harness.raw(["SET", "key:\(number)", "v"]) }
    let first = try page(["1", "LIVE"])
    #expect(first.count == 0)
    #expect(first.cursor != "0")
    #expect(try whole(["1", "LIVE"]) == Page(cursor: "0"))
  }

  @Test func optionsAreChecked() throws {
    try harness.run("VERSION", "CREATE", "a")
    for (words, error) in [
      (["DB"], "ERR syntax error"), (["WHAT", "1"], "ERR syntax error"), (["COUNT", "0"], "ERR syntax error"),
      (["COUNT", "x"], "ERR value is not an integer or out of range"), (["CURSOR", "x"], "ERR invalid cursor"),
      (["DB", "16"], "ERR DB index is out of range"), (["DB", "-1"], "ERR DB index is out of range"),
      (["MATCH", "*", "DB"], "ERR syntax error"),
    ] {
      #expect(try harness.run(["VERSION", "DIFF", "a", "LIVE"] + words).errorText == error, "\(words)")
    }
  }
}
