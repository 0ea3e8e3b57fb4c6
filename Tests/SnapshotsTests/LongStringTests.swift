import Engine
import TestSupport
import Testing
import Values
import VersionedStore

@testable import Snapshots

/// Long strings are read in pieces, and written chunk by chunk.
@Suite struct LongStringTests {
  private static func file(_ items: [(key: String, value: [UInt8])]) -> [UInt8] {
    var file = FileBuilder()
    for (key, value) in items {
      let count = value.count
      file = file.raw(0).string(key).raw([0x80] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) })
        .raw(value)
    }
    return file.end()
  }

  private static func load(_ file: [UInt8], chunkSize: Int) throws(SnapshotError) -> DatasetLoader {
    var loader = DatasetLoader(DatasetLoaderTests.form, nowMilliseconds: DatasetLoaderTests.now)
    var reader = SnapshotReader()
    try file.withBytes { bytes throws(SnapshotError) in
      var at = 0
      while at < bytes.count {
        let end = min(at + chunkSize, bytes.count)
        _ = try reader.receive(bytes[at..<end], into: &loader)
        at = end
      }
    }
    try reader.finish()
    return loader
  }

  private static func string(_ loader: DatasetLoader, _ key: String) -> [UInt8]? {
    let dataset = loader.dataset
    return Array(key.utf8).withBytes { dataset.head.find(0, $0, dataset.hash($0)).map { StringReader($0).array } }
  }

  private static func write(_ root: Root, compresses: Bool) throws -> [UInt8] {
    var options = SnapshotOptions(now: DatasetLoaderTests.now)
    options.compresses = compresses
    var file: [UInt8] = []
    try SnapshotWriter.write(SnapshotContent(root: root), options) { file += $0 }
    return file
  }

  @Test(arguments: [1, 7, 4096, 65_536, 1 << 20])
  func inPieces(chunkSize: Int) throws {
    var generator = SeededGenerator()
    let limit = StringForm.wholeLimit
    let counts = chunkSize == 1 ? [limit + 1] : [limit - 1, limit, limit + 1, 2 * limit, 300_000]
    let items = counts.map { (key: "k\($0)", value: generator.bytes(count: $0)) }
    let file = Self.file(items + [(key: "last", value: [1])])
    let loader = try Self.load(file, chunkSize: chunkSize)
    for (key, value) in items { #expect(Self.string(loader, key) == value, "\(key)") }
    #expect(Self.string(loader, "last") == [1])
    #expect(loader.dataset.keyCount(0) == counts.count + 1)
    #expect(loader.dataset.invariantViolations().isEmpty)
  }

  /// A file that ends within a long string is short of something, wherever that is.
  @Test func cutOff() throws {
    let file = Self.file([(key: "k", value: [UInt8](repeating: 7, count: 70_000))])
    for count in [20, 30, 65_000, 69_999, 70_010, file.count - 1] {
      #expect {
        try Self.load(Array(file[..<count]), chunkSize: 1000)
      } throws: { error in
        if case SnapshotError.truncated = error { true } else { false }
      }
    }
  }

  @Test func aKeyMayNotComeTwice() {
    let long = [UInt8](repeating: 7, count: 70_000)
    for items in [[("k", long), ("k", long)], [("k", [1]), ("k", long)], [("k", long), ("k", [1])]] {
      #expect {
        try Self.load(Self.file(items.map { (key: $0.0, value: $0.1) }), chunkSize: 1000)
      } throws: { error in
        if case SnapshotError.refused(_, .duplicateKey) = error { true } else { false }
      }
    }
  }

  /// Zeros, text that repeats itself over more than the reach of a copy, text that does not, and some of each.
  private static func values(_ generator: inout SeededGenerator) -> [(key: String, value: [UInt8])] {
    let zeros = [UInt8](repeating: 0, count: 200_000)
    let noise = generator.bytes(count: 70_000)
    let line = generator.bytes(count: 100)
    let lines = (0..<1500).flatMap { [UInt8(truncatingIfNeeded: $0)] + line }
    return [("zeros", zeros), ("noise", noise), ("lines", lines), ("mixed", zeros + noise + lines + [1])]
  }

  @Test(arguments: [true, false]) func writtenAndRead(compresses: Bool) throws {
    var generator = SeededGenerator()
    let values = Self.values(&generator)
    let loader = try Self.load(Self.file(values), chunkSize: 1 << 20)
    let file = try Self.write(loader.dataset.head, compresses: compresses)
    let total = values.reduce(0) { $0 + $1.value.count }
    // Noise does not get shorter, zeros and lines do.
    #expect(compresses ? file.count < 180_000 : file.count > total)
    for chunkSize in [1 << 20, 1000] {
      let again = try Self.load(file, chunkSize: chunkSize)
      for (key, value) in values { #expect(Self.string(again, key) == value, "\(key), \(generator)") }
    }
  }

  /// The text of a string in chunks is the same whether it is kept until its length is known or made twice.
  @Test func compressedTwice() throws {
    var generator = SeededGenerator()
    let values = Self.values(&generator)
    let loader = try Self.load(Self.file(values), chunkSize: 1 << 20)
    let dataset = loader.dataset
    for (key, value) in values {
      let entry = try #require(Array(key.utf8).withBytes { dataset.head.find(0, $0, dataset.hash($0)) })
      let texts = [0, 1 << 20].map { waitingLimit in
        let compressor = LZFCompressor(waitingLimit: waitingLimit)
        _ = compressor.compress(Bytes("what another text leaves behind behind behind")) { _ in }
        var (announced, text) = (0, [UInt8]())
        let isShorter = compressor.compress(chunksOf: StringReader(entry)) {
          announced = $0
        } _: {
          text += $0
        }
        #expect(isShorter == (key != "noise") && announced == text.count, "\(key), \(generator)")
        return text
      }
      #expect(texts[0] == texts[1], "\(key), \(generator)")
      guard key != "noise" else { continue }
      var decompressed: [UInt8] = []
      #expect(texts[0].withBytes { LZF.decompress($0, byteCount: value.count, into: &decompressed) })
      #expect(decompressed == value, "\(key), \(generator)")
    }
  }

  /// Redis compresses a string in one go, and copies may reach from one of our pieces into the one before.
  @Test func writtenByRedis() throws {
    var generator = SeededGenerator()
    let values = Self.values(&generator)
    let server = try ServerProcess(.redis, directives: ["save ''"])
    let client = try server.connect(timeoutMilliseconds: 20_000)
    for (key, value) in values { try client.command([Array("SET".utf8), Array(key.utf8), value]) }
    try client.command("SAVE")
    let loader = try Self.load(server.contents(of: "dump.rdb"), chunkSize: 10_000)
    for (key, value) in values { #expect(Self.string(loader, key) == value, "\(key), \(generator)") }
  }

  /// Damage in a compressed string is found, or is a byte of the text; nothing else comes of it.
  @Test func damagedCompression() throws {
    var generator = SeededGenerator()
    let loader = try Self.load(Self.file(Self.values(&generator)), chunkSize: 1 << 20)
    let file = try Self.write(loader.dataset.head, compresses: true)
    var failures = 0
    for _ in 0..<60 {
      var damaged = file
      damaged[Int.random(in: 30..<file.count - 9, using: &generator)] ^= UInt8(
        1 << Int.random(in: 0..<8, using: &generator))
      do throws(SnapshotError) { _ = try Self.load(damaged, chunkSize: 100_000) } catch { failures += 1 }
    }
    #expect(failures == 60, "\(generator)")
  }
}
