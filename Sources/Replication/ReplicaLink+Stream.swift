internal import Values
internal import VersionedStore

extension ReplicaLink {
  /// The stream begins, or goes on.
  ///
  /// How far it is executed is another matter. Where the primary goes on from our position, `position` is the end of what was
  /// handed over, and some of that may wait for the serving side still, or be dropped by a promotion: nothing is acknowledged
  /// before the serving side has said how far it is.
  mutating func beginStream(at position: ReplicationPosition, now: Int64) {
    self.position = position
    acknowledgedRequest = nil
    owesAcknowledgement = false
    scanner = StreamScanner(
      offset: position.offset, lengthLimit: StringForm.lengthLimit, commands: settings.commands)
    state = .streaming
    streamStart = now
    lastError = nil
    downSince = nil
    lastInputTime = now
    lastOutputTime = now
  }

  /// Where the stream that has come in ends (`slave_read_repl_offset`); nil without a stream.
  public var receivedOffset: ReplicationOffset? { scanner?.offset }

  mutating func receiveStream(_ bytes: Bytes, at now: Int64) -> Int {
    guard var scanner = scanner.take() else { return bytes.count }
    var failure: StreamScanner.Failure?
    do { try scanner.scan(bytes) } catch { failure = error }
    let part = scanner.takeWhole()
    self.scanner = scanner
    if let part { actions.append(.execute(part)) }
    switch failure {
    case nil: answerRequest(at: now)
    case .malformed: refuseStream(.streamMalformed(scanner.offset), at: now)
    case .unknownCommand(let name): refuseStream(.commandUnknown(name: name), at: now)
    }
    return bytes.count
  }

  /// The stream cannot be followed any further. Sent again it would be the same, so only a full sync mends that; but not
  /// if somebody on our side only wanted the connection to end.
  public mutating func refuseStream(_ error: LinkError, at now: Int64) {
    if state == .streaming { fail(error, at: now) }
    if case .lostInStream = error { return }
    position = nil
  }

  /// All commands up to `offset` of the stream have been executed. To be called for a `resume`, too, when all that came to be
  /// executed before it is.
  public mutating func applied(upTo offset: ReplicationOffset, at now: Int64) {
    guard state == .streaming, let scanner else { return }
    if offset > appliedOffset { appliedOffset = min(offset, scanner.offset) }
    if owesAcknowledgement {
      owesAcknowledgement = false
      acknowledge(at: now)
    }
    answerRequest(at: now)
  }

  /// `REPLCONF GETACK *` is answered once all that came before it is executed.
  private mutating func answerRequest(at now: Int64) {
    guard let request = scanner?.acknowledgementRequest, request != acknowledgedRequest, appliedOffset >= request
    else { return }
    acknowledgedRequest = request
    acknowledge(at: now)
  }

  mutating func acknowledge(at now: Int64) {
    lastOutputTime = now
    actions.append(.send(Request.encode("REPLCONF", "ACK", "\(appliedOffset.rawValue)")))
  }
}
