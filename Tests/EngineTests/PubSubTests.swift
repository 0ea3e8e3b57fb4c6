import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct PubSubTests {
  private let harness = EngineHarness()

  @Test func listsChannelsThatHaveSubscribers() throws {
    let other = harness.open()
    _ = harness.raw(["SUBSCRIBE", "a", "b"], from: other)
    _ = harness.raw(["SSUBSCRIBE", "s"], from: other)
    _ = harness.raw(["PSUBSCRIBE", "p*"], from: other)
    #expect(Set(try harness.run("PUBSUB", "CHANNELS").elements.map(\.text)) == ["a", "b"])
    #expect(try harness.run("PUBSUB", "CHANNELS", "[b-c]").elements.map(\.text) == ["b"])
    #expect(try harness.run("PUBSUB", "SHARDCHANNELS").elements.map(\.text) == ["s"])
    let info = try harness.run("INFO", "stats").text ?? ""
    #expect(info.contains("pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n"))
    let line = try harness.run("CLIENT", "LIST", "TYPE", "pubsub").text ?? ""
    #expect(line.contains("id=\(other.id) "))
    #expect(line.contains("flags=P ") && line.contains(" sub=2 psub=1 ssub=1 "))
    #expect(!line.contains("id=\(harness.session.id) "))
  }

  @Test func endsAllSubscriptionsInTheirOrder() throws {
    _ = harness.raw(["SUBSCRIBE", "c", "a", "b"])
    let replies = try parse(harness.raw(["UNSUBSCRIBE"]))
    #expect(replies.map { $0.elements[1].text } == ["c", "a", "b"])
    #expect(replies.map { $0.elements[2] } == [.integer(2), .integer(1), .integer(0)])
    #expect(try harness.run("PUBLISH", "a", "x") == .integer(0))
  }

  @Test func closingAndResetEndSubscriptions() throws {
    let (first, second) = (harness.open(), harness.open())
    for session in [first, second] {
      _ = harness.raw(["SUBSCRIBE", "a"], from: session)
      _ = harness.raw(["PSUBSCRIBE", "*"], from: session)
    }
    #expect(try harness.run("PUBLISH", "a", "x") == .integer(4))
    harness.engine.peerClosed(first)
    #expect(try harness.run("PUBLISH", "a", "x") == .integer(2))
    _ = harness.raw(["RESET"], from: second)
    #expect(try harness.run("PUBLISH", "a", "x") == .integer(0))
    #expect(try harness.run("PUBSUB", "NUMPAT") == .integer(0))
    #expect(try harness.run("GET", "k", from: second) == .null)
  }

  /// Redis 7.0 sends it before the reply, if that has not begun.
  @Test func ownMessageComesBeforeTheReply() throws {
    _ = harness.raw(["HELLO", "3"])
    _ = harness.raw(["SUBSCRIBE", "a"])
    let replies = try parse(harness.raw(["PUBLISH", "a", "x"]))
    #expect(replies == [.push([.bulk("message"), .bulk("a"), .bulk("x")]), .integer(1)])
  }

  /// Neither one whose length is written when it is known.
  @Test func ownEventsComeBehindArraysOfWhichTheLengthComesLast() throws {
    harness.engine.keyspace.isActiveExpiryOn = false
    harness.engine.settings.notifiedEvents = [.keyevent, .expired, .stream]
    for index in 0..<10 { try harness.run("SET", "k\(index)", "1", "PX", "1") }
    try harness.run("SET", "kept", "1")
    try harness.run("XADD", "s", "1-1", "f", "v")
    try harness.run("XGROUP", "CREATE", "s", "g", "0")
    try harness.run("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
    harness.clock.advance(milliseconds: 10)
    _ = harness.raw(["HELLO", "3"])
    _ = harness.raw(["PSUBSCRIBE", "*"])
    let scan = try parse(harness.raw(["SCAN", "0", "COUNT", "100"]))
    #expect(scan.count == 11 && scan.first?.elements.last?.elements.count == 2)
    let claim = try parse(harness.raw(["XCLAIM", "s", "g", "new", "0", "1-1"]))
    #expect(claim.count == 2 && claim.first?.elements.count == 1)
  }

  /// It does not fall into the midst of a reply that consists of several.
  @Test func ownMessagesOfTransactionComeBehindItsReply() throws {
    _ = harness.raw(["HELLO", "3"])
    _ = harness.raw(["SUBSCRIBE", "a"])
    for command in [["MULTI"], ["PING"], ["PUBLISH", "a", "x"], ["SUBSCRIBE", "b"], ["PUBLISH", "b", "y"]] {
      _ = harness.raw(command)
    }
    let replies = try parse(harness.raw(["EXEC"]))
    #expect(
      replies == [
        .array([.simple("PONG"), .integer(1), .push([.bulk("subscribe"), .bulk("b"), .integer(2)]), .integer(1)]),
        .push([.bulk("message"), .bulk("a"), .bulk("x")]), .push([.bulk("message"), .bulk("b"), .bulk("y")]),
      ])
  }

  @Test func missesWithinAReplyAreToldBehindIt() throws {
    harness.engine.settings.notifiedEvents = [.miss, .keyevent]
    _ = harness.raw(["HELLO", "3"])
    _ = harness.raw(["SUBSCRIBE", "__keyevent@0__:keymiss"])
    let replies = try parse(harness.raw(["MGET", "k1", "k2"]))
    let told = ["k1", "k2"].map { Reply.push([.bulk("message"), .bulk("__keyevent@0__:keymiss"), .bulk($0)]) }
    #expect(replies == [.array([.null, .null])] + told)
  }

  @Test func clientReplyOffDoesNotKeepMessagesBack() throws {
    _ = harness.raw(["HELLO", "3"])
    _ = harness.raw(["CLIENT", "REPLY", "OFF"])
    #expect(try parse(harness.raw(["SUBSCRIBE", "a"])) == [.push([.bulk("subscribe"), .bulk("a"), .integer(1)])])
    #expect(try parse(harness.raw(["PUBLISH", "a", "x"])) == [.push([.bulk("message"), .bulk("a"), .bulk("x")])])
    _ = harness.raw(["MULTI"])
    _ = harness.raw(["SUBSCRIBE", "b"])
    #expect(try parse(harness.raw(["EXEC"])) == [.push([.bulk("subscribe"), .bulk("b"), .integer(2)])])
    #expect(harness.raw(["PING"]).isEmpty)
  }

  @Test func shardSubscriptionIsRefusedInTransaction() throws {
    for command in [["MULTI"], ["SSUBSCRIBE", "s"], ["SUBSCRIBE", "a"]] { _ = harness.raw(command) }
    let reply = try harness.run("EXEC")
    #expect(reply.elements.first == .error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"))
    #expect(reply.elements.last?.elements.map(\.text) == ["subscribe", "a", nil])
  }

  /// A message is not even appended to the output of a client that reads nothing.
  @Test func slowSubscriberIsDroppedAtItsLimit() throws {
    harness.engine.settings.outputLimits.pubsub = .init(hard: 1 << 20, soft: 0, softSeconds: 0)
    let (slow, fast) = (harness.open(), harness.open())
    for session in [slow, fast] { _ = harness.raw(["SUBSCRIBE", "a"], from: session) }
    slow.unsentByteCount = 1 << 19
    let text = String(repeating: "x", count: 1 << 18)
    #expect(try harness.run("PUBLISH", "a", text) == .integer(2))
    #expect(!slow.isClosing)
    // What Redis has in a buffer of fixed size counts for no limit.
    slow.unsentByteCount = (3 << 18) + (16 << 10)
    #expect(try harness.run("PUBLISH", "a", text) == .integer(2))
    #expect(slow.isClosing)
    #expect(slow.output.count == 0)
    #expect(!fast.isClosing)
    #expect(harness.engine.statistics.outputBufferLimitDisconnections == 1)
    #expect(try harness.run("PUBLISH", "a", "x") == .integer(1))
  }

  /// A client that is no subscriber is held to the limit of its own class.
  @Test func limitsAreByClass() throws {
    harness.engine.settings.outputLimits.pubsub = .init(hard: 1000, soft: 0, softSeconds: 0)
    let other = harness.open()
    _ = harness.raw(["SET", "k", String(repeating: "x", count: 300_000)])
    #expect(harness.raw(["GET", "k"], from: other).count > 300_000)
    _ = harness.raw(["SUBSCRIBE", "a"], from: other)
    _ = harness.raw(["PUBLISH", "a", String(repeating: "x", count: 20_000)])
    #expect(other.isClosing)
  }

  @Test func transactionThatIsRolledBackTellsNothing() throws {
    harness.engine.settings.notifiedEvents = [.keyevent, .all]
    let listener = harness.open()
    _ = harness.raw(["PSUBSCRIBE", "*"], from: listener)
    for command in [["MULTI", "ROLLBACK"], ["SET", "a", "1"], ["LPUSH", "a", "1"], ["EXEC"]] {
      _ = harness.raw(command)
    }
    #expect(harness.raw(["PING", "end"], from: listener) == Array("*2\r\n$4\r\npong\r\n$3\r\nend\r\n".utf8))
    for command in [["MULTI", "ROLLBACK"], ["SET", "a", "1"], ["EXEC"]] { _ = harness.raw(command) }
    let replies = try parse(harness.raw(["PING", "end"], from: listener))
    #expect(replies.first?.elements.map(\.text) == ["pmessage", "*", "__keyevent@0__:set", "a"])
  }

  /// A message cannot be taken back: it goes when it is certain that the transaction stays, among what else it tells.
  @Test func messagesWaitForTheEndOfATransactionThatMayBeTakenBack() throws {
    harness.engine.settings.notifiedEvents = [.keyevent, .all]
    let listener = harness.open()
    _ = harness.raw(["PSUBSCRIBE", "*"], from: listener)
    _ = harness.raw(["SSUBSCRIBE", "shard"], from: listener)
    let commands = [
      ["MULTI", "ROLLBACK"], ["SET", "a", "1"], ["PUBLISH", "news", "x"], ["SPUBLISH", "shard", "y"], ["DEL", "a"],
    ]
    for command in commands + [["SET", "a", "1"], ["LPUSH", "a", "1"], ["EXEC"]] { _ = harness.raw(command) }
    #expect(harness.raw(["PING", "end"], from: listener) == Array("*2\r\n$4\r\npong\r\n$3\r\nend\r\n".utf8))
    for command in commands { _ = harness.raw(command) }
    #expect(try harness.run("EXEC").elements[1...2] == [.integer(1), .integer(1)])
    let replies = try parse(harness.raw(["PING", "end"], from: listener))
    #expect(
      replies.dropLast().map { $0.elements.suffix(2).map(\.text) } == [
        ["__keyevent@0__:set", "a"], ["news", "x"], ["shard", "y"], ["__keyevent@0__:del", "a"],
      ])
  }

  /// Nobody is interested in events that nobody would get: writing pays for one test.
  @Test func eventsCostNothingWithoutSubscribers() throws {
    harness.engine.settings.notifiedEvents = [.keyevent, .all]
    #expect(!harness.engine.publishesEvents)
    _ = harness.raw(["SUBSCRIBE", "x"])
    #expect(harness.engine.publishesEvents)
    harness.engine.settings.notifiedEvents = [.all]
    #expect(!harness.engine.publishesEvents)
    harness.engine.settings.notifiedEvents = [.keyspace, .string]
    #expect(harness.engine.publishesEvents)
    _ = harness.raw(["UNSUBSCRIBE"])
    #expect(!harness.engine.publishesEvents)
  }

  @Test func lettersOfEvents() {
    for (letters, shown) in [
      ("", ""), ("KEA", "AKE"), ("$lshzxeKE", "$lshzxeKE"), ("EmK", "KEm"), ("Eg$lshztxed", "AE"), ("KnA", "AK"),
      ("gn", "gn"), ("tdn", "tdn"),
    ] {
      #expect(EventClass(letters: letters)?.shownLetters == shown)
    }
    #expect(EventClass(letters: "KEAn")?.letters == "AnKE")
    #expect(EventClass(letters: "KEX") == nil)
  }

  @Test func hashFieldsThatExpireAreTold() throws {
    harness.engine.settings.notifiedEvents = [.keyevent, .hash, .generic]
    let listener = harness.open()
    _ = harness.raw(["PSUBSCRIBE", "*"], from: listener)
    for command in [
      ["HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4"], ["HEXPIRE", "h", "1", "FIELDS", "2", "a", "none"],
      ["HEXPIRE", "h", "100", "FIELDS", "1", "b"], ["HPERSIST", "h", "FIELDS", "2", "b", "c"],
      ["HEXPIRE", "h", "0", "FIELDS", "1", "c"], ["HGETEX", "h", "PERSIST", "FIELDS", "1", "d"],
      ["HGETEX", "h", "EX", "5", "FIELDS", "1", "d"], ["HGETDEL", "h", "FIELDS", "1", "d"],
      ["HSETEX", "g", "EX", "1", "FIELDS", "1", "x", "1"], ["HGETDEL", "nothing", "FIELDS", "1", "x"],
      ["HDEL", "h", "b"],
    ] { _ = harness.raw(command) }
    harness.clock.advance(milliseconds: 2000)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    let replies = try parse(harness.raw(["PING"], from: listener)).dropLast()
    let told = replies.map { "\($0.elements[2].text?.split(separator: ":").last ?? "") \($0.elements[3].text ?? "")" }
    #expect(
      told.prefix(9) == [
        "hset h", "hexpire h", "hexpire h", "hpersist h", "hdel h", "hexpire h", "hdel h", "hset g", "hexpire g",
      ])
    #expect(told.dropFirst(9).first == "hdel h")
    // In no order: hashes are walked as they lie.
    #expect(Set(told.dropFirst(10)) == ["hexpired h", "del h", "hexpired g", "del g"])
    #expect(told.count == 14)
  }

  private func parse(_ bytes: [UInt8]) throws -> [Reply] {
    var parser = ReplyParser()
    unsafe parser.append(bytes.span.bytes)
    var replies: [Reply] = []
    while let reply = try parser.next() { replies.append(reply) }
    return replies
  }
}
