import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// Commands that wait: what they are answered with, when, and in which order.
struct WaitingTests {
  let harness = EngineHarness()

  private func text(_ session: Session) -> String { String(decoding: harness.received(session), as: UTF8.self) }
  private func reply(_ words: String...) -> String {
    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }
  /// A client that has sent a command which waits.
  private func waiting(_ words: String...) -> Session {
    let session = harness.open()
    #expect(harness.raw(words, from: session).isEmpty, "\(words)")
    return session
  }
  private var waitingCount: Int { harness.engine.sessions.values.count { $0.isWaiting } }

  @Test func aPushAnswersTheFirstWhoWaits() throws {
    let first = waiting("BLPOP", "a", "b", "0")
    let second = waiting("BRPOP", "b", "0")
    #expect(try harness.run("RPUSH", "b", "1", "2", "3") == .integer(3))
    #expect(text(first) == reply("b", "1"))
    #expect(text(second) == reply("b", "3"))
    #expect(try harness.run("LRANGE", "b", "0", "-1") == .array([.bulk("2")]))
    #expect(waitingCount == 0)
  }

  @Test func whatAClientHasSentBehindWaitsToo() throws {
    let client = harness.open()
    var request: [UInt8] = []
    for words in [["PING"], ["BLPOP", "l", "0"], ["RPUSH", "m", "x"], ["LLEN", "m"]] {
      request.command(words.map { Array($0.utf8) })
    }
    #expect(harness.send(request, from: client) == Array("+PONG\r\n".utf8))
    #expect(try harness.run("EXISTS", "m") == .integer(0))
    harness.post("ECHO", "more", from: client)
    #expect(text(client) == "")
    try harness.run("RPUSH", "l", "1")
    #expect(text(client) == reply("l", "1") + ":1\r\n:1\r\n$4\r\nmore\r\n")
  }

  @Test func oneMoveUnblocksTheNext() throws {
    let last = waiting("BLPOP", "c", "0")
    let second = waiting("BLMOVE", "b", "c", "LEFT", "RIGHT", "0")
    let first = waiting("BRPOPLPUSH", "a", "b", "0")
    try harness.run("RPUSH", "a", "x")
    #expect(text(first) == "$1\r\nx\r\n")
    #expect(text(second) == "$1\r\nx\r\n")
    #expect(text(last) == reply("c", "x"))
    #expect(try harness.run("DBSIZE") == .integer(0))
  }

  @Test func aTargetOfTheWrongTypeIsAnError() throws {
    try harness.run("SET", "s", "text")
    let first = waiting("BLMOVE", "a", "s", "LEFT", "RIGHT", "0")
    let second = waiting("BLMOVE", "a", "t", "LEFT", "RIGHT", "0")
    try harness.run("RPUSH", "a", "x")
    #expect(text(first) == "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")
    #expect(text(second) == "$1\r\nx\r\n")
    let statistics = String(decoding: harness.raw(["INFO", "commandstats"]), as: UTF8.self)
    #expect(statistics.contains("cmdstat_blmove:calls=2,"))
    #expect(statistics.contains("rejected_calls=0,failed_calls=1"))
  }

  @Test func atTheDeadlineTheAnswerIsNothing() throws {
    let pop = waiting("BLPOP", "a", "0.1")
    let move = waiting("BLMOVE", "a", "b", "LEFT", "LEFT", "0.0501")
    let read = waiting("XREAD", "BLOCK", "70", "STREAMS", "s", "$")
    let replicas = waiting("WAIT", "1", "60")
    let modern = harness.open()
    try harness.run("HELLO", "3", from: modern)
    harness.post("BZPOPMIN", "a", "0.08", from: modern)
    #expect(harness.engine.nextDeadline == Int64(harness.clock.milliseconds) + 52)
    harness.pass(milliseconds: 51)
    #expect(text(move) == "")
    harness.pass(milliseconds: 1)
    #expect(text(move) == "*-1\r\n")
    harness.pass(milliseconds: 40)
    #expect(text(replicas) == ":0\r\n")
    #expect(text(read) == "*-1\r\n")
    #expect(text(modern) == "_\r\n")
    #expect(text(pop) == "")
    harness.pass(milliseconds: 100)
    #expect(text(pop) == "*-1\r\n")
    #expect(harness.engine.nextDeadline == nil)
    // The keys are forgotten with those who waited.
    #expect(try harness.run("RPUSH", "a", "1") == .integer(1))
    #expect(text(pop) == "")
  }

