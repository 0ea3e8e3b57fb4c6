import Journal
import TestSupport
import Testing
import VersionedStore

/// The manifest as Redis 7 writes and reads it.
@Suite struct ManifestTests {
  private func parse(_ text: String) throws -> JournalManifest {
    try Array(text.utf8).withBytes { try JournalManifest(parsing: $0) }
  }

  private func fault(_ text: String) -> JournalManifest.Fault? {
    do {
      _ = try parse(text)
      return nil
    } catch {
      return error as? JournalManifest.Fault
    }
  }

  @Test func allKinds() throws {
    let text = """
      file appendonly.aof.2.base.rdb seq 2 type b
      file appendonly.aof.1.incr.aof seq 1 type h
      file appendonly.aof.4.incr.aof seq 4 type i
      file appendonly.aof.7.incr.aof seq 7 type i

      """
    let manifest = try parse(text)
    #expect(manifest.base == .init(name: "appendonly.aof.2.base.rdb", sequence: 2))
    #expect(manifest.history == [.init(name: "appendonly.aof.1.incr.aof", sequence: 1)])
    #expect(manifest.increments.map(\.sequence) == [4, 7])
    #expect((manifest.baseSequence, manifest.incrementSequence) == (2, 7))
    #expect(manifest.live.map(\.sequence) == [2, 4, 7])
    #expect(manifest.text == text)
  }

  @Test func namesThatNeedQuotes() throws {
    var manifest = JournalManifest()
    manifest.base = .init(name: " file seq \n\n.aof \"\u{7}\u{8}\u{1}é.2.base.rdb", sequence: 2)
    manifest.baseSequence = 2
    #expect(
      manifest.text == "file \" file seq \\n\\n.aof \\\"\\a\\b\\x01\\xc3\\xa9.2.base.rdb\" seq 2 type b\n")
    #expect(try parse(manifest.text) == manifest)
  }

  @Test func commentsOtherKeysAndCase() throws {
    let manifest = try parse("# \(String(repeating: "x", count: 3000))\nFILE a SEQ 3x other value Type binary \r\n")
    #expect(manifest.base == .init(name: "a", sequence: 3))
  }

  @Test func faults() {
    let line = "file a seq 1 type b\n"
    #expect(fault("") == .init(reason: .empty))
    #expect(fault("\n") == .init(reason: .format, lineNumber: 1, line: ""))
    #expect(fault(line + "  \n" + line) == .init(reason: .format, lineNumber: 2, line: ""))
    #expect(fault("file a seq 1 type b") == .init(reason: .lineTooLong))
    #expect(fault("file \(String(repeating: "a", count: 1024)) seq 1 type b\n") == .init(reason: .lineTooLong))
    #expect(fault("file a\0 seq 1 type b\n") == .init(reason: .lineTooLong))
    #expect(
      fault(" file a type b\t\n") == .init(reason: .format, lineNumber: 1, line: "file a type b"))
    #expect(fault("file a seq 1 type b new\n")?.reason == .format)
    #expect(fault("filx a seq 1 type b\n")?.reason == .format)
    #expect(fault("file a seq x type b\n")?.reason == .format)
    #expect(fault("file a seq 1 type \"\"\n")?.reason == .format)
    #expect(fault("file \"a seq 1 type b\n")?.reason == .format)
    #expect(fault("*1 a seq 1 type b\n")?.reason == .format)
    #expect(fault("file a/b seq 1 type b\n")?.reason == .nameIsPath)
    #expect(fault("file a\\\\b seq 1 type b\n")?.reason == .nameIsPath)
    #expect(fault(line + line) == .init(reason: .duplicateBase, lineNumber: 2, line: "file a seq 1 type b"))
    #expect(fault("file a seq 1 type x\n")?.reason == .type)
    #expect(fault("file a seq 2 type i\nfile b seq 2 type i\n")?.reason == .sequence)
    #expect(fault("file a seq -1 type i\n")?.reason == .sequence)
    // No number could follow.
    for number in ["4611686018427387905", "9223372036854775807", "9223372036854775808", "-9223372036854775809"] {
      for type in ["b", "i", "h"] { #expect(fault("file a seq \(number) type \(type)\n")?.reason == .format) }
    }
    #expect(
      fault(line + line)?.report == [
        "\n*** FATAL AOF MANIFEST FILE ERROR ***\n", "Reading the manifest file, at line 2\n",
        ">>> 'file a seq 1 type b'\n", "Found duplicate base file information\n",
      ])
  }

  @Test func onTheDisk() throws {
    let disk = FileTable()
    #expect(try JournalManifest.load("log", from: disk) == JournalManifest())
    var manifest = JournalManifest()
    manifest.increments = [.init(name: "log.4611686018427387904.incr.aof", sequence: 1 << 62)]
    manifest.incrementSequence = 1 << 62
    disk.files["log.manifest"] = Array(manifest.text.utf8)
    #expect(disk.list() == ["log.manifest"])
    #expect(try JournalManifest.load("log", from: disk) == manifest)
    disk.files["log.manifest"] = []
    #expect(throws: JournalManifest.LoadFailure.fault(.init(reason: .empty))) {
      try JournalManifest.load("log", from: disk)
    }
    #expect(disk.openCount == 0)
  }

  /// What is kept of history may be long, and what counts stands behind it.
  @Test func aLongOneIsReadToItsEnd() throws {
    let disk = FileTable()
    var text = "file log.2.base.rdb seq 2 type b\n"
    for number in (1...30_000).reversed() { text += "file log.\(number).incr.aof seq \(number) type h\n" }
    disk.files["log.manifest"] = Array((text + "file log.30001.incr.aof seq 30001 type i\n").utf8)
    #expect(text.utf8.count > 1 << 20)
    let manifest = try JournalManifest.load("log", from: disk)
    #expect(manifest.history.count == 30_000)
    #expect(manifest.increments.map(\.sequence) == [30_001])
  }

  /// Whatever the bytes are, the answer is a manifest that says the same when it is written, or a fault.
  @Test func anyBytes() throws {
    var generator = SeededGenerator()
    let good = "file appendonly.aof.2.base.rdb seq 2 type b\nfile \" x\\n\" seq 4 type i\n# c\nfile y seq 7 type h\n"
    for _ in 0..<5000 {
      var bytes = Array(good.utf8)
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(contentsOf: Array("\" \n#\\x00 seq 99999999999999999999".utf8).suffix(at % 20), at: at)
        default: bytes.removeSubrange(at..<min(bytes.count, at + 30))
        }
      }
      guard let manifest = try? bytes.withBytes({ try JournalManifest(parsing: $0) }) else { continue }
      // Text that is not Unicode, and a number below 0, do not come back as they were.
      guard String(validating: bytes, as: UTF8.self) != nil, manifest.live.allSatisfy({ $0.sequence > 0 }),
        manifest.history.allSatisfy({ $0.sequence > 0 }), !manifest.text.isEmpty, manifest.text.count < 1000
      else { continue }
      let again = try parse(manifest.text)
      #expect(again.live == manifest.live && again.history == manifest.history, "\(generator) \(bytes)")
    }
  }
}
