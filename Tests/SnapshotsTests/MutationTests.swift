import Foundation
import RESP
import Snapshots
import TestSupport
import Testing
import Values
import VersionedStore

/// Files that were whole once, changed at random below the checksum, and read in pieces of random sizes.
///
/// Whatever the reader makes of one, it does not crash and takes no more memory than the file accounts for. What it takes in
/// can be read, written, saved and read again. `CAMBIUM_FUZZ_INPUTS` says how many files, `CAMBIUM_SEED` which.
@Suite struct MutationTests {
  typealias Value = Mutator.Value

  private static func key(_ type: UInt8) -> Value.Part { .raw([type, 1, 107]) }

  /// A value of every type and encoding.
  static let values: [Value] = {
    let long = String(repeating: "long ", count: 30)
    let elements: [PackedBlob.Element] = [
      .text("a"), .integer(-300, width: 2), .text(long), .small(7), .integer(1 << 40, width: 8), .text(""),
    ]
    let pairs: [PackedBlob.Element] = [.text("f"), .text("v"), .integer(-300, width: 2), .text(long)]
    let scored: [PackedBlob.Element] = [.text("a"), .text("-1.5"), .text("b"), .small(3), .text("c"), .text("inf")]
    let expiring: [PackedBlob.Element] = [
      .text("f"), .text("v"), .integer(1_800_000_000_000, width: 8), .text("g"), .text("w"), .small(0),
    ]
    let (soon, text) = (RDB.milliseconds(1_800_000_000_000), RDB.string(long))
    let field = RDB.string("f") + text
    let two = RDB.string("a") + RDB.string("b")
    var values: [Value] = [
      Value(key(0), .raw(text)), Value(key(0), .raw([0xc2, 1, 2, 3, 4])),
      Value(key(0), .raw(RDB.compressed(Array(long.utf8)))),
      Value(key(0), .raw([0xc3, 6, 12, 1, 97, 98, 0xe0, 1, 1])),
      Value(key(1), .raw([3] + two + text)), Value(key(2), .raw([3] + two + text)),
      Value(key(3), .raw([2] + RDB.string("a") + [3] + Array("1.5".utf8) + RDB.string("b") + [254])),
      Value(key(4), .raw([2] + field + two)),
      Value(key(5), .raw([2] + RDB.string("a") + RDB.score(1) + RDB.string("b") + RDB.score(-0.0))),
      Value(key(9), .packed(PackedBlob.zipmap([("f", "v", free: 2), ("g", long, free: 0)]), .zipmap)),
      Value(key(10), .packed(PackedBlob.ziplist(elements), .ziplist)),
      Value(key(10), .packed(PackedBlob.ziplist(elements, widePrevious: true), .ziplist)),
      Value(key(11), .packed(PackedBlob.integerSet([-5, 1, 2, 900], width: 2), .integers)),
      Value(key(11), .packed(PackedBlob.integerSet([-5, 1 << 40], width: 8), .integers)),
      Value(key(12), .packed(PackedBlob.ziplist(scored), .ziplist)),
      Value(key(13), .packed(PackedBlob.ziplist(pairs), .ziplist)),
      Value(
        key(14), .raw([2]), .packed(PackedBlob.ziplist(elements), .ziplist),
        .packed(PackedBlob.ziplist(["x"]), .ziplist)),
      Value(key(16), .packed(PackedBlob.listpack(pairs), .listpack)),
      Value(key(17), .packed(PackedBlob.listpack(scored), .listpack)),
      Value(
        key(18), .raw([3, 2]), .packed(PackedBlob.listpack(elements), .listpack), .raw([1] + text + [2]),
        .packed(PackedBlob.listpack(elements), .listpack)),
      Value(key(20), .packed(PackedBlob.listpack(elements), .listpack)),
      Value(key(22), .raw([2] + RDB.length64(1_800_000_000_000) + field + [0] + two)),
      Value(key(23), .packed(PackedBlob.listpack(expiring), .listpack)),
      Value(key(24), .raw(soon + [2, 1] + field + [0] + two)),
      Value(key(25), .raw(soon), .packed(PackedBlob.listpack(expiring), .listpack)),
      Value(
        .raw(
          [245] + RDB.string("#!lua name=l") + [250] + two + [254, 3, 251, 1, 1, 252] + soon + [248, 5]
            + FileBuilder.item("k", "v"))),
    ]
    for type in [UInt8(15), 19, 21] {
      var stream = StreamFixture()
      stream.typeByte = type
      stream.groups.append(
        .init(
          name: "h", pending: [(9, 9), (9, 10), (11, 0)],
          consumers: [
            .init(name: "c", pending: [(9, 9)]), .init(name: "d", pending: [(9, 10), (11, 0)]),
          ]))
      let (bytes, listpack) = (stream.bytes(key: "k"), PackedBlob.listpack(stream.elements))
      let head = 3 + 1 + 1 + 16  // type, key, number of nodes, master id
      let tail = head + 1 + listpack.count
      values += (0..<4).map { _ in
        Value(.raw(Array(bytes[..<head])), .packed(listpack, .listpack), .raw(Array(bytes[tail...])))
      }
    }
    return values
  }()

