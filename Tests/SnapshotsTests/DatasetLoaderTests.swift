import Engine
import Snapshots
import TestSupport
import Testing
import Values
import VersionedStore

/// Snapshots become datasets.
@Suite struct DatasetLoaderTests {
  static let form = DatasetLoader.Form(databaseCount: 16, countsUses: false)
  static let now: Int64 = 1_700_000_000_000

  private func load(
    _ file: [UInt8], _ form: DatasetLoader.Form = form, memoryLimit: Int? = nil
  ) throws(SnapshotError) -> Dataset {
    var loader = DatasetLoader(form, nowMilliseconds: Self.now)
    loader.memoryLimit = memoryLimit
    var reader = SnapshotReader()
    _ = try file.withBytes { bytes throws(SnapshotError) in try reader.receive(bytes, into: &loader) }
    try reader.finish()
    return loader.dataset
  }

  private func entry(_ dataset: Dataset, _ database: Int, _ key: String) -> Entry? {
    Array(key.utf8).withBytes { dataset.head.find(database, $0, dataset.hash($0)) }
  }

  @Test func whatRedisWroteIsThereInTheFormOfCommands() throws {
    let server = try ServerProcess(.redis)
    let client = try server.connect()
    let long = String(repeating: "long ", count: 500)
    try client.command("MSET", "number", "-42", "short", "text", "long", long, "zeros", "007")
    try client.command("SELECT", "15")
    try client.command("SET", "expiring", "soon", "PXAT", "1900000000000")
    try client.command("SAVE")
    let dataset = try load(server.contents(of: "dump.rdb"))

    #expect(dataset.keyCount(0) == 4)
    #expect(dataset.keyCount(15) == 1)
    #expect(dataset.expiringCount(15) == 1)
    #expect(entry(dataset, 15, "expiring")?.expiry == 1_900_000_000_000)
    #expect(entry(dataset, 15, "number") == nil)
    for (key, encoding) in [("number", "int"), ("short", "embstr"), ("long", "raw"), ("zeros", "embstr")] {
      #expect("\(try #require(entry(dataset, 0, key)).encodingName)" == encoding)
    }
    guard case .word(-42)? = entry(dataset, 0, "number")?.value,
      case .bytes(let bytes)? = entry(dataset, 0, "long")?.value
    else {
      Issue.record("other values")
      return
    }
    #expect(Array(bytes) == Array(long.utf8))
  }

  @Test func accessHintsBecomeClocks() throws {
    let file = FileBuilder().raw(248, 10).pair("idle", "1").raw(249, 77).pair("used", "2").pair("plain", "3").end()
    let byTime = try load(file)
    let now = AccessClock.LRU(milliseconds: Self.now)
    #expect(entry(byTime, 0, "idle")?.accessClock == now.rawValue - 10)
    #expect(entry(byTime, 0, "used")?.accessClock == now.rawValue)
    #expect(entry(byTime, 0, "plain")?.accessClock == now.rawValue)
    let byUse = try load(file, DatasetLoader.Form(databaseCount: 16, countsUses: true))
    #expect(entry(byUse, 0, "used")?.accessClock == AccessClock.LFU(counter: 77, milliseconds: Self.now).rawValue)
    #expect(entry(byUse, 0, "idle")?.accessClock == AccessClock.LFU(milliseconds: Self.now).rawValue)
    #expect(entry(byUse, 0, "plain")?.accessClock == AccessClock.LFU(milliseconds: Self.now).rawValue)
  }

  @Test func whatDoesNotFitIsRefused() {
    let twice = FileBuilder().pair("key", "1").pair("other", "2").pair("key", "3").end()
    #expect {
      try load(twice)
    } throws: { error in
      guard case SnapshotError.refused(_, .duplicateKey(let key)) = error else { return false }
      return key == Array("key".utf8)
    }
    // The same key may be in two databases.
    #expect(throws: Never.self) {
      try load(FileBuilder().raw(254, 0).pair("key", "1").raw(254, 1).pair("key", "1").end())
    }
    let beyond = FileBuilder().raw(254, 0).pair("key", "1").raw(254, 4).pair("key", "1").end()
    #expect(throws: SnapshotError.self) {
      try load(beyond, DatasetLoader.Form(databaseCount: 4, countsUses: false))
    }
  }

  @Test func memoryIsLimited() throws {
    var file = FileBuilder()
    for index in 0..<1000 { file = file.pair("key:\(index)", String(repeating: "x", count: 60)) }
    let byteCount = try load(file.end()).arena.allocatedBytes
    #expect(throws: Never.self) { try load(file.end(), memoryLimit: byteCount + 100) }
    #expect {
      try load(file.end(), memoryLimit: byteCount / 2)
    } throws: { error in
      guard case SnapshotError.refused(_, .memoryLimit(byteCount / 2)) = error else { return false }
      return true
    }
  }

  @Test func everyDatasetIsALineageOfItsOwn() throws {
    let file = FileBuilder().pair("key", "1").end()
    #expect(try load(file).lineage != load(file).lineage)
  }
}
