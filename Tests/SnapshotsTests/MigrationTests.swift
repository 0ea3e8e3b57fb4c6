import Engine
import RESP
import Snapshots
import TestSupport
import Testing
import Values
import VersionedStore

/// MIGRATE against servers that a test makes up: what they answer, and when they stop to.
@Suite struct MigrationTests {
  private final class Counter {
    var value = 0
  }

  /// Answers with lines that it was given, and then fails.
  private final class ScriptedLink: MigrationLink {
    var lines: [String]
    var ending: MigrationLinkFailure
    var takesInput = true
    var sent: [UInt8] = []
    let ended: Counter

    init(_ lines: [String], ending: MigrationLinkFailure, ended: Counter) {
      (self.lines, self.ending, self.ended) = (lines, ending, ended)
    }

    deinit { ended.value += 1 }

    func send(_ bytes: Bytes, timeoutMilliseconds: Int64) throws(MigrationLinkFailure) {
      guard takesInput else { throw ending }
      sent += Array(bytes)
    }

    func readLine(timeoutMilliseconds: Int64) throws(MigrationLinkFailure) -> [UInt8] {
      if lines.isEmpty { throw ending }
      return Array(lines.removeFirst().utf8)
    }
  }

  private final class Harness: SessionTransport {
    let engine: Engine
    let migrations = SnapshotMigrations()
    private var session: Session!
    private var output: [UInt8] = []
    var now: Int64 = 1_700_000_000_000
    /// What each connection answers, the next first, and whether it takes anything.
    var scripts: [[String]] = []
    var ending = MigrationLinkFailure.closed
    var takesInput = true
    var targets: [String] = []
    var links: [ScriptedLink] = []
    let ended = Counter()

    init() {
      let settings = Settings()
      let keyspace = Keyspace(
        settings: settings, history: History(live: Dataset(databases: settings.databases, lineage: Lineage.next())))
      engine = Engine(
        settings: settings, keyspace: keyspace,
        commands: CommandTable(StandardCommands.families + [[migrations.command]]))
      engine.transport = self
      migrations.attach(to: engine)
      migrations.connect = { [unowned self] host, port, _ in
        targets.append("\(String(decoding: host, as: UTF8.self)):\(port)")
        guard !scripts.isEmpty else { return nil }
        let link = ScriptedLink(scripts.removeFirst(), ending: ending, ended: ended)
        link.takesInput = takesInput
        links.append(link)
        return link
      }
      let peer = PeerAddress(
        remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isUnixSocket: false, isLoopback: true, fileDescriptor: 8)
      session = engine.open(peer, now: now)
    }

    @discardableResult
    func run(_ line: String) throws -> Reply? {
      var request: [UInt8] = []
      request.command(line.split(separator: " ").map { $0 == "''" ? [] : Array($0.utf8) })
      output = []
      request.withBytes { engine.receive($0, from: session) }
      engine.tick(nowMicroseconds: now * 1000)
      var parser = ReplyParser()
      let answer = output
      unsafe parser.append(answer.span.bytes)
      return try parser.next()
    }

    var kept: Int { engine.keptMigrationLinks() }

    /// The words of all that a connection was sent but the payloads.
    func words(_ link: Int) -> [[String]] {
      var words: [[String]] = []
      var rest = links[link].sent[...]
      func number() -> Int {
        let end = rest.firstIndex(of: 13) ?? rest.endIndex
        defer { rest = rest[(end + 2)...] }
        return Int(String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)) ?? 0
      }
      while !rest.isEmpty {
        words.append(
          (0..<number()).map { _ in
            let count = number()
            defer { rest = rest.dropFirst(count + 2) }
            return String(decoding: rest.prefix(count), as: UTF8.self)
          })
        if words[words.count - 1][0] == "RESTORE" { words[words.count - 1].remove(at: 3) }
      }
      return words
    }