  @Test func deadlinesThatWereNotNeededDoNotPileUp() throws {
    let client = harness.open()
    for round in 0..<1000 {
      harness.post("BLPOP", "l", "\(1000 - round % 7)", from: client)
      try harness.run("RPUSH", "l", "x")
      #expect(text(client) == reply("l", "x"))
    }
    #expect(harness.engine.nextDeadline == nil)
    let info = String(decoding: harness.raw(["INFO", "clients"]), as: UTF8.self)
    #expect(info.contains("clients_in_timeout_table:0\r\n"))
    #expect(info.contains("blocked_clients:0\r\n"))
  }

  @Test(arguments: ["0.1", "1e-3", "9223372036854", "inf", "1e30"])
  func hugeAndTinyTimeoutsAreTaken(_ timeout: String) throws {
    let client = harness.open()
    harness.post("BLPOP", "l", timeout, from: client)
    if timeout == "inf" || timeout == "1e30" {
      #expect(text(client) == "-ERR timeout is negative\r\n")
    } else {
      #expect(client.isWaiting)
    }
    harness.post("XREAD", "BLOCK", "9223372036854775807", "STREAMS", "s", "$")
    harness.pass(milliseconds: 1_000_000)
    #expect(harness.received().isEmpty)
  }

  @Test func insideATransactionNothingWaits() throws {
    for version in [ProtocolVersion.resp2, .resp3] {
      harness.session.version = version
      try harness.run("MULTI")
      for command in [
        "BLPOP a 0", "BRPOP a b 0", "BLMOVE a b LEFT LEFT 0", "BRPOPLPUSH a b 0", "BLMPOP 0 1 a LEFT", "BZPOPMIN a 0",
        "BZPOPMAX a 0", "BZMPOP 0 1 a MIN", "XREAD BLOCK 0 STREAMS a $", "WAIT 1 0",
      ] {
        try harness.run(command.split(separator: " ").map(String.init))
      }
      let nothing = [Reply](repeating: .null, count: 9)
      #expect(try harness.run("EXEC") == .array(nothing + [.integer(0)]))
    }
  }

  @Test func aTransactionIsSeenAsAWhole() throws {
    let client = waiting("BLPOP", "l", "m", "0")
    for words in [
      ["MULTI"], ["RPUSH", "m", "1"], ["RPUSH", "l", "1"], ["RPUSH", "m", "2"], ["LPOP", "m"], ["EXEC"],
    ] {
      try harness.run(words)
    }
    // Of the keys that are ready, the first that became so.
    #expect(text(client) == reply("m", "2"))
    let other = waiting("BLPOP", "k", "0")
    for words in [["MULTI"], ["RPUSH", "k", "1"], ["DEL", "k"], ["SET", "k", "1"], ["EXEC"], ["DEL", "k"]] {
      try harness.run(words)
    }
    #expect(text(other) == "")
    try harness.run("RPUSH", "k", "2")
    #expect(text(other) == reply("k", "2"))
  }

  /// The time that counts is that of when the transaction is over.
  @Test func whatHasExpiredMeanwhileIsNoAnswer() throws {
    harness.engine.settings.enableDebugCommand = .yes
    let client = waiting("BLPOP", "l", "0")
    for words in [["MULTI"], ["RPUSH", "l", "1"], ["PEXPIRE", "l", "10"], ["DEBUG", "SLEEP", "0.02"], ["EXEC"]] {
      try harness.run(words)
    }
    #expect(text(client) == "")
    #expect(client.isWaiting)
  }

  @Test func theSlowLogHasWhatWasAnswered() throws {
    harness.engine.settings.slowlogLogSlowerThan = 0
    let client = waiting("BLPOP", "l", "0")
    #expect(try !slowCommands().contains(.bulk("BLPOP")))
    try harness.run("RPUSH", "l", "1")
    #expect(try slowCommands().contains(.bulk("BLPOP")))
    #expect(text(client) == reply("l", "1"))
  }

  private func slowCommands() throws -> [Reply] {
    guard case .array(let entries) = try harness.run("SLOWLOG", "GET", "-1") else { return [] }
    return entries.compactMap { entry in
      guard case .array(let parts) = entry, case .array(let words) = parts[3] else { return nil }
      return words.first
    }
  }

