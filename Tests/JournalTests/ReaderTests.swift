import Journal
import RESP
import Snapshots
import TestSupport
import Testing
import VersionedStore

/// Keeps what a log holds.
struct LogRecorder: JournalSink {
  var commands: [[String]] = []
  var checked = 0
  var snapshot = KeyCounter()
  var snapshotsBegun = 0
  var snapshotsEnded = 0
  /// The name that is refused.
  var refused: String?

  mutating func beginSnapshot() { snapshotsBegun += 1 }
  mutating func endSnapshot() { snapshotsEnded += 1 }

  mutating func check(_ arguments: BytesList) throws(JournalFailure) {
    checked += 1
    try refuse(arguments)
  }

  mutating func execute(_ arguments: BytesList) throws(JournalFailure) {
    try refuse(arguments)
    commands.append((0..<arguments.count).map { String(decoding: arguments[$0], as: UTF8.self) })
  }

  private func refuse(_ arguments: BytesList) throws(JournalFailure) {
    let name = String(decoding: arguments[0], as: UTF8.self)
    if name == refused { throw .unknownCommand(name: name) }
  }
}

struct KeyCounter: SnapshotSink {
  var keys: [String] = []

  mutating func auxiliary(name: Bytes, value: Bytes) {}
  mutating func select(database: UInt64) {}
  mutating func announce(keys: UInt64, expiring: UInt64) {}
  mutating func functionLibrary(_ source: Bytes) {}
  mutating func string(key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint) {
    keys.append(String(decoding: key, as: UTF8.self))
  }
  mutating func value(_ event: SnapshotEvent) {}
}

/// Puts a log together.
enum LogText {
  static func command(_ words: String...) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.command(words.map { Array($0.utf8) })
    return bytes
  }

  /// A snapshot of one string key.
  static func snapshot(_ key: String = "k1", _ value: String = "v1") -> [UInt8] {
    let body =
      Array("REDIS0010".utf8) + [0, UInt8(key.utf8.count)] + Array(key.utf8) + [UInt8(value.utf8.count)]
      + Array(value.utf8) + [255]
    var sum = CRC64()
    body.withBytes { sum.update($0) }
    return body + (0..<8).map { UInt8(truncatingIfNeeded: sum.value >> (8 * $0)) }
  }
}

@Suite struct ReaderTests {
  /// Reads a file in chunks of a size.
  private func read(
    _ file: [UInt8], chunk: Int = .max, refusing: String? = nil
  ) -> (reader: JournalReader, sink: LogRecorder, failure: JournalFailure?) {
    var (reader, sink) = (JournalReader(), LogRecorder())
    sink.refused = refusing
    var failure: JournalFailure?
    do throws(JournalFailure) {
      var position = 0
      while position < file.count {
        let end = chunk == .max ? file.count : min(file.count, position + chunk)
        try Array(file[position..<end]).withBytes { bytes throws(JournalFailure) in
          try reader.receive(bytes, into: &sink)
        }
        position = end
      }
      try reader.finish(into: &sink)
    } catch {
      failure = error
    }
    return (reader, sink, failure)
  }

  private let log =
    LogText.command("SELECT", "0") + Array("#TS:1628217470\r\n".utf8) + LogText.command("SET", "a", "1")
    + LogText.command("MULTI") + LogText.command("INCR", "a") + Array("#TS:1628217471\r\n".utf8)
    + LogText.command("INCR", "b") + LogText.command("exec")
    + LogText.command("SET", "long", String(repeating: "x", count: 500))

