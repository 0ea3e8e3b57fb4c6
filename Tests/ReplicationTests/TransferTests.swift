import Replication
import Snapshots
import Testing

/// The full sync: what is staged, and what never goes live.
@Suite struct TransferTests {
  static let file = SnapshotText.file
  static let marked = SnapshotText.file + Array(ScriptedLink.mark.utf8)

  @Test(arguments: [true, false]) func commitsWhatIsComplete(withLength: Bool) {
    for chunkSize in 1...Self.marked.count {
      var script = ScriptedLink()
      script.beginTransfer(length: withLength ? Self.file.count : nil)
      script.receive(withLength ? Self.file : Self.marked, chunkSize: chunkSize)
      #expect(script.link.state == .committing)
      guard case .commit(let request) = script.actions.last else {
        Issue.record("\(script.actions)")
        return
      }
      #expect(request.position == ScriptedLink.position)
      #expect(request.streamDatabase == 3)
      #expect(request.keyCount == 3)
      #expect(!request.mustNotReplaceKeys)
      #expect(script.live == ["0 old": "kept"])
      script.commit()
      #expect(script.live == SnapshotText.keys)
      #expect(script.link.state == .streaming)
      #expect(script.link.position == ScriptedLink.position)
      #expect(script.lastRequest == "REPLCONF ACK 1000")
    }
  }

  @Test func nothingIsTakenBeforeTheCommit() {
    var script = ScriptedLink()
    script.beginTransfer(length: nil)
    script.receive(Self.marked + Array(StreamTests.set.utf8))
    #expect(script.untaken == Array(StreamTests.set.utf8))
    #expect(script.executed.isEmpty)
    script.commit()
    #expect(script.untaken.isEmpty)
    #expect(script.executed == Array(StreamTests.set.utf8))
  }

  @Test func progressIsCounted() {
    var script = ScriptedLink()
    script.beginTransfer(length: Self.file.count)
    script.receive(Array(Self.file.dropLast(8)))
    #expect(script.link.progress.totalByteCount == Int64(Self.file.count))
    #expect(script.link.progress.readByteCount == Int64(Self.file.count - 8))
    #expect(script.link.progress.keyCount == 3)
    #expect(script.link.progress.announcedKeyCount == 3)
  }

  @Test(arguments: [true, false]) func cutAtEveryByteNothingChanges(withLength: Bool) {
    let bytes = withLength ? Self.file : Self.marked
    for count in 0..<bytes.count {
      var script = ScriptedLink(position: ScriptedLink.position)
      script.beginTransfer(length: withLength ? Self.file.count : nil)
      script.receive(Array(bytes.prefix(count)))
      #expect(script.link.state == .staging)
      script.close()
      expectNothingChanged(script)
      #expect(script.link.lastError == .lostInTransfer(reason: "connection lost"))
      #expect(script.link.position == ScriptedLink.position)
    }
  }

