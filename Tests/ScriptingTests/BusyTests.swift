import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// A server with a script that does not end.
struct BusyTests {
  // Nothing here waits for a time: a threshold of a millisecond is reached at some time, and then everything is answered.
  let server: ServerProcess
  let running: Client

  init() throws {
    server = try ServerProcess(.cambium, directives: ["save ''", "busy-reply-threshold 1"])
    running = try server.connect(timeoutMilliseconds: 60_000)
  }

  /// A client that was there before the script, and one that comes while it runs, once they are told that it is busy.
  private func others() throws -> [Client] {
    let early = try server.connect(timeoutMilliseconds: 60_000)
    _ = try early.command("PING")
    return [early]
  }

  private func waitUntilBusy(_ client: Client) throws {
    while true {
      let reply = try client.command("PING")
      if case .error(let text) = reply {
        #expect(text.hasPrefix("BUSY "))
        return
      }
    }
  }

  @Test func aScriptThatHasNotWrittenCanBeKilled() throws {
    let early = try #require(others().first)
    try running.sendCommand(
      ["EVAL", "while true do pcall(function() while true do end end) end", "0"].map { Array($0.utf8) })
    try waitUntilBusy(early)
    let late = try server.connect(timeoutMilliseconds: 60_000)
    try waitUntilBusy(late)
    #expect("\(try late.command("FUNCTION", "KILL"))".contains("BUSY"))
    #expect(try late.command("SCRIPT", "KILL") == .simple("OK"))
    #expect("\(try running.readReply())".contains("Script killed by user with SCRIPT KILL"))
    #expect(try running.command("PING") == .simple("PONG"))
    #expect(try early.command("PING") == .simple("PONG"))
    #expect(try late.command("PING") == .simple("PONG"))
  }

  @Test func whatIsSentBehindTheScriptIsAnsweredBehindIt() throws {
    let early = try #require(others().first)
    try running.sendCommand(["EVAL", "while true do end", "0"].map { Array($0.utf8) })
    try running.sendCommand(["ECHO", "behind"].map { Array($0.utf8) })
    try waitUntilBusy(early)
    #expect(try early.command("SCRIPT", "KILL") == .simple("OK"))
    #expect("\(try running.readReply())".contains("Script killed by user"))
    #expect(try running.readReply() == .bulk("behind"))
  }

  @Test func aScriptThatHasWrittenEndsWithTheServerAlone() throws {
    let early = try #require(others().first)
    try running.sendCommand(["EVAL", "redis.call('set', 'k', 'v') while true do end", "0"].map { Array($0.utf8) })
    try waitUntilBusy(early)
    #expect("\(try early.command("SCRIPT", "KILL"))".contains("UNKILLABLE"))
    #expect("\(try early.command("SHUTDOWN"))".contains("BUSY"))
    try early.sendCommand(["SHUTDOWN", "NOSAVE"].map { Array($0.utf8) })
    #expect(throws: (any Error).self) { try early.readReply() }
  }
}

/// A slow script that is part of what one session alone may send: the stream of a primary.
struct BusyStreamTests {
  @Test func whoIsPutOffIsAnsweredBehindTheScript() {
    let settings = Settings()
    settings.busyReplyThreshold = 1
    let harness = ScriptHarness(settings: settings)
    let engine = harness.engine
    let other = harness.open()
    var isSent = false
    engine.serveWhileBusy = { _ in
      guard !isSent else { return }
      isSent = true
      Array("PING\r\n".utf8).withBytes { engine.receive($0, from: other) }
    }
    engine.exclusive = harness.session
    // As long as it takes until somebody has been served.
    while !isSent { #expect(harness.eval("for i = 1, 1e7 do end") == "$-1\r\n") }
    engine.exclusive = nil
    #expect(engine.hasWork)
    #expect(harness.text("ECHO", "a", from: other) == "+PONG\r\n$1\r\na\r\n")
  }
}
