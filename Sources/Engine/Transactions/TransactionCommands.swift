internal import RESP
internal import VersionedStore

/// MULTI and its like. Behaviour and reply texts follow Redis 7.0, and there is what Redis cannot do: a transaction of which
/// a command fails leaves no trace (`transaction-rollback yes`, or `MULTI ROLLBACK` for one).
enum TransactionCommands {
  static let all = [multi, exec, discard, watch, unwatch]

  static let multi = Command(
    "multi", arity: .atLeast(1), flags: [.noScript, .loading, .stale, .fast, .allowBusy, .controlsTransaction],
    categories: [.transaction], group: .transactions, since: "1.2.0",
    "Begins a transaction: commands are queued until EXEC.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 2 else { throw call.refuseArity() }
      if call.count == 2, !call.matches(1, "rollback") { throw .syntax }
      guard call.session.transaction == nil else { throw call.refuse("ERR MULTI calls can not be nested") }
      call.session.transaction = Transaction(
        call.count == 2 ? .asked : engine.settings.transactionRollback ? .configured : .never)
      call.session.attention.insert(.transaction)
      call.reply.ok()
    })

  static let discard = Command(
    "discard", arity: .exactly(1), flags: [.noScript, .loading, .stale, .fast, .allowBusy, .controlsTransaction],
    categories: [.transaction], group: .transactions, since: "2.0.0", complexity: "O(N) for N queued commands.",
    "Forgets the commands of a transaction.",
    .control { call, engine throws(CommandError) in
      guard call.session.transaction != nil else { throw call.refuse("ERR DISCARD without MULTI") }
      engine.discardTransaction(call.session)
      call.reply.ok()
    })

  static let exec = Command(
    "exec", arity: .exactly(1),
    flags: [.noScript, .loading, .stale, .skipSlowlog, .controlsTransaction],
    categories: [.transaction], group: .transactions, since: "1.2.0", complexity: "That of the queued commands.",
    "Runs the commands of a transaction.",
    .control { call, engine throws(CommandError) in
      guard let transaction = call.session.transaction else { throw call.refuse("ERR EXEC without MULTI") }
      try engine.execute(transaction, &call)
    })

  static let watch = Command(
    "watch", arity: .atLeast(2),
    flags: [.noScript, .loading, .stale, .fast, .allowBusy, .controlsTransaction], categories: [.transaction],
    keys: [.all([.readOnly])], group: .transactions, since: "2.2.0", complexity: "O(1) for every key.",
    "Has the next transaction run only if none of these keys has changed by then.",
    .control { call, engine throws(CommandError) in
      if call.session.transaction != nil { throw call.refuse("ERR WATCH inside MULTI is not allowed") }
      // One that is doomed stays so, and needs to watch no more.
      if !call.session.isWatchBroken {
        for index in 1..<call.count {
          engine.watches.add(call.session, call.session.database, call.key(index), engine.keyspace)
        }
        engine.keyspace.hot.value.interest.set(.watched, !engine.watches.isEmpty)
      }
      call.reply.ok()
    })

  static let unwatch = Command(
    "unwatch", arity: .exactly(1), flags: [.noScript, .loading, .stale, .fast, .allowBusy], categories: [.transaction],
    group: .transactions, since: "2.2.0", "Forgets the keys that were given to WATCH.",
    .control { call, engine in
      engine.unwatch(call.session)
      call.reply.ok()
    })
}

extension Engine {
  func unwatch(_ session: Session) {
    watches.removeAll(of: session)
    session.isWatchBroken = false
    keyspace.hot.value.interest.set(.watched, !watches.isEmpty)
  }

  /// Ends a transaction that is not to be run. What was watched is forgotten with it.
  func discardTransaction(_ session: Session) {
    session.transaction = nil
    session.attention.remove(.transaction)
    unwatch(session)
  }

  fileprivate func execute(_ transaction: Transaction, _ call: inout Call) throws(CommandError) {
    let session = call.session
    if watches.hasExpiredKey(session, keyspace) { session.isWatchBroken = true }
    let isWatchBroken = session.isWatchBroken
    discardTransaction(session)
    if transaction.isDoomed {
      throw call.refuse("EXECABORT Transaction discarded because of previous errors.")
    }
    if isWatchBroken { return call.reply.nullArray() }
    nesting.insert(.transaction)
    if transaction.rollsBack {
      executeOrUndo(transaction, session)
    } else {
      _ = run(transaction, session, stops: false)
    }
    nesting.remove(.transaction)
    // A queued HELLO may have changed the protocol.
    call.reply.version = session.version
  }

  /// Runs the commands and answers with the array of their replies. With `stops`, the first that fails is the last to be
  /// run, and its error is returned.
  private func run(_ transaction: Transaction, _ session: Session, stops: Bool) -> (index: Int, error: String)? {
    var reply = ReplyWriter(session.output, session.version)
    reply.arrayHeader(transaction.count)
    var failure: (index: Int, error: String)?
    var index = 0
    transaction.forEach { record, arguments, first, count in
      let before = session.output.count
      let own = CommandArguments(arguments, first: first, count: count)
      // His rules may have changed since the command was queued.
      if let refusal = accessRefusal(session, record, own, .exec) {
        reply.error(refusal)
        countError(session.output.bytes[before..<session.output.count])
      } else if session.reading != nil, record.value.flags.contains(.write) {
        // A queued VERSION USE has chosen a version since EXEC was let in.
        reply.error(CommandError.notPermittedAtVersion.text)
        countError(session.output.bytes[before..<session.output.count])
      } else {
        perform(record, arguments, first: first, count: count, in: session)
      }
      if stops, session.output.count > before, session.output.bytes[before] == UInt8(ascii: "-") {
        let text = session.output.bytes[before + 1..<session.output.count].prefix { $0 != 13 }
        failure = (index, String(decoding: text, as: UTF8.self))
        return false
      }
      // The primary's stream is not followed any further.
      if session.failure != nil { return false }
      index += 1
      return true
    }
    return failure
  }

  private func executeOrUndo(_ transaction: Transaction, _ session: Session) {
    let before = session.output.count
    let database = session.database
    undoing {
      guard let failure = run(transaction, session, stops: true) else { return true }
      session.output.truncate(to: before)
      session.database = database
      var reply = ReplyWriter(session.output, session.version)
      reply.error("EXECABORT Transaction rolled back because of command \(failure.index + 1): \(failure.error)")
      return false
    }
  }
}