    func send(_ bytes: Bytes, to session: Session) { output += Array(bytes) }
    func close(_ session: Session, afterOutput: Bool) { engine.peerClosed(session) }
    func wake() {}
  }

  private static let reading = Reply.error("IOERR error or timeout reading to target instance")
  private static let writing = Reply.error("IOERR error or timeout writing to target instance")

  @Test func theOtherServerIsSentWhatItNeeds() throws {
    let harness = Harness()
    harness.scripts = [Array(repeating: "+OK", count: 100)]
    for key in ["a", "b", "c", "d", "e"] { try harness.run("SET \(key) v") }
    try harness.run("PEXPIRE a 1500")
    #expect(try harness.run("MIGRATE h 7 a 9 1000") == .simple("OK"))
    #expect(try harness.run("MIGRATE h 7 b 9 1000 REPLACE") == .simple("OK"))
    #expect(try harness.run("MIGRATE h 7 '' 3 1000 copy AUTH p KEYS none c d") == .simple("OK"))
    #expect(try harness.run("MIGRATE h 7 c 3 1000 AUTH2 u p") == .simple("OK"))
    #expect(harness.targets == ["h:7"])
    #expect(
      harness.words(0) == [
        ["SELECT", "9"], ["RESTORE", "a", "1500"], ["RESTORE", "b", "0", "REPLACE"], ["AUTH", "p"], ["SELECT", "3"],
        ["RESTORE", "c", "0"], ["RESTORE", "d", "0"], ["AUTH", "u", "p"], ["RESTORE", "c", "0"],
      ])
    #expect(try harness.run("EXISTS a b c") == .integer(0))
    #expect(try harness.run("EXISTS d e") == .integer(2))
    #expect(try harness.run("MIGRATE h 7 a 9 1000") == .simple("NOKEY"))
  }

  /// Of three keys those are deleted that were confirmed before the connection ended, wherever it does.
  @Test(arguments: [MigrationLinkFailure.closed, .timedOut], 0..<5)
  func keysThatAreNotConfirmedStay(_ ending: MigrationLinkFailure, answers: Int) throws {
    let harness = Harness()
    harness.ending = ending
    // A second attempt is made where nothing was confirmed, and fares no better.
    harness.scripts = [Array(repeating: "+OK", count: answers), []]
    for key in ["a", "b", "c"] { try harness.run("SET \(key) v") }
    let reply = try harness.run("MIGRATE h 7 '' 9 1000 KEYS a b c")
    let confirmed = max(0, answers - 1)
    #expect(reply == (confirmed == 3 ? .simple("OK") : Self.reading))
    #expect(try harness.run("DBSIZE") == .integer(3 - confirmed))
    #expect(try harness.run("EXISTS a b c") == .integer(3 - confirmed))
    #expect(harness.targets.count == (confirmed == 0 && ending == .closed ? 2 : 1))
    #expect(harness.kept == (confirmed == 3 ? 1 : 0))
  }

  @Test(arguments: [MigrationLinkFailure.closed, .timedOut])
  func whatCannotBeSentStays(_ ending: MigrationLinkFailure) throws {
    let harness = Harness()
    (harness.ending, harness.takesInput) = (ending, false)
    harness.scripts = [["+OK", "+OK"], ["+OK", "+OK"]]
    try harness.run("SET a v")
    #expect(try harness.run("MIGRATE h 7 a 9 1000") == Self.writing)
    #expect(try harness.run("GET a") == .bulk(Array("v".utf8)))
    #expect(harness.targets.count == (ending == .closed ? 2 : 1))
    #expect(harness.kept == 0)
  }

  /// Only `+OK` is a confirmation: what listens there may be no such server at all.
  @Test(arguments: [
    "HTTP/1.1 400 Bad Request", "", ":1", "$2", "*0", "+QUEUED", "+OK OK", "+ok", "OK", "-", "+", "-ERR no", "_",
    "\u{0}",
  ])
  func otherAnswersConfirmNothing(_ answer: String) throws {
    for place in 0..<3 {
      let harness = Harness()
      var script = ["+OK", "+OK", "+OK"]
      script[place] = answer
      harness.scripts = [script, []]
      try harness.run("SET a v")
      let reply = try harness.run("MIGRATE h 7 a 9 1000 AUTH p")
      guard case .error(let text)? = reply else {
        Issue.record("\(answer): \(String(describing: reply))")
        continue
      }
      let isAnswer = answer.hasPrefix("+") || answer.hasPrefix("-")
      let expected = isAnswer ? "ERR Target instance replied with error: " : "IOERR error or timeout reading"
      #expect(text.hasPrefix(expected), "\(text)")
      #expect(try harness.run("GET a") == .bulk(Array("v".utf8)), "\(answer)")
    }
  }

  @Test func aConnectionThatWasClosedMeanwhileIsMadeAnew() throws {
    let harness = Harness()
    harness.scripts = [["+OK", "+OK"], ["+OK", "+OK"]]
    try harness.run("SET a v")
    try harness.run("SET b v")
    #expect(try harness.run("MIGRATE h 7 a 9 1000") == .simple("OK"))
    #expect(try harness.run("MIGRATE h 7 b 9 1000") == .simple("OK"))
    #expect(harness.targets == ["h:7", "h:7"])
    #expect(harness.words(1) == [["SELECT", "9"], ["RESTORE", "b", "0"]])
    #expect(harness.kept == 1)
  }

  /// Behind a refusal the database is selected again, since nobody knows which it is.
  @Test func whatIsRefusedStaysAndTheRestGoes() throws {
    let harness = Harness()
    harness.scripts = [["+OK", "+OK", "-BUSYKEY there", "-ERR other", "+OK", "+OK", "+OK"]]
    for key in ["a", "b", "c", "d"] { try harness.run("SET \(key) v") }
    let refusal = Reply.error("ERR Target instance replied with error: BUSYKEY there")
    #expect(try harness.run("MIGRATE h 7 '' 9 1000 KEYS a b c d") == refusal)
    #expect(try harness.run("EXISTS b c") == .integer(2))
    #expect(try harness.run("DBSIZE") == .integer(2))
    #expect(try harness.run("MIGRATE h 7 b 9 1000") == .simple("OK"))
    #expect(harness.words(0).suffix(2) == [["SELECT", "9"], ["RESTORE", "b", "0"]])
    #expect(harness.targets == ["h:7"])
  }

  @Test func connectionsAreKeptForAWhile() throws {
    let harness = Harness()
    let count = 70
    harness.scripts = Array(repeating: ["+OK", "+OK"], count: count)
    try harness.run("SET a v")
    for number in 0..<count { #expect(try harness.run("MIGRATE h \(number) a 9 1000 COPY") == .simple("OK")) }
    #expect(harness.kept == 64)
    #expect(harness.targets.count == count)
    harness.links = []
    #expect(harness.ended.value == count - 64)
    harness.now += 10_000
    harness.engine.cron(nowMicroseconds: harness.now * 1000)
    #expect(harness.kept == 64)
    harness.now += 2000
    harness.engine.cron(nowMicroseconds: harness.now * 1000)
    #expect(harness.kept == 0)
    #expect(harness.ended.value == count)
    harness.scripts = []
    #expect(
      try harness.run("MIGRATE h 1 a 9 1000") == .error("IOERR error or timeout connecting to the client"))
  }
}
