import Foundation
import Snapshots
import TestSupport
import Testing
import VersionedStore

/// Files that a real redis-server saved.
@Suite struct RealFileTests {
  struct Settings: CustomStringConvertible {
    let compression, checksum: String
    let policy: String
    var description: String { "compression \(compression), checksum \(checksum), \(policy)" }
  }

  static let settings = [
    Settings(compression: "yes", checksum: "yes", policy: "noeviction"),
    Settings(compression: "no", checksum: "no", policy: "allkeys-lru"),
    Settings(compression: "yes", checksum: "no", policy: "allkeys-lfu"),
  ]

  /// Keys and values whose encodings and length fields differ.
  static let pairs: [([UInt8], [UInt8])] = {
    let texts = [
      "", "a", "0", "-1", "127", "128", "-128", "-129", "32767", "32768", "-32769", "2147483647",
      "2147483648",
      "-2147483648", "007", "+1", "12345678901234567890",
      "The quick brown fox jumps over the lazy dog",
    ]
    var pairs = texts.map { (Array($0.utf8), Array($0.utf8.reversed())) }
    for count in [63, 64, 100, 16383, 16384, 70000] {
      pairs.append((Array("repeated \(count)".utf8), [UInt8](repeating: 97, count: count)))
      pairs.append(
        (
          Array("counted \(count)".utf8),
          Array((0..<count).map { "\($0)," }.joined().utf8.prefix(count))
        ))
      pairs.append(([UInt8](repeating: 98, count: count), Array("long key".utf8)))
    }
    var random = SeededGenerator(seed: 42)
    pairs.append((Array("random".utf8), random.bytes(count: 5000)))
    pairs.append(((0...255).map { UInt8($0) }, [0, 13, 10]))
    return pairs
  }()

  @Test(arguments: settings) func stringsInSeveralDatabases(settings: Settings) throws {
    let server = try ServerProcess(
      .redis,
      directives: [
        "rdbcompression \(settings.compression)", "rdbchecksum \(settings.checksum)",
        "maxmemory-policy \(settings.policy)",
      ])
    let client = try server.connect()
    for database in ["0", "3", "15"] {
      try client.command("SELECT", database)
      for (key, value) in Self.pairs { try client.command([Array("SET".utf8), key, value]) }
      try client.command("SET", "expiring", database, "PXAT", "4000000000123")
    }
    let library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"
    try client.command("FUNCTION", "LOAD", library)

    var reading = Reading()
    try reading.run(server.snapshot(), chunkSize: { 4096 })
    #expect(reading.reader.counts.areComplete)
    #expect(reading.reader.counts.announcedKeys == UInt64(3 * (Self.pairs.count + 1)))
    #expect(reading.reader.counts.expiringKeys == 3)

    var database: UInt64 = 0
    var found: [UInt64: [[UInt8]: [UInt8]]] = [:]
    for event in reading.sink.events {
      switch event {
      case .select(let selected): database = selected
      case .string(let key, let value, let expiryMilliseconds, let access):
        found[database, default: [:]][key] = value
        #expect(expiryMilliseconds == (key == Array("expiring".utf8) ? 4_000_000_000_123 : nil))
        switch (settings.policy, access) {
        case ("noeviction", .none), ("allkeys-lru", .idleSeconds), ("allkeys-lfu", .frequency):
          break
        default: Issue.record("\(settings.policy) and \(access)")
        }
      case .announce(let keys, let expiring):
        #expect(keys == Self.pairs.count + 1 && expiring == 1)
      case .value: Issue.record("a value that is no string")
      case .functionLibrary(let source): #expect(source == Array(library.utf8))
      case .auxiliary: break
      }
    }
    #expect(reading.sink.events.contains(.functionLibrary(Array(library.utf8))))
    #expect(
      reading.sink.events.contains(
        .auxiliary(name: Array("redis-ver".utf8), value: Array("7.0.15".utf8))))
    #expect(
      reading.sink.events.contains(
        .auxiliary(name: Array("redis-bits".utf8), value: Array("64".utf8))))
    var expected = Dictionary(Self.pairs) { $1 }
    for selected: UInt64 in [0, 3, 15] {
      expected[Array("expiring".utf8)] = Array("\(selected)".utf8)
      #expect(found[selected] == expected)
    }
  }
}
