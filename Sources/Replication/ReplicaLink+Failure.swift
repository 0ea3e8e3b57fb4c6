internal import VersionedStore

extension ReplicaLink {
  mutating func log(_ level: LinkLogLevel, _ text: String) { actions.append(.log(level, text)) }

  mutating func connect(at now: Int64) {
    state = .connecting
    lastInputTime = now
    isReadingPaused = false
    closedWhileCommitting = nil
    log(.notice, "Connecting to MASTER \(settings.host):\(settings.port)")
    actions.append(.connect(host: settings.host, port: settings.port))
    log(.notice, "MASTER <-> REPLICA sync started")
  }

  /// Gives this attempt up, and waits for the next.
  mutating func fail(_ error: LinkError, at now: Int64) {
    // A stream that breaks is taken up again at once, since the primary's backlog does not wait; but not over and over.
    let hasStreamed = state == .streaming && now - streamStart >= Self.shortestDelay
    if hasStreamed { failureCount = 0 }
    let isAtOnce = hasStreamed && !error.needsFullSync
    lastError = error
    log(.warning, error.description)
    leave()
    guard settings.purpose == .replicate else {
      actions.append(.report(.failed(error)))
      state = .idle
      return
    }
    if downSince == nil { downSince = now }
    state = .waiting(until: now + (isAtOnce ? 0 : nextDelay(after: error)))
  }

  /// Drops the connection, with all that belongs to it.
  mutating func leave() {
    switch state {
    case .idle, .waiting: return
    case .connecting, .handshake, .awaitingTransfer: break
    case .streaming: actions.append(.endStream)
    case .staging, .committing: actions.append(.discardStaged)
    }
    actions.append(.close)
    if let scanner { position?.offset = scanner.resumeOffset }
    scanner = nil
    transfer = nil
    information = nil
    line.clear()
  }

  private static let shortestDelay: Int64 = 1000

  /// A second, as in Redis; 2, 4 and up to 64 seconds where every attempt costs the primary a snapshot, and is likely to fail
  /// as the last one did. A snapshot of nothing costs little: 8 seconds then. Each more or less a quarter.
  private mutating func nextDelay(after error: LinkError) -> Int64 {
    let doublings = error.needsFullSync ? min(failureCount, error == .emptyDataset ? 3 : 6) : 0
    let delay = Self.shortestDelay << doublings
    if error.needsFullSync { failureCount += 1 }
    jitter = jitter &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return delay * 3 / 4 + Int64(jitter >> 33) % (delay / 2)
  }
}