  @Test(arguments: [1, 2, 3, 7, 64, 1000, Int.max]) func wholeLog(_ chunk: Int) {
    for (prefix, keys) in [([], []), (LogText.snapshot(), ["k1"])] {
      let file = prefix + log
      let (reader, sink, failure) = read(file, chunk: chunk)
      #expect(failure == nil)
      #expect(sink.snapshot.keys == keys)
      #expect(sink.snapshotsBegun == keys.count && sink.snapshotsEnded == keys.count)
      #expect(
        sink.commands.map { $0.joined(separator: " ").prefix(8) } == [
          "SELECT 0", "SET a 1", "INCR a", "INCR b", "SET long",
        ])
      #expect(sink.checked == 2)
      #expect((reader.byteOffset, reader.wholeOffset) == (file.count, file.count))
      #expect(reader.hasSnapshot == !keys.isEmpty && !reader.isInTransaction)
    }
  }

  @Test func emptyFile() {
    let (reader, _, failure) = read([])
    #expect(failure == nil && reader.wholeOffset == 0)
  }

  /// Cut at any byte, a log gives what was whole before, and says where that ends.
  @Test func cutAnywhere() {
    let ends = Set([
      LogText.command("SELECT", "0").count, 0,
      LogText.command("SELECT", "0").count + 16 + LogText.command("SET", "a", "1").count,
    ])
    var whole = 0
    let transactionEnd =
      log.count - LogText.command("SET", "long", String(repeating: "x", count: 500)).count
    for count in 0..<log.count {
      if ends.contains(count) || count == transactionEnd { whole = count }
      let (reader, sink, failure) = read(Array(log[0..<count]), chunk: 17)
      let isBetween =
        ends.contains(count) || count == transactionEnd || count == LogText.command("SELECT", "0").count + 16
      #expect(failure == (isBetween ? nil : .cutShort), "\(count)")
      #expect(reader.wholeOffset == whole, "\(count)")
      #expect(reader.byteOffset == count)
      let executed = whole == 0 ? 0 : whole == LogText.command("SELECT", "0").count ? 1 : whole < transactionEnd ? 2 : 4
      #expect(sink.commands.count == executed, "\(count)")
    }
  }

  /// Behind a snapshot nothing of it is ever given up.
  @Test func cutBehindASnapshot() {
    let snapshot = LogText.snapshot()
    let (reader, sink, failure) = read(snapshot + Array("*2\r\n$3\r\nGE".utf8), chunk: 5)
    #expect(failure == .cutShort && reader.wholeOffset == snapshot.count && sink.snapshotsEnded == 1)
    for count in 5..<snapshot.count {
      let (reader, sink, failure) = read(Array(snapshot[0..<count]), chunk: 4)
      guard case .snapshot(.truncated) = failure else {
        Issue.record("a snapshot of \(count) bytes: \(String(describing: failure))")
        continue
      }
      #expect(reader.wholeOffset == 0 && sink.snapshotsEnded == 0)
    }
  }

  @Test func damagedSnapshot() {
    var snapshot = LogText.snapshot()
    snapshot[12] ^= 1
    guard case .snapshot(.checksumMismatch) = read(snapshot).failure else {
      Issue.record("the checksum was not looked at")
      return
    }
  }

  @Test(arguments: [
    "!!!", "GET a\r\n", "\r\n", "*0\r\n", "*-1\r\n", "*x\r\n$1\r\na\r\n", "*1\r\n!1\r\na\r\n", "*1\r\n$x\r\na\r\n",
    "*1\r\n$-1\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n$1\r\nab\r\n", "*1\r\n$1\r\na\n\n",
    "*99999999999999999999\r\n", "REDI", "*1\r\n$4\r\nEXEC\r\n",
    "*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n",
  ])
  func malformed(_ text: String) {
    let good = LogText.command("SET", "a", "1")
    for chunk in [1, 3, Int.max] {
      let (_, sink, failure) = read((text == "REDI" ? [] : good) + Array(text.utf8), chunk: chunk)
      guard case .malformed(let offset) = failure else {
        Issue.record("\(text.debugDescription) was taken: \(String(describing: failure))")
        continue
      }
      #expect(offset >= (text == "REDI" ? 0 : good.count))
      #expect(sink.commands.count == (text == "REDI" ? 0 : 1))
    }
  }

  @Test func annotationsHaveAnEnd() {
    let long = Array("#".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 2000)
    #expect(read(long + [10] + log, chunk: 100).failure == .malformed(byteOffset: 0))
    #expect(read(Array(long.prefix(1000)), chunk: 100).failure == .cutShort)
    #expect(read(Array(long.prefix(1000)) + [13, 10] + log, chunk: 100).failure == nil)
  }

  /// Sizes are believed when the bytes are there.
  @Test func claimsTakeNoMemory() {
    let before = ProcessMemory.residentSetSize()
    for text in ["*2147483647\r\n$1\r\na\r\n", "*1\r\n$536870912\r\n", "*3\r\n$536870912\r\nabc"] {
      #expect(read(Array(text.utf8), chunk: 3).failure == .cutShort)
    }
    #expect(ProcessMemory.residentSetSize() - before < 100 << 20)
  }

  @Test func whatIsRefusedEndsIt() {
    let (reader, sink, failure) = read(log, refusing: "INCR")
    #expect(failure == .unknownCommand(name: "INCR"))
    #expect(sink.commands.count == 2)
    var (again, other) = (reader, LogRecorder())
    #expect(throws: JournalFailure.unknownCommand(name: "INCR")) {
      try log.withBytes { bytes throws(JournalFailure) in try again.receive(bytes, into: &other) }
    }
  }

  /// Whatever is in a file and however it is cut, the same comes of it.
  @Test func anyBytes() {
    var generator = SeededGenerator()
    for _ in 0..<3000 {
      var file = (generator.oneIn(2) ? LogText.snapshot() : []) + log
      for _ in 0..<Int.random(in: 0...4, using: &generator) where !file.isEmpty {
        let at = Int.random(in: 0..<file.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: file[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: file[at] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 2: file.remove(at: at)
        case 3: file.insert(contentsOf: Array("\r\n*-1$9999999999#MULTI".utf8).prefix(at % 21), at: at)
        case 4: file.removeSubrange(at..<file.count)
        default: file.removeSubrange(at..<min(file.count, at + 9))
        }
      }
      let once = read(file)
      let pieces = read(file, chunk: Int.random(in: 1...80, using: &generator))
      #expect(once.failure == pieces.failure, "\(generator) \(file)")
      #expect(once.sink.commands == pieces.sink.commands, "\(generator) \(file)")
      #expect(once.reader.wholeOffset == pieces.reader.wholeOffset, "\(generator) \(file)")
      #expect(once.reader.wholeOffset <= file.count)
      // What is whole can be read again by itself.
      guard once.failure == .cutShort else { continue }
      let whole = read(Array(file.prefix(once.reader.wholeOffset)))
      #expect(whole.failure == nil && whole.sink.commands == once.sink.commands, "\(generator) \(file)")
    }
  }
}
