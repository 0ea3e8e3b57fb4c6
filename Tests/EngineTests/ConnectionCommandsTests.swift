import Engine
import RESP
import TestSupport
import Testing

@Suite struct ConnectionCommandsTests {
  @Test func conversationsEqualThoseOfRedis() throws {
    let transcript = try Transcript()
    for script in [
      ["PING", "ping hello", "PING ''", "PING a b", "ECHO x", "ECHO", "ECHO a b"],
      ["AUTH", "AUTH secret", "AUTH default secret", "AUTH other secret", "AUTH a b c", "AUTH default ''"],
      ["HELLO x", "HELLO 1", "HELLO 4", "HELLO 99999999999999999999", "HELLO 2 AUTH", "HELLO 2 AUTH default"],
      ["HELLO 2 WHAT", "HELLO 3 SETNAME", "HELLO 3 AUTH other pw", "HELLO 3 WHAT EVER", "PING"],
      ["CLIENT SETNAME me", "SELECT 3", "SET k v", "RESET", "CLIENT GETNAME", "GET k", "RESET x"],
      ["QUIT", "PING"],
      ["QUIT now please", "PING"],
      ["NOSUCH", "NOSUCH a b", "CLIENT NOSUCH", "client", "CLIENT nosuch a b", "COMMAND NOSUCH", "MEMORY nosuch"],
    ] {
      try transcript.isSame(script)
    }
  }

  @Test func passwordIsAskedForAsByRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''", "requirepass secret"])
    let settings = Settings()
    settings.requirepass = Array("secret".utf8)
    for script in [
      ["PING", "GET k", "NOSUCH", "GET", "CLIENT ID", "AUTH wrong", "AUTH secret2", "AUTH ''", "PING"],
      ["AUTH secret", "PING", "AUTH wrong", "PING", "RESET", "PING", "AUTH default secret", "PING"],
      ["HELLO", "HELLO 3", "HELLO 3 AUTH default wrong", "HELLO 9 AUTH default secret", "PING"],
      ["HELLO 2 AUTH default secret SETNAME a\u{1}b", "PING", "CLIENT GETNAME"],
      ["AUTH other secret", "AUTH default secret extra", "QUIT", "PING"],
    ] {
      let request = Transcript.request(script)
      let client = try Client(port: redis.port, server: redis)
      try client.send(request)
      client.finishSending()
      let expected = try client.readToEnd()
      let actual = EngineHarness(settings: settings).send(request)
      #expect(String(decoding: actual, as: UTF8.self) == String(decoding: expected, as: UTF8.self), "\(script)")
    }
  }

  /// A client that has not authenticated may not make the server take memory for it.
  @Test func limitsWidenWithAuthentication() throws {
    let settings = Settings()
    settings.requirepass = Array("secret".utf8)
    let large = Array("*2\r\n$4\r\nECHO\r\n$20000\r\n".utf8) + [UInt8](repeating: 0x61, count: 20_000) + [13, 10]
    let stranger = EngineHarness(settings: settings)
    #expect(stranger.send(large).starts(with: Array("-ERR Protocol error: unauthenticated bulk length".utf8)))
    let friend = EngineHarness(settings: settings)
    #expect(try friend.run("AUTH", "secret") == .simple("OK"))
    #expect(friend.send(large).starts(with: Array("$20000\r\naaaa".utf8)))
  }

  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func helloIntroducesTheServer(_ version: ProtocolVersion) throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    let expected = try redis.command("HELLO", "\(version.rawValue)", "SETNAME", "me")
    let actual = try harness.run("HELLO", "\(version.rawValue)", "SETNAME", "me")
    #expect(withoutID(actual) == withoutID(expected))
    #expect(harness.session.version == version)
    #expect(try harness.run("CLIENT", "GETNAME") == .bulk("me"))
  }

  /// The reply with 0 in the place of the connection's id.
  private func withoutID(_ reply: Reply) -> Reply {
    switch reply {
    case .map(let pairs):
      return .map(pairs.map { $0.key == .bulk("id") ? ReplyPair($0.key, .integer(0)) : $0 })
    case .array(var elements):
      if let id = elements.firstIndex(of: .bulk("id")) { elements[id + 1] = .integer(0) }
      return .array(elements)
    default:
      return reply
    }
  }

  @Test func protocolStaysWhenHelloNamesNone() throws {
    let harness = EngineHarness()
    try harness.run("HELLO", "3")
    guard case .map = try harness.run("HELLO") else {
      Issue.record("HELLO without a version left RESP3")
      return
    }
    #expect(harness.session.version == .resp3)
    #expect(try harness.run("RESET") == .simple("RESET"))
    #expect(harness.session.version == .resp2)
  }

  /// Passwords of clients that came before it was set stay good for them; a password that was taken away is no longer
  /// asked for.
  @Test func changeOfPassword() throws {
    let harness = EngineHarness()
    harness.engine.setDefaultPassword(Array("new".utf8))
    let late = harness.open()
    #expect(try harness.run("PING") == .simple("PONG"))
    #expect(try harness.run("PING", from: late) == .error("NOAUTH Authentication required."))
    harness.engine.setDefaultPassword(nil)
    #expect(try harness.run("PING", from: late) == .simple("PONG"))
  }
}
