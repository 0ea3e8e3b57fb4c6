internal import VersionedStore

/// Memory that clients take, and its bound (`maxmemory-clients`): the largest clients go first.
///
/// While there is a bound, the memory of each session is counted when it has received, executed or sent something, so that
/// the sum is known at any time. Only when it is too large are all sessions walked.
extension Engine {
  /// Bytes that clients may take together; nil for any number.
  var clientMemoryLimit: Int? {
    let setting = settings.maxmemoryClients
    let bytes: Int
    if setting > 0 {
      bytes = setting
    } else if setting < 0, settings.maxmemory > 0 {
      bytes = Int(Double(settings.maxmemory) * Double(-setting) / 100)
    } else {
      return nil
    }
    // With less, nobody could so much as ask for the configuration.
    return max(bytes, 128 << 10)
  }

  /// Bytes that a session takes with all that is kept for it (`tot-mem`).
  func memory(of session: Session) -> Int {
    // What was taken for input that may come and has not is memory that was never written to, and costs nothing yet.
    let input = min(session.inputCapacity, max(session.inputByteCount, 4 * Self.inputRoom))
    var bytes = Session.ownMemory + input + session.outputMemory + session.streamOutput
    bytes += session.transaction?.byteCount ?? 0
    // A name and its places in two tables, roughly.
    bytes += watches.keyCount(of: session) * 128
    let subscriptions = session.subscriptions
    bytes += (subscriptions.channels.count + subscriptions.patterns.count + subscriptions.shardChannels.count) * 128
    if let state = session.tracking { bytes += state.prefixes.reduce(0) { $0 + $1.count + 128 } }
    return bytes
  }

  /// Brings the sum up to date with what `session` takes now.
  func countMemory(_ session: Session) {
    let isCounted =
      settings.maxmemoryClients != 0 && !session.isClosing && !session.isPrimary && !session.isReplica
    let memory = isCounted ? memory(of: session) : 0
    clientMemory += memory - session.countedMemory
    session.countedMemory = memory
  }

  /// To be called when the bound was set or taken away.
  public func recountClientMemory() {
    for session in sessions.values { countMemory(session) }
    transport?.wake()
  }

  /// Ends the largest clients until the others take less than the bound, apart from those that were exempted.
  func evictClients() {
    guard let limit = clientMemoryLimit, clientMemory >= limit else { return }
    let candidates = sessions.values
      .filter { !$0.isExemptFromEviction && !$0.isPrimary && !$0.isReplica && !$0.isClosing }
      .sorted { ($0.countedMemory, $0.id) > ($1.countedMemory, $1.id) }
    for session in candidates {
      log(.notice, "Evicting client: \(clientLine(session))")
      abandon(session)
      statistics.evictedClients += 1
      if clientMemory < limit { return }
    }
    log(.warning, "Over client maxmemory after evicting all evictable clients")
  }

  // MARK: Buffers

  /// Memory for input that a client is given when it begins to speak.
  static let inputRoom = 16 << 10
  /// Silence after which a client's buffers are given back, in milliseconds.
  static let idleMilliseconds: Int64 = 2000

  /// Gives back what buffers have grown to and do not need any more. Called by the cron, some times a second.
  func shrinkBuffers() {
    for session in sessions.values where session.output.capacity > 1024 && session.output.count == 0 {
      guard let silence = replyBufferSilence, keyspace.now - session.lastInteraction > silence else { continue }
      session.output.shrink(to: 1024)
      session.settledCapacity = 1024
      statistics.replyBufferShrinks += 1
    }
    for session in sessions.values where session.input.capacity > 0 && session.input.count == 0 && !session.isReady {
      let capacity = session.input.capacity
      if keyspace.now - session.lastInteraction > Self.idleMilliseconds {
        session.input.shrink(to: 0)
      } else if capacity > 2 * Self.inputRoom, session.inputPeak < capacity / 2 {
        session.input.shrink(to: max(session.inputPeak, Self.inputRoom))
      }
      session.inputPeak = 0
      if session.countedMemory > 0 { countMemory(session) }
    }
  }
}

extension Session {
  /// The object itself, with what belongs to it in tables and in the transport; a rough figure.
  static let ownMemory = 1024
}
