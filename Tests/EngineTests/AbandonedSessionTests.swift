import Engine
import RESP
import TestSupport
import Testing

/// A session that is ended for too much output by what its own command publishes, while it writes the reply.
struct AbandonedSessionTests {
  let harness = EngineHarness()

  init() throws {
    harness.engine.settings.outputLimits.pubsub = OutputLimits.Limit(hard: 20_000, soft: 0, softSeconds: 0)
  }

  private func subscriber(to patterns: String...) throws -> Session {
    let session = harness.open()
    try harness.run("HELLO", "3", from: session)
    _ = harness.raw(["PSUBSCRIBE"] + patterns, from: session)
    return session
  }

  private func send(_ commands: [[String]], from session: Session) {
    var request: [UInt8] = []
    for words in commands { request.command(words.map { Array($0.utf8) }) }
    _ = harness.send(request, from: session)
  }

  private let message = String(repeating: "x", count: 30_000)

  @Test func aReplyThatIsNotWanted() throws {
    let session = try subscriber(to: "ch")
    send([["PING"], ["PING"], ["CLIENT", "REPLY", "SKIP"], ["PUBLISH", "ch", message]], from: session)
    #expect(session.isClosing)
    #expect(try harness.run("PUBLISH", "ch", "1") == .integer(0))
  }

  /// A transaction that may be taken back sends its messages at its end, and none if it is.
  @Test(arguments: [true, false]) func aTransaction(isKept: Bool) throws {
    let session = try subscriber(to: "ch")
    let commands = [["SET", "k", "text"], ["PUBLISH", "ch", message], [isKept ? "STRLEN" : "INCR", "k"], ["EXEC"]]
    send([["PING"], ["PING"], ["PING"], ["PING"], ["MULTI", "ROLLBACK"]] + commands, from: session)
    #expect(session.isClosing == isKept)
    #expect(try harness.run("EXISTS", "k") == .integer(isKept ? 1 : 0))
  }

  @Test func aCommandThatWaitedInSilence() throws {
    harness.engine.settings.notifiedEvents = [.keyspace, .keyevent, .list]
    let session = try subscriber(to: "__key*", "ch")
    let (from, to) = (String(repeating: "f", count: 6000), String(repeating: "t", count: 6000))
    send([["CLIENT", "REPLY", "SKIP"], ["BLMOVE", from, to, "LEFT", "LEFT", "0"]], from: session)
    #expect(session.isWaiting)
    try harness.run("RPUSH", from, "v")
    #expect(session.isClosing)
    #expect(try harness.run("LLEN", to) == .integer(1))
  }
}
