import Engine
import RESP
import TestSupport
import Testing

/// CLIENT TRACKING and its like: who is told of which changes, and where that stands among the replies.
struct TrackingTests {
  let harness = EngineHarness()
  /// Changes what others read.
  let writer: Session

  init() { writer = harness.open() }

  /// Everything that the engine sends to a session, as replies and pushes in their order.
  private func replies(_ words: [String], from session: Session? = nil) throws -> [Reply] {
    try parse(harness.raw(words, from: session))
  }

  private func parse(_ bytes: [UInt8]) throws -> [Reply] {
    var parser = ReplyParser()
    unsafe parser.append(bytes.span.bytes)
    var found: [Reply] = []
    while let reply = try parser.next() { found.append(reply) }
    return found
  }

  /// What has come in for a session since it was last asked.
  private func news(_ session: Session? = nil) throws -> [Reply] { try parse(harness.send([], from: session)) }

  private func invalidation(_ keys: String...) -> Reply {
    .push([bulk("invalidate"), .array(keys.map { bulk($0) })])
  }

  private func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }

  private func track(_ options: String..., from session: Session? = nil) throws {
    try harness.run("HELLO", "3", from: session)
    #expect(try harness.run(["CLIENT", "TRACKING", "on"] + options, from: session) == .simple("OK"))
  }

  @Test func whoHasReadAKeyIsToldOnceWhenItChanges() throws {
    try track()
    try harness.run("GET", "k")
    try harness.run("GET", "other")
    try harness.run("SET", "k", "1", from: writer)
    try harness.run("SET", "k", "2", from: writer)
    try harness.run("SET", "unread", "2", from: writer)
    #expect(try news() == [invalidation("k")])
    try harness.run("MGET", "k", "l")
    try harness.run("MSET", "l", "1", "k", "1", from: writer)
    #expect(try news() == [invalidation("l"), invalidation("k")])
  }

  @Test func ownChangesAreToldBehindTheReply() throws {
    try track()
    try harness.run("GET", "k")
    #expect(try replies(["SET", "k", "1"]) == [.simple("OK"), invalidation("k")])
    #expect(try replies(["SET", "k", "1"]) == [.simple("OK")])
    try harness.run("MULTI")
    try harness.run("GET", "k")
    try harness.run("INCR", "k")
    try harness.run("GET", "k")
    #expect(try replies(["EXEC"]) == [.array([bulk("1"), .integer(2), bulk("2")]), invalidation("k")])
  }

  @Test func ownChangesAreNotToldWithNoLoop() throws {
    try track("NOLOOP")
    try harness.run("MGET", "k", "l")
    #expect(try replies(["SET", "k", "1"]) == [.simple("OK")])
    try harness.run("SET", "l", "1", from: writer)
    #expect(try news() == [invalidation("l")])
  }

  @Test func expiredKeysAreToldBehindTheReplyThatFindsThem() throws {
    try track()
    try harness.run("MSET", "x", "1", "y", "2")
    try harness.run("PEXPIRE", "y", "100")
    try harness.run("GET", "y")
    try harness.run("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    harness.clock.advance(milliseconds: 200)
    #expect(try replies(["MGET", "x", "y"]) == [.array([bulk("1"), .null]), invalidation("y")])
  }

  @Test func activeExpiryIsTold() throws {
    try track()
    try harness.run("SET", "k", "1", "PX", "10", from: writer)
    try harness.run("GET", "k")
    harness.clock.advance(milliseconds: 100)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try news() == [invalidation("k")])
  }

  @Test(arguments: [["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", "0", "1"], ["FLUSHALL", "ASYNC"]])
  func wholeDatabasesAreToldAsNothing(_ command: [String]) throws {
    try track()
    try harness.run("SET", "k", "1", from: writer)
    try harness.run("GET", "k")
    try harness.run(command, from: writer)
    #expect(try news() == [.push([bulk("invalidate"), .null])])
    #expect(try harness.info("tracking_total_keys") == "0")
    #expect(try replies(command) == [.simple("OK"), .push([bulk("invalidate"), .null])])
  }

  @Test func rollbackInvalidatesAll() throws {
    try track()
    try harness.run("VERSION", "CREATE", "v")
    try harness.run("SET", "k", "1", from: writer)
    try harness.run("GET", "k")
    try harness.run("VERSION", "ROLLBACK", "v", from: writer)
    #expect(try news() == [.push([bulk("invalidate"), .null])])
  }

  @Test func aTransactionThatIsTakenBackInvalidatesNothing() throws {
    try track()
    try harness.run("SET", "k", "1", from: writer)
    try harness.run("GET", "k")
    try harness.run("MULTI", "ROLLBACK", from: writer)
    try harness.run("SET", "k", "2", from: writer)
    try harness.run("LPUSH", "k", "2", from: writer)
    try harness.run("EXEC", from: writer)
    #expect(try news() == [])
    try harness.run("MULTI", "ROLLBACK", from: writer)
    try harness.run("SET", "k", "2", from: writer)
    try harness.run("EXEC", from: writer)
    #expect(try news() == [invalidation("k")])
  }

  @Test func optInAndOptOutGoByCaching() throws {
    try track("OPTIN")
    try harness.run("GET", "a")
    #expect(try harness.run("CLIENT", "CACHING", "yes") == .simple("OK"))
    try harness.run("GET", "b")
    try harness.run("GET", "c")
    try harness.run("MSET", "a", "1", "b", "1", "c", "1", from: writer)
    #expect(try news() == [invalidation("b")])
    // For a transaction it holds as a whole.
    try harness.run("CLIENT", "CACHING", "yes")
    try harness.run("MULTI")
    try harness.run("GET", "a")
    try harness.run("GET", "b")
    try harness.run("EXEC")
    try harness.run("GET", "c")
    try harness.run("MSET", "a", "1", "b", "1", "c", "1", from: writer)
    #expect(try news() == [invalidation("a"), invalidation("b")])

    let other = harness.open()
    try track("OPTOUT", from: other)
    try harness.run("CLIENT", "CACHING", "no", from: other)
    try harness.run("GET", "a", from: other)
    try harness.run("GET", "b", from: other)
    try harness.run("MSET", "a", "1", "b", "1", from: writer)
    #expect(try news(other) == [invalidation("b")])
  }

  @Test func cachingIsForgottenByWhateverComesNext() throws {
    try track("OPTIN")
    for command in [["PING"], ["NOSUCH"], ["GET"], ["GET", "x"]] {
      try harness.run("CLIENT", "CACHING", "yes")
      _ = try harness.run(command)
      try harness.run("GET", "k")
      try harness.run("SET", "k", "1", from: writer)
      #expect(try news() == [], "\(command)")
    }
    try harness.run("CLIENT", "CACHING", "yes")
    try harness.run("CLIENT", "ID")
    try harness.run("GET", "k")
    try harness.run("SET", "k", "1", from: writer)
    #expect(try news() == [invalidation("k")])
  }

  @Test func broadcastsGatherWhatATickChanges() throws {
    try track("BCAST", "PREFIX", "a:", "PREFIX", "b:")
    var request: [UInt8] = []
    for key in ["a:2", "c:1", "b:1", "a:1", "a:2", "a"] { request.command([Array("SET".utf8), Array(key.utf8), [49]]) }
    _ = harness.send(request, from: writer)
    #expect(try news() == [invalidation("a:1", "a:2"), invalidation("b:1")])
    #expect(try harness.info("tracking_total_prefixes") == "2")
    // What it changes itself is told behind all replies.
    #expect(try replies(["SET", "a:1", "1"]) == [.simple("OK"), invalidation("a:1")])
    #expect(try harness.run("CLIENT", "TRACKING", "off") == .simple("OK"))
    try harness.run("SET", "a:1", "1", from: writer)
    #expect(try news() == [])
    #expect(try harness.info("tracking_total_prefixes") == "0")
  }

  @Test func broadcastsToOneselfAreLeftOutWithNoLoop() throws {
    try track("BCAST", "NOLOOP")
    #expect(try replies(["SET", "a", "1"]) == [.simple("OK")])
    try harness.run("SET", "b", "1", from: writer)
    #expect(try news() == [invalidation("b")])
    // What expires is nobody's doing.
    try harness.run("SET", "a", "1", "PX", "10")
    #expect(try news() == [])
    harness.clock.advance(milliseconds: 100)
    let found = try replies(["GET", "a"])
    #expect(found == [.null, invalidation("a")], "\(found)")
  }

  @Test func messagesGoToAnotherSession() throws {
    let target = harness.open()
    let id = "\(target.id)"
    try track("REDIRECT", id)
    try harness.run("SUBSCRIBE", "any", from: target)
    try harness.run("GET", "k")
    try harness.run("SET", "k", "1", from: writer)
    #expect(try news() == [])
    #expect(
      try news(target) == [.array([bulk("message"), bulk("__redis__:invalidate"), .array([bulk("k")])])])
    try harness.run("FLUSHALL", from: writer)
    #expect(
      try harness.send([], from: target) == Array("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n_\r\n".utf8))
    try harness.run("UNSUBSCRIBE", from: target)
    // In RESP2 nobody is told who does not wait for messages.
    try harness.run("GET", "k")
    try harness.run("SET", "k", "1", from: writer)
    #expect(try news(target) == [])
    try harness.run("HELLO", "3", from: target)
    try harness.run("GET", "k")
    try harness.run("SET", "k", "1", from: writer)
    #expect(try news(target) == [invalidation("k")])
    #expect(try harness.run("CLIENT", "GETREDIR") == .integer(target.id))
  }

  @Test func aLostTargetIsTold() throws {
    let target = harness.open()
    try track("REDIRECT", "\(target.id)")
    try harness.run("GET", "k")
    try harness.run("QUIT", from: target)
    try harness.run("SET", "k", "1", from: writer)
    #expect(try news() == [.push([bulk("tracking-redir-broken"), .integer(target.id)])])
    guard case .map(let pairs) = try harness.run("CLIENT", "TRACKINGINFO") else { return #expect(Bool(false)) }
    #expect(pairs.first?.value == .set([bulk("on"), bulk("broken_redirect")]))
    #expect(
      try harness.run("CLIENT", "TRACKING", "on", "REDIRECT", "\(target.id)")
        == .error("ERR The client ID you want redirect to does not exist"))
  }

  @Test func repliesThatAreTurnedOffLeaveMessagesAlone() throws {
    try track()
    try harness.run("GET", "k")
    _ = harness.raw(["CLIENT", "REPLY", "OFF"])
    try harness.run("SET", "k", "1", from: writer)
    #expect(try news() == [invalidation("k")])
    _ = harness.raw(["GET", "k"])
    #expect(try replies(["SET", "k", "2"]) == [invalidation("k")])
  }

  @Test func theTableKeepsToItsSize() throws {
    try track()
    for number in 0..<250 { try harness.run("GET", "key\(number)") }
    #expect(try harness.info("tracking_total_keys") == "250")
    harness.engine.settings.trackingTableMaxKeys = 1
    // Hundred at first, then two hundred.
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try news().count == 100)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(try news().count == 149)
    #expect(try harness.info("tracking_total_keys") == "1")
    #expect(try harness.info("tracking_total_items") == "1")
  }

  @Test func whatTheTableGivesUpIsToldBeforeTheReply() throws {
    try track()
    try harness.run("MGET", "a", "b")
    try harness.run("MULTI")
    harness.engine.settings.trackingTableMaxKeys = 1
    let found = try replies(["PING"])
    #expect(found.count == 2)
    #expect(found.last == .simple("QUEUED"))
    #expect(try replies(["EXEC"]) == [.array([.simple("PONG")])])
  }

  @Test func idsOfClientsThatAreGoneAreSweptOut() throws {
    try track()
    for _ in 0..<500 {
      let session = harness.open()
      try track(from: session)
      try harness.run("GET", "k", from: session)
      harness.engine.peerClosed(session)
    }
    let count = try #require(Int(try harness.info("tracking_total_items")))
    #expect(count < 100)
    #expect(try harness.info("tracking_clients") == "1")
    harness.engine.peerClosed(harness.session)
    #expect(try harness.info("tracking_total_items", from: writer) == "0")
  }

  @Test func conversationsEqualThoseOfRedis() throws {
    let transcript = try Transcript()
    let on = "CLIENT TRACKING ON"
    // The answer to HELLO holds an id, which is not the same.
    let quietly = "CLIENT REPLY SKIP"
    for script in [
      [
        "CLIENT TRACKING", "CLIENT TRACKING maybe", on, "CLIENT TRACKING off", "CLIENT TRACKING OFF", "CLIENT GETREDIR",
      ],
      [on + " REDIRECT", on + " REDIRECT x", on + " REDIRECT 100000", on + " PREFIX a"],
      [on + " BCAST OPTIN", on + " OPTIN OPTOUT", on + " OPTIN", on + " OPTOUT", on + " BCAST", on + " NOLOOP", on],
      [on + " OPTOUT", on + " OPTIN", on, on + " OPTIN", "CLIENT TRACKINGINFO", "CLIENT TRACKING off what"],
      ["CLIENT CACHING yes", "CLIENT CACHING", on, "CLIENT CACHING yes", "CLIENT CACHING no", "CLIENT CACHING maybe"],
      [on + " OPTIN", "CLIENT CACHING no", "CLIENT CACHING YES", "CLIENT TRACKINGINFO", "PING", "CLIENT TRACKINGINFO"],
      [
        on + " OPTOUT", "CLIENT CACHING yes", "CLIENT CACHING NO", "CLIENT TRACKINGINFO", "GET k",
        "CLIENT TRACKINGINFO",
      ],
      [on + " BCAST PREFIX FOOBAR PREFIX FOO", on + " BCAST PREFIX FOO PREFIX FOOBAR", "CLIENT TRACKINGINFO"],
      [on + " BCAST PREFIX b PREFIX a", on + " BCAST PREFIX ab", on + " BCAST PREFIX c", "CLIENT TRACKINGINFO", on],
      [on + " BCAST", on + " BCAST", "CLIENT TRACKINGINFO", on + " BCAST PREFIX a", "CLIENT TRACKING off BCAST"],
      [
        quietly, "HELLO 3", on, "CLIENT TRACKINGINFO", "GET k", "SET k 1", "SET k 2", "MULTI", "GET k", "SET k 3",
        "EXEC",
      ],
      [
        quietly, "HELLO 3", on, "MSET a 1 b 2", "MGET a b", "MSET b 1 a 2", "MGET a b", "RENAME a c", "GET c",
        "DEL b c",
      ],
      [
        quietly, "HELLO 3", on, "GET k", "FLUSHALL", "GET k", "SET k 1", "MULTI", "GET k", "FLUSHDB", "EXEC", "SET k 1",
      ],
      [
        quietly, "HELLO 3", on + " NOLOOP", "GET k", "SET k 1", "FLUSHALL", on, "GET k", "SET k 1",
        "CLIENT TRACKING off",
      ],
      [
        quietly, "HELLO 3", on + " OPTIN", "GET k", "SET k 1", "CLIENT CACHING yes", "GET k", "SET k 1", "GET k",
        "SET k 2",
      ],
      [
        quietly, "HELLO 3", on, "HSET h f 1", "HGET h f", "HDEL h f", "SETBIT b 1 1", "GETBIT b 1", "BITOP NOT b b",
        "TYPE b",
      ],
      [
        quietly, "HELLO 3", on, "LPUSH l 3 1 2", "SORT_RO l", "SORT l STORE m", "LRANGE m 0 -1", "SORT l STORE m",
        "LPUSH l 9",
      ],
      [
        quietly, "HELLO 3", on, "GET k", "RESET", "SET k 1", "CLIENT TRACKINGINFO", quietly, "HELLO 3", on, "SET k 2",
        "GET k", "SET k 2",
      ],
      [quietly, "HELLO 3", on, "GET k", "CLIENT REPLY OFF", "SET k 1", "GET k", "SET k 2", "CLIENT REPLY ON", "PING"],
      [quietly, "HELLO 3", on, "GET k", "CLIENT REPLY SKIP", "SET k 1", "PING"],
      [
        quietly, "HELLO 3", on, "OBJECT FREQ k", "EXISTS k x", "SET k 1", "SET x 1", "TOUCH k", "TTL x", "DEL x",
        "DEL k",
      ],
      [
        quietly, "HELLO 3", on, "XADD s 1-1 a b", "XREAD STREAMS s 0", "XADD s 2-1 a b", "ZADD z 1 a", "ZRANGE z 0 -1",
        "ZADD z 2 a",
      ],
    ] {
      try transcript.isSame(script)
    }
  }
}

extension EngineHarness {
  /// A field of INFO.
  func info(_ field: String, from session: Session? = nil) throws -> String {
    let text = try run("INFO", "everything", from: session ?? open()).text ?? ""
    let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(field + ":") }
    return line.map { String($0.dropFirst(field.count + 1)) } ?? ""
  }
}
