internal import RESP
internal import Values
internal import VersionedStore

/// Commands that wait: how they are answered, or end without an answer.
extension Engine {
  /// When a tick is due though nothing comes in, in milliseconds since 1970: a command that waits has to be answered by
  /// then, or a pause ends. Nil if there is neither.
  public var nextDeadline: Int64? {
    let next = min(keyspace.waits.nextDeadline ?? .max, pauses.end)
    return next == .max ? nil : next + 1
  }

  /// Ends the wait of a session that has nobody left to answer to.
  func endWait(_ session: Session) {
    guard let wait = session.wait else { return }
    session.wait = nil
    if case .replicas = wait.aim, !wait.isOver { acknowledgements.noteEnd() }
    keyspace.waits.end(wait)
    keyspace.hot.value.interest.set(.awaited, keyspace.waits.hasKeys)
  }

  /// Answers those whose time is over.
  func endOverdueWaits() {
    while let wait = keyspace.waits.overdue(at: keyspace.now) {
      conclude(wait) { call in answerWithNothing(wait, &call) }
    }
  }

  /// CLIENT UNBLOCK: ends a wait as if its time were over, or with an error. False if the session does not wait for
  /// anything that could end so.
  func unblock(_ session: Session, withError: Bool) -> Bool {
    guard let wait = session.wait else { return false }
    conclude(wait) { call in
      if withError {
        call.reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
      } else {
        answerWithNothing(wait, &call)
      }
    }
    account(wait, hasFailed: true, answering: 0)
    return true
  }

  /// Ends all waits because the server is another from now on: what a client waited for may never come, and what it would
  /// do with it is not allowed any more.
  func disconnectWaiting() {
    for session in sessionsByAge {
      guard let wait = session.wait else { continue }
      conclude(wait) { call in
        call.reply.error(
          "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)")
      }
      closeAfterReply(session)
    }
  }

  private func answerWithNothing(_ wait: Wait, _ call: inout Call) {
    if case .replicas(_, let offset) = wait.aim {
      call.reply.integer(replicaHooks.acknowledged(offset))
    } else {
      call.reply.nullArray()
    }
  }

  /// Answers a command that waited, and lets its session go on.
  func conclude(_ wait: Wait, _ write: (inout Call) -> Void) {
    let session = wait.session
    answering(session) {
      session.replyStart = session.output.count
      var call = wait.call(keyspace)
      write(&call)
      // Messages to the session itself may have come before its reply; others are held until that is written.
      let before = session.replyStart
      session.replyStart = -1
      let after = session.output.count
      if after > before, session.output.bytes[before] == UInt8(ascii: "-") {
        countError(session.output.bytes[before..<after])
      }
      if wait.isSilent || session.replyMode == .off { session.output.truncate(to: before) }
    }
    endWait(session)
    markDirty(session)
    if session.output.count > Self.outputKept { sendEarly(session) }
    // Waiting was no silence of the client's.
    session.lastInteraction = keyspace.now
    resume(session)
  }

  // MARK: Ready keys

  /// Answers whom it can of those who wait for keys that were changed: the keys in the order in which they became ready, and
  /// for each of them the commands in the order in which they came. What an answer does to other keys, as BLMOVE's, makes
  /// these ready in turn. To be called when no command is in progress.
  @inline(never)
  func serveReadyKeys() {
    keyspace.hot.value.aftermath.remove(.readyKeys)
    keyspace.hot.value.hasFreshProbes = false
    // The command may have taken long, and what has expired meanwhile is not there.
    catchUpWithTime()
    while let queue = keyspace.waits.nextReady() { serve(queue) }
    keyspace.hot.value.aftermath.remove(.readyKeys)
  }

  private func serve(_ queue: WaitQueue) {
    var last = 0
    while queue.count > 0 {
      let type = type(of: queue)
      guard queue.concerns(type), let wait = queue.first(after: last) else { break }
      last = wait.number
      if wait.session.isClosing {
        endWait(wait.session)
      } else if let argument = wait.argument(of: queue) {
        serve(wait, argument, type)
      }
    }
    if !keyspace.expiredOnRead.isEmpty { keyspace.deleteExpiredOnRead() }
    effects.endUnit()
  }

  /// The type of what is at a key; nil for nothing.
  private func type(of queue: WaitQueue) -> ValueType? {
    queue.key.withBytes { bytes in
      let view = ReadView(
        keyspace, root: keyspace.live.head, database: queue.database, now: keyspace.now, isLive: true)
      return view.find(Key(bytes, hash: keyspace.live.hash(bytes)), touching: false, quietly: true)?.type
    }
  }

  /// Answers `wait` if what its key, argument `argument`, holds can be the answer.
  private func serve(_ wait: Wait, _ argument: Int, _ type: ValueType?) {
    switch (wait.aim, type) {
    case (.list(let taking), .list):
      answer(wait) { call, edit throws(CommandError) in
        try ListCommands.take(&call, edit, call.key(argument), taking)
      }
    case (.sortedSet(let taking), .sortedSet):
      answer(wait) { call, edit throws(CommandError) in
        try SortedSetCommands.take(&call, edit, call.key(argument), taking)
      }
    case (.stream(let reading), .stream):
      guard StreamCommands.isAnswered(reading, wait.call(keyspace), edit(for: wait.session), argument) else { return }
      answer(wait) { call, edit throws(CommandError) in
        try StreamCommands.read(reading, &call, edit, argument)
      }
    case (.stream, _) where wait.isOfGroup:
      answer(wait) { call, _ throws(CommandError) in
        throw call.refuse("UNBLOCKED the stream key no longer exists")
      }
    case (.list, _), (.sortedSet, _), (.stream, _), (.replicas, _):
      break
    }
  }

  /// Runs what is left of a command that waited.
  private func answer(_ wait: Wait, _ body: (inout Call, Edit) throws(CommandError) -> Void) {
    let began = monotonicNanoseconds()
    var hasFailed = false
    let changes = keyspace.changesSinceSave
    conclude(wait) { call in
      do throws(CommandError) {
        try body(&call, edit(for: wait.session))
      } catch {
        call.reply.error(error)
        hasFailed = true
      }
      if effects.isWanted, changes != keyspace.changesSinceSave { effects.noteTeller(wait.session) }
    }
    account(wait, hasFailed: hasFailed, answering: monotonicNanoseconds() - began)
    effects.endUnit()
  }

  /// The call itself was counted when it came.
  private func account(_ wait: Wait, hasFailed: Bool, answering: Int64) {
    if hasFailed { wait.command.value.statistics.failed += 1 }
    accountAnswered(
      wait.command, ArgumentRange(list: wait.arguments, first: 0, count: wait.arguments.count), wait.session,
      nanoseconds: wait.nanoseconds + answering, answering: answering)
  }
}
