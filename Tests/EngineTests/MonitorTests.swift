import Engine
import RESP
import TestSupport
import Testing

/// MONITOR: what is shown, in which form and order, and what a connection that is shown it may do.
struct MonitorTests {
  let harness = EngineHarness()
  let monitor: Session

  init() throws {
    monitor = harness.open()
    #expect(try harness.run("MONITOR", from: monitor) == .simple("OK"))
  }

  /// The lines since the last time, without their times.
  private func lines(_ session: Session? = nil) -> [String] {
    String(decoding: harness.send([], from: session ?? monitor), as: UTF8.self).split(separator: "\r\n").map {
      $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
    }
  }

  @Test func commandsAreShownWithTimeDatabaseAndClient() throws {
    try harness.run("SET", "foo", "bar")
    let line = String(decoding: harness.send([], from: monitor), as: UTF8.self)
    #expect(line == "+1700000000.000000 [0 127.0.0.1:50000] \"SET\" \"foo\" \"bar\"\r\n")
    try harness.run("SELECT", "5")
    try harness.run("get", "k")
    #expect(lines() == ["[5 127.0.0.1:50000] \"SELECT\" \"5\"", "[5 127.0.0.1:50000] \"get\" \"k\""])
  }

  @Test func argumentsAreQuoted() throws {
    var request: [UInt8] = []
    request.command([Array("ECHO".utf8), Array("a\"b\\c\r\n\t\u{7}\u{8}~ ".utf8) + [0, 127, 255]])
    _ = harness.send(request)
    #expect(lines() == [#"[0 127.0.0.1:50000] "ECHO" "a\"b\\c\r\n\t\a\b~ \x00\x7f\xff""#])
  }

  @Test func administrationAndWhatIsRefusedAreNotShown() throws {
    for words in [["CLIENT", "LIST"], ["GET"], ["NOSUCH"], ["CLIENT", "KILL", "ID", "9999"], ["MONITOR", "x"]] {
      try harness.run(words)
    }
    #expect(lines() == [])
    try harness.run("CLIENT", "ID")
    try harness.run("LPUSH", "k", "1")
    try harness.run("GET", "k")
    #expect(
      lines().map { $0.split(separator: " ").dropFirst(2).joined(separator: " ") } == [
        "\"CLIENT\" \"ID\"", "\"LPUSH\" \"k\" \"1\"", "\"GET\" \"k\"",
      ])
  }

  @Test func secretsAreNotShown() throws {
    try harness.run("AUTH", "secret")
    try harness.run("AUTH", "me", "secret")
    try harness.run("HELLO", "2", "AUTH", "me", "secret", "SETNAME", "x")
    #expect(
      lines().map { $0.split(separator: " ").dropFirst(2).joined(separator: " ") } == [
        #""AUTH" "(redacted)""#, #""AUTH" "(redacted)" "(redacted)""#,
        #""HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "x""#,
      ])
  }

  @Test func transactionsAreShownAsTheyRun() throws {
    try harness.run("MULTI")
    try harness.run("SET", "k", "1")
    try harness.run("EXEC")
    try harness.run("MULTI")
    try harness.run("NOSUCH")
    try harness.run("EXEC")
    #expect(
      lines().map { $0.split(separator: " ").dropFirst(2).joined(separator: " ") } == [
        "\"MULTI\"", "\"SET\" \"k\" \"1\"", "\"EXEC\"", "\"MULTI\"", "\"EXEC\"",
      ])
  }

  @Test func aMonitorIsKeptFromTheKeyspaceUntilItIsReset() throws {
    let refusal = Reply.error("ERR Replica can't interact with the keyspace")
    #expect(try harness.run("GET", "k", from: monitor) == refusal)
    #expect(try harness.run("SET", "k", "1", from: monitor) == refusal)
    #expect(harness.raw(["MONITOR"], from: monitor) == [])
    let pong = String(decoding: harness.raw(["PING"], from: monitor), as: UTF8.self)
    #expect(pong.hasPrefix("+PONG\r\n+") && pong.hasSuffix("\"PING\"\r\n"))
    #expect(try harness.run("CLIENT", "LIST", "ID", "\(monitor.id)").text?.contains(" flags=O ") == true)
    #expect(try harness.run("RESET", from: monitor) == .simple("RESET"))
    #expect(try harness.run("GET", "k", from: monitor) == .null)
    try harness.run("GET", "k")
    #expect(lines() == [])
  }

  @Test func linesEqualThoseOfRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"])
    let (client, watcher) = (try redis.connect(), try redis.connect())
    try watcher.command("MONITOR")
    for words in [
      ["SET", "k", "1"], ["SET", "k", "010", "EX", "100"], ["INCRBYFLOAT", "k", "0.5"], ["GETEX", "k", "EX", "10"],
      ["AUTH", "a"], ["AUTH", "a", "b"], ["HELLO", "2", "AUTH", "a", "b"], ["HELLO", "3", "SETNAME", "me"],
      ["SPOP", "s"], ["MULTI"], ["INCR", "n"], ["DISCARD"], ["MULTI"], ["INCR", "n"], ["EXEC"], ["EXEC"],
      ["WATCH", "a"], ["UNWATCH"], ["OBJECT", "ENCODING", "k"], ["COMMAND", "COUNT"], ["CONFIG", "GET", "port"],
      ["PUBLISH", "c", "m"], ["QUIT"],
    ] {
      try client.command(words)
      try harness.run(words)
    }
    let expected = try watcher.readLines(until: "QUIT")
    let actual = lines().map { $0.split(separator: " ").dropFirst(2).joined(separator: " ") }
    #expect(actual == expected)
  }
}

extension Client {
  /// What MONITOR shows, without times and addresses, up to a command of this name.
  fileprivate func readLines(until name: String) throws -> [String] {
    var lines: [String] = []
    while lines.last?.contains(name) != true {
      let line = try readReply().text ?? ""
      lines.append(line.split(separator: " ").dropFirst(3).joined(separator: " "))
    }
    return lines
  }
}
