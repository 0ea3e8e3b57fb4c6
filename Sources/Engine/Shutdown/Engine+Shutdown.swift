internal import RESP
internal import VersionedStore

/// The end of the server: replicas that lag are waited for, with writes put off, so that nothing is lost when one of them
/// takes over. What comes behind that is for `Engine.shutDown`.
extension Engine {
  /// Ends the server as soon as replicas are in sync, or have been waited for as long as `shutdown-timeout` says. If that is
  /// under way already, the request is one more of the same.
  public func beginShutdown(_ request: ShutdownRequest) -> ShutdownOutcome {
    if shutdown != nil { return .waits }
    log(.warning, "User requested shutdown...")
    guard !request.now, settings.shutdownTimeout > 0, !areReplicasInSync else { return finishShutdown(request) }
    if !hasPausedClients {
      acknowledgements.areWanted = true
      askForAcknowledgements()
    }
    shutdown = PendingShutdown(request: request, deadline: keyspace.now + Int64(settings.shutdownTimeout) * 1000)
    pauseClients(.shutdown, until: .max, .writes)
    log(.notice, "Waiting for replicas before shutting down.")
    return .waits
  }

  /// Has a session wait that has asked for an end which waits: it is answered only if that does not come.
  func waitForShutdown(_ session: Session) {
    session.isWaiting = true
    shutdown?.sessions.append(session.id)
  }

  /// Whether the server waits for replicas before it ends.
  public var isWaitingToShutDown: Bool { shutdown != nil }

  /// Goes on with an end that waits, if it need not wait any more. Called by the cron, and when replicas have acknowledged.
  func continueShutdown() {
    guard let pending = shutdown, keyspace.now >= pending.deadline || areReplicasInSync else { return }
    _ = finishShutdown(pending.request)
  }

  /// SHUTDOWN ABORT. False if no end was asked for.
  func abortShutdown() -> Bool {
    guard shutdown != nil || isShuttingDown else { return false }
    cancelShutdown()
    log(.notice, "Shutdown manually aborted.")
    return true
  }

  /// Milliseconds until replicas are not waited for any longer; nil if the server does not wait to end.
  var shutdownMilliseconds: Int64? { shutdown.map { $0.deadline - keyspace.now } }

  private var areReplicasInSync: Bool {
    let replicas = replicaHooks.replicas()
    guard !replicas.isEmpty else { return true }
    handOverEffects()
    let end = replicaHooks.end()
    return replicas.allSatisfy { $0.isInSync(with: end) }
  }

  private func finishShutdown(_ request: ShutdownRequest) -> ShutdownOutcome {
    tellOfReplicas()
    if shutDown(request) {
      // Whatever is executed from here on is in no file.
      pauseClients(.shutdown, until: .max, .all)
      return .ends
    }
    log(.warning, "Errors trying to shut down the server. Check the logs for more information.")
    cancelShutdown()
    return .refused
  }

  private func tellOfReplicas() {
    let replicas = replicaHooks.replicas()
    guard !replicas.isEmpty else { return }
    handOverEffects()
    let end = replicaHooks.end()
    let lagging = replicas.filter { !$0.isInSync(with: end) }
    for replica in lagging {
      log(
        .warning,
        "Lagging replica \(replica.name) reported offset \(end - replica.acknowledgedOffset) behind master, lag=\(replica.lagSeconds), state=\(replica.state)."
      )
    }
    log(.notice, "\(replicas.count - lagging.count) of \(replicas.count) replicas are in sync when shutting down.")
  }

  private func cancelShutdown() {
    isShuttingDown = false
    let sessions = shutdown?.sessions ?? []
    shutdown = nil
    for id in sessions { answer(id) { $0.error(Self.shutdownFailed) } }
    unpauseClients(.shutdown)
    shutdownWasTakenBack()
  }

  static let shutdownFailed: StaticString = "ERR Errors trying to SHUTDOWN. Check logs."
}