  @Test(arguments: [true, false]) func everyFlippedByteIsFound(withLength: Bool) {
    let bytes = withLength ? Self.file : Self.marked
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x20
      var script = ScriptedLink()
      script.beginTransfer(length: withLength ? Self.file.count : nil)
      script.receive(damaged)
      if script.link.state == .staging { script.close() }  // it waits for more than there is
      expectNothingChanged(script)
    }
  }

  private func expectNothingChanged(_ script: ScriptedLink) {
    #expect(script.live == ["0 old": "kept"])
    #expect(script.staged == nil)
    #expect(script.actions.contains(.discardStaged))
    #expect(script.isClosed)
    guard case .waiting = script.link.state else {
      Issue.record("\(script.link.state)")
      return
    }
  }

  /// `(line in place of the announcement, what the log says)`
  @Test(arguments: [
    ("-ERR no space", "MASTER aborted replication with an error: -ERR no space"),
    (
      "+OK",
      "Bad protocol from MASTER, the first byte is not '$' (we received '+OK'), are you sure the host and port are right?"
    ),
    (
      "$-1",
      "Bad protocol from MASTER, the first byte is not '$' (we received '$-1'), are you sure the host and port are right?"
    ),
    (
      "$EOF:short",
      "Bad protocol from MASTER, the first byte is not '$' (we received '$EOF:short'), are you sure the host and port are right?"
    ),
  ]) func noSnapshot(line: String, text: String) {
    var script = ScriptedLink()
    script.shakeHands()
    script.receive("+FULLRESYNC \(SnapshotText.id) 1000\r\n")
    script.receive(line + "\r\n")
    #expect(script.log.last == text)
    #expect(script.isClosed)
    #expect(!script.actions.contains(.beginStaging))
  }

  /// `(length or nil for a mark, bytes, error)`
  static let broken: [(Int?, [UInt8], LinkError)] = {
    let file = SnapshotText.file
    let set = SnapshotText.header + [11, 5] + Array("queue".utf8) + [4] + Array("none".utf8)
    let place = SnapshotError.Place(byteOffset: 21, key: Array("queue".utf8), type: .set)
    return [
      (file.count, Array("RADIS".utf8) + file.dropFirst(5), .snapshot(.notASnapshot(.init(byteOffset: 0)))),
      (file.count - 1, file, .snapshot(.truncated(.init(byteOffset: file.count - 1)))),
      (0, file, .snapshot(.truncated(.init(byteOffset: 0)))),
      (file.count + 1, file, .snapshotLength(byteCount: Int64(file.count), announced: Int64(file.count + 1))),
      (nil, file + Array(repeating: 48, count: 40), .endMarkBroken),
      (nil, file + Array("*1\r\n".utf8), .endMarkBroken),
      (1000, set, .snapshot(.refused(place, .invalidElement))),
      (
        1000, SnapshotText.header + [254, 16],
        .snapshot(.refused(.init(byteOffset: 11), .databaseOutOfRange(databaseCount: 16)))
      ),
    ]
  }()

  @Test(arguments: broken) func brokenTransfer(length: Int?, bytes: [UInt8], error: LinkError) {
    for chunkSize in [1, 1000] {
      var script = ScriptedLink()
      script.beginTransfer(length: length)
      script.receive(bytes, chunkSize: chunkSize)
      #expect(script.link.lastError == error)
      expectNothingChanged(script)
    }
  }

  @Test func keysMustBeAsManyAsAnnounced() {
    let file = SnapshotText.build([], announcing: [0: 2, 3: 4])
    var script = ScriptedLink()
    script.beginTransfer(length: file.count)
    script.receive(file)
    #expect(script.link.lastError == .keyCount(read: 3, announced: 6))
    expectNothingChanged(script)
  }

  @Test func keysThatWereNotAnnouncedAreTaken() {
    let file = SnapshotText.build([], announcing: [3: 1])
    var script = ScriptedLink()
    script.beginTransfer(length: file.count)
    script.receive(file)
    #expect(script.link.state == .committing)
  }

  @Test func theSnapshotMustBeOfTheAnnouncedHistory() {
    let file = SnapshotText.build([SnapshotText.aux("repl-id", String(repeating: "0", count: 40))], announcing: [:])
    var script = ScriptedLink()
    script.beginTransfer(length: file.count)
    script.receive(file)
    #expect(script.link.lastError == .otherHistory(announced: ScriptedLink.id))
    expectNothingChanged(script)
  }

  @Test(arguments: [true, false]) func emptyPrimary(refusesEmpty: Bool) {
    var script = ScriptedLink { $0.refusesEmpty = refusesEmpty }
    script.beginTransfer(length: SnapshotText.empty.count)
    script.receive(SnapshotText.empty)
    guard case .commit(let request) = script.actions.last else {
      Issue.record("\(script.actions)")
      return
    }
    #expect(request.mustNotReplaceKeys == refusesEmpty)
    script.link.refuseCommit(.emptyDataset, at: script.now)
    script.perform()
    expectNothingChanged(script)
    #expect(script.log.last == LinkError.emptyDataset.description)
  }

  @Test func aLongTransferShowsLifeAndSeesSilence() {
    var script = ScriptedLink()
    script.beginTransfer(length: Self.file.count)
    for byte in Self.file.dropLast() {
      script.pass(milliseconds: 1000)
      #expect(script.actions.last == .send([10]))
      script.receive([byte])
    }
    script.pass(milliseconds: 59_999)
    #expect(script.link.state == .staging)
    script.pass(milliseconds: 1)
    #expect(script.link.lastError == .transferTimeout)
    expectNothingChanged(script)
  }

  @Test func aCommitOutlivesTheConnection() {
    var script = ScriptedLink()
    script.beginTransfer(length: Self.file.count)
    script.receive(Self.file)
    script.pass(milliseconds: 100_000)
    #expect(script.actions.last == .send([10]))
    script.close("reset by peer")
    #expect(script.link.nextTick == nil)
    script.pass(milliseconds: 1000)
    #expect(script.link.state == .committing)
    script.commit()
    #expect(script.link.lastError == .lostInStream(reason: "reset by peer"))
    #expect(script.link.position == ScriptedLink.position)
    #expect(!script.actions.contains(.discardStaged))
    #expect(script.live == SnapshotText.keys)
  }

  @Test func stopDiscardsWhatIsStaged() {
    for count in [0, 20, Self.file.count] {
      var script = ScriptedLink()
      script.beginTransfer(length: Self.file.count)
      script.receive(Array(Self.file.prefix(count)))
      script.link.stop()
      script.perform()
      #expect(script.actions.suffix(2) == [.discardStaged, .close])
      script.link.committed(at: script.now)
      #expect(script.link.state == .idle)
    }
  }

  @Test func theNextAttemptBeginsAnew() throws {
    var script = ScriptedLink()
    script.beginTransfer(length: Self.file.count)
    script.receive(Array(Self.file.prefix(50)))
    script.close()
    let next = try #require(script.link.nextTick)
    script.pass(milliseconds: next - script.now)
    script.connect()
    script.receive("+PONG\r\n-NOPERM\r\n+OK\r\n+OK\r\n+FULLRESYNC \(SnapshotText.id) 1000\r\n$\(Self.file.count)\r\n")
    script.receive(Self.file)
    script.commit()
    #expect(script.live == SnapshotText.keys)
    #expect(script.link.lastError == nil)
  }
}
