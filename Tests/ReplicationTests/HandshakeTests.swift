import Testing

@testable import Replication

/// What the two say to each other before anything is transferred.
@Suite struct HandshakeTests {
  @Test func asksInOrder() {
    var script = ScriptedLink { $0.announcedAddress = "10.0.0.9" }
    script.start()
    #expect(script.actions == [.connect(host: "primary", port: 6379)])
    script.connect()
    #expect(script.sent == ["*1\r\n$4\r\nPING\r\n"])
    var requests: [String] = []
    for reply in ["+PONG\r\n", ScriptedLink.bulk(ScriptedLink.information), "+OK\r\n", "+OK\r\n", "+OK\r\n"] {
      script.receive(reply)
      requests.append(script.lastRequest)
    }
    #expect(
      requests == [
        "INFO", "REPLCONF listening-port 7777", "REPLCONF ip-address 10.0.0.9",
        "REPLCONF capa eof capa psync2 capa rdb12",
        "PSYNC ? -1",
      ])
    #expect(script.link.state == .handshake(.synchronization))
  }

  @Test func authenticates() {
    var script = ScriptedLink { $0.password = Array("secret".utf8) }
    script.start()
    script.connect()
    script.receive("-NOAUTH Authentication required.\r\n")
    #expect(script.lastRequest == "AUTH secret")
    script.receive("+OK\r\n")
    #expect(script.lastRequest == "INFO")

    var withUser = ScriptedLink {
      $0.username = Array("repl".utf8)
      $0.password = [0, 255, 13, 10]
    }
    withUser.start()
    withUser.connect()
    withUser.receive("+PONG\r\n")
    #expect(
      withUser.actions.last
        == .send(Array("*3\r\n$4\r\nAUTH\r\n$4\r\nrepl\r\n$4\r\n".utf8) + [0, 255, 13, 10] + Array("\r\n".utf8)))
  }

  @Test(arguments: ["-NOPERM this user has no permissions\r\n", "-ERR operation not permitted\r\n", "+whatever\r\n"])
  func toleratedReplyToPing(reply: String) {
    var script = ScriptedLink()
    script.start()
    script.connect()
    script.receive(reply)
    #expect(script.link.state == .handshake(.information))
  }

  /// Refusals of what is good to have do not end the handshake.
  @Test func goesOnWithoutInformationAndOptions() {
    var script = ScriptedLink()
    script.start()
    script.connect()
    script.receive("+PONG\r\n-NOPERM no INFO for you\r\n-ERR unknown option\r\n-ERR unknown option\r\n")
    #expect(script.link.state == .handshake(.synchronization))
    #expect(script.log.contains("(Non critical) Master does not understand REPLCONF capa: -ERR unknown option"))
  }

  /// `(replies, what the log says)`; the last reply is at fault.
  static let failures: [([String], String)] = {
    let information = ScriptedLink.bulk(ScriptedLink.information)
    let ready = ["+PONG", information, "+OK", "+OK"]
    let own = ScriptedLink.bulk("run_id:\(ScriptedLink.runID)\r\n")
    return [
      (["-LOADING Redis is loading"], "Error reply to PING from master: '-LOADING Redis is loading'"),
      (["HTTP/1.1 400 Bad Request"], "Error reply to PING from master: 'HTTP/1.1 400 Bad Request'"),
      (["+PONG", own], "MASTER is this server itself, a server can't replicate from itself"),
      (
        ["-NOAUTH Authentication required.", "-NOAUTH Authentication required."],
        "Unable to AUTH to MASTER: -NOAUTH Authentication required."
      ),
      (
        ["+PONG", "$999999999"],
        "Bad protocol from MASTER, a reply is too long, are you sure the host and port are right?"
      ),
      (
        ready + ["-NOMASTERLINK Can't SYNC"],
        "Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK Can't SYNC"
      ),
      (ready + ["-LOADING"], "Master is currently unable to PSYNC but should be in the future: -LOADING"),
      (
        ready + ["-ERR unknown command"],
        "Master does not support PSYNC or is in error state (reply: -ERR unknown command)"
      ),
      (
        ready + ["-NOAUTH Authentication required."],
        "Master does not support PSYNC or is in error state (reply: -NOAUTH Authentication required.)"
      ),
      (ready + ["+OK"], "Unexpected reply to PSYNC from master: +OK"),
      (ready + ["+FULLRESYNC"], "Unexpected reply to PSYNC from master: +FULLRESYNC"),
      (ready + ["+FULLRESYNC abc 5"], "Unexpected reply to PSYNC from master: +FULLRESYNC abc 5"),
      (
        ready + ["+FULLRESYNC \(SnapshotText.id) x"],
        "Unexpected reply to PSYNC from master: +FULLRESYNC \(SnapshotText.id) x"
      ),
      (
        ready + ["+FULLRESYNC \(SnapshotText.id) -1"],
        "Unexpected reply to PSYNC from master: +FULLRESYNC \(SnapshotText.id) -1"
      ),
      (ready + ["+CONTINUE"], "Unexpected reply to PSYNC from master: +CONTINUE"),
      (ready + ["+CONTINUE \(SnapshotText.id)"], "Unexpected reply to PSYNC from master: +CONTINUE \(SnapshotText.id)"),
    ]
  }()

  @Test(arguments: failures) func failsWithACause(replies: [String], text: String) {
    var script = ScriptedLink()
    script.start()
    script.connect()
    for reply in replies { script.receive(reply + "\r\n") }
    #expect(script.log.last == text)
    #expect(script.link.lastError?.description == text)
    #expect(script.isClosed)
    #expect(script.live == ["0 old": "kept"])
    guard case .waiting = script.link.state else {
      Issue.record("\(script.link.state)")
      return
    }
  }

  @Test func wrongPassword() {
    var script = ScriptedLink { $0.password = Array("wrong".utf8) }
    script.start()
    script.connect()
    script.receive("-NOAUTH Authentication required.\r\n")
    script.receive("-WRONGPASS invalid username-password pair or user is disabled.\r\n")
    #expect(
      script.log.last
        == "Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair or user is disabled.")
    #expect(script.isClosed)
  }

  @Test func aLineWithoutEndIsNotGathered() {
    var script = ScriptedLink()
    script.start()
    script.connect()
    for _ in 0..<4096 { script.receive("+") }
    #expect(!script.isClosed)
    script.receive("+")
    #expect(script.link.lastError == .replyTooLong)
    #expect(script.isClosed)
  }

  @Test func lonelyNewlinesAreSignsOfLife() {
    var script = ScriptedLink()
    script.shakeHands()
    for _ in 0..<100 {
      script.pass(milliseconds: 50_000)
      script.receive("\n")
    }
    script.receive("+FULLRESYNC \(SnapshotText.id) 1000\r\n")
    for _ in 0..<100 {
      script.pass(milliseconds: 50_000)
      script.receive("\r\n")
    }
    #expect(script.link.state == .awaitingTransfer)
    script.receive("$5\r\n")
    #expect(script.link.state == .staging)
  }

  @Test func anyChunkSizeIsTheSame() {
    var whole = ScriptedLink()
    whole.shakeHands()
    for chunkSize in 1...20 {
      var script = ScriptedLink()
      script.start()
      script.connect()
      let replies = "+PONG\r\n\(ScriptedLink.bulk(ScriptedLink.information))+OK\r\n+OK\r\n"
      script.receive(replies, chunkSize: chunkSize)
      #expect(script.actions == whole.actions)
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5]) func silenceEndsEveryStep(replyCount: Int) {
    let replies = [
      "+PONG\r\n", ScriptedLink.bulk(ScriptedLink.information), "+OK\r\n", "+OK\r\n",
      "+FULLRESYNC \(SnapshotText.id) 7\r\n",
    ]
    var script = ScriptedLink()
    script.start()
    script.connect()
    for reply in replies.prefix(replyCount) { script.receive(reply) }
    script.pass(milliseconds: 59_999)
    #expect(!script.isClosed)
    script.pass(milliseconds: 1)
    #expect(script.isClosed)
    #expect(script.link.lastError == (replyCount < 5 ? .handshakeTimeout : .transferTimeout))
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5]) func aBrokenConnectionEndsEveryStep(replyCount: Int) {
    let replies = [
      "+PONG\r\n", ScriptedLink.bulk(ScriptedLink.information), "+OK\r\n", "+OK\r\n",
      "+FULLRESYNC \(SnapshotText.id) 7\r\n",
    ]
    var script = ScriptedLink()
    script.start()
    script.connect()
    for reply in replies.prefix(replyCount) { script.receive(reply) }
    script.close("reset by peer")
    #expect(
      script.link.lastError
        == (replyCount < 5 ? .lostInHandshake(reason: "reset by peer") : .lostInTransfer(reason: "reset by peer")))
  }

  /// As Redis does: a primary that comes back is not waited for any longer than that.
  @Test func triesEachSecondToReachAPrimary() {
    var script = ScriptedLink()
    script.start()
    var pauses: [Int64] = []
    for _ in 0..<8 {
      script.close("Connection refused")
      #expect(script.link.lastError == .unreachable(reason: "Connection refused"))
      guard let next = script.link.nextTick else { break }
      pauses.append(next - script.now)
      script.pass(milliseconds: next - script.now - 1)
      #expect(script.actions.last == .close)
      script.pass(milliseconds: 1)
      #expect(script.actions.last == .connect(host: "primary", port: 6379))
    }
    #expect(pauses.count == 8)
    #expect(pauses.allSatisfy { (750..<1250).contains($0) }, "\(pauses)")
    #expect(Set(pauses).count > 1)
  }

  /// `(error, the longest pause)`: what costs the primary a snapshot each time is tried more and more seldom.
  @Test(
    arguments: [
      (LinkError.endMarkBroken, 64_000), (.emptyDataset, 8000), (.unableYet(reply: "-LOADING"), 1000),
    ] as [(LinkError, Int64)])
  func pausesGrowWithWhatAnAttemptCosts(error: LinkError, longest: Int64) throws {
    var script = ScriptedLink()
    var pauses: [Int64] = []
    script.start()
    for _ in 0..<10 {
      script.link.fail(error, at: script.now)
      script.perform()
      let next = try #require(script.link.nextTick)
      pauses.append(next - script.now)
      script.pass(milliseconds: next - script.now)
    }
    for (index, pause) in pauses.enumerated() {
      let expected = min(1000 << Int64(index), longest)
      #expect((expected * 3 / 4..<expected * 5 / 4).contains(pause), "\(pauses)")
    }
  }

  /// What Redis says in protected mode is longer than any other line.
  @Test func aLongRefusalIsToldForWhatItIs() {
    var script = ScriptedLink()
    script.start()
    script.connect()
    let text = "-DENIED Redis is running in protected mode because " + String(repeating: "x", count: 1014)
    script.receive(text + "\r\n")
    #expect(script.link.lastError == .pingRefused(reply: String(text.prefix(256))))
  }

  /// A primary that counts each error text has much to say.
  @Test func aVeryLongInformationIsReadAsFarAsItMatters() {
    for (chunkSize, runID) in [(1 << 16, String(repeating: "e", count: 40)), (.max, ScriptedLink.runID)] {
      var script = ScriptedLink()
      script.start()
      script.connect()
      script.receive("+PONG\r\n")
      let text = "run_id:\(runID)\r\n" + String(repeating: "errorstat_X:count=1\r\n", count: 100_000)
      script.receive(ScriptedLink.bulk(text) + "+OK\r\n", chunkSize: chunkSize)
      if runID == ScriptedLink.runID {
        #expect(script.link.lastError == .isSelf)
      } else {
        #expect(script.link.lastError == nil)
        #expect(script.link.state == .handshake(.capabilities))
      }
    }
  }

  @Test func connectingThatNeverEnds() {
    var script = ScriptedLink()
    script.start()
    script.pass(milliseconds: 60_000)
    #expect(script.link.lastError == .handshakeTimeout)
  }

  @Test func stopAtAnyMoment() {
    for replyCount in 0...4 {
      var script = ScriptedLink()
      script.start()
      script.connect()
      for reply in ["+PONG\r\n", ScriptedLink.bulk(ScriptedLink.information), "+OK\r\n", "+OK\r\n"].prefix(replyCount) {
        script.receive(reply)
      }
      script.link.stop()
      script.perform()
      #expect(script.isClosed)
      let count = script.actions.count
      script.receive("+OK\r\n")
      script.pass(milliseconds: 1_000_000)
      #expect(script.actions.count == count)
      #expect(script.link.state == .idle)
    }
  }
}