  /// Values that a redis-server has made, as DUMP answers with them, under a key.
  private static let valuesOfRedis: [Value] = {
    do {
      let server = try ServerProcess(.redis, directives: ["save ''"])
      let client = try server.connect(timeoutMilliseconds: 20_000)
      try client.command(["RPUSH", "list"] + (0..<200).map { "element \($0 % 90)" })
      try client.command(["SADD", "set"] + (0..<200).map { "member \($0)" })
      try client.command(["HSET", "hash"] + (0..<600).flatMap { ["field \($0)", "\($0 * $0)"] })
      try client.command(["ZADD", "zset"] + (0..<200).flatMap { ["\(Double($0) / 8)", "member \($0)"] })
      for id in 1...150 { try client.command("XADD", "stream", "\(id)-1", "f", "\(id)", "g\(id % 2)", "v") }
      try client.command("XDEL", "stream", "7-1", "120-1")
      try client.command("XGROUP", "CREATE", "stream", "group", "0")
      for consumer in ["a", "b"] {
        try client.command("XREADGROUP", "GROUP", "group", consumer, "COUNT", "40", "STREAMS", "stream", ">")
      }
      return try ["list", "set", "hash", "zset", "stream"].map { key in
        guard case .bulk(let payload) = try client.command("DUMP", key) else { fatalError("no payload of \(key)") }
        return Value(.raw([payload[0], 1, 107] + payload[1..<payload.count - 10]))
      }
    } catch {
      fatalError("no values to test with: \(error)")
    }
  }()

  private static let count = ProcessInfo.processInfo.environment["CAMBIUM_FUZZ_INPUTS"].flatMap { Int($0) } ?? 4000

  @Test func theValuesAreGood() throws {
    for value in Self.values + Self.valuesOfRedis {
      let loader = try Loading.load(Loading.file(value.bytes))
      #expect(loader.outcome.loadedKeys == 1)
    }
  }

  @Test func whateverAFileSaysTheServerStands() throws {
    let values = Self.values + Self.values + Self.valuesOfRedis
    let others = values.map(\.bytes)
    var mutator = Mutator(random: SeededGenerator())
    let seed = mutator.random.description
    var accepted = 0
    for number in 0..<Self.count {
      let value = values.randomElement(using: &mutator.random)!
      var items = mutator.mutate(value, others: others)
      if Int.random(in: 0..<4, using: &mutator.random) == 0 { items += FileBuilder.item("z", "behind") }
      let file = Loading.file(items)
      if try take(file, &mutator, "\(seed), input \(number): \(file)") { accepted += 1 }
      if number % 100_000 == 99_999 { print("\(number + 1) files, \(accepted) of them taken in, \(seed)") }
    }
    #expect((1..<Self.count).contains(accepted), "\(seed)")
  }

  /// Reads a file; what it holds, if anything, is to be as good as any other data. Returns whether it was taken in.
  private func take(_ file: [UInt8], _ mutator: inout Mutator, _ history: @autoclosure () -> String) throws -> Bool {
    var loader = DatasetLoader(Loading.form(), nowMilliseconds: Loading.now)
    var reader = SnapshotReader(stringLimit: 1 << 20)
    let pieces = mutator.random.pieces(of: file)
    do throws(SnapshotError) {
      for piece in pieces where !reader.isFinished {
        _ = try piece.withBytes { bytes throws(SnapshotError) in try reader.receive(bytes, into: &loader) }
      }
      try reader.finish()
    } catch {
      let place = error.place
      #expect(place.byteOffset <= file.count, "\(history())")
      expectBounded(loader, file, history())
      return false
    }
    expectBounded(loader, file, history())
    let text = DatasetText.text(loader.dataset)
    var walk = ValueWalk(loader.dataset)
    walk.read()
    #expect(walk.isConsistent, "\(history())")
    let saved = try Loading.save(loader.dataset)
    let again = try Loading.load(saved)
    #expect(DatasetText.text(again.dataset) == text, "\(history())")
    let before = loader.dataset.invariantViolations()
    #expect(before.isEmpty, "\(history()): \(before)")
    walk.write()
    while !loader.dataset.reclaim(limit: 100_000) {}
    let after = loader.dataset.invariantViolations()
    #expect(after.isEmpty, "\(history()): \(after)")
    return true
  }

  /// A compressed text grows to 88 times its size at most; the rest is headers of objects.
  private func expectBounded(_ loader: DatasetLoader, _ file: [UInt8], _ history: @autoclosure () -> String) {
    #expect(loader.dataset.arena.allocatedBytes <= 32_768 + 300 * file.count, "\(history())")
  }
}

extension ArraySlice<UInt8> {
  fileprivate func withBytes<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    try Array(self).withBytes(body)
  }
}
