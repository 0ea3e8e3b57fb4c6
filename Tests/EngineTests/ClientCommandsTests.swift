import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct ClientCommandsTests {
  @Test func conversationsEqualThoseOfRedis() throws {
    let transcript = try Transcript()
    for script in [
      ["CLIENT GETNAME", "CLIENT SETNAME me", "CLIENT GETNAME", "CLIENT SETNAME ''", "CLIENT GETNAME"],
      [
        "CLIENT SETNAME a\u{7F}", "CLIENT SETNAME \u{E4}", "CLIENT SETNAME ok", "CLIENT SETNAME a\nb", "CLIENT GETNAME",
      ],
      ["CLIENT NO-EVICT on", "CLIENT NO-EVICT OFF", "CLIENT NO-EVICT maybe", "CLIENT NO-EVICT"],
      ["CLIENT LIST what", "CLIENT LIST TYPE what", "CLIENT LIST TYPE", "CLIENT LIST ID", "CLIENT LIST ID x"],
      ["CLIENT LIST ID 1000000", "CLIENT LIST ID 1000000 y", "CLIENT LIST TYPE pubsub", "CLIENT LIST TYPE replica"],
      ["CLIENT KILL", "CLIENT KILL 1.2.3.4:5", "CLIENT KILL ID 0", "CLIENT KILL ID x", "CLIENT KILL ID 1000000"],
      ["CLIENT KILL TYPE what", "CLIENT KILL TYPE slave", "CLIENT KILL TYPE MASTER", "CLIENT KILL USER nobody"],
      ["CLIENT KILL ADDR 1.2.3.4:5", "CLIENT KILL LADDR 1.2.3.4:5 SKIPME no", "CLIENT KILL SKIPME what"],
      ["CLIENT KILL ADDR a LADDR", "CLIENT KILL WHAT ever", "CLIENT KILL ID 1000000 TYPE normal USER default"],
      ["CLIENT KILL TYPE normal", "PING", "CLIENT KILL USER default SKIPME no", "PING"],
      ["CLIENT REPLY", "CLIENT REPLY what", "CLIENT ID x", "CLIENT INFO x"],
      ["HELLO 3 WHAT", "CLIENT LIST ID 1000000", "CLIENT GETNAME"],
    ] {
      try transcript.isSame(script)
    }
  }

  @Test func silenceEqualsThatOfRedis() throws {
    let transcript = try Transcript()
    for script in [
      ["ECHO a", "CLIENT REPLY OFF", "ECHO b", "SET k v", "NOSUCH", "CLIENT REPLY ON", "GET k"],
      ["CLIENT REPLY SKIP", "ECHO a", "ECHO b"],
      ["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "ECHO a", "ECHO b"],
      ["CLIENT REPLY SKIP", "CLIENT REPLY ON", "ECHO a"],
      ["CLIENT REPLY SKIP", "CLIENT REPLY OFF", "ECHO a", "CLIENT REPLY SKIP", "ECHO b", "CLIENT REPLY ON", "ECHO c"],
      ["CLIENT REPLY SKIP", "NOSUCH", "ECHO a"],
      ["CLIENT REPLY SKIP", "CLIENT REPLY what", "ECHO a"],
      ["CLIENT REPLY SKIP", "ECHO", "ECHO a"],
      ["CLIENT REPLY OFF", "ECHO a", "RESET", "ECHO b"],
      ["CLIENT REPLY OFF", "QUIT", "ECHO b"],
      ["CLIENT REPLY OFF", "CLIENT REPLY ON", "CLIENT REPLY ON"],
    ] {
      try transcript.isSame(script)
    }
  }

  /// The line has the fields of Redis in its order, and equal values where both can know them.
  @Test func lineEqualsThatOfRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    for words in [["CLIENT", "INFO"], ["CLIENT", "LIST"]] {
      for setup in [["CLIENT", "SETNAME", "me"], ["SELECT", "5"], ["CLIENT", "NO-EVICT", "on"]] {
        try redis.command(setup)
        try harness.run(setup)
      }
      let expected = fields(try redis.command(words))
      let actual = fields(try harness.run(words))
      #expect(actual.map(\.name) == expected.map(\.name))
      let own: Set = [
        "id", "addr", "laddr", "fd", "qbuf-free", "argv-mem", "rbs", "rbp", "tot-mem",
      ]
      for (a, b) in zip(actual, expected) where !own.contains(a.name) { #expect(a.value == b.value, "\(a.name)") }
    }
  }

  private func fields(_ reply: Reply) -> [(name: String, value: String)] {
    (reply.text ?? "").split(whereSeparator: \.isWhitespace).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  @Test func libraryIsShownOnceItIsTold() throws {
    let harness = EngineHarness()
    #expect(try harness.run("CLIENT", "SETINFO", "LIB-NAME", "lettuce") == .simple("OK"))
    #expect(try harness.run("CLIENT", "SETINFO", "lib-ver", "6.1") == .simple("OK"))
    #expect(try harness.run("CLIENT", "INFO").text?.hasSuffix(" resp=2 lib-name=lettuce lib-ver=6.1\n") == true)
    #expect(
      try harness.run("CLIENT", "SETINFO", "lib-name", "a b")
        == .error("ERR lib-name cannot contain spaces, newlines or special characters."))
    #expect(try harness.run("CLIENT", "SETINFO", "what", "x") == .error("ERR Unrecognized option 'what'"))
  }

  @Test func listShowsTheOldestFirst() throws {
    let harness = EngineHarness()
    let others = (0..<20).map { _ in harness.open() }
    let ids = fields(try harness.run("CLIENT", "LIST")).filter { $0.name == "id" }.compactMap { Int($0.value) }
    #expect(ids == [harness.session.id] + others.map(\.id))
    let some = fields(try harness.run("CLIENT", "LIST", "ID", "\(others[3].id)", "\(others[1].id)", "0"))
    #expect(some.filter { $0.name == "id" }.compactMap { Int($0.value) } == [others[3].id, others[1].id])
  }

  @Test func killEndsOthersAndSparesTheAsker() throws {
    let harness = EngineHarness()
    let victim = harness.open()
    let other = harness.open()
    #expect(try harness.run("CLIENT", "KILL", "ID", "\(victim.id)") == .integer(1))
    #expect(victim.isClosing && !other.isClosing)
    #expect(try harness.run("CLIENT", "KILL", "ID", "\(victim.id)") == .integer(0))
    #expect(try harness.run("CLIENT", "KILL", "TYPE", "normal") == .integer(1))
    #expect(other.isClosing && !harness.session.isClosing)
  }

  /// The reply is still sent when a client ends itself; what it sent behind is not executed.
  @Test func killOfOneself() throws {
    let harness = EngineHarness()
    let script = ["CLIENT KILL ID \(harness.session.id) SKIPME no", "SET k v"]
    #expect(harness.send(Transcript.request(script)) == Array(":1\r\n".utf8))
    #expect(harness.engine.sessions.isEmpty)
    #expect(harness.engine.keyspace.live.keyCount(0) == 0)
  }

  /// A session that is ended while its commands wait in the same tick does not execute them.
  @Test func killWithinATick() throws {
    let harness = EngineHarness()
    let victim = harness.open()
    let kill = Transcript.request(["CLIENT KILL ID \(victim.id)"])
    let write = Transcript.request(["SET k v"])
    kill.withBytes { harness.engine.receive($0, from: harness.session) }
    write.withBytes { harness.engine.receive($0, from: victim) }
    #expect(harness.send([]) == Array(":1\r\n".utf8))
    #expect(harness.engine.keyspace.live.keyCount(0) == 0)
  }

  @Test func noTouchLeavesTheAccessClock() throws {
    let harness = EngineHarness()
    try harness.run("SET", "k", "v")
    harness.clock.advance(milliseconds: 100_000)
    #expect(try harness.run("CLIENT", "NO-TOUCH", "on") == .simple("OK"))
    try harness.run("GET", "k")
    #expect(try harness.run("OBJECT", "IDLETIME", "k") == .integer(100))
    #expect(try harness.run("CLIENT", "INFO").text?.contains(" flags=T ") == true)
    #expect(try harness.run("CLIENT", "NO-TOUCH", "off") == .simple("OK"))
    try harness.run("GET", "k")
    #expect(try harness.run("OBJECT", "IDLETIME", "k") == .integer(0))
    #expect(try harness.run("CLIENT", "NO-TOUCH", "what") == .error("ERR syntax error"))
  }

  @Test func helpIsAListOfStatuses() throws {
    for container in ["CLIENT", "COMMAND", "MEMORY", "DEBUG"] {
      let settings = Settings()
      settings.enableDebugCommand = .yes
      guard case .array(let lines) = try EngineHarness(settings: settings).run(container, "help") else {
        Issue.record("\(container) HELP is no array")
        continue
      }
      #expect(lines.first == .simple("\(container) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"))
      #expect(lines.suffix(2) == [.simple("HELP"), .simple("    Prints this help.")])
      #expect(lines.count > 6)
    }
  }
}
