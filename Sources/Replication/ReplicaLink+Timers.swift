internal import VersionedStore

extension ReplicaLink {
  /// How often a primary hears from us while it sends a snapshot or the stream.
  private static let outputInterval: Int64 = 1000

  /// When `tick` has something to do next; nil if it has not.
  public var nextTick: Int64? {
    // While nothing is read, nothing can be missed.
    let silenceEnd = isReadingPaused ? nil : lastInputTime + settings.timeoutMilliseconds
    switch state {
    case .idle: return nil
    case .waiting(let until): return until
    case .connecting, .handshake, .awaitingTransfer: return silenceEnd
    case .committing: return closedWhileCommitting == nil ? lastOutputTime + Self.outputInterval : nil
    case .staging, .streaming: return min(silenceEnd ?? .max, lastOutputTime + Self.outputInterval)
    }
  }

  /// Time has passed.
  public mutating func tick(at now: Int64) {
    let isSilent = !isReadingPaused && now - lastInputTime >= settings.timeoutMilliseconds
    switch state {
    case .idle: break
    case .waiting(let until):
      if now >= until { connect(at: now) }
    case .connecting, .handshake:
      if isSilent { fail(.handshakeTimeout, at: now) }
    case .awaitingTransfer:
      if isSilent { fail(.transferTimeout, at: now) }
    case .staging:
      if isSilent { fail(.transferTimeout, at: now) } else { showLife(at: now) }
    case .committing:
      showLife(at: now)
    case .streaming:
      if isSilent {
        fail(.streamTimeout, at: now)
      } else if now - lastOutputTime >= Self.outputInterval {
        acknowledge(at: now)
      }
    }
  }

  /// A lone LF, which a primary takes for a sign of life while it cannot be acknowledged anything.
  private mutating func showLife(at now: Int64) {
    guard closedWhileCommitting == nil, now - lastOutputTime >= Self.outputInterval else { return }
    lastOutputTime = now
    actions.append(.send([10]))
  }
}
