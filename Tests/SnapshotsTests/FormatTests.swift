import Snapshots
import Testing
import VersionedStore

/// Files made by hand: old versions, every instruction, every refusal.
@Suite struct FormatTests {
  typealias Event = EventRecorder.Event

  static func pair(_ key: String, _ value: String, expiry: Int64? = nil, access: AccessHint = .none)
    -> Event
  {
    .string(
      key: Array(key.utf8), value: Array(value.utf8), expiryMilliseconds: expiry, access: access)
  }

  @Test func checksumOfTheCheckText() {
    var sum = CRC64()
    Array("123456789".utf8).withBytes { sum.update($0) }
    #expect(sum.value == 0xe9c6_d914_c4b8_d9ca)
  }

  @Test(arguments: ["0001", "0004"]) func noChecksumBeforeVersion5(version: String) throws {
    let file = FileBuilder(version: version).raw(254, 0).pair("k", "v").end(checksum: false)
    var reading = Reading()
    try reading.run(file + [1, 2, 3], chunkSize: { 100 })
    #expect(reading.sink.events == [.select(0), Self.pair("k", "v")])
    #expect(reading.taken == file.count)
  }

  @Test(arguments: ["0005", "0009", "0011", "0012"]) func checksumSinceVersion5(
    version: String
  ) throws {
    let file = FileBuilder(version: version).pair("k", "v")
    #expect(try Reading.events(of: file.end()) == [Self.pair("k", "v")])
    #expect(
      try Reading.events(of: file.raw(255).raw([UInt8](repeating: 0, count: 8)).bytes) == [
        Self.pair("k", "v")
      ])
    #expect(Reading.error(of: file.end(checksum: false)) == .truncated(.init(byteOffset: 15)))
    let wrong = Reading.error(of: file.raw(255).raw([UInt8](repeating: 7, count: 8)).bytes)
    guard case .checksumMismatch(_, stored: 0x0707_0707_0707_0707, _) = wrong else {
      Issue.record("\(String(describing: wrong))")
      return
    }
  }

  @Test func bytesAfterTheEndAreLeft() throws {
    let file = FileBuilder().pair("k", "v").end()
    for chunkSize in 1...file.count + 10 {
      var reading = Reading()
      try reading.run(file + Array("0123456789".utf8), chunkSize: { chunkSize })
      #expect(reading.taken == file.count)
      #expect(reading.reader.byteOffset == file.count)
    }
  }

  @Test func expiryAndAccessBelongToTheNextKeyAlone() throws {
    let file = FileBuilder()
      .raw(253, 0, 0, 0, 0x80).raw(248, 0x41, 0x02).pair("a", "1")
      .pair("b", "2")
      .raw(252, 1, 0, 0, 0, 0, 0, 0, 0x80).raw(249, 200).pair("c", "3")
      .raw(252, 255, 255, 255, 255, 255, 255, 255, 255).pair("d", "4")
      .end()
    #expect(
      try Reading.events(of: file) == [
        Self.pair("a", "1", expiry: -2_147_483_648_000, access: .idleSeconds(258)),
        Self.pair("b", "2"),
        Self.pair("c", "3", expiry: .min + 1, access: .frequency(200)),
        Self.pair("d", "4"),
      ])
  }

  @Test func lengthsOfAllSizes() throws {
    let file = FileBuilder()
      .raw(0, 0x40, 1).raw(Array("k".utf8)).raw(0x80, 0, 0, 0, 1).raw(Array("v".utf8))
      .raw(0, 0x81, 0, 0, 0, 0, 0, 0, 0, 1).raw(Array("l".utf8)).raw(0)
      .end()
    #expect(try Reading.events(of: file) == [Self.pair("k", "v"), Self.pair("l", "")])
  }

  @Test func integersAreDecimalText() throws {
    let file = FileBuilder()
      .raw(0, 0xc0, 0x80).raw(0xc1, 0xff, 0x7f)
      .raw(0, 0xc2, 0, 0, 0, 0x80).raw(0xc2, 0xff, 0xff, 0xff, 0x7f)
      .raw(0, 0xc0, 0).raw(0xc0, 10)
      .end()
    #expect(
      try Reading.events(of: file) == [
        Self.pair("-128", "32767"), Self.pair("-2147483648", "2147483647"), Self.pair("0", "10"),
      ])
  }

  @Test func compressedStrings() throws {
    // "ab", then 10 bytes copied from 2 back; and a copy in its long form, 264 bytes from 1 back.
    let file = FileBuilder()
      .raw(0).string("short").raw(0xc3, 6, 12).raw([1, 97, 98, 0xe0, 1, 1])
      .raw(0).string("long").raw(0xc3, 5, 0x41, 0x09).raw([0, 97, 0xe0, 255, 0])
      .end()
    #expect(
      try Reading.events(of: file) == [
        Self.pair("short", "abababababab"), Self.pair("long", String(repeating: "a", count: 265)),
      ])
  }

  @Test(
    arguments: [
      [0xc3, 6, 13, 1, 97, 98, 0xe0, 1, 1],  // one byte less than claimed
      [0xc3, 6, 11, 1, 97, 98, 0xe0, 1, 1],  // one more
      [0xc3, 6, 12, 1, 97, 98, 0xe0, 1, 2],  // a copy from before the beginning
      [0xc3, 2, 12, 5, 97],  // literals cut short
      [0xc3, 3, 12, 0, 97, 0x20],  // a copy cut short
      [0xc3, 4, 12, 0, 97, 0xe0, 1],
      [0xc3, 3, 12, 0, 97, 0xe0],
      [0xc3, 0, 1],  // something of nothing
      [0xc3, 1, 0x80, 0x10, 0, 0, 0],  // 256 MB of one byte
    ] as [[UInt8]]) func brokenCompression(value: [UInt8])
  {
    let file = FileBuilder().raw(0).string("key").raw(value).end()
    guard case .corruptCompression(let place) = Reading.error(of: file) else {
      Issue.record("\(String(describing: Reading.error(of: file)))")
      return
    }
    #expect(place.key == Array("key".utf8))
  }

  @Test func functionLibrariesAreReported() throws {
    let file = FileBuilder().raw(245).string("#!lua name=lib").pair("k", "v").end()
    #expect(
      try Reading.events(of: file) == [
        .functionLibrary(Array("#!lua name=lib".utf8)), Self.pair("k", "v"),
      ])
  }

  @Test func slotSizesArePassedOver() throws {
    let file = FileBuilder(version: "0012").raw(244, 0x41, 1, 2, 3).pair("k", "v").end()
    #expect(try Reading.events(of: file) == [Self.pair("k", "v")])
  }

  @Test func countsComparePerDatabase() throws {
    var reading = Reading()
    let start = FileBuilder().pair("early", "").raw(254, 1, 251, 2, 1).pair("a", "")
    try reading.run(start.raw(252, 1, 1, 1, 1, 1, 1, 1, 1).pair("b", "").end(), chunkSize: { 7 })
    #expect(reading.reader.counts.keys == 3)
    #expect(reading.reader.counts.expiringKeys == 1)
    #expect(reading.reader.counts.announcedKeys == 2)
    #expect(reading.reader.counts.unannouncedKeys == 1)
    #expect(reading.reader.counts.areComplete)
    var short = Reading()
    try short.run(start.end(), chunkSize: { 7 })
    #expect(!short.reader.counts.areComplete)
  }

  /// `(file, what the error says)`
  static let refusals: [([UInt8], String)] = {
    let start = FileBuilder()
    let moduleID: [UInt8] = [0x81, 0x45, 0xe2, 0x52, 0x38, 0xdf, 0x91, 0x2c, 0x03]
    return [
      (Array("RADIS0010".utf8), "wrong signature: this is not an RDB file (at byte 0)"),
      (Array("REDIS00x0".utf8), "wrong signature: this is not an RDB file (at byte 0)"),
      (Array("REDIS0000".utf8), "can't handle RDB format version 0 (at byte 9)"),
      (Array("REDIS0013".utf8), "can't handle RDB format version 13 (at byte 9)"),
      (start.raw(8).bytes, "unknown RDB opcode or type 8 (at byte 10)"),
      (start.raw(243).bytes, "unknown RDB opcode or type 243 (at byte 10)"),
      (start.raw(254, 0xc0).bytes, "unknown length encoding 0xc0 (at byte 11)"),
      (start.raw(0, 0x82).bytes, "unknown length encoding 0x82 (at byte 11)"),
      (
        start.raw(0, 1, 107, 0xc4).bytes,
        #"unknown RDB string encoding type 4 (at byte 13, key "k", type string)"#
      ),
      (
        start.raw(0, 1, 255).raw(0x80, 0xff, 0xff, 0xff, 0xff).bytes,
        #"a string of 4294967295 bytes exceeds the limit of 4294967231 (at byte 17, key "\xff", type string)"#
      ),
      (
        start.raw(0).raw([0x81] + [UInt8](repeating: 255, count: 8)).bytes,
        "a string of 18446744073709551615 bytes exceeds the limit of 4294967231 (at byte 19)"
      ),
      (
        start.raw(11).string("queue").string("none").bytes,
        #"set integrity check failed (at byte 21, key "queue", type set)"#
      ),
      (
        start.raw(7).string("doc").raw(moduleID).bytes,
        #"the RDB file contains module data I can't load: no matching module type 'ReJSON-RL' (at byte 23, key "doc", type module)"#
      ),
      (
        start.raw(247).raw(moduleID).bytes,
        "the RDB file contains AUX module data I can't load: no matching module 'ReJSON-RL' (at byte 19)"
      ),
      (start.raw(246).bytes, "pre-release function format is not supported (at byte 10)"),
      (start.raw(254, 16).bytes, "a database beyond the 16 that this server has (at byte 11)"),
      (start.bytes, "unexpected end of the RDB file (at byte 9)"),
    ]
  }()

  @Test(arguments: refusals) func refusal(file: [UInt8], text: String) {
    #expect(Reading.error(of: file)?.description == text)
  }

  @Test func aFailedReaderStaysFailed() {
    var reading = Reading()
    #expect(throws: SnapshotError.self) {
      try reading.run(Array("nonsense?".utf8), chunkSize: { 9 })
    }
    #expect(throws: SnapshotError.self) { try reading.run(FileBuilder().end(), chunkSize: { 9 }) }
  }
}
