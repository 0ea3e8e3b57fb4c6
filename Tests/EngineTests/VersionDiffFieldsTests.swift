import Engine
import RESP
import TestSupport
import Testing
import Values
import VersionedStore

/// VERSION DIFF ... FIELDS: what is different inside one key, against models of every type.
@Suite struct VersionDiffFieldsTests {
  private let harness = EngineHarness()

  private struct Page: Equatable {
    var cursor = "0"
    var added: [Reply] = []
    var removed: [Reply] = []
    var changed: [Reply] = []
    var count: Int { added.count + removed.count + changed.count }
  }

  private func reply(_ words: [String]) throws -> Reply { try harness.run(["VERSION", "DIFF"] + words) }

  private func page(_ words: [String]) throws -> Page {
    let reply = try reply(words)
    try #require(reply.elements.count == 2, "\(reply)")
    let fields = reply.elements[1].fields
    func items(_ name: String) -> [Reply] { (fields[name] ?? .null).elements }
    return Page(
      cursor: reply.elements[0].text ?? "", added: items("added"), removed: items("removed"), changed: items("changed"))
  }

  private func whole(_ older: String, _ newer: String, _ key: String, _ words: [String] = []) throws -> Page {
    var whole = Page()
    var pages = 0
    repeat {
      let next = try page([older, newer, "FIELDS", key] + words + ["CURSOR", whole.cursor])
      whole.added += next.added
      whole.removed += next.removed
      whole.changed += next.changed
      whole.cursor = next.cursor
      pages += 1
      try #require(pages < 100_000, "the pages do not end")
    } while whole.cursor != "0"
    return whole
  }

  private func texts(_ items: [Reply]) -> [String] { items.compactMap(\.text).sorted() }

  /// The live dataset becomes another lineage's, empty.
  private func changeLineage(_ lineage: Int) {
    let keyspace = harness.engine.keyspace
    keyspace.history.commit(Dataset(databases: 16, lineage: lineage), reason: "replicaof", atMilliseconds: 0)
    keyspace.liveDatasetChanged()
  }

  // MARK: Names

  @Test(arguments: [ProtocolVersion.resp2, .resp3], [0, 2000])
  func fieldsOfAHash(_ version: ProtocolVersion, more: Int) throws {
    harness.session.version = version
    try harness.run("HSET", "h", "same", "1", "gone", "1", "other", "1", "number", "7", "ttl", "1")
    for number in 0..<more { try harness.run("HSET", "h", "field:\(number)", "v") }
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("HDEL", "h", "gone")
    try harness.run("HSET", "h", "other", "2", "number", "7", "new", "1", "same", "2")
    try harness.run("HSET", "h", "same", "1")
    try harness.run("HPEXPIRE", "h", "100000", "FIELDS", "1", "ttl")
    let found = try whole("a", "LIVE", "h")
    #expect(texts(found.added) == ["new"])
    #expect(texts(found.removed) == ["gone"])
    #expect(texts(found.changed) == ["other", "ttl"])
    let back = try whole("LIVE", "a", "h", ["COUNT", "1"])
    #expect(texts(back.added) == ["gone"])
    #expect(texts(back.removed) == ["new"])
    #expect(texts(back.changed) == ["other", "ttl"])
    #expect(try texts(whole("a", "LIVE", "h", ["MATCH", "o*"]).changed) == ["other"])
    #expect(try whole("a", "LIVE", "h", ["DB", "1"]) == Page())
    #expect(try whole("a", "a", "h") == Page())
    #expect(try whole("a", "LIVE", "none") == Page())
    try harness.run("DEL", "h")
    #expect(try whole("a", "LIVE", "h").removed.count == 5 + more)
    #expect(try whole("LIVE", "a", "h", ["COUNT", "7"]).added.count == 5 + more)
  }

