import Foundation
import Snapshots
import TestSupport
import Testing
import VersionedStore

/// Files that were cut, cut up, or changed on the way.
@Suite struct DamageTests {
  /// A small real file with every kind of item that a file of strings has.
  static let file: [UInt8] = {
    do {
      let server = try ServerProcess(.redis, directives: ["maxmemory-policy allkeys-lfu"])
      let client = try server.connect()
      try client.command("SET", "plain", "value")
      try client.command("SET", "number", "-70000")
      try client.command("SET", "expiring", "value", "PXAT", "4000000000123")
      try client.command(
        "SET", "compressed",
        String(repeating: "abc", count: 30) + String(repeating: "d", count: 300))
      try client.command("SELECT", "9")
      try client.command("SET", "12", String(repeating: "abcdefgh", count: 12))
      try client.command(
        "FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() end)")
      return try server.snapshot()
    } catch {
      fatalError("no file to test with: \(error)")
    }
  }()

  @Test func anyChunkSizeGivesTheSameEvents() throws {
    let events = try Reading.events(of: Self.file)
    #expect(events.count > 12)
    for chunkSize in 1...Self.file.count {
      #expect(try Reading.events(of: Self.file, chunkSize: chunkSize) == events)
    }
  }

  @Test func randomChunkSizesGiveTheSameEvents() throws {
    let events = try Reading.events(of: Self.file)
    for seed in UInt64(0)..<500 {
      var random = SeededGenerator(seed: seed)
      var reading = Reading()
      try reading.run(Self.file, chunkSize: { Int.random(in: 1...64, using: &random) })
      #expect(reading.sink.events == events, "seed \(seed)")
    }
  }

  @Test func cutAtEveryByteItIsIncomplete() throws {
    let events = try Reading.events(of: Self.file)
    for count in 0..<Self.file.count {
      for chunkSize in [1, 1000] {
        var reading = Reading()
        #expect(throws: SnapshotError.truncated(.init(byteOffset: count))) {
          try reading.run(Array(Self.file.prefix(count)), chunkSize: { chunkSize })
        }
        #expect(reading.taken == count)
        #expect(events.starts(with: reading.sink.events))
      }
    }
  }

  @Test func everyFlippedBitIsFound() {
    for index in Self.file.indices {
      for bit in 0..<8 {
        var damaged = Self.file
        damaged[index] ^= 1 << bit
        #expect(Reading.error(of: damaged) != nil, "byte \(index), bit \(bit)")
      }
    }
  }

  /// Damage that the checksum would find must not hide what the reader itself makes of it, so the checksum is off here.
  @Test func arbitraryDamageNeverCrashes() {
    var unchecked = Self.file
    unchecked.replaceSubrange(
      unchecked.count - 8..<unchecked.count, with: [UInt8](repeating: 0, count: 8))
    var random = SeededGenerator()
    var accepted = 0
    for _ in 0..<100_000 {
      var damaged = unchecked
      for _ in 0..<Int.random(in: 1...4, using: &random) { Self.damage(&damaged, using: &random) }
      var reading = Checking()
      let chunkSize = Int.random(in: 1...damaged.count + 1, using: &random)
      if reading.accepts(damaged, chunkSize: chunkSize) { accepted += 1 }
    }
    #expect((1..<100_000).contains(accepted), "\(random)")
  }

  private static func damage(_ file: inout [UInt8], using random: inout SeededGenerator) {
    let index = Int.random(in: 9..<file.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: file[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: file[index] = UInt8.random(in: 0...255, using: &random)
    case 2:
      file[index] = [0x80, 0x81, 0xc0, 0xc1, 0xc2, 0xc3, 0xff, 0xfe, 0xfc, 0xfb].randomElement(
        using: &random)!
    case 3: file.insert(UInt8.random(in: 0...255, using: &random), at: index)
    case 4:
      file.removeSubrange(index..<min(file.count, index + Int.random(in: 1...8, using: &random)))
    default:
      file.insert(
        contentsOf: file[index..<min(file.count, index + 20)],
        at: Int.random(in: 9..<file.count, using: &random))
    }
    if file.count < 10 { file.append(0) }
  }
}

/// A sink that looks at every byte and keeps nothing.
private struct Checking: SnapshotSink {
  var sum = CRC64()

  mutating func accepts(_ file: [UInt8], chunkSize: Int) -> Bool {
    var reader = SnapshotReader(stringLimit: 1 << 20)
    do throws(SnapshotError) {
      try file.withBytes { bytes throws(SnapshotError) in
        var position = 0
        while position < bytes.count, !reader.isFinished {
          let end = min(bytes.count, position + chunkSize)
          position += try reader.receive(bytes[position..<end], into: &self)
        }
      }
      try reader.finish()
      return true
    } catch { return false }
  }

  mutating func value(_ event: SnapshotEvent) {
    Array(EventRecorder.text(event).utf8).withBytes { look($0) }
  }

  private mutating func look(_ bytes: Bytes) { sum.update(bytes) }

  mutating func auxiliary(name: Bytes, value: Bytes) {
    look(name)
    look(value)
  }
  mutating func select(database: UInt64) {}
  mutating func announce(keys: UInt64, expiring: UInt64) {}
  mutating func functionLibrary(_ source: Bytes) { look(source) }
  mutating func string(key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint) {
    look(key)
    look(value)
  }
}
