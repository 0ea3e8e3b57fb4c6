import Snapshots
import Testing
import VersionedStore

/// Files that lie: each is refused, with the place and the key, and before memory is taken for what is not there.
@Suite struct HostileFileTests {
  struct Lie: CustomTestStringConvertible, Sendable {
    let what: String
    /// Behind the signature.
    let item: [UInt8]
    /// What the error says of it, without the place.
    let reason: String
    var testDescription: String { what }
  }

  private static func key(_ type: UInt8, _ value: [UInt8]) -> [UInt8] { [type] + RDB.string("k") + value }
  private static func packed(_ type: UInt8, _ blob: [UInt8]) -> [UInt8] { key(type, RDB.string(blob)) }

  private static func changed(_ blob: [UInt8], _ index: Int, to byte: UInt8) -> [UInt8] {
    var blob = blob
    blob[index < 0 ? blob.count + index : index] = byte
    return blob
  }

  private static func corrupt(_ what: String, _ item: [UInt8], _ type: String) -> Lie {
    Lie(what: what, item: item, reason: "\(type) integrity check failed")
  }

  private static func invalid(_ what: String, _ item: [UInt8], _ type: String) -> Lie {
    Lie(what: what, item: item, reason: "the \(type) has invalid content")
  }

  private static func twice(_ what: String, _ item: [UInt8]) -> Lie {
    Lie(what: what, item: item, reason: "a field or member is in it twice")
  }

  static let ziplists: [Lie] = {
    let list = PackedBlob.ziplist(["first", "second"])
    return [
      corrupt("nothing", packed(10, []), "list"), corrupt("too short", packed(10, Array(list.prefix(10))), "list"),
      corrupt("a size that is not its own", packed(10, changed(list, 0, to: 99)), "list"),
      corrupt("no end", packed(10, changed(list, -1, to: 0)), "list"),
      corrupt("a wrong tail", packed(10, changed(list, 4, to: 10)), "list"),
      corrupt("a tail behind the end", packed(10, changed(list, 7, to: 0x7f)), "list"),
      corrupt("too many entries said", packed(10, changed(list, 8, to: 3)), "list"),
      corrupt("too few entries said", packed(10, changed(list, 8, to: 1)), "list"),
      corrupt("a chain that does not lead back", packed(10, changed(list, 17, to: 6)), "list"),
      corrupt("a first entry that has one before it", packed(10, changed(list, 10, to: 1)), "list"),
      corrupt("an entry beyond the end", packed(10, changed(list, 11, to: 60)), "list"),
      corrupt("an entry of 4 GB", packed(10, PackedBlob.ziplist([.text("a")]).replacing(11, with: [0x80])), "list"),
      corrupt("an encoding that does not exist", packed(10, changed(list, 11, to: 0xc5)), "list"),
      corrupt("in a quicklist", key(14, [1] + RDB.string(changed(list, 17, to: 6))), "list"),
      corrupt("as a hash", packed(13, changed(list, 17, to: 6)), "hash"),
      corrupt("as a sorted set", packed(12, changed(list, 17, to: 6)), "sorted set"),
      invalid("a field without a value", packed(13, PackedBlob.ziplist(["f", "v", "g"])), "hash"),
      twice("the same field", packed(13, PackedBlob.ziplist(["f", "v", "f", "w"]))),
      twice(
        "the same field in two forms", packed(13, PackedBlob.ziplist([.text("1"), .text("v"), .small(1), .text("w")]))),
      invalid("a member without a score", packed(12, PackedBlob.ziplist(["m", "1", "n"])), "sorted set"),
      twice("the same member", packed(12, PackedBlob.ziplist(["m", "1", "m", "2"]))),
      invalid("a score that is none", packed(12, PackedBlob.ziplist(["m", "one"])), "sorted set"),
      invalid("a score that is not a number", packed(12, PackedBlob.ziplist(["m", "nan"])), "sorted set"),
      invalid("no score at all", packed(12, PackedBlob.ziplist(["m", ""])), "sorted set"),
    ]
  }()