  @Test func whatWasRolledBackAnswersNobody() throws {
    let client = waiting("BLPOP", "l", "0")
    for words in [["MULTI", "ROLLBACK"], ["RPUSH", "l", "1"], ["HSET", "l", "f", "v"], ["EXEC"]] {
      try harness.run(words)
    }
    #expect(text(client) == "")
    for words in [["MULTI", "ROLLBACK"], ["RPUSH", "l", "1"], ["EXEC"]] { try harness.run(words) }
    #expect(text(client) == reply("l", "1"))
  }

  @Test func aRollbackOfTheDatasetAnswers() throws {
    try harness.run("RPUSH", "l", "old")
    try harness.run("VERSION", "CREATE", "v")
    try harness.run("DEL", "l")
    let client = waiting("BLPOP", "l", "0")
    let elsewhere = waiting("BLPOP", "m", "0")
    try harness.run("VERSION", "ROLLBACK", "v")
    #expect(text(client) == reply("l", "old"))
    #expect(text(elsewhere) == "")
  }

  @Test(arguments: [
    ["RENAME", "x", "l"], ["RENAMENX", "x", "l"], ["COPY", "x", "l"], ["SORT", "x", "BY", "nosort", "STORE", "l"],
    ["LMOVE", "x", "l", "LEFT", "LEFT"], ["SWAPDB", "0", "1"],
  ])
  func aListThatComesInAnotherWayIsNoticed(_ command: [String]) throws {
    let other = harness.open()
    if command[0] == "SWAPDB" { try harness.run("SELECT", "1", from: other) }
    try harness.run("RPUSH", command[0] == "SWAPDB" ? "l" : "x", "1", from: other)
    let client = waiting("BLPOP", "l", "0")
    try harness.run(command)
    #expect(text(client) == reply("l", "1"))
  }

  @Test func aMoveToTheDatabaseIsNoticed() throws {
    let other = harness.open()
    try harness.run("SELECT", "1", from: other)
    try harness.run("RPUSH", "l", "1", from: other)
    let client = waiting("BLPOP", "l", "0")
    try harness.run("MOVE", "l", "0", from: other)
    #expect(text(client) == reply("l", "1"))
  }

  @Test func aClientThatIsGoneTakesNothing() throws {
    let killed = waiting("BLPOP", "l", "0")
    let closed = waiting("BLPOP", "l", "0")
    let halfClosed = waiting("BLPOP", "l", "0")
    let last = waiting("BLPOP", "l", "0")
    try harness.run("CLIENT", "KILL", "ID", "\(killed.id)")
    harness.engine.peerClosed(closed)
    harness.engine.finish(halfClosed)
    try harness.run("RPUSH", "l", "1")
    #expect(text(killed) == "" && text(closed) == "" && text(halfClosed) == "")
    #expect(text(last) == reply("l", "1"))
    #expect(harness.engine.sessions.count == 2)
  }

