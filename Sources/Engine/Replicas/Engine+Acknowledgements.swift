internal import RESP
internal import VersionedStore

/// Clients that wait for replicas (WAIT), and what they wait for.
struct Acknowledgements {
  /// Replicas have told something new since the waiting clients were last looked at.
  var haveCome = false
  /// Replicas are to be asked how far they are when the tick ends.
  var areWanted = false
  /// Where the command stream began and ended that asked them last.
  fileprivate(set) var lastRequest = (start: Int64(-1), end: Int64(-1))
  /// The waiting clients in the order in which they came; some may be answered already.
  private var waits: ContiguousArray<Wait> = []
  /// Those that are not.
  private(set) var count = 0

  mutating func append(_ wait: Wait) {
    waits.append(wait)
    count += 1
  }

  /// To be called when a wait for replicas is over. The list holds no more than as many again.
  mutating func noteEnd() {
    count -= 1
    if waits.count > 2 * count + 64 { waits.removeAll { $0.isOver } }
  }

  var waiting: [Wait] { waits.filter { !$0.isOver } }
}

extension Engine {
  /// Where the command stream ends behind all that a session has written or may have seen, in the offsets that replicas
  /// acknowledge; 0 if it has done nothing since there is a stream. Whoever has read what another client wrote, and waits,
  /// wants to go on reading it whatever happens to this server.
  func offsetKnown(to session: Session) -> Int64 {
    // Inside of EXEC, what it has done so far is in no stream yet.
    if nesting.isEmpty { handOverEffects() }
    var end = max(session.writtenReplicas, session.seen.replicas)
    // It has been answered something in this tick.
    if session.isDirty { end = max(end, endForReplicas) }
    return end == 0 ? 0 : replicaHooks.offset(end)
  }

  /// The end of the command stream, but for a request that stands there and says nothing of the dataset: who waits a second
  /// time would wait for that.
  var endForReplicas: Int64 {
    let end = effects.replicas.end
    return end == acknowledgements.lastRequest.end ? acknowledgements.lastRequest.start : end
  }

  /// The session's command has begun to wait for replicas: these are asked when the tick ends.
  func beginsToWaitForReplicas(_ session: Session) {
    guard let wait = session.wait else { return }
    acknowledgements.append(wait)
    acknowledgements.areWanted = true
  }

  /// A replica has said how far it is. To be called by what feeds replicas.
  public func replicasHaveAcknowledged() {
    acknowledgements.haveCome = true
    wakeIfIdle()
  }

  /// Answers whom it can of those who wait for replicas, and does what else waits for these. To be called when no command is
  /// in progress.
  @inline(never)
  func noticeAcknowledgements() {
    acknowledgements.haveCome = false
    for wait in acknowledgements.waiting {
      guard case .replicas(let wanted, let offset) = wait.aim else { continue }
      let count = replicaHooks.acknowledged(offset)
      if count >= wanted { conclude(wait) { $0.reply.integer(count) } }
    }
    replicaHooks.acknowledgementsCame()
    continueShutdown()
  }

  /// Asks all replicas how far they are, once for all clients that want to know. Not while clients are paused: the request
  /// would make the stream longer, which has to stand still then. It is made up for when the pause is over.
  @inline(never)
  public func askForAcknowledgements() {
    guard nesting.isEmpty, !hasPausedClients else { return }
    acknowledgements.areWanted = false
    guard effects.replicas.isOpen, !replicaHooks.replicas().isEmpty else { return }
    effects.endUnit()
    let start = endForReplicas
    effects.add(-1, count: 3, targets: .replicas) { writer in
      writer.bulk("REPLCONF")
      writer.bulk("GETACK")
      writer.bulk("*")
    }
    handOverEffects()
    acknowledgements.lastRequest = (start, effects.replicas.end)
  }
}