  /// Hashes, sets and sorted sets in all pairs of encodings, against dictionaries.
  @Test(arguments: ["hash", "set", "zset"])
  func membersInAnyEncoding(type: String) throws {
    let settings = harness.engine.settings
    let generator = SeededGenerator()
    var random = generator
    func put(_ content: [String: Int]) throws {
      try harness.run("DEL", "k")
      for (name, value) in content.shuffled(using: &random) {
        switch type {
        case "hash": try harness.run("HSET", "k", name, "\(value)")
        case "set": try harness.run("SADD", "k", name)
        default: try harness.run("ZADD", "k", "\(value)", name)
        }
      }
    }
    func content() -> [String: Int] {
      var content: [String: Int] = [:]
      let isNumeric = random.oneIn(2)
      for _ in 0..<Int.random(in: 0...60, using: &random) {
        let number = Int.random(in: 0..<80, using: &random)
        content[isNumeric ? "\(number)" : "m\(number)"] = type == "set" ? 0 : Int.random(in: 0..<3, using: &random)
      }
      return content
    }
    for round in 0..<60 {
      var states: [[String: Int]] = []
      for name in ["a", "b"] {
        let limit = random.oneIn(2) ? 1000 : 4
        settings.encodingLimits.hashEntries = limit
        settings.encodingLimits.sortedSetEntries = limit
        settings.encodingLimits.setIntegers = limit
        let state = name == "b" && random.oneIn(4) ? states[0] : content()
        try put(state)
        states.append(state)
        try harness.run("VERSION", "CREATE", "\(name)\(round)")
      }
      let (old, new) = (states[0], states[1])
      let count = ["1", "5", "1000"].randomElement(using: &random)!
      let found = try whole("a\(round)", "b\(round)", "k", ["COUNT", count])
      #expect(texts(found.added) == new.keys.filter { old[$0] == nil }.sorted(), "\(generator)")
      #expect(texts(found.removed) == old.keys.filter { new[$0] == nil }.sorted(), "\(generator)")
      #expect(
        texts(found.changed) == new.keys.filter { old[$0] != nil && old[$0] != new[$0] }.sorted(), "\(generator)")
      let keys = try page(["a\(round)", "b\(round)"])
      #expect((keys.count == 0) == (old == new), "\(generator)")
    }
  }

  // MARK: Lists

  /// Takes from a list what was removed and puts in what was added.
  private func apply(_ page: Page, to list: [String]) -> [String] {
    var list = list
    func pairs(_ items: [Reply]) -> [(Int, String)] {
      items.map { ($0.elements[0].number ?? -1, $0.elements[1].text ?? "") }
    }
    for (index, element) in pairs(page.removed).sorted(by: { $0.0 > $1.0 }) {
      guard list.indices.contains(index), list[index] == element else { return ["\(index) \(element) is not there"] }
      list.remove(at: index)
    }
    for (index, element) in pairs(page.added).sorted(by: { $0.0 < $1.0 }) {
      guard index <= list.count else { return ["\(index) is behind the end"] }
      list.insert(element, at: index)
    }
    return list
  }

  private func list(_ version: String) throws -> [String] {
    try harness.run("VERSION", "READ", version, "LRANGE", "l", "0", "-1").elements.compactMap(\.text)
  }

  @Test func elementsOfAList() throws {
    try harness.run("RPUSH", "l", "a", "b", "c", "d", "e")
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("LPUSH", "l", "x")
    try harness.run("LSET", "l", "2", "y")
    try harness.run("LREM", "l", "1", "d")
    func pair(_ index: Int, _ element: String) -> Reply { .array([.integer(index), .bulk(element)]) }
    let wanted = Page(added: [pair(0, "x"), pair(2, "y")], removed: [pair(1, "b"), pair(3, "d")])
    #expect(try page(["a", "LIVE", "FIELDS", "l"]) == wanted)
    #expect(try whole("a", "LIVE", "l", ["COUNT", "1"]) == wanted)
    #expect(try page(["a", "LIVE", "FIELDS", "l", "MATCH", "[xd]"]).added == [pair(0, "x")])
  }

  /// Random edits of short and long lists, within a lineage and between two.
  @Test(arguments: [3, 300, 5000])
  func anyTwoListsArePutRight(count: Int) throws {
    let generator = SeededGenerator()
    var random = generator
    harness.engine.settings.encodingLimits.listSize = 16
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    func edit() throws {
      let length = try harness.run("LLEN", "l").number ?? 0
      guard length > 0 else {
        try harness.run(["RPUSH", "l"] + (0..<count).map { "e\($0 % 700)" })
        return
      }
      switch number(8) {
      case 0: try harness.run("LSET", "l", "\(number(length))", "s\(number(9))")
      case 1: try harness.run("LINSERT", "l", ["BEFORE", "AFTER"][number(2)], "e\(number(700))", "i")
      case 2: try harness.run("LREM", "l", "\(number(3))", "e\(number(700))")
      case 3: try harness.run(["LPUSH", "l"] + (0..<number(40) + 1).map { "h\($0)" })
      case 4: try harness.run(["RPUSH", "l"] + (0..<number(40) + 1).map { "t\($0)" })
      case 5: try harness.run(["LPOP", "RPOP"][number(2)], "l", "\(number(30))")
      case 6: try harness.run("LMOVE", "l", "l", ["LEFT", "RIGHT"][number(2)], ["LEFT", "RIGHT"][number(2)])
      default: if number(10) == 0 { try harness.run("LTRIM", "l", "\(number(length))", "\(number(length))") }
      }
    }
    var names: [String] = []
    for round in 0..<24 {
      if round % 10 == 9 {
        let elements = try list("LIVE")
        changeLineage(round + 2)
        if !elements.isEmpty { try harness.run(["RPUSH", "l"] + elements) }
      }
      for _ in 0..<number(12) + 1 { try edit() }
      try harness.run("VERSION", "CREATE", "v\(round)")
      names.append("v\(round)")
      let (a, b) = (names.randomElement(using: &random)!, names.randomElement(using: &random)!)
      let (old, new) = (try list(a), try list(b))
      for words in [["COUNT", "1000000"], ["COUNT", "\(number(20) + 1)"]] {
        let found = try whole(a, b, "l", words)
        #expect(apply(found, to: old) == new, "\(generator) \(a) \(b)")
        if old == new { #expect(found == Page(), "\(generator)") }
      }
      #expect(try (page([a, b]).count == 0) == (old == new), "\(generator)")
    }
  }

  /// Changes at both ends of a list do not make everything between them different.
  @Test func aLongListWithChangedEnds() throws {
    try harness.run(["RPUSH", "l"] + (0..<50_000).map { "element:\($0)" })
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("LPUSH", "l", "first")
    try harness.run("RPUSH", "l", "last")
    try harness.run("LSET", "l", "25000", "middle")
    let found = try page(["a", "LIVE", "FIELDS", "l"])
    #expect(found.cursor == "0")
    #expect(found.added.count == 3)
    #expect(found.removed == [.array([.integer(24_999), .bulk("element:24999")])])
    // The same elements in leaves of another lineage, and in leaves of another length.
    let elements = try list("LIVE")
    changeLineage(9)
    harness.engine.settings.encodingLimits.listSize = 100
    try harness.run(["RPUSH", "l"] + elements)
    #expect(try whole("before-replicaof-2", "LIVE", "l") == Page())
    #expect(try page(["before-replicaof-2", "LIVE"]) == Page())
    let far = try whole("a", "LIVE", "l")
    #expect(far.added.count == 3)
    #expect(far.removed.count == 1)
  }

  // MARK: Streams

  @Test(arguments: [3, 500])
  func entriesOfAStream(count: Int) throws {
    for number in 1...count { try harness.run("XADD", "s", "\(number)-1", "f", "v") }
    try harness.run("XGROUP", "CREATE", "s", "kept", "0")
    try harness.run("XGROUP", "CREATE", "s", "gone", "0")
    try harness.run("XREADGROUP", "GROUP", "kept", "c", "COUNT", "1", "STREAMS", "s", ">")
    try harness.run("VERSION", "CREATE", "a")
    #expect(try whole("a", "LIVE", "s") == Page())
    try harness.run("XDEL", "s", "2-1")
    try harness.run("XADD", "s", "\(count + 5)-0", "g", "w")
    try harness.run("XGROUP", "DESTROY", "s", "gone")
    try harness.run("XGROUP", "CREATE", "s", "new", "$")
    try harness.run("XACK", "s", "kept", "1-1")
    for words in [["COUNT", "100"], ["COUNT", "1"]] {
      let found = try whole("a", "LIVE", "s", words)
      #expect(texts(found.added) == ["\(count + 5)-0"])
      #expect(texts(found.removed) == ["2-1"])
      #expect(found.changed.isEmpty)
    }
    let fields = try reply(["a", "LIVE", "FIELDS", "s"]).elements[1].fields
    let groups = try #require(fields["groups"]).fields
    #expect(groups["added"] == .array([.bulk("new")]))
    #expect(groups["removed"] == .array([.bulk("gone")]))
    #expect(groups["changed"] == .array([.bulk("kept")]))
    #expect(
      fields["properties"]
        == .array([.bulk("last-generated-id"), .bulk("max-deleted-entry-id"), .bulk("entries-added")]))
    try harness.run("DEL", "s")
    #expect(try whole("a", "LIVE", "s", ["COUNT", "7"]).removed.count == count)
    #expect(try whole("LIVE", "a", "s").added.count == count)
    #expect(try reply(["LIVE", "a", "FIELDS", "s"]).elements[1].fields["properties"] == .array([]))
  }

  /// One id, other fields: it happens between branches of a history.
  @Test func anEntryWithOtherFields() throws {
    try harness.run("XADD", "s", "1-1", "f", "v")
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("XADD", "s", "2-1", "f", "v")
    try harness.run("VERSION", "CREATE", "b")
    try harness.run("VERSION", "ROLLBACK", "a")
    try harness.run("XADD", "s", "2-1", "f", "w")
    #expect(try page(["b", "LIVE", "FIELDS", "s"]) == Page(changed: [.bulk("2-1")]))
    #expect(try page(["b", "LIVE"]).changed == [.bulk("s")])
  }

  /// The same stream with its entries in nodes of another length, and with other numbers for its consumers.
  @Test func equalStreamsInOtherNodes() throws {
    func fill() throws {
      for number in 1...50 { try harness.run("XADD", "s", "\(number)-1", "f", "v\(number)") }
      try harness.run("XGROUP", "CREATE", "s", "g", "0")
    }
    try fill()
    try harness.run("XGROUP", "CREATECONSUMER", "s", "g", "late")
    try harness.run("XGROUP", "CREATECONSUMER", "s", "g", "c")
    try harness.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", "s", ">")
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("DEL", "s")
    harness.engine.settings.encodingLimits.streamNodeEntries = 7
    try fill()
    try harness.run("XGROUP", "CREATECONSUMER", "s", "g", "c")
    try harness.run("XGROUP", "CREATECONSUMER", "s", "g", "late")
    try harness.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", "s", ">")
    #expect(try page(["a", "LIVE"]) == Page())
    #expect(try whole("a", "LIVE", "s", ["COUNT", "1"]) == Page())
    try harness.run("XACK", "s", "g", "1-1")
    #expect(try page(["a", "LIVE"]).changed == [.bulk("s")])
  }

  // MARK: Strings

  @Test func bytesOfAString() throws {
    func range(_ offset: Int, _ count: Int) -> Reply { .array([.integer(offset), .integer(count)]) }
    try harness.run("SET", "s", "hello world")
    try harness.run("SET", "n", "12345")
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("SETRANGE", "s", "1", "a")
    try harness.run("SETRANGE", "s", "6", "W")
    try harness.run("APPEND", "s", "!!")
    try harness.run("INCR", "n")
    let wanted = Page(added: [range(11, 2)], changed: [range(1, 1), range(6, 1)])
    #expect(try page(["a", "LIVE", "FIELDS", "s"]) == wanted)
    #expect(try whole("a", "LIVE", "s", ["COUNT", "1"]) == wanted)
    #expect(try page(["LIVE", "a", "FIELDS", "s"]).removed == [range(11, 2)])
    #expect(try page(["a", "LIVE", "FIELDS", "n"]) == Page(changed: [range(4, 1)]))
    try harness.run("DEL", "s")
    #expect(try page(["a", "LIVE", "FIELDS", "s"]) == Page(removed: [range(0, 11)]))
    #expect(try reply(["a", "LIVE", "FIELDS", "n", "MATCH", "*"]).errorText?.hasPrefix("ERR ") == true)
  }

  @Test(arguments: [50, 5000, 3_000_000])
  func rangesOfRandomStrings(count: Int) throws {
    let generator = SeededGenerator()
    var random = generator
    let old = [UInt8](repeating: UInt8(ascii: "."), count: count)
    for _ in 0..<8 {
      var new = old
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let start = Int.random(in: 0..<count, using: &random)
        let end = min(count, start + Int.random(in: 1...max(2, count / 3), using: &random))
        for index in start..<end where !random.oneIn(50) { new[index] = UInt8(ascii: "x") }
      }
      try harness.run("SET", "s", String(decoding: old, as: UTF8.self))
      try harness.run("VERSION", "CREATE")
      let id = try #require(try harness.run("VERSION", "LIST").elements.last?.fields["id"]?.number)
      try harness.run("SET", "s", String(decoding: new, as: UTF8.self))
      let found = try whole("\(id)", "LIVE", "s", ["COUNT", "1000"])
      #expect(found.added.isEmpty && found.removed.isEmpty)
      var marks = [UInt8](repeating: UInt8(ascii: "."), count: count)
      for range in found.changed {
        let (offset, length) = (range.elements[0].number ?? 0, range.elements[1].number ?? 0)
        #expect(length > 0)
        for index in offset..<offset + length { marks[index] = UInt8(ascii: "x") }
      }
      #expect(marks == new, "\(generator)")
    }
  }

  /// Strings in chunks, put into the store by hand: chunks that are shared, changed, cut again, longer than before.
  @Test func bytesOfAStringInChunks() throws {
    let dataset = harness.engine.keyspace.live
    func edit(_ change: (OpenCollection) -> Void) throws {
      try harness.run("VERSION", "CREATE")
      Array("s".utf8).withBytes { key in
        let hash = dataset.hash(key)
        change(
          dataset.openCollection(0, key, hash)
            ?? dataset.putCollection(0, key, hash, tag: ValueTag.chunked, expiry: nil, accessClock: 0))
      }
    }
    func range(_ offset: Int, _ count: Int) -> Reply { .array([.integer(offset), .integer(count)]) }
    try edit { open in
      for number in 0..<200 {
        [UInt8](repeating: UInt8(number), count: 100).withBytes { open.insertLeaf(at: 100 * number, $0, weight: 100) }
      }
    }
    try edit { open in
      open.editLeaf(at: 5_000)[7] = 255
      open.splitLeaf(at: 9_000, byteOffset: 40, weight: 40)
      [1, 2, 3].withBytes { open.insertLeaf(at: 20_000, $0, weight: 3) }
    }
    let wanted = Page(added: [range(20_000, 3)], changed: [range(5007, 1)])
    #expect(try page(["2", "LIVE", "FIELDS", "s"]) == wanted)
    #expect(try whole("2", "LIVE", "s", ["COUNT", "1"]) == wanted)
    #expect(try page(["LIVE", "2", "FIELDS", "s"]) == Page(removed: [range(20_000, 3)], changed: [range(5007, 1)]))
    #expect(try page(["1", "LIVE", "FIELDS", "s"]) == Page(added: [range(0, 20_003)]))
    // A chunk goes: from there on every byte stands in another place, and each chunk has bytes of its own.
    try edit { $0.removeLeaf(at: 100) }
    #expect(
      try page(["3", "LIVE", "FIELDS", "s"]).removed == [range(19_903, 100)])
    #expect(try page(["3", "LIVE", "FIELDS", "s"]).changed.first == range(100, 19_803))
    // The same bytes in one piece.
    let bytes = (0..<10).flatMap { [UInt8](repeating: $0 + 65, count: 10) }
    try edit { open in
      while open.collection.weight > 0 { open.removeLeaf(at: 0) }
      bytes.withBytes { open.insertLeaf(at: 0, $0[0..<37], weight: 37) }
      bytes.withBytes { open.insertLeaf(at: 37, $0[37..<100], weight: 63) }
    }
    try harness.run("VERSION", "CREATE", "chunks")
    try harness.run("SET", "s", String(decoding: bytes, as: UTF8.self))
    #expect(try page(["chunks", "LIVE"]) == Page())
    #expect(try page(["chunks", "LIVE", "FIELDS", "s"]) == Page())
  }

  // MARK: Types, encodings, arguments

  @Test func aKeyThatHasChangedItsType() throws {
    try harness.run("SADD", "k", "a", "b", "c")
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("DEL", "k")
    try harness.run("RPUSH", "k", "x", "y")
    let first = try page(["a", "LIVE", "FIELDS", "k"])
    #expect(texts(first.removed) == ["a", "b", "c"])
    #expect(first.added.isEmpty && first.cursor == "+0")
    let found = try whole("a", "LIVE", "k", ["COUNT", "1"])
    #expect(texts(found.removed) == ["a", "b", "c"])
    #expect(found.added == [.array([.integer(0), .bulk("x")]), .array([.integer(1), .bulk("y")])])
    #expect(found.changed.isEmpty)
  }

  /// Equal values in other encodings are no change of the key.
  @Test func equalValuesInOtherEncodings() throws {
    let limits = harness.engine.settings.encodingLimits
    func fill(grown: Bool) throws {
      harness.engine.settings.encodingLimits = limits
      if grown {
        harness.engine.settings.encodingLimits.hashEntries = 1
        harness.engine.settings.encodingLimits.sortedSetEntries = 1
        harness.engine.settings.encodingLimits.setIntegers = 1
        harness.engine.settings.encodingLimits.listSize = 2
      }
      try harness.run("FLUSHALL")
      for number in grown ? Array((1...9).reversed()) : Array(1...9) {
        try harness.run("HSET", "hash", "\(number)", "v\(number)")
        try harness.run("SADD", "set", "m\(number)")
        try harness.run("SADD", "integers", "\(number)")
        try harness.run("ZADD", "zset", "\(number).5", "m\(number)")
      }
      for number in 1...9 { try harness.run("RPUSH", "list", "e\(number)") }
      try harness.run("SET", "number", "77")
      try harness.run("SET", "text", grown ? "abc" : "abcdef")
      if grown {
        try harness.run("SADD", "set", String(repeating: "long", count: 99))
        try harness.run("SREM", "set", String(repeating: "long", count: 99))
        try harness.run("SADD", "integers", "9999999999", "x")
        try harness.run("SREM", "integers", "9999999999", "x")
        try harness.run("SET", "number", "7")
        try harness.run("APPEND", "number", "7")
        try harness.run("APPEND", "text", "def")
      }
    }
    try fill(grown: false)
    try harness.run("VERSION", "CREATE", "a")
    try fill(grown: true)
    let keys = ["hash", "set", "integers", "zset", "list", "number", "text"]
    for key in keys.dropFirst(2).dropLast(3) + ["hash", "text"] {
      let encodings = try ["a", "LIVE"].map { try harness.run("VERSION", "READ", $0, "OBJECT", "ENCODING", key).text }
      #expect(encodings[0] != encodings[1], "\(key)")
    }
    #expect(try page(["a", "LIVE"]) == Page())
    #expect(try page(["LIVE", "a"]) == Page())
    for key in keys { #expect(try whole("a", "LIVE", key) == Page(), "\(key)") }
    for key in keys { try harness.run("EXPIRE", key, "100") }
    #expect(try page(["a", "LIVE"]).changed.count == keys.count)
  }

  /// The whole of a long compact value is compared at once, not once for each member.
  @Test func aLongCompactSetAgainstATrie() throws {
    let numbers = (0..<10_000).map { "\($0 * 3)" }
    harness.engine.settings.encodingLimits.setIntegers = 20_000
    try harness.run(["SADD", "k"] + numbers)
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("DEL", "k")
    harness.engine.settings.encodingLimits.setIntegers = 4
    try harness.run(["SADD", "k"] + numbers)
    #expect(try page(["a", "LIVE"]) == Page())
    #expect(try whole("a", "LIVE", "k", ["COUNT", "1000"]) == Page())
    try harness.run("SREM", "k", "2997")
    try harness.run("SADD", "k", "x")
    #expect(try page(["a", "LIVE"]).changed == [.bulk("k")])
    #expect(try whole("a", "LIVE", "k", ["COUNT", "1000"]) == Page(added: [.bulk("x")], removed: [.bulk("2997")]))
  }

  @Test func argumentsAreChecked() throws {
    try harness.run("HSET", "h", "f", "v")
    try harness.run("RPUSH", "l", "e")
    try harness.run("XADD", "s", "1-1", "f", "v")
    try harness.run("SET", "t", "v")
    try harness.run("VERSION", "CREATE", "a")
    try harness.run("FLUSHALL")
    for (words, error) in [
      (["FIELDS"], "ERR syntax error"), (["FIELDS", "h", "x"], "ERR syntax error"),
      (["FIELDS", "h", "COUNT", "0"], "ERR syntax error"), (["FIELDS", "h", "COUNT", "-1"], "ERR syntax error"),
      (["FIELDS", "h", "DB", "16"], "ERR DB index is out of range"),
    ] {
      #expect(try reply(["a", "LIVE"] + words).errorText == error, "\(words)")
    }
    let cursors = ["x", "-", "1-", "-1", "+", "+x", "g", "gx", "1-1-1", "18446744073709551616", "", "++0", "+g"]
    for key in ["h", "l", "s", "t"] {
      for cursor in cursors {
        #expect(
          try reply(["a", "LIVE", "FIELDS", key, "CURSOR", cursor]).errorText == "ERR invalid cursor", "\(cursor)")
      }
    }
    for (key, cursor) in [("h", "1-1"), ("h", "g1"), ("h", "+0"), ("l", "7"), ("l", "g1"), ("s", "7"), ("t", "1-1")] {
      #expect(try reply(["a", "LIVE", "FIELDS", key, "CURSOR", cursor]).errorText == "ERR invalid cursor", "\(cursor)")
    }
    // Far behind the end there is nothing.
    let last = "18446744073709551615"
    for (key, cursor) in [("h", last), ("l", "\(last)-\(last)"), ("s", "\(last)-\(last)"), ("s", "g\(last)")] {
      #expect(try page(["a", "LIVE", "FIELDS", key, "CURSOR", cursor]) == Page(), "\(key)")
    }
    #expect(try page(["a", "a", "FIELDS", "t", "CURSOR", last]) == Page())
    #expect(
      try harness.run("COMMAND", "GETKEYS", "VERSION", "DIFF", "a", "LIVE", "FIELDS", "h") == .array([.bulk("h")]))
  }
}
