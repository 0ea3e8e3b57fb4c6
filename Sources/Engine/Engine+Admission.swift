internal import RESP
internal import VersionedStore

/// Whether a command may run now: what is asked of commands that call for attention (see `Attention`), in Redis's order.
extension Engine {
  /// Makes all checks. False if the command was answered, queued or put off instead.
  @inline(never)
  func admit(_ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session) -> Bool {
    let flags = effectiveFlags(of: record, call)
    if needsAuthentication(session), !flags.contains(.noAuth) {
      return reject(record, &call, session, "NOAUTH Authentication required.")
    }
    if session.transaction != nil, flags.contains(.noMulti) {
      return reject(record, &call, session, "ERR Command not allowed inside a transaction")
    }
    let arguments = call.arguments(from: 0)
    if let refusal = accessRefusal(session, record, arguments, session.transaction == nil ? .toplevel : .queued) {
      return reject(record, &call, session, refusal)
    }
    if attention.contains(.busy), !flags.contains(.allowBusy), let script {
      // A script of the log that is being loaded.
      if persistence.isLoading, !flags.contains(.loading) {
        return reject(record, &call, session, PersistenceState.loading)
      }
      return reject(record, &call, session, Self.busyText(script.kind))
    }
    let all = flags.union(queuedFlags(record, session))
    if let refusal = refusal(all, record, session) {
      return reject(record, &call, session, refusal)
    }
    if attention.contains(.fewReplicas), all.contains(.write) {
      return reject(record, &call, session, Self.tooFewReplicas)
    }
    if session.attention.contains(.subscriber), !flags.contains(.allowedToSubscribers) {
      return reject(
        record, &call, session,
        "ERR Can't execute '\(record.value.fullName)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
      )
    }
    if attention.contains(.stale), !session.isPrimary, !flags.contains(.stale) || isExecOfStale(record, session) {
      return reject(record, &call, session, Self.staleText)
    }
    if session.isMonitoring || session.isReplica, !all.isDisjoint(with: [.readOnly, .write, .mayReplicate]) {
      return reject(record, &call, session, "ERR Replica can't interact with the keyspace")
    }
    if attention.contains(.paused), postpone(session, all) { return false }
    if let transaction = session.transaction, !flags.contains(.controlsTransaction) {
      transaction.append(call, flags)
      call.reply.simpleString("QUEUED")
      return false
    }
    return true
  }

  /// Whether what is here is not to be served, since the primary is out of reach.
  public func setStale(_ isStale: Bool) { attention.set(.stale, isStale) }

  static let staleText: StaticString =
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."

  /// Whether EXEC would run a command that is not to be served without a primary.
  private func isExecOfStale(_ record: Fixed<CommandRecord>, _ session: Session) -> Bool {
    record.value.fullName == "exec" && session.transaction?.needsFreshData == true
  }

  /// EXEC does what the queued commands do.
  private func queuedFlags(_ record: Fixed<CommandRecord>, _ session: Session) -> CommandFlags {
    guard record.value.fullName == "exec", let transaction = session.transaction else { return [] }
    return transaction.flags.intersection([.readOnly, .write, .denyOOM, .mayReplicate])
  }

  /// Refuses a command before it has run; a transaction that it was meant for will not be run either.
  @discardableResult
  func reject(
    _ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session, _ text: StaticString
  ) -> Bool { reject(record, &call, session, wording(text)) }

  @discardableResult
  func reject(
    _ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session, _ text: String
  ) -> Bool {
    record.value.statistics.rejected += 1
    if record.value.fullName == "exec" {
      // Even where there is no transaction, as Redis has it.
      discardTransaction(session)
      var reason = text
      if reason.hasPrefix("ERR ") { reason.removeFirst(4) }
      call.reply.error("EXECABORT Transaction discarded because of: \(reason)")
      // The transaction is over, as far as anybody can see.
      if attention.contains(.monitored), !persistence.isLoading { show(call, session) }
    } else {
      session.transaction?.isDoomed = true
      call.reply.error(text)
    }
    return false
  }
}
