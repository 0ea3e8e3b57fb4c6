import Engine
import RESP
import TestSupport
import Testing

/// What users may do while they are connected.
@Suite struct AccessControlTests {
  @Test(arguments: [
    [
      "ACL SETUSER u on >p +get +set ~a*", "AUTH u wrong", "AUTH u p", "GET a1", "GET b", "SET a2 x", "DEL a2", "PING",
      "NOSUCH",
    ],
    ["ACL SETUSER u on nopass +@all -client|id ~*", "AUTH u x", "CLIENT ID", "CLIENT GETNAME", "GET", "QUIT"],
    ["ACL SETUSER u off >p", "AUTH u p", "ACL WHOAMI", "ACL SETUSER u on", "AUTH u p", "ACL WHOAMI", "AUTH u p x"],
    [
      "ACL SETUSER u on nopass -@all +acl|whoami", "AUTH u p", "ACL WHOAMI", "ACL USERS", "HELLO 3 AUTH nobody p",
      "HELLO 9 AUTH u p", "RESET", "ACL WHOAMI",
    ],
    [
      "ACL SETUSER u on nopass +@all %R~r %W~w", "AUTH u x", "SET w 1", "SET w 1 GET", "GET w", "COPY r w", "COPY w r",
      "GET r",
    ],
    [
      "ACL SETUSER u on nopass +select|0 +multi +exec", "AUTH u x", "SELECT 0", "SELECT 1", "SELECT", "MULTI",
      "SELECT 1", "EXEC",
    ],
    [
      "ACL SETUSER u on nopass +get +multi +discard ~a", "AUTH u x", "MULTI", "GET b", "SET a x", "DISCARD", "EXEC",
      "MULTI", "EXEC",
    ],
    ["ACL SETUSER u on nopass +@all -exec ~a", "AUTH u x", "MULTI", "SET a x", "EXEC", "GET a", "EXEC"],
    [
      "LPUSH l 1 2", "ACL SETUSER u on nopass (+sort ~l)", "AUTH u x", "SORT l BY v* DESC", "SORT l BY x DESC",
      "SORT l GET #",
    ],
    [
      "LPUSH l 1 2", "ACL SETUSER u on nopass (+sort ~l %R~*)", "AUTH u x", "SORT l BY v*", "SORT l GET # GET v*",
      "SORT l STORE m",
    ],
    [
      "LPUSH l 1 2", "ACL SETUSER u on nopass (+sort_ro ~l) (~*)", "AUTH u x", "SORT_RO l BY v*", "SORT_RO l GET v*",
      "SORT_RO m",
    ],
    [
      "ACL SETUSER u on nopass (+@write ~w*) (+@read ~r*)", "AUTH u x", "PING", "SET w1 x", "GET r1", "GET w1",
      "SET r1 x", "MGET r1 w1",
    ],
    [
      "ACL SETUSER default >p", "PING", "AUTH q", "ACL SETUSER default off", "PING", "RESET", "PING", "AUTH p", "GET a",
    ],
    ["ACL SETUSER default -@all", "PING", "ACL WHOAMI", "AUTH default x", "GET", "GET a", "NOSUCH", "RESET", "PING"],
    ["ACL SETUSER u on nopass +@all", "AUTH u x", "ACL DELUSER u", "PING"],
    ["ACL SETUSER u on nopass +acl", "AUTH u x", "ACL SETUSER u -acl", "ACL WHOAMI"],
    ["CLIENT KILL USER nobody", "CLIENT KILL USER default SKIPME yes"],
    [
      "ACL SETUSER u on nopass +@all &a &p*", "AUTH u x", "PUBLISH a m", "PUBLISH b m", "SPUBLISH pq m", "SPUBLISH q m",
      "PUBLISH",
    ],
    [
      "ACL SETUSER u on nopass +@all &a &p*", "AUTH u x", "MULTI", "PUBLISH b m", "EXEC", "MULTI", "SUBSCRIBE a b",
      "DISCARD",
    ],
    [
      "ACL SETUSER u on nopass +@all &a &p*", "AUTH u x", "SUBSCRIBE a b", "SUBSCRIBE a pq", "PSUBSCRIBE p1",
      "PSUBSCRIBE p*", "UNSUBSCRIBE zz",
    ],
    [
      "ACL SETUSER u on nopass +@all (&a) (&b)", "AUTH u x", "SSUBSCRIBE a b", "SSUBSCRIBE b", "SUNSUBSCRIBE c",
      "PUNSUBSCRIBE d",
    ],
  ])
  func repliesEqualThoseOfRedis(_ script: [String]) throws {
    try Transcript().isSame(script)
  }

