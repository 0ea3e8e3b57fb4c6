import Engine
import RESP
import Testing
import VersionedStore

/// How effects come to the two streams, whatever the commands.
struct EffectsTests {
  private let harness = EngineHarness()

  /// Opens the streams and gathers, line by line, what they are given.
  private final class Listener {
    private(set) var text = ""

    init(_ stream: EffectStream) {
      stream.isOpen = true
      stream.take = { [unowned self] in text += String(decoding: $0, as: UTF8.self) }
    }

    /// The commands so far, with blanks between the arguments.
    var commands: [String] {
      var commands: [String] = []
      var lines = text.split(separator: "\r\n").makeIterator()
      while let header = lines.next() {
        let count = Int(header.dropFirst()) ?? 0
        var words: [Substring] = []
        for _ in 0..<count {
          _ = lines.next()
          if let word = lines.next() { words.append(word) }
        }
        commands.append(words.joined(separator: " "))
      }
      return commands
    }
  }

  private var effects: Effects { harness.engine.effects }

  @Test func `a write is told with its database, once it has changed something`() throws {
    let replicas = Listener(effects.replicas)
    let journal = Listener(effects.journal)
    try harness.run("SET", "a", "1")
    try harness.run("GET", "a")
    try harness.run("DEL", "none")
    try harness.run("SELECT", "3")
    try harness.run("SET", "b", "2")
    try harness.run("APPEND", "b", "3")
    #expect(replicas.commands == ["SELECT 0", "SET a 1", "SELECT 3", "SET b 2", "APPEND b 3"])
    #expect(journal.commands == replicas.commands)
    #expect(effects.replicas.end == Int64(replicas.text.utf8.count))
    effects.replicas.forgetDatabase()
    try harness.run("SET", "c", "3")
    #expect(replicas.commands.suffix(2) == ["SELECT 3", "SET c 3"])
    #expect(journal.commands.suffix(1) == ["SET c 3"])
  }

  @Test func `what a transaction does stays together, and what is taken back is not told`() throws {
    let replicas = Listener(effects.replicas)
    for command in [["MULTI"], ["SET", "a", "1"], ["GET", "a"], ["SET", "b", "2"], ["EXEC"]] {
      _ = harness.raw(command)
    }
    #expect(replicas.commands == ["SELECT 0", "MULTI", "SET a 1", "SET b 2", "EXEC"])
    for command in [["MULTI"], ["SET", "a", "3"], ["EXEC"]] { _ = harness.raw(command) }
    #expect(replicas.commands.suffix(1) == ["SET a 3"])
    let before = replicas.commands
    for command in [["MULTI", "ROLLBACK"], ["SET", "a", "4"], ["LPUSH", "a", "5"], ["EXEC"]] {
      _ = harness.raw(command)
    }
    #expect(replicas.commands == before)
  }

  @Test func `replies to writers wait until their writes are safe`() throws {
    let journal = Listener(effects.journal)
    harness.engine.journalSafe = 0
    let reader = harness.open()
    #expect(harness.raw(["SET", "a", "1"]).isEmpty)
    #expect(harness.raw(["GET", "a"]).isEmpty, "what comes behind it waits too")
    #expect(harness.raw(["GET", "a"], from: reader) == Array("$1\r\n1\r\n".utf8))
    let first = effects.journal.end
    let other = harness.open()
    #expect(harness.raw(["SET", "b", "2"], from: other).isEmpty)
    harness.engine.journalBecameSafe(upTo: first)
    #expect(harness.received() == Array("+OK\r\n$1\r\n1\r\n".utf8))
    #expect(harness.received(other).isEmpty)
    harness.engine.journalBecameSafe(upTo: effects.journal.end)
    #expect(harness.received(other) == Array("+OK\r\n".utf8))
    #expect(journal.commands.count == 3)
  }

  @Test func `a long reply shows no more than a short one`() throws {
    let journal = Listener(effects.journal)
    let reader = harness.open()
    let value = String(repeating: "x", count: 300_000)
    harness.engine.journalSafe = 0
    harness.engine.holdsReaders = true
    var (write, read): ([UInt8], [UInt8]) = ([], [])
    write.command(["SET", "a", value].map { Array($0.utf8) })
    read.command(["GET", "a"].map { Array($0.utf8) })
    write.withBytes { harness.engine.receive($0, from: harness.session) }
    #expect(harness.send(read, from: reader).isEmpty)
    harness.engine.journalBecameSafe(upTo: effects.journal.end)
    #expect(harness.received(reader).count > value.utf8.count)
    #expect(journal.commands.count == 2)
  }
}
