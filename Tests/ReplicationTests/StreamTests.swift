import Replication
import Testing

/// The stream of commands: acknowledgements, and where to go on.
@Suite struct StreamTests {
  static let set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n"
  static let ping = "*1\r\n$4\r\nPING\r\n"
  static let publish = "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$5\r\nhello\r\n"
  static let multi = "*1\r\n$5\r\nmulti\r\n"
  static let exec = "*1\r\n$4\r\nEXEC\r\n"
  static let getAcknowledgement = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n"

  static func streaming() -> ScriptedLink {
    var script = ScriptedLink()
    script.beginStream()
    script.actions = []
    return script
  }

  static func offset(_ text: String) -> ReplicationOffset { ReplicationOffset(rawValue: 1000 + Int64(text.utf8.count)) }

  @Test func everyCommandIsExecutedAndEveryByteCounted() {
    let stream = Self.set + Self.ping + Self.publish + Self.getAcknowledgement + "\r\n*0\r\n" + Self.set
    for chunkSize in 1...stream.utf8.count {
      var script = Self.streaming()
      script.receive(stream, chunkSize: chunkSize)
      #expect(script.executed == Array((Self.set + Self.publish + Self.set).utf8))
      // Further replicas are sent what the primary sent.
      #expect(script.relayed == Array(stream.utf8))
      #expect(script.link.receivedOffset == Self.offset(stream))
      guard case .execute(let part) = script.actions.last, part.end == Self.offset(stream) else {
        Issue.record("\(script.actions)")
        return
      }
    }
  }