  @Test func helloAuthenticates() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", ">p", "-@all", "+acl|whoami")
    try harness.run("ACL", "SETUSER", "default", "-@all")
    guard case .array = try harness.run("HELLO", "2", "AUTH", "u", "p") else {
      Issue.record("HELLO was refused")
      return
    }
    #expect(try harness.run("ACL", "WHOAMI") == .bulk("u"))
    #expect(
      try harness.run("PING") == .error("NOPERM this user has no permissions to run the 'ping' command"))
  }

  private func log(_ harness: EngineHarness) throws -> [[String: Reply]] {
    guard case .array(let entries) = try harness.run("ACL", "LOG") else { return [] }
    return entries.map { entry in
      guard case .array(let fields) = entry else { return [:] }
      return Dictionary(
        uniqueKeysWithValues: stride(from: 0, to: fields.count - 1, by: 2).map {
          (fields[$0].text ?? "", fields[$0 + 1])
        })
    }
  }

  private func words(_ entry: [String: Reply]) -> [String] {
    ["reason", "context", "object", "username"].map { entry[$0]?.text ?? "" }
  }

  @Test func whatIsDeniedIsLogged() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", ">p", "+get", "+multi", "+exec", "+discard", "~a*")
    let other = harness.open()
    try harness.run("aUTH", "u", "wrong", from: other)
    try harness.run("AUTH", "nobody", "p", from: other)
    try harness.run("AUTH", "u", "p", from: other)
    try harness.run("GET", "b", from: other)
    try harness.run("CLIENT", "LIST", from: other)
    try harness.run("MULTI", from: other)
    try harness.run("GET", "a1", from: other)
    try harness.run("SET", "a1", "x", from: other)
    try harness.run("DISCARD", from: other)
    var entries = try log(harness)
    #expect(
      entries.map(words) == [
        ["command", "multi", "set", "u"], ["command", "toplevel", "client|list", "u"], ["key", "toplevel", "b", "u"],
        ["auth", "toplevel", "AUTH", "nobody"], ["auth", "toplevel", "aUTH", "u"],
      ])
    #expect(entries.allSatisfy { $0["count"] == .integer(1) && $0["age-seconds"] == .bulk("0") && $0.count == 7 })
    #expect(entries.allSatisfy { $0["client-info"]?.text?.hasPrefix("id=\(other.id) addr=127.0.0.1:50000 ") == true })

    // The same again counts up and comes first, within a minute.
    harness.clock.advance(milliseconds: 2500)
    try harness.run("GET", "b", from: other)
    entries = try log(harness)
    #expect(words(entries[0]) == ["key", "toplevel", "b", "u"] && entries[0]["count"] == .integer(2))
    #expect(entries.count == 5 && entries[1]["age-seconds"] == .bulk("2.5"))
    harness.clock.advance(milliseconds: 60_001)
    try harness.run("GET", "b", from: other)
    #expect(try log(harness).count == 6)

    // No more than are to be kept.
    harness.engine.settings.acllogMaxLen = 3
    for key in 0..<5 { try harness.run("GET", "x\(key)", from: other) }
    #expect(try log(harness).compactMap { $0["object"]?.text } == ["x4", "x3", "x2"])
    #expect(try harness.run("ACL", "LOG", "2") != (try harness.run("ACL", "LOG")))
    #expect(try harness.run("ACL", "LOG", "RESET") == .simple("OK"))
    #expect(try log(harness).isEmpty)
  }

  /// Rules that change between MULTI and EXEC.
  @Test func execAsksAgain() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~a*")
    let other = harness.open()
    try harness.run("AUTH", "u", "x", from: other)
    for command in ["MULTI", "SET a1 x", "INCR a1", "GET a2", "PING"] {
      try harness.run(command.split(separator: " ").map(String.init), from: other)
    }
    try harness.run("ACL", "SETUSER", "u", "-incr", "resetkeys", "~a1")
    let prefix =
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: "
    #expect(
      try harness.run("EXEC", from: other)
        == .array([
          .simple("OK"), .error(prefix + "no permission to execute the command or subcommand"),
          .error(prefix + "no permission to touch the specified keys"), .simple("PONG"),
        ]))
    #expect(try log(harness).map(words) == [["key", "multi", "a2", "u"], ["command", "multi", "incr", "u"]])
  }

  /// One that is taken back when a command fails is so too when it is denied.
  @Test func deniedCommandTakesTransactionBack() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~a*")
    let other = harness.open()
    try harness.run("AUTH", "u", "x", from: other)
    for command in ["MULTI ROLLBACK", "SET a1 x", "INCR a2"] {
      try harness.run(command.split(separator: " ").map(String.init), from: other)
    }
    try harness.run("ACL", "SETUSER", "u", "-incr")
    guard case .error(let text) = try harness.run("EXEC", from: other) else {
      Issue.record("EXEC went through")
      return
    }
    #expect(text.hasPrefix("EXECABORT Transaction rolled back because of command 2: NOPERM"))
    #expect(try harness.run("GET", "a1") == .null)
  }

  @Test func deletedUsersAreDisconnected() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "~*")
    try harness.run("ACL", "SETUSER", "v", "on", "nopass", "+@all", "~*")
    let (one, two) = (harness.open(), harness.open())
    try harness.run("AUTH", "u", "x", from: one)
    try harness.run("AUTH", "v", "x", from: two)
    #expect(try harness.run("ACL", "DELUSER", "u", "nobody") == .integer(1))
    #expect(harness.raw(["PING"], from: one).isEmpty && one.isClosing)
    #expect(try harness.run("PING", from: two) == .simple("PONG"))
    #expect(try harness.run("ACL", "WHOAMI") == .bulk("default"))
  }

  /// Whoever is subscribed to what his user may not subscribe to any more.
  @Test func subscribersLoseTheirConnectionWithAChannel() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "&a*", "&b:*")
    let subscriptions = [
      ["SUBSCRIBE", "a1"], ["PSUBSCRIBE", "a*"], ["SSUBSCRIBE", "a2"], ["SUBSCRIBE", "b:1"], ["PSUBSCRIBE", "b:*"],
      ["PING"],
    ]
    let clients = try subscriptions.map { command in
      let client = harness.open()
      try harness.run("AUTH", "u", "x", from: client)
      try harness.run(command, from: client)
      return client
    }
    try harness.run("ACL", "SETUSER", "u", "&c")
    #expect(clients.allSatisfy { !$0.isClosing })
    try harness.run("ACL", "SETUSER", "u", "resetchannels", "&b:*")
    #expect(clients.map(\.isClosing) == [true, true, true, false, false, false])
    try harness.run("ACL", "SETUSER", "u", "allchannels")
    try harness.run("ACL", "SETUSER", "u", "resetchannels", "&b:?")
    // A channel is matched by the pattern, another pattern is not.
    #expect(clients.map(\.isClosing) == [true, true, true, false, true, false])
  }

  /// A change of rules concerns those who are logged in, both ways.
  @Test func changesAreSeenAtOnce() throws {
    let harness = EngineHarness()
    try harness.run("ACL", "SETUSER", "u", "on", "nopass", "allkeys", "allchannels", "allcommands")
    let other = harness.open()
    try harness.run("AUTH", "u", "x", from: other)
    #expect(other.attention.isEmpty)
    try harness.run("ACL", "SETUSER", "u", "-get")
    #expect(other.attention == .restricted)
    #expect(
      try harness.run("GET", "k", from: other) == .error("NOPERM this user has no permissions to run the 'get' command")
    )
    try harness.run("ACL", "SETUSER", "u", "(allkeys allchannels allcommands)")
    #expect(other.attention.isEmpty)
    #expect(try harness.run("GET", "k", from: other) == .null)
  }

  /// What may not be read or written in the present may not be in the past either.
  @Test func versionsShowNoMoreThanTheLiveDataset() throws {
    let harness = EngineHarness()
    try harness.run("MSET", "a", "1", "b", "2")
    guard case .integer(let id) = try harness.run("VERSION", "CREATE") else {
      Issue.record("no version")
      return
    }
    try harness.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "-strlen", "~a")
    let other = harness.open()
    try harness.run("AUTH", "u", "x", from: other)
    #expect(try harness.run("VERSION", "READ", "\(id)", "GET", "a", from: other) == .bulk("1"))
    let denied = Reply.error("NOPERM this user has no permissions to access one of the keys used as arguments")
    #expect(try harness.run("VERSION", "READ", "\(id)", "GET", "b", from: other) == denied)
    #expect(try harness.run("VERSION", "RESTORE", "\(id)", "a", "b", from: other) == denied)
    #expect(try harness.run("VERSION", "RESTORE", "\(id)", "a", from: other) == .integer(1))
    #expect(try harness.run("VERSION", "DIFF", "\(id)", "LIVE", "FIELDS", "b", from: other) == denied)
    #expect(
      try harness.run("VERSION", "READ", "\(id)", "STRLEN", "a", from: other)
        == .error("NOPERM this user has no permissions to run the 'strlen' command"))
    try harness.run("VERSION", "USE", "\(id)", from: other)
    #expect(try harness.run("GET", "b", from: other) == denied)
    #expect(try log(harness).compactMap { $0["object"]?.text } == ["b", "strlen"])
  }
}
