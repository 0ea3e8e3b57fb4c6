internal import VersionedStore

/// Ends of both streams of effects at some moment.
struct StreamEnds {
  var replicas: Int64 = 0
  var journal: Int64 = 0
}

/// Effects and the sessions that caused them.
extension Engine {
  public var effects: Effects { keyspace.effects }

  /// Gives what was told of writes to those who take it, so that their offsets say what the live dataset holds. Happens at the
  /// end of every tick and of the cron, before any reply leaves.
  public func handOverEffects() {
    guard keyspace.hot.value.tellsEffects else { return }
    if nesting.isEmpty { effects.endUnit() }
    effects.handOver()
  }

  /// The same in the midst of EXEC or a script, when what was done so far must not be told with the rest: the server is about
  /// to become a replica.
  public func handOverUnit() {
    guard keyspace.hot.value.tellsEffects else { return }
    effects.endUnit()
    effects.handOver()
  }

  /// Another dataset has taken the place of the live one, and no commands lead from the one to the other.
  public func datasetWasReplaced() {
    for body in datasetReplacements { body() }
  }

  // MARK: Replies that wait for the log

  /// Where the streams end behind all that can be seen now; nil if none is open.
  var shownEnds: StreamEnds? {
    guard keyspace.hot.value.tellsEffects else { return nil }
    return StreamEnds(replicas: endForReplicas, journal: effects.journal.end)
  }

  /// Whether what this session is to be told must wait: until its own writes are safe, and those that it may have seen.
  @inline(__always)
  func isHeld(_ session: Session) -> Bool {
    journalSafe != .max && (session.hasTold || journalEnd(of: session) > journalSafe)
  }

  /// What a session is told from here on waits until all that was done so far is safe: outside of any command, it has had
  /// the dataset changed.
  public func noteWriter(_ id: Int) {
    guard effects.isWanted, let session = sessions[id] else { return }
    effects.noteTeller(session)
    handOverEffects()
  }

  /// The same in the midst of a tick, when it is not noted yet what the session may have seen.
  func isHeldEarly(_ session: Session) -> Bool {
    isHeld(session) || journalSafe != .max && holdsReaders && effects.journal.end > journalSafe
  }

  /// Up to where the log's stream has to be safe before the session's output may leave.
  private func journalEnd(of session: Session) -> Int64 {
    holdsReaders ? max(session.writtenJournal, session.seen.journal) : session.writtenJournal
  }

  /// Keeps the output of a session until it may leave.
  ///
  /// Under a load that never pauses, each tick brings more output and something more to wait for. So the first part that
  /// waits is remembered, and leaves when it may, whatever has come behind it.
  func hold(_ session: Session) {
    session.isDirty = false
    if session.heldCount > 0, session.heldEnd <= journalSafe { send(session, session.heldCount) }
    if session.heldCount == 0 {
      session.heldCount = session.output.count
      session.heldEnd = session.hasTold ? .max : journalEnd(of: session)
    }
    guard !session.isHeld else { return }
    session.isHeld = true
    held.append(session)
  }

  /// Looks anew at those whose output waits: they may wait for less now.
  func lookAtHeld() { if !held.isEmpty { journalBecameSafe(upTo: journalSafe) } }

  /// What was written to the log up to `end` of its stream can be relied on: who waited for it is answered.
  public func journalBecameSafe(upTo end: Int64) {
    journalSafe = end
    guard !held.isEmpty else { return }
    let sessions = held
    held.removeAll(keepingCapacity: true)
    for session in sessions {
      session.isHeld = false
      markDirty(session)
    }
    if !isTicking { flush() }
  }
}