  @Test func aTransactionIsExecutedAsAWhole() {
    let transaction = Self.multi + Self.set + Self.ping + Self.set + Self.exec
    for chunkSize in 1...60 {
      var script = Self.streaming()
      script.receive(Self.set + transaction.dropLast(), chunkSize: chunkSize)
      #expect(script.executed == Array(Self.set.utf8))
      script.receive("\r\n" + Self.set)  // one character
      let executed = Self.set + Self.multi + Self.set + Self.set + Self.exec + Self.set
      #expect(script.executed == Array(executed.utf8))
      #expect(script.relayed == Array((Self.set + transaction + Self.set).utf8))
      for case .execute(let part) in script.actions {
        #expect(
          [Self.set, Self.set + transaction, Self.set + transaction + Self.set].map(Self.offset).contains(part.end))
      }
    }
  }

  @Test(arguments: [
    ("LPUSH", "LPUSH"), ("", ""), (String(repeating: "x", count: 100), String(repeating: "x", count: 54)),
  ])
  func aCommandThatIsNotThereEndsTheStreamBeforeIt(name: String, shownName: String) {
    let unknown = "*2\r\n$\(name.utf8.count)\r\n\(name)\r\n$1\r\nk\r\n"
    for (before, after) in [("", ""), (Self.multi + Self.set, Self.exec)] {
      for chunkSize in [1, 7, 1000] {
        var script = Self.streaming()
        script.pass(milliseconds: 5000)
        script.receive(Self.set + before + unknown + after + Self.set, chunkSize: chunkSize)
        #expect(script.link.lastError == .commandUnknown(name: shownName))
        #expect(script.executed == Array(Self.set.utf8))
        #expect(script.log.last?.hasPrefix("== CRITICAL == This replica is sending an error to its master:") == true)
        #expect(script.actions.last == .close)
        // What was sent would be sent again: only a full sync helps, and not at once.
        #expect(script.link.position == nil)
        #expect((script.link.nextTick ?? 0) >= script.now + 750)
      }
    }
  }

  @Test func aCommandThatFailedEndsTheStream() {
    var script = Self.streaming()
    script.receive(Self.set)
    script.link.refuseStream(.commandFailed(name: "set", reply: "ERR no"), at: script.now)
    script.perform()
    #expect(script.isClosed)
    #expect(script.link.position == nil)
    script.link.refuseStream(.commandFailed(name: "set", reply: "ERR no"), at: script.now)
    script.perform()
    #expect(script.log.count { $0.hasPrefix("== CRITICAL ==") } == 1)
  }

  @Test func aStreamThatWasKilledOnOurSideGoesOn() {
    var script = Self.streaming()
    script.receive(Self.set)
    script.link.refuseStream(.lostInStream(reason: "killed"), at: script.now)
    script.perform()
    #expect(script.isClosed)
    #expect(script.link.position?.offset == Self.offset(Self.set))
  }

  @Test func acknowledgesEachSecondWhatIsApplied() {
    var script = Self.streaming()
    script.receive(Self.set + Self.set)
    script.pass(milliseconds: 999)
    #expect(script.sent.isEmpty)
    script.pass(milliseconds: 1)
    #expect(script.lastRequest == "REPLCONF ACK 1000")
    script.link.applied(upTo: Self.offset(Self.set), at: script.now)
    script.pass(milliseconds: 1000)
    #expect(script.sent.count == 2)
    #expect(script.lastRequest == "REPLCONF ACK \(1000 + Self.set.utf8.count)")
  }

  @Test func anAcknowledgementThatIsAskedForWaitsForWhatCameBefore() {
    for chunkSize in 1...20 {
      var script = Self.streaming()
      script.receive(Self.set + Self.getAcknowledgement + Self.set, chunkSize: chunkSize)
      #expect(script.sent.isEmpty)
      script.link.applied(upTo: Self.offset(Self.set), at: script.now)
      script.perform()
      #expect(script.lastRequest == "REPLCONF ACK \(1000 + Self.set.utf8.count)")
      script.link.applied(upTo: Self.offset(Self.set + Self.getAcknowledgement), at: script.now)
      script.perform()
      #expect(script.sent.count == 1)
      script.receive(Self.getAcknowledgement.lowercased())
      script.link.applied(upTo: Self.offset(Self.set + Self.getAcknowledgement + Self.set), at: script.now)
      script.perform()
      #expect(script.sent.count == 2)
    }
  }

  /// What was handed over and not executed yet may still be dropped, by a promotion. So nobody hears that it is there, however
  /// often the connection breaks meanwhile.
  @Test func whatIsNotExecutedIsNotAcknowledgedOnANewConnection() {
    var script = Self.streaming()
    script.receive(Self.set)
    script.pass(milliseconds: 2000)
    script.close()
    script.pass(milliseconds: 0)
    script.connect()
    script.receive("+PONG\r\n-NOPERM\r\n+OK\r\n+OK\r\n")
    #expect(script.lastRequest == "PSYNC \(SnapshotText.id) \(1001 + Self.set.utf8.count)")
    script.actions = []
    script.receive("+CONTINUE\r\n" + Self.set)
    for _ in 0..<3 { script.pass(milliseconds: 1000) }
    #expect(!script.sent.isEmpty)
    #expect(script.sent.allSatisfy { $0.hasSuffix("ACK\r\n$4\r\n1000\r\n") }, "\(script.sent)")
    // The serving side has done what it was given before, and says so.
    script.actions = []
    script.link.applied(upTo: Self.offset(Self.set), at: script.now)
    script.perform()
    #expect(script.sent.count == 1)
    #expect(script.lastRequest == "REPLCONF ACK \(1000 + Self.set.utf8.count)")
  }

  @Test func aLinkThatGoesOnFromADatasetAcknowledgesWhatThatHolds() {
    var script = ScriptedLink(position: ScriptedLink.position)
    script.shakeHands()
    script.receive("+CONTINUE\r\n" + Self.set)
    script.actions = []
    script.link.applied(upTo: ScriptedLink.offset, at: script.now)
    script.perform()
    #expect(script.lastRequest == "REPLCONF ACK 1000")
    script.pass(milliseconds: 1000)
    #expect(script.lastRequest == "REPLCONF ACK 1000")
    #expect(script.sent.count == 2)
  }

  @Test func goesOnBehindTheLastWholeCommand() {
    let stream = Self.set + Self.ping + Self.set
    for count in 0...stream.utf8.count {
      var script = Self.streaming()
      script.receive(Array(stream.utf8.prefix(count)))
      script.pass(milliseconds: 1000)
      script.close()
      #expect(script.isClosed)
      let whole = [Self.set, Self.set + Self.ping, stream].last { $0.utf8.count <= count } ?? ""
      #expect(script.link.position?.offset == Self.offset(whole))
    }
  }

  @Test func goesOnBeforeAnOpenTransaction() {
    var script = Self.streaming()
    script.receive(Self.ping + Self.multi + Self.set + Self.set)
    var other = script
    script.close()
    #expect(script.link.position?.offset == Self.offset(Self.ping))
    other.receive(Self.exec)
    other.close()
    #expect(other.link.position?.offset == Self.offset(Self.ping + Self.multi + Self.set + Self.set + Self.exec))
  }

  @Test func aStreamThatBreaksIsTakenUpAtOnce() {
    var script = Self.streaming()
    script.receive(Self.set)
    script.pass(milliseconds: 2000)
    script.close("reset by peer")
    #expect(script.link.lastError == .lostInStream(reason: "reset by peer"))
    #expect(script.link.downSince == script.now)
    script.pass(milliseconds: 0)
    script.connect()
    script.receive("+PONG\r\n-NOPERM\r\n+OK\r\n+OK\r\n")
    #expect(script.lastRequest == "PSYNC \(SnapshotText.id) \(1001 + Self.set.utf8.count)")
    let newID = String(repeating: "n", count: 40)
    script.receive("+CONTINUE \(newID)\r\n\(Self.ping)")
    #expect(script.log.contains("Master replication ID changed to \(newID)"))
    let position = ReplicationPosition(id: ReplicationID(newID)!, offset: Self.offset(Self.set))
    #expect(script.actions.contains(.resume(position)))
    #expect(!script.actions.contains(.discardStaged))
    #expect(script.link.receivedOffset == Self.offset(Self.set + Self.ping))
    #expect(script.link.lastError == nil)
    #expect(script.link.downSince == nil)
    #expect(script.live == SnapshotText.keys)
  }

  @Test func aStreamThatBreaksAtOnceIsNotTakenUpAtOnce() throws {
    var script = Self.streaming()
    script.close()
    #expect(try #require(script.link.nextTick) >= script.now + 750)
  }

  @Test(arguments: ["\r\n", " \(SnapshotText.id)\r\n"]) func continuesTheSameHistory(rest: String) {
    var script = ScriptedLink(position: ScriptedLink.position)
    script.shakeHands()
    #expect(script.lastRequest == "PSYNC \(SnapshotText.id) 1001")
    script.receive("+CONTINUE" + rest)
    #expect(script.actions.contains(.resume(ScriptedLink.position)))
    #expect(script.link.state == .streaming)
    #expect(!script.log.contains { $0.contains("ID changed") })
  }

  @Test func aPrimaryThatForgotUsSendsEverything() {
    var script = ScriptedLink(position: ScriptedLink.position)
    script.beginTransfer(length: SnapshotText.file.count)
    #expect(script.link.state == .staging)
    #expect(script.live == ["0 old": "kept"])
    script.receive(SnapshotText.file)
    script.commit()
    #expect(script.live == SnapshotText.keys)
  }

  @Test func silenceEndsTheStream() {
    var script = Self.streaming()
    script.pass(milliseconds: 59_999)
    #expect(script.link.state == .streaming)
    script.pass(milliseconds: 1)
    #expect(script.link.lastError == .streamTimeout)
    #expect(script.log.last == "MASTER timeout: no data nor PING received...")
    #expect(script.isClosed)
  }

  /// A serving side that is busy has the driver stop reading, and makes no primary silent.
  @Test func whatIsNotReadIsNoSilence() {
    var script = Self.streaming()
    script.link.reading(false, at: script.now)
    for _ in 0..<200 { script.pass(milliseconds: 1000) }
    #expect(script.link.state == .streaming)
    #expect(script.sent.count == 200)
    script.link.reading(true, at: script.now)
    script.pass(milliseconds: 59_999)
    #expect(script.link.state == .streaming)
    #expect(script.link.nextTick == script.now + 1)
    script.pass(milliseconds: 1)
    #expect(script.link.lastError == .streamTimeout)
    // The next connection is read from.
    script.link.reading(false, at: script.now)
    script.pass(milliseconds: 2000)
    #expect(script.link.state == .connecting)
    script.pass(milliseconds: 60_000)
    #expect(script.link.lastError == .handshakeTimeout)
  }

  /// What waits to be executed keeps more of the stream away, but no connection from being made.
  @Test func onlyTheStreamWaitsForTheServingSide() {
    var script = ScriptedLink(position: ScriptedLink.position)
    func wants(_ byteCount: Int) -> Bool { script.link.wantsInput(unappliedByteCount: byteCount, limit: 100) }
    #expect(wants(101))
    script.shakeHands()
    #expect(wants(101))
    script.receive("+CONTINUE\r\n")
    #expect(!wants(101))
    #expect(wants(100))
  }

  @Test(arguments: [
    "PING\r\n", "*1\r\n+PING\r\n", "*x\r\n", "*\r\n", "*-1\r\n", "*1\r$4\r\n", "*1\r\n$\r\n", "*1\r\n$-1\r\n",
    "*99999999999\r\n", "*1\r\n$4294967232\r\n", "*1\r\n$99999999999999999999\r\n", "*1\n",
  ]) func whatIsNoCommandNeedsAFullSync(text: String) {
    for chunkSize in [1, 1000] {
      var script = Self.streaming()
      script.receive(Self.set)
      script.receive(text, chunkSize: chunkSize)
      guard case .streamMalformed = script.link.lastError else {
        Issue.record("\(String(describing: script.link.lastError))")
        return
      }
      #expect(script.link.position == nil)
      #expect(script.isClosed)
    }
  }

  @Test func stopEndsTheStream() {
    var script = Self.streaming()
    script.link.stop()
    script.perform()
    #expect(script.actions == [.endStream, .close])
  }

  @Test func aReplicaIsAskedOnceToTakeOver() {
    for (reply, isAccepted) in [("+CONTINUE", true), ("-ERR PSYNC FAILOVER replid must match my replid.", false)] {
      var script = ScriptedLink({ $0.isFailover = true }, position: ScriptedLink.position)
      script.shakeHands()
      #expect(script.lastRequest == "PSYNC \(SnapshotText.id) 1001 FAILOVER")
      script.receive(reply + "\r\n")
      #expect(script.actions.contains(.failoverAnswered(isAccepted: isAccepted)))
      script.close()
      script.pass(milliseconds: 5000)
      script.connect()
      script.receive("+PONG\r\n-NOPERM\r\n+OK\r\n+OK\r\n")
      #expect(script.lastRequest == "PSYNC \(SnapshotText.id) 1001")
    }
  }

  @Test(arguments: ["-1", "9223372036854775807", "4611686018427387905", "x"])
  func anOffsetThatNobodyComesToIsRefused(offset: String) {
    var script = ScriptedLink()
    script.shakeHands()
    script.receive("+FULLRESYNC \(SnapshotText.id) \(offset)\r\n")
    guard case .synchronizationMalformed = script.link.lastError else {
      Issue.record("\(String(describing: script.link.lastError))")
      return
    }
  }
}
