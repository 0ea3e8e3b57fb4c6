internal import VersionedStore

extension ReplicaLink {
  mutating func beginStream(at position: ReplicationPosition, now: Int64) {
    self.position = position
    appliedOffset = position.offset
    acknowledgedRequest = nil
    scanner = StreamScanner(offset: position.offset, lengthLimit: settings.stringLimit)
    state = .streaming
    streamStart = now
    lastError = nil
    downSince = nil
    lastInputTime = now
    // A primary that sent the snapshot from memory begins the stream only after this.
    acknowledge(at: now)
  }

  /// Where the stream that has come in ends (`slave_read_repl_offset`); nil without a stream.
  public var receivedOffset: ReplicationOffset? { scanner?.offset }

  mutating func receiveStream(_ bytes: Bytes, at now: Int64) -> Int {
    guard var scanner = scanner.take() else { return bytes.count }
    do {
      try scanner.scan(bytes)
      self.scanner = scanner
    } catch {
      position = nil  // what it meant to send is unknown: only a full sync mends that
      fail(.streamMalformed(scanner.offset), at: now)
      return bytes.count
    }
    actions.append(.execute(Array(bytes)))
    answerRequest(at: now)
    return bytes.count
  }

  /// All commands up to `offset` of the stream have been executed. Those of an open transaction count once it is closed.
  public mutating func applied(upTo offset: ReplicationOffset, at now: Int64) {
    guard state == .streaming, let scanner, offset > appliedOffset else { return }
    appliedOffset = min(offset, scanner.offset)
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