  static let listpacks: [Lie] = {
    let list = PackedBlob.listpack(["first", "second"])
    let long = PackedBlob.listpack([String(repeating: "l", count: 200)])
    return [
      corrupt("nothing", key(18, [1, 2] + RDB.string([])), "list"),
      corrupt("too short", packed(16, Array(list.prefix(6))), "hash"),
      corrupt("a size that is not its own", packed(16, changed(list, 0, to: 99)), "hash"),
      corrupt("no end", packed(16, changed(list, -1, to: 0)), "hash"),
      corrupt("too many elements said", packed(16, changed(list, 4, to: 3)), "hash"),
      corrupt("a wrong length behind an element", packed(16, changed(list, 12, to: 5)), "hash"),
      corrupt("a length behind an element without an end", packed(16, changed(long, -3, to: 0x80)), "hash"),
      corrupt("an element beyond the end", packed(16, changed(list, 6, to: 0xbf)), "hash"),
      corrupt("an element of 4 GB", packed(16, list.replacing(6, with: [0xf0, 0xff, 0xff, 0xff, 0xff])), "hash"),
      corrupt("a long element cut in its head", packed(20, [10, 0, 0, 0, 1, 0, 0xe0, 0, 0xff].withSize()), "set"),
      corrupt("an encoding that does not exist", packed(16, changed(list, 6, to: 0xf5)), "hash"),
      corrupt("an element that is the end", packed(16, changed(list, 6, to: 0xff)), "hash"),
      invalid("a field without a value", packed(16, PackedBlob.listpack(["f", "v", "g"])), "hash"),
      twice("the same field", packed(16, PackedBlob.listpack(["f", "v", "f", "w"]))),
      twice("the same field among many", packed(16, PackedBlob.listpack((0..<600).flatMap { ["f\($0 % 599)", "v"] }))),
      twice("the same member of a set", packed(20, PackedBlob.listpack(["a", "b", "a"]))),
      twice("the same number in two forms", packed(20, PackedBlob.listpack([.text("5"), .small(5)]))),
      invalid("a member without a score", packed(17, PackedBlob.listpack(["m", "1", "n"])), "sorted set"),
      twice("the same member", packed(17, PackedBlob.listpack(["m", "1", "m", "2"]))),
      invalid("a score that is not a number", packed(17, PackedBlob.listpack(["m", "-nan"])), "sorted set"),
      corrupt("a container that does not exist", key(18, [1, 3] + RDB.string(list)), "list"),
    ]
  }()