  @Test func unblock() throws {
    let client = waiting("BLPOP", "l", "0")
    #expect(try harness.run("CLIENT", "UNBLOCK", "\(client.id)") == .integer(1))
    #expect(text(client) == "*-1\r\n")
    harness.post("XREAD", "BLOCK", "0", "STREAMS", "s", "$", from: client)
    #expect(try harness.run("CLIENT", "UNBLOCK", "\(client.id)", "error") == .integer(1))
    #expect(text(client) == "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
    harness.post("WAIT", "2", "0", from: client)
    #expect(try harness.run("CLIENT", "UNBLOCK", "\(client.id)", "TIMEOUT") == .integer(1))
    #expect(text(client) == ":0\r\n")
    for id in ["\(client.id)", "9999", "-1"] {
      #expect(try harness.run("CLIENT", "UNBLOCK", id) == .integer(0))
    }
    #expect(
      try harness.run("CLIENT", "UNBLOCK", "x") == .error("ERR value is not an integer or out of range"))
    #expect(
      try harness.run("CLIENT", "UNBLOCK", "1", "now")
        == .error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"))
    #expect(
      try harness.run("CLIENT", "UNBLOCK", "1", "ERROR", "x")
        == .error("ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP."))
  }

  @Test func aRepliesWishIsKept() throws {
    let client = harness.open()
    harness.post("CLIENT", "REPLY", "SKIP", from: client)
    harness.post("BLPOP", "l", "0", from: client)
    try harness.run("RPUSH", "l", "1")
    #expect(text(client) == "")
    #expect(try harness.run("PING", from: client) == .simple("PONG"))
    #expect(try harness.run("EXISTS", "l") == .integer(0))
  }

  @Test func aReplicaHasNobodyWait() throws {
    let client = waiting("BLPOP", "l", "0")
    harness.post("PING", from: client)
    harness.engine.isReplica = true
    harness.pass(milliseconds: 1)
    #expect(
      text(client)
        == "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n")
    #expect(harness.engine.sessions[client.id] == nil)
    guard case .error(let text) = try harness.run("WAIT", "0", "0") else { return #expect(Bool(false)) }
    #expect(text.hasPrefix("ERR WAIT cannot be used with replica instances."))
  }

  @Test func anIdleLimitDoesNotConcernThem() throws {
    harness.engine.settings.timeout = 5
    let client = waiting("BLPOP", "l", "0")
    for _ in 0..<20 {
      harness.clock.advance(milliseconds: 1000)
      harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    }
    #expect(harness.engine.sessions[client.id] != nil)
    let other = harness.open()
    try harness.run("RPUSH", "l", "1", from: other)
    harness.clock.advance(milliseconds: 2000)
    harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    #expect(text(client) == reply("l", "1"))
    #expect(harness.engine.sessions[client.id] != nil)
  }

  // MARK: Streams

  @Test func theLastIDIsThatOfWhenTheReaderCame() throws {
    try harness.run("XADD", "s", "1-1", "f", "old")
    let client = waiting("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
    try harness.run("XDEL", "s", "1-1")
    try harness.run("XTRIM", "s", "MAXLEN", "0")
    #expect(text(client) == "")
    try harness.run("XADD", "s", "2-1", "f", "new")
    #expect(text(client) == "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-1\r\n" + reply("f", "new"))
  }

  @Test func readersOfAGroupLearnOfItsEnd() throws {
    for (change, error) in [
      (["XGROUP", "DESTROY", "s", "g"], "NOGROUP the consumer group this client was blocked on no longer exists"),
      (["DEL", "s"], "UNBLOCKED the stream key no longer exists"),
      (["SET", "s", "x"], "UNBLOCKED the stream key no longer exists"),
      (["RENAME", "s", "t"], "UNBLOCKED the stream key no longer exists"),
      (["FLUSHALL"], "UNBLOCKED the stream key no longer exists"),
      (["SWAPDB", "0", "1"], "UNBLOCKED the stream key no longer exists"),
      (["PEXPIREAT", "s", "1"], "UNBLOCKED the stream key no longer exists"),
    ] {
      try harness.run("FLUSHALL")
      try harness.run("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
      let client = waiting("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">")
      let plain = waiting("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
      try harness.run(change)
      #expect(text(client) == "-\(error)\r\n", "\(change)")
      #expect(text(plain) == "", "\(change)")
    }
  }

  @Test func aGroupsEntryGoesToOneReader() throws {
    try harness.run("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    let first = waiting("XREADGROUP", "GROUP", "g", "alice", "BLOCK", "0", "STREAMS", "s", ">")
    let second = waiting("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "NOACK", "STREAMS", "s", ">")
    try harness.run("XADD", "s", "1-1", "f", "v")
    #expect(text(first) == "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n" + reply("f", "v"))
    #expect(text(second) == "")
    try harness.run("XADD", "s", "1-2", "f", "w")
    #expect(text(second) == "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-2\r\n" + reply("f", "w"))
    #expect(
      try harness.run("XPENDING", "s", "g")
        == .array([
          .integer(1), .bulk("1-1"), .bulk("1-1"), .array([.array([.bulk("alice"), .bulk("1")])]),
        ]))
  }

  @Test func aReaderWithoutALimitGetsAThousandEntries() throws {
    let client = waiting("XREAD", "BLOCK", "0", "STREAMS", "s", "0")
    try harness.run("MULTI")
    for number in 1...1500 { try harness.run("XADD", "s", "1-\(number)", "f", "v") }
    try harness.run("EXEC")
    #expect(text(client).hasPrefix("*1\r\n*2\r\n$1\r\ns\r\n*1000\r\n"))
  }

  @Test func aVersionIsNotWaitedFor() throws {
    try harness.run("XADD", "s", "1-1", "f", "v")
    try harness.run("VERSION", "CREATE", "v")
    #expect(try harness.run("VERSION", "READ", "v", "XREAD", "BLOCK", "0", "STREAMS", "s", "$") == .null)
    try harness.run("VERSION", "USE", "v")
    #expect(try harness.run("XREAD", "BLOCK", "0", "STREAMS", "s", "$") == .null)
  }

  // MARK: Replies of Redis

  @Test func refusalsEqualThoseOfRedis() throws {
    var commands = [
      "SET s x", "RPUSH l a b c", "ZADD z 1 a 2 b 3 c", "BLPOP", "BLPOP l", "BRPOP l", "BLMOVE l m LEFT LEFT",
      "BRPOPLPUSH l m", "BLMPOP 0 1 l", "BZMPOP 0 1 z", "BZPOPMIN z", "WAIT", "WAIT 1", "WAIT x 0", "WAIT 0 x",
      "WAIT 0 -1", "WAIT 0 0", "WAIT -5 0", "CLIENT UNBLOCK", "BLPOP s 0", "BRPOP s 0", "BLMOVE s m LEFT LEFT 0",
      "BLMOVE l s LEFT LEFT 0", "BLMOVE l m UP LEFT x", "BLMOVE l m LEFT UP x", "BLMOVE l m LEFT RIGHT x",
      "BRPOPLPUSH s l 0", "BRPOPLPUSH l s 0", "BRPOPLPUSH l l x", "BLMPOP x 1 l LEFT", "BLMPOP x 0 l LEFT",
      "BLMPOP 0 0 l LEFT", "BLMPOP 0 x l LEFT", "BLMPOP 0 1 l UP", "BLMPOP 0 2 l LEFT", "BLMPOP 0 1 l LEFT COUNT 0",
      "BLMPOP x 1 l LEFT COUNT 0", "BLMPOP 0 1 l LEFT COUNT", "BLMPOP 0 1 l LEFT COUNT 1 COUNT 1", "BLMPOP 0 1 s LEFT",
      "BLMPOP 0 9223372036854775807 l LEFT", "BZMPOP x 1 z MIN", "BZMPOP 0 0 z MIN", "BZMPOP 0 1 z UP",
      "BZMPOP 0 1 z MIN COUNT 0", "BZMPOP 0 1 s MIN", "BZPOPMIN s 0", "BZPOPMAX l 0", "BZMPOP 0 2 l z MIN",
      "XREAD BLOCK", "XREAD BLOCK x STREAMS s 0", "XREAD BLOCK -1 STREAMS s 0", "XREAD BLOCK 0 STREAMS s $",
      "XREAD BLOCK 0 STREAMS x >", "XREADGROUP GROUP g c BLOCK 0 STREAMS x >", "XREAD BLOCK 1.5 STREAMS s $",
      "COMMAND GETKEYS BLPOP a b c 0", "COMMAND GETKEYS BLMPOP 0 2 a b LEFT", "COMMAND GETKEYS BZMPOP 0 1 a MIN",
      "COMMAND GETKEYS BLMOVE a b LEFT RIGHT 0",
    ]
    for timeout in [
      "x", "-1", "-0.0001", "-0.001", "1.", "+1", "0x10", "inf", "-inf", "nan", "''", "1e400", "1e-400", "1e30", "1 ",
      "9223372036854775", "9223372036854776", "9223372036854775807", "99999999999999999999",
    ] {
      for command in ["BLPOP l \(timeout)", "BRPOPLPUSH l l \(timeout)", "BZPOPMAX none s \(timeout)"] {
        commands.append(command)
      }
      commands += ["RPUSH l a", "BLMPOP \(timeout) 1 l LEFT", "RPUSH l a", "XREAD BLOCK \(timeout) STREAMS l 0"]
    }
    commands += [
      "RPUSH l 1 2 3 4 5 6", "BLMPOP 0 2 none l RIGHT COUNT 2", "BLPOP none l 0", "BRPOP none l none 0",
      "BLMOVE l m RIGHT LEFT 1", "BRPOPLPUSH l m 1", "LRANGE l 0 -1", "LRANGE m 0 -1", "BZPOPMIN none z 0",
      "BZPOPMAX z 0", "ZADD z 1 a 2 b 3 c", "BZMPOP 0 2 none z MAX COUNT 2", "ZRANGE z 0 -1", "BZMPOP 1 1 z MIN",
      "EXISTS z", "XADD x 1-1 f v", "XREAD BLOCK 0 STREAMS x 0", "XGROUP CREATE x g 0",
      "XREADGROUP GROUP g c BLOCK 0 STREAMS x >", "XREADGROUP GROUP g c BLOCK 0 STREAMS x 5",
    ]
    try Transcript().isSame(commands)
  }

  @Test func commandTableEntriesEqualThoseOfRedis() throws {
    try Transcript().isSame(
      ["blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax", "bzmpop", "xread", "xreadgroup"]
        .map { "COMMAND INFO \($0)" })
  }
}
