import Snapshots
import Testing
import VersionedStore

/// Every type and encoding that Redis 2.4 to 7.4 and Valkey 8 write, made by hand: what this machine's redis-server does
/// not write any more, and what it does not write yet.
@Suite struct EncodingTests {
  private func key(_ type: UInt8, _ value: [UInt8]) -> [UInt8] { [type] + RDB.string("k") + value }

  /// Has the value read whole and byte by byte, and then again from what is written of it.
  private func expect(
    _ item: [UInt8], is text: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for chunkSize in [1, 7, .max / 2] {
      let loader = try Loading.load(Loading.file(item), chunkSize: chunkSize)
      #expect(DatasetText.text(loader.dataset) == ["k": text], sourceLocation: sourceLocation)
      #expect(loader.dataset.invariantViolations().isEmpty, sourceLocation: sourceLocation)
      #expect(loader.outcome.loadedKeys == 1, sourceLocation: sourceLocation)
      let again = try Loading.load(try Loading.save(loader.dataset))
      #expect(DatasetText.text(again.dataset) == ["k": text], sourceLocation: sourceLocation)
    }
  }

  private static let long = String(repeating: "x", count: 300)
  private static let veryLong = String(repeating: "y", count: 20_000)

  @Test func plainCollections() throws {
    let elements = ["a", "-7", Self.long].map { RDB.string($0) }
    try expect(key(1, [3] + elements.flatMap(\.self)), is: "\(["a", "-7", Self.long])")
    try expect(key(2, [3] + elements.flatMap(\.self)), is: "{-7, a, \(Self.long)}")
    try expect(key(4, [1] + elements[0] + elements[2]), is: "{a: \(Self.long)}")
    try expect(
      key(1, [2, 0xc0, 0xff] + RDB.compressed(Array("compressed text".utf8))), is: #"["-1", "compressed text"]"#)
  }

  @Test func sortedSetsWithScoresAsText() throws {
    let members: [UInt8] =
      [4] + RDB.string("one") + [3] + Array("1.5".utf8) + RDB.string("low") + [255] + RDB.string("high") + [254]
      + RDB.string("big") + [5] + Array("1e+20".utf8)
    try expect(key(3, members), is: "<low: -inf, one: 1.5, big: 1e+20, high: inf>")
    try expect(
      key(5, [2] + RDB.string("b") + RDB.score(2) + RDB.string("a") + RDB.score(-0.25)), is: "<a: -0.25, b: 2.0>")
  }

  /// It was in a large set, whatever comes behind it.
  @Test func aScoreOfMinusZeroKeepsItsSign() throws {
    let zero = RDB.string("a") + RDB.score(-0.0)
    let long = RDB.string(Self.veryLong) + RDB.score(1)
    try expect(key(5, [2] + zero + long), is: "<a: -0.0, \(Self.veryLong): 1.0>")
    try expect(key(5, [2] + long + zero), is: "<a: -0.0, \(Self.veryLong): 1.0>")
    try expect(key(5, [2] + RDB.string("b") + RDB.score(0) + zero), is: "<a: -0.0, b: 0.0>")
  }

  @Test func zipmaps() throws {
    let map = PackedBlob.zipmap([
      ("f", "v", free: 0), ("n", "12", free: 3), (Self.long, Self.long, free: 0), ("", "", free: 1),
    ])
    try expect(key(9, RDB.string(map)), is: "{: , f: v, n: 12, \(Self.long): \(Self.long)}")
    try expect(key(9, RDB.compressed(map)), is: "{: , f: v, n: 12, \(Self.long): \(Self.long)}")
  }

  @Test(arguments: [false, true]) func ziplists(widePrevious: Bool) throws {
    let elements: [PackedBlob.Element] = [
      .text("a"), .text(Self.long), .text(Self.veryLong), .small(12), .integer(-128, width: 1),
      .integer(-300, width: 2),
      .integer(-8_388_608, width: 3), .integer(.init(Int32.min), width: 4), .integer(.max, width: 8), .small(0),
    ]
    let list = PackedBlob.ziplist(elements, widePrevious: widePrevious)
    let text = [
      "a", Self.long, Self.veryLong, "12", "-128", "-300", "-8388608", "-2147483648", "9223372036854775807", "0",
    ]
    try expect(key(10, RDB.string(list)), is: "\(text)")
    try expect(key(14, [2] + RDB.string(list) + RDB.compressed(PackedBlob.ziplist(["end"]))), is: "\(text + ["end"])")
    let pairs = PackedBlob.ziplist(
      [.text("f"), .text("v"), .text("g"), .integer(1000, width: 2)], widePrevious: widePrevious)
    try expect(key(13, RDB.string(pairs)), is: "{f: v, g: 1000}")
    let scored = PackedBlob.ziplist(
      [.text("a"), .text("-1.5"), .text("b"), .small(3), .text("c"), .text("inf")], widePrevious: widePrevious)
    try expect(key(12, RDB.string(scored)), is: "<a: -1.5, b: 3.0, c: inf>")
  }

  @Test func listpacks() throws {
    let elements: [PackedBlob.Element] = [
      .text("a"), .text(Self.long), .text(Self.veryLong), .small(127), .integer(-4096, width: 1),
      .integer(-300, width: 2), .integer(-8_388_608, width: 3), .integer(.init(Int32.min), width: 4),
      .integer(.max, width: 8),
    ]
    let text = [
      "a", Self.long, Self.veryLong, "127", "-4096", "-300", "-8388608", "-2147483648", "9223372036854775807",
    ]
    let list = PackedBlob.listpack(elements)
    try expect(key(18, [2, 2] + RDB.string(list) + [1] + RDB.string("plain")), is: "\(text + ["plain"])")
    try expect(key(20, RDB.string(PackedBlob.listpack(["b", "a"]))), is: "{a, b}")
    try expect(key(16, RDB.string(PackedBlob.listpack(["f", "v", "g", "w"]))), is: "{f: v, g: w}")
    let scored = PackedBlob.listpack([.text("a"), .text("-1.5"), .text("b"), .small(3)])
    try expect(key(17, RDB.string(scored)), is: "<a: -1.5, b: 3.0>")
    // Out of order: put in order, as no server would find the members else.
    let shuffled = PackedBlob.listpack([.text("b"), .small(3), .text("a"), .text("-1.5")])
    try expect(key(17, RDB.string(shuffled)), is: "<a: -1.5, b: 3.0>")
  }

  /// Where the length behind an element takes one byte more: Redis gives the greatest number of each size one too many.
  @Test(arguments: [63, 64, 126, 127, 4095, 4096, 16_377, 16_378, 16_379, 2_097_145, 2_097_146, 2_097_147])
  func listpackElementsOfLengthsAtEveryEdge(count: Int) throws {
    let text = String(repeating: "e", count: count)
    try expect(key(18, [1, 2] + RDB.string(PackedBlob.listpack([text, "behind"]))), is: "\([text, "behind"])")
  }

  @Test func integerSets() throws {
    try expect(key(11, RDB.string(PackedBlob.integerSet([-32768, -1, 7], width: 2))), is: "{-1, -32768, 7}")
    try expect(key(11, RDB.string(PackedBlob.integerSet([-3, 70_000], width: 4))), is: "{-3, 70000}")
    try expect(
      key(11, RDB.compressed(PackedBlob.integerSet([.min, 5, .max], width: 8))), is: "{\(Int64.min), 5, \(Int64.max)}")
    let many = (0..<2000).map { Int64($0) }
    let members = many.map { "\($0)" }.sorted().joined(separator: ", ")
    try expect(key(11, RDB.string(PackedBlob.integerSet(many, width: 2))), is: "{\(members)}")
  }

  @Test func hashesWhoseFieldsExpire() throws {
    let soon: Int64 = 1_800_000_000_000
    let text = "{a: 1 @1800000000000, b: 2, c: 3 @1800000000500}"
    func field(_ time: [UInt8], _ name: String, _ value: String) -> [UInt8] {
      time + RDB.string(name) + RDB.string(value)
    }
    // As released: times count from the soonest, and one.
    let released: [UInt8] =
      RDB.milliseconds(soon) + [3] + field([1], "a", "1") + field([0], "b", "2") + field(RDB.length(501), "c", "3")
    try expect(key(24, released), is: text)
    let packed = PackedBlob.listpack([
      .text("a"), .text("1"), .integer(soon, width: 8), .text("c"), .text("3"), .integer(soon + 500, width: 8),
      .text("b"), .text("2"), .small(0),
    ])
    try expect(key(25, RDB.milliseconds(soon) + RDB.string(packed)), is: text)
    // As the release candidates wrote them.
    let candidate: [UInt8] =
      [3] + field(RDB.length64(UInt64(soon)), "a", "1") + field([0], "b", "2")
      + field(RDB.length64(UInt64(soon) + 500), "c", "3")
    try expect(key(22, candidate), is: text)
    try expect(key(23, RDB.string(packed)), is: text)
  }

  @Test(arguments: [UInt8(15), 19, 21]) func streams(typeByte: UInt8) throws {
    var fixture = StreamFixture()
    fixture.typeByte = typeByte
    let (deleted, added, read) = typeByte == 15 ? ("0-0", 2, 2) : ("1-1", 3, 3)
    let text =
      "1-0 f=a; 5-7 f=c g=d; last 5-7, deleted \(deleted), added \(added); group g 5-7 read \(read)"
      + "; pending 1-0 c 1000 2; pending 5-7 c 1000 2; consumer c 2000 [\"1-0\", \"5-7\"]"
    try expect(fixture.bytes(key: "k"), is: text)
  }

  /// The difference of two ids has no sign: this one is greater than 2^63.
  @Test func streamsFromTheFirstToTheLastMillisecond() throws {
    var fixture = StreamFixture()
    fixture.elements[16] = .integer(-2, width: 2)
    fixture.last = (.max, 7)
    fixture.groups = []
    try expect(
      fixture.bytes(key: "k"), is: "1-0 f=a; \(UInt64.max)-7 f=c g=d; last \(UInt64.max)-7, deleted 0-0, added 2")
  }

  @Test func streamsWithoutEntries() throws {
    var fixture = StreamFixture()
    (fixture.nodeCount, fixture.length, fixture.groups) = (0, 0, [])
    try expect(fixture.bytes(key: "k"), is: "last 5-7, deleted 0-0, added 0")
  }

  /// Bugs of old servers have left such keys in files; Redis passes over them, too.
  @Test func keysWithoutElementsAreSkipped() throws {
    let empty: [[UInt8]] = [
      [1, 1, 97, 0], [2, 1, 98, 0], [3, 1, 99, 0], [4, 1, 100, 0], [5, 1, 101, 0],
      [9, 1, 102] + RDB.string(PackedBlob.zipmap([])), [10, 1, 103] + RDB.string(PackedBlob.ziplist([String]())),
      [11, 1, 104] + RDB.string(PackedBlob.integerSet([], width: 2)),
      [12, 1, 105] + RDB.string(PackedBlob.ziplist([String]())),
      [13, 1, 106] + RDB.string(PackedBlob.ziplist([String]())),
      [14, 1, 107, 1] + RDB.string(PackedBlob.ziplist([String]())),
      [16, 1, 108] + RDB.string(PackedBlob.listpack([String]())),
      [17, 1, 109] + RDB.string(PackedBlob.listpack([String]())),
      [18, 1, 110, 0], [18, 1, 111, 1, 2] + RDB.string(PackedBlob.listpack([String]())),
      [20, 1, 112] + RDB.string(PackedBlob.listpack([String]())),
    ]
    let loader = try Loading.load(Loading.file(empty.flatMap(\.self), FileBuilder.item("k", "v")))
    #expect(DatasetText.text(loader.dataset) == ["k": "v"])
    #expect(loader.outcome.loadedKeys == 1 && loader.outcome.emptyKeys == 16)
    #expect(loader.outcome.namesOfEmptyKeys == (97..<107).map { [$0] })
    #expect(loader.outcome.description == "keys loaded: 1, keys expired: 0, empty keys skipped: 16")
    #expect(loader.outcome.warnings.first == "skipping empty key: a")
    // An empty part of a list that is not empty is no part of it.
    let nodes =
      [18, 1, 107, 3, 2] + RDB.string(PackedBlob.listpack(["a"])) + [2]
      + RDB.string(PackedBlob.listpack([String]())) + [2] + RDB.string(PackedBlob.listpack(["b"]))
    try expect(nodes, is: #"["a", "b"]"#)
  }

  @Test(arguments: [true, false]) func whatHasExpiredIsLeftOutByAPrimary(isPrimary: Bool) throws {
    func expiring(_ time: Int64, _ item: [UInt8]) -> [UInt8] { [252] + RDB.milliseconds(time) + item }
    let past = Loading.now - 1
    let items =
      expiring(past, FileBuilder.item("s", "v")) + expiring(Loading.now, FileBuilder.item("t", "v"))
      + expiring(past, [1, 1, 108, 1] + RDB.string("e")) + expiring(Loading.now, [1, 1, 109, 1] + RDB.string("e"))
    let hash: [UInt8] =
      [24, 1, 104] + RDB.milliseconds(past) + [2, 1] + RDB.string("f") + RDB.string("v") + [2] + RDB.string("g")
      + RDB.string("w")
    let gone: [UInt8] = [24, 1, 105] + RDB.milliseconds(past) + [1, 1] + RDB.string("f") + RDB.string("v")
    let loader = try Loading.load(Loading.file(items, hash, gone), dropsExpired: isPrimary)
    let text = DatasetText.text(loader.dataset)
    #expect(text["t"] == "v @\(Loading.now)" && text["m"] == "[\"e\"] @\(Loading.now)")
    #expect(loader.dataset.invariantViolations().isEmpty)
    if isPrimary {
      #expect(text.count == 3 && text["h"] == "{g: w @\(Loading.now)}")
      #expect(loader.outcome.loadedKeys == 3 && loader.outcome.expiredKeys == 3 && loader.outcome.emptyKeys == 0)
    } else {
      #expect(text.count == 6 && text["h"] == "{f: v @\(past), g: w @\(Loading.now)}")
      #expect(loader.outcome.loadedKeys == 6 && loader.outcome.expiredKeys == 0)
    }
  }

  @Test func functionLibrariesBelongToTheDataset() throws {
    let library = "#!lua name=lib\nredis.register_function('f', function() end)"
    let loader = try Loading.load(Loading.file([245] + RDB.string(library), FileBuilder.item("k", "v")))
    #expect(loader.dataset.attachments == [Array(library.utf8)])
    let saved = try Loading.save(loader.dataset)
    #expect(try Reading.events(of: saved).contains(.functionLibrary(Array(library.utf8))))
  }

  /// A value that needs a newer version makes the file one, if that is allowed; any other file is of version 10.
  @Test func theVersionIsTheOldestThatWillDo() throws {
    let plain = try Loading.load(
      Loading.file(FileBuilder.item("k", "v"), [4, 1, 104, 1] + RDB.string("f") + RDB.string("v")))
    #expect(try Loading.save(plain.dataset).starts(with: Array("REDIS0010".utf8)))
    let expiring = try Loading.load(
      Loading.file([24, 1, 104] + RDB.milliseconds(1_800_000_000_000) + [1, 1] + RDB.string("f") + RDB.string("v")))
    #expect(try Loading.save(expiring.dataset).starts(with: Array("REDIS0012".utf8)))
    #expect(throws: SnapshotWriteFailure.needsNewerVersion(key: Array("h".utf8), version: 12, allowed: 10)) {
      try Loading.save(expiring.dataset, newestVersion: 10)
    }
  }
}