  static let others: [Lie] = {
    let map = PackedBlob.zipmap([("f", "v", free: 2)])
    let set = PackedBlob.integerSet([1, 2, 3], width: 2)
    let soon = RDB.milliseconds(1_800_000_000_000)
    func field(_ time: [UInt8]) -> [UInt8] { time + RDB.string("f") + RDB.string("v") }
    return [
      corrupt("an empty zipmap", packed(9, []), "hash"), corrupt("a zipmap without an end", packed(9, [0, 0]), "hash"),
      corrupt("a zipmap with more fields said", packed(9, changed(map, 0, to: 2)), "hash"),
      corrupt("a zipmap's field beyond the end", packed(9, changed(map, 1, to: 90)), "hash"),
      corrupt("a zipmap's value beyond the end", packed(9, changed(map, 3, to: 90)), "hash"),
      corrupt("a zipmap with room beyond the end", packed(9, changed(map, 4, to: 90)), "hash"),
      corrupt("a zipmap's field of 4 GB", packed(9, [1, 254, 255, 255, 255, 255, 97, 255]), "hash"),
      corrupt("a zipmap's length cut", packed(9, [1, 254, 255, 255, 255]), "hash"),
      twice("a zipmap's field", packed(9, PackedBlob.zipmap([("f", "v", free: 0), ("f", "w", free: 0)]))),
      corrupt("an empty integer set", packed(11, []), "set"),
      corrupt("integers of no width", packed(11, changed(set, 0, to: 0)), "set"),
      corrupt("integers of a width that does not exist", packed(11, changed(set, 0, to: 3)), "set"),
      corrupt("more integers than said", packed(11, changed(set, 4, to: 2)), "set"),
      corrupt("fewer integers than said", packed(11, changed(set, 4, to: 4)), "set"),
      corrupt("billions of integers said", packed(11, changed(set, 7, to: 0xff)), "set"),
      corrupt("integers out of order", packed(11, PackedBlob.integerSet([1, 3, 2], width: 2)), "set"),
      corrupt("an integer twice", packed(11, PackedBlob.integerSet([1, 2, 2], width: 2)), "set"),
      twice("a member of a plain set", key(2, [2] + RDB.string("m") + RDB.string("m"))),
      twice(
        "a field of a plain hash",
        key(4, [2] + [RDB.string("f"), RDB.string("v"), RDB.string("f"), RDB.string("w")].flatMap(\.self))),
      twice(
        "a member of a plain sorted set", key(5, [2] + RDB.string("m") + RDB.score(1) + RDB.string("m") + RDB.score(2))),
      corrupt("not a number", key(5, [1] + RDB.string("m") + RDB.score(.nan)), "sorted set"),
      corrupt("not a number, as text", key(3, [1] + RDB.string("m") + [253]), "sorted set"),
      corrupt("a text that is no score", key(3, [1] + RDB.string("m") + [3] + Array("1.x".utf8)), "sorted set"),
      corrupt("a score without text", key(3, [1] + RDB.string("m") + [0]), "sorted set"),
      corrupt("a field that expires after all times", key(24, soon + [1] + field(RDB.length64(.max))), "hash"),
      corrupt("a field that expires after the last time", key(24, soon + [1] + field(RDB.length64(1 << 48))), "hash"),
      corrupt("a soonest time before all times", key(24, RDB.milliseconds(-5) + [1] + field([1])), "hash"),
      corrupt("a field of a candidate that expires too late", key(22, [1] + field(RDB.length64(1 << 48))), "hash"),
      corrupt(
        "a packed time below 0",
        key(25, soon + RDB.string(PackedBlob.listpack([.text("f"), .text("v"), .integer(-1, width: 2)]))), "hash"),
      corrupt(
        "a packed time that is none", key(25, soon + RDB.string(PackedBlob.listpack(["f", "v", "soon"]))), "hash"),
      corrupt("two of three", key(23, RDB.string(PackedBlob.listpack(["f", "v"]))), "hash"),
      twice(
        "a packed field that expires",
        key(
          25,
          soon
            + RDB.string(PackedBlob.listpack([.text("f"), .text("v"), .small(0), .text("f"), .text("w"), .small(0)])))),
      Lie(
        what: "a key twice", item: FileBuilder.item("k", "v") + key(1, [1, 1, 97]),
        reason: "the key is in the RDB file twice"),
      Lie(
        what: "a module's value", item: key(7, [0x81, 0x45, 0xe2, 0x52, 0x38, 0xdf, 0x91, 0x2c, 0x03]),
        reason: "the RDB file contains module data I can't load: no matching module type 'ReJSON-RL'"),
    ]
  }()

