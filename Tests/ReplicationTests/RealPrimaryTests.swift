import RESP
import Replication
import TestSupport
import Testing
import VersionedStore

/// A scripted link whose primary is at the other end of a socket.
struct ConnectedLink {
  var script: ScriptedLink
  private let port: Int
  private var socket: Client
  /// How many of the script's actions have reached the socket.
  private var performedCount = 0

  init(_ server: ServerProcess, _ script: ScriptedLink) throws {
    self.script = script
    port = server.port
    socket = try Client(port: port, timeoutMilliseconds: 50)
    self.script.start()
    self.script.connect()
  }

  /// Breaks the connection, and opens another when the link wants one.
  mutating func reconnect() throws {
    script.close()
    script.pass(milliseconds: 2000)
    socket = try Client(port: port, timeoutMilliseconds: 50)
    script.connect()
  }

  /// Moves bytes between link and socket until the condition holds.
  mutating func run(until condition: (ScriptedLink) -> Bool) throws {
    for _ in 0..<200 {
      try perform()
      if condition(script) { return }
      do {
        script.receive(try socket.readRaw())
      } catch ClientError.timedOut {
        script.pass(milliseconds: 50)
      }
    }
    Issue.record("the link does not get there: \(script.link.state), \(script.log)")
  }

  mutating func perform() throws {
    while performedCount < script.actions.count {
      switch script.actions[performedCount] {
      case .send(let bytes): try socket.send(bytes)
      case .commit: script.commit()
      default: break
      }
      performedCount += 1
    }
  }
}

/// The link on a socket, with a real redis-server at the other end.
@Suite struct RealPrimaryTests {
  @Test(arguments: ["yes", "no"]) func fullSyncThenStreamThenPartialResync(diskless: String) throws {
    let server = try ServerProcess(
      .redis,
      directives: [
        "repl-diskless-sync \(diskless)", "repl-diskless-sync-delay 0", "requirepass secret",
        "enable-debug-command yes",
      ])
    let client = try server.connect()
    try client.command("AUTH", "secret")
    try client.command("DEBUG", "POPULATE", "1000", "key", "100")
    try client.command("SELECT", "5")
    try client.command("SET", "five", "5")

    var primary = try ConnectedLink(server, ScriptedLink { $0.password = Array("secret".utf8) })
    try primary.run { $0.link.state == .streaming }
    #expect(primary.script.live.count == 1001)
    #expect(primary.script.live["5 five"] == "5")
    #expect(primary.script.live["0 key:7"]?.hasPrefix("value:7") == true)
    #expect(primary.script.link.progress.announcedKeyCount == 1001)

    let set = "*3\r\n$3\r\nSET\r\n$4\r\nnext\r\n$1\r\n1\r\n"
    try client.command("SET", "next", "1")
    try primary.run { String(decoding: $0.executed, as: UTF8.self).contains(set) }
    try waitForAcknowledgement(client, &primary)

    // The primary goes on while the connection is broken, and the link goes on where it was.
    try client.command("SET", "meanwhile", "1")
    try primary.reconnect()
    try primary.run { String(decoding: $0.executed, as: UTF8.self).contains("meanwhile") }
    #expect(primary.script.actions.count { $0 == .beginStaging } == 1)
    try waitForAcknowledgement(client, &primary)
  }

  /// WAIT makes the primary ask for an acknowledgement, and answers once it has it.
  private func waitForAcknowledgement(_ client: Client, _ primary: inout ConnectedLink) throws {
    try client.sendCommand(["WAIT", "1", "5000"].map { Array($0.utf8) })
    let before = try #require(primary.script.link.receivedOffset)
    try primary.run { $0.link.receivedOffset.map { $0 > before } == true }
    let received = try #require(primary.script.link.receivedOffset)
    primary.script.link.applied(upTo: received, at: primary.script.now)
    primary.script.perform()
    try primary.perform()
    #expect(try client.readReply() == .integer(1))
  }

  @Test func probeOfARealServer() throws {
    let server = try ServerProcess(.redis)
    let client = try server.connect()
    try client.command("SET", "a", "1")
    var probe = try ConnectedLink(server, ScriptedLink { $0.purpose = .probe })
    try probe.run { !$0.reports.isEmpty }
    guard case .reached(let findings) = probe.script.reports.first else {
      Issue.record("\(probe.script.reports)")
      return
    }
    #expect(findings.version == "7.0.15")
    #expect(findings.role == "master")
    #expect(findings.keyCount == 1)
    #expect(findings.obstacle == nil)

    var own = try ConnectedLink(server, ScriptedLink { $0.runID = findings.runID ?? "" })
    try own.run { $0.isClosed }
    #expect(own.script.link.lastError == .isSelf)
  }

  @Test func whatIsNotTakenIsNamed() throws {
    let server = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0"])
    try server.connect().command("RPUSH", "queue", "job")
    var primary = try ConnectedLink(server, ScriptedLink())
    try primary.run { $0.isClosed }
    let script = primary.script
    #expect(script.log.last?.contains("the list has invalid content") == true)
    #expect(script.log.last?.contains(#"key "queue""#) == true)
    #expect(script.live == ["0 old": "kept"])
  }
}