  static let streams: [Lie] = {
    func stream(_ change: (inout StreamFixture) -> Void) -> [UInt8] {
      var fixture = StreamFixture()
      fixture.typeByte = 21
      change(&fixture)
      return fixture.bytes(key: "k")
    }
    func elements(_ what: String, _ change: (inout [PackedBlob.Element]) -> Void) -> Lie {
      invalid(what, stream { change(&$0.elements) }, "stream")
    }
    return [
      corrupt("a node without an id", stream { $0.nodeID = [] }, "stream"),
      corrupt("an id that is too long", stream { $0.nodeID.append(0) }, "stream"),
      corrupt("a node that is no listpack", stream { $0.listpack = [1, 2, 3] }, "stream"),
      invalid("a node without elements", stream { $0.elements = [] }, "stream"),
      elements("a count that is text") { $0[0] = .text("two") }, elements("more live entries") { $0[0] = .small(3) },
      elements("fewer live entries") { $0[0] = .small(1) }, elements("fewer deleted entries") { $0[1] = .small(0) },
      elements("a count below 0") { $0[1] = .integer(-1, width: 2) },
      elements("more master fields") { $0[2] = .small(2) },
      elements("billions of master fields") { $0[2] = .integer(.max, width: 8) },
      elements("master fields without an end") { $0[4] = .small(1) },
      elements("flags that do not exist") { $0[5] = .small(64) },
      elements("flags of two bytes") { $0[5] = .integer(2, width: 2) },
      elements("an id before the master's") { $0[6] = .integer(-1, width: 2) },
      elements("ids out of order") { $0.replaceSubrange(16...17, with: [.small(0), .small(0)]) },
      elements("more fields than there are") { $0[18] = .small(3) },
      elements("billions of fields") { $0[18] = .integer(.max / 2 + 1, width: 8) },
      elements("a wrong count behind an entry") { $0[9] = .small(5) },
      elements("the end amid an entry") { $0.removeLast(3) },
      elements("elements behind the last entry") { $0.append(.small(0)) },
      elements("only deleted entries") {
        $0 = Array($0.prefix(10))
        ($0[0], $0[1], $0[5]) = (.small(0), .small(1), .small(3))
      },
      invalid("two nodes that overlap", stream { $0.nodeCount = 2 }, "stream"),
      invalid("a length that is too high", stream { $0.length = 3 }, "stream"),
      invalid("a length beyond all", stream { $0.length = .max }, "stream"),
      invalid("a last id before the last entry", stream { $0.last = (5, 6) }, "stream"),
      corrupt("groups without number", stream { $0.groupCount = .max }, "stream"),
      corrupt("pending entries without number", stream { $0.groups[0].pendingCount = .max }, "stream"),
      corrupt("consumers without number", stream { $0.groups[0].consumerCount = .max }, "stream"),
      corrupt(
        "a consumer's entries without number", stream { $0.groups[0].consumers[0].pendingCount = .max }, "stream"),
      invalid("a group twice", stream { $0.groups.append($0.groups[0]) }, "stream"),
      invalid("a pending entry twice", stream { $0.groups[0].pending[1] = (1, 0) }, "stream"),
      invalid("a consumer twice", stream { $0.groups[0].consumers.append(.init(pending: [])) }, "stream"),
      invalid(
        "a consumer's entry that the group lacks", stream { $0.groups[0].consumers[0].pending[1] = (9, 9) }, "stream"),
      invalid(
        "an entry of two consumers", stream { $0.groups[0].consumers.append(.init(name: "d", pending: [(1, 0)])) },
        "stream"),
      invalid(
        "a pending entry without a consumer", stream { $0.groups[0].consumers[0].pending.removeLast() }, "stream"),
      invalid(
        "the same in a group before the last",
        stream {
          $0.groups.append(.init(name: "h"))
          $0.groups[0].consumers = []
        }, "stream"),
    ]
  }()

  @Test(arguments: ziplists + listpacks + others + streams) func isRefused(lie: Lie) {
    for chunkSize in [1, .max / 2] {
      do throws(SnapshotError) {
        _ = try Loading.load(Loading.file(lie.item), chunkSize: chunkSize)
        Issue.record("\(lie.what) was taken")
      } catch {
        #expect(error.description.hasPrefix(lie.reason + " (at byte "), "\(error)")
        #expect(error.place.key == [107] && error.place.byteOffset > 9)
        #expect(error.place.byteOffset <= 9 + lie.item.count)
      }
    }
  }

  /// Numbers of elements and of bytes are claims: what follows is waited for, and no memory is taken before it is there.
  @Test(arguments: [UInt8(0), 1, 2, 3, 4, 5, 9, 10, 11, 14, 16, 18, 19, 20, 22, 24, 25])
  func claimsTakeNoMemory(type: UInt8) {
    for claim in [RDB.length64(1 << 60), RDB.length64(.max), RDB.length64(.max - 1), [0x80, 0x1f, 0xff, 0xff, 0xff]] {
      let file = Array("REDIS0012".utf8) + [type, 1, 107] + claim + [UInt8](repeating: 1, count: 40)
      var loader = DatasetLoader(Loading.form(), nowMilliseconds: Loading.now)
      var reader = SnapshotReader()
      do throws(SnapshotError) {
        _ = try file.withBytes { bytes throws(SnapshotError) in try reader.receive(bytes, into: &loader) }
        try reader.finish()
        Issue.record("\(type) was taken")
      } catch {
        #expect(loader.dataset.arena.allocatedBytes < 16_384, "\(type) \(error)")
      }
    }
  }
}

extension [UInt8] {
  /// Puts bytes in the place of those at `index`.
  fileprivate func replacing(_ index: Int, with bytes: [UInt8]) -> [UInt8] {
    var copy = self
    for (offset, byte) in bytes.enumerated() where index + offset < count { copy[index + offset] = byte }
    return copy
  }

  /// Makes the first four bytes say how many there are.
  fileprivate func withSize() -> [UInt8] { PackedBlob.littleEndian(Int64(count), 4) + dropFirst(4) }
}
