internal import RESP
internal import VersionedStore

/// One command: the checks that all share, its handler, and what follows it.
extension Engine {
  @inline(__always)
  func execute(_ item: Batch.Item, _ session: Session) {
    guard !session.isClosing else { return }
    if session.isWaiting { return putBack(item, session) }
    guard let record = item.record, item.violation == nil else { return refuse(item, session) }
    session.replyStart = session.output.count
    // A command before this one may have selected another database.
    var call = Call(
      arguments: batch.arguments, first: item.first, count: item.count,
      reply: ReplyWriter(session.output, session.version), session: session, keyspace: keyspace, command: record,
      now: keyspace.now, probe: item.database == session.database ? item.probe : -1)
    session.lastCommand = record
    let isDone = run(item, record, &call, session)
    // Messages to the session itself may have come before its reply.
    let before = session.replyStart
    session.replyStart = -1
    if isDone { finish(session, before) }
  }

  /// Executes the batch's command of this number and has the clock know whether it ran, and its time where it is measured
  /// by itself.
  @inline(__always)
  func execute(_ item: Batch.Item, number: Int, _ session: Session, _ clock: inout BatchClock) {
    let isAlone = clock.isFine || !item.isBrief
    if isAlone { account(&clock, upTo: number) }
    let runs = statistics.commandsProcessed
    let written = statistics.bytesSent &+ session.output.count
    execute(item, session)
    if statistics.commandsProcessed != runs { clock.ran |= 1 << UInt64(number) }
    // A reply that was long to write may have taken as long.
    let isLong = statistics.bytesSent &+ session.output.count &- written > BatchClock.briefLength
    if isAlone || isLong { account(&clock, upTo: number &+ 1, isLong: isLong) }
  }

  /// Leaves a command that was parsed already, and all behind it, in the session's input until the session goes on.
  func putBack(_ item: Batch.Item, _ session: Session) {
    guard item.start < session.parsed else { return }
    session.parsed = item.start
    session.parser = RequestParser(limits: session.parser.limits)
    session.needed = 1
  }

  func refuse(_ item: Batch.Item, _ session: Session) {
    let before = session.output.count
    session.lastCommand = nil
    var reply = ReplyWriter(session.output, session.version)
    if let violation = item.violation {
      log(.verbose, "Protocol error (\(violation.logReason)) from client: id=\(session.id) addr=\(session.peer.remote)")
      reply.error(violation)
      session.isClosing = true
    } else {
      let container = commands.find(batch.arguments[item.first])
      if container == nil, speaksAnotherProtocol(batch.arguments[item.first]) { return refuseProtocol(session) }
      let text =
        container == nil
        ? UnknownCommand.text(batch.arguments, first: item.first, count: item.count)
        : UnknownCommand.text(subcommand: batch.arguments[item.first + 1], of: batch.arguments[item.first])
      unsafe reply.error(text.span.bytes)
      session.transaction?.isDoomed = true
      if session.transaction == nil { session.tracking?.isCachingGiven = false }
    }
    countError(session.output.bytes[before..<session.output.count])
    if session.isPrimary { breakOff(session, before, nil) }
    if session.isMuted { mute(session, before) }
    markDirty(session)
    if session.output.count > Self.outputKept { sendEarly(session) }
  }

  /// Runs a command that a client has sent: the checks that all commands share, then its handler. False if it was put off
  /// and is still in the session's input.
  @inline(__always)
  func run(
    _ item: Batch.Item, _ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session
  ) -> Bool {
    guard record.value.arity.admits(call.count) else {
      rejectArity(record, &call, session)
      return true
    }
    guard attention.union(session.attention).isEmpty else {
      return runClosely(item, record, &call, session)
    }
    if let refusal = refusal(record.value.flags, record, session) {
      reject(record, &call, session, refusal)
    } else {
      invoke(record, &call, session)
    }
    return true
  }

  /// The same for a command that calls for attention.
  @inline(never)
  private func runClosely(
    _ item: Batch.Item, _ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session
  ) -> Bool {
    if session.tracking != nil { beginTracking(session) }
    if admit(record, &call, session) { invokeClosely(record, &call, session) }
    if session.isPostponed {
      putBack(item, session)
      settle()
      return false
    }
    session.forgetCaching(after: record.value)
    return true
  }

  @inline(never)
  private func rejectArity(_ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session) {
    session.forgetCaching(after: record.value)
    reject(record, &call, session, "ERR wrong number of arguments for '\(record.value.fullName)' command")
  }

  /// Runs a command's handler, and does what those want who pay attention to it: it is shown to monitors, and the keys that
  /// it reads are remembered for its client's cache.
  @inline(never)
  private func invokeClosely(_ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session) {
    let flags = record.value.flags
    let isScript = record.value.command.categories.contains(.scripting)
    let isShown = attention.contains(.monitored) && !flags.contains(.admin) && !persistence.isLoading
    // A script is shown before what it calls.
    if isShown, isScript, flags.contains(.skipMonitor) { show(call, session) }
    if session.tracking != nil {
      if nesting.isEmpty { tracking.isReplying = true }
      if isScript { beginTrackingScript(call) }
    }
    invoke(record, &call, session)
    if isScript { endTrackingScript() }
    if isShown, !flags.contains(.skipMonitor) { show(call, session) }
    if flags.contains(.readOnly), !isScript { rememberKeys(of: call, record.value, session) }
  }

  /// Runs a command's handler.
  @inline(__always)
  func invoke(_ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session) {
    if keyspace.hot.value.tellsEffects {
      handleTelling(record, &call, session)
    } else {
      handle(record, &call, session)
    }
    // Behind the command, which may have been to set all counters back.
    record.value.statistics.calls &+= 1
    statistics.commandsProcessed &+= 1
  }

  /// The same where somebody is told of it.
  @inline(never)
  private func handleTelling(_ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session) {
    let outer = effects.begin()
    handle(record, &call, session)
    let caller = script.flatMap { $0.session.object === session ? $0.caller.object : nil }
    effects.end(call, record, nesting, outer, caller: caller)
  }

  @inline(__always)
  func handle(_ record: Fixed<CommandRecord>, _ call: inout Call, _ session: Session) {
    do throws(CommandError) {
      switch record.value.command.handler {
      case .read(let handler): try handler(&call, view(for: session))
      case .write(let handler):
        keyspace.hot.value.hasFreshProbes = false
        try handler(&call, edit(for: session))
      case .control(let handler):
        keyspace.hot.value.hasFreshProbes = false
        try handler(&call, self)
      case .container:
        throw call.refuse("ERR wrong number of arguments for '\(record.value.fullName)' command")
      }
    } catch {
      record.value.statistics.failed += 1
      call.reply.error(error)
    }
  }

  /// Runs a command from within another one (EXEC, a script) and writes its reply to the session's output. Of the checks
  /// it makes none: that is for the caller. The number of arguments must be right.
  func perform(
    _ record: Fixed<CommandRecord>, _ arguments: BytesList, first: Int, count: Int, in session: Session
  ) {
    let before = session.output.count
    var call = Call(
      arguments: arguments, first: first, count: count, reply: ReplyWriter(session.output, session.version),
      session: session, keyspace: keyspace, command: record, now: keyspace.now, probe: -1)
    let began = monotonicNanoseconds()
    if attention.union(session.attention).isEmpty {
      invoke(record, &call, session)
    } else {
      invokeClosely(record, &call, session)
    }
    account(
      record, ArgumentRange(list: arguments, first: first, count: count), session,
      nanoseconds: monotonicNanoseconds() - began)
    let after = session.output.count
    if after > before, session.output.bytes[before] == UInt8(ascii: "-") {
      countError(session.output.bytes[before..<after])
      if session.isPrimary, !session.isForScripts { breakOff(session, before, record) }
    }
    if !keyspace.expiredOnRead.isEmpty { keyspace.deleteExpiredOnRead() }
  }

  /// What a read command of `session` sees.
  @inline(__always)
  public func view(for session: Session) -> ReadView {
    if let pin = session.reading {
      return ReadView(
        keyspace, root: pin.root, database: session.database, now: pin.createdMilliseconds, isLive: false)
    }
    return ReadView(
      keyspace, root: keyspace.live.head, database: session.database, now: keyspace.now, isLive: true,
      touches: session.touchesKeys)
  }

  /// What a write command of `session` writes to. For the primary's stream no time has come: it deletes itself what has
  /// expired.
  @inline(__always)
  func edit(for session: Session) -> Edit {
    Edit(
      keyspace, keyspace.live, database: session.database, now: session.isPrimary ? Int64.min : keyspace.now)
  }

  /// Why a command may not run now, of the reasons that all commands share.
  @inline(__always)
  func refusal(
    _ flags: CommandFlags, _ record: Fixed<CommandRecord>, _ session: Session
  ) -> StaticString? {
    if persistence.isLoading, !flags.contains(.loading) { return PersistenceState.loading }
    if let text = persistence.writeRefusal, !session.isPrimary,
      flags.contains(.write) || record.value.fullName == "ping"
    {
      return text
    }
    if settings.maxmemory > 0 { keyspace.hot.value.hasFreshProbes = false }
    if settings.maxmemory > 0, !makeRoom(), flags.contains(.denyOOM), !session.isPrimary {
      return CommandError.outOfMemory.text
    }
    if flags.contains(.write) {
      if session.reading != nil { return CommandError.notPermittedAtVersion.text }
      if isReplica, settings.replicaReadOnly, !session.isPrimary {
        return "READONLY You can't write against a read only replica."
      }
    }
    return nil
  }

  @inline(__always)
  func finish(_ session: Session, _ before: Int) {
    session.totalCommands &+= 1
    let after = session.output.count
    if after > before, session.output.bytes[before] == UInt8(ascii: "-") {
      countError(session.output.bytes[before..<after])
      if session.isPrimary { breakOff(session, before, session.lastCommand) }
    }
    if session.isMuted { mute(session, before) }
    if !keyspace.expiredOnRead.isEmpty { keyspace.deleteExpiredOnRead() }
    if !keyspace.hot.value.aftermath.isEmpty { settle() }
    markDirty(session)
    if session.output.count > Self.outputKept { sendEarly(session) }
  }

  /// Bytes of output that wait for the end of the tick; more is sent at once.
  static let outputKept = 256 << 10

  /// Sends what is too much to be kept until the batch is done. As with Redis, output beyond the hard limit ends the
  /// session before any of it is sent, however fast the client reads.
  func sendEarly(_ session: Session) {
    if isBeyondHardLimit(session) { return dropForOutput(session) }
    if isHeldEarly(session) { return }
    send(session)
    enforceOutputLimit(session)
  }

  /// Stops the primary's stream at a command that failed: what follows was written to another dataset than ours. Where
  /// clients may write to the replica, they have made it another one on purpose, and the stream goes on as in Redis.
  @inline(never)
  func breakOff(_ session: Session, _ before: Int, _ record: Fixed<CommandRecord>?) {
    let reply = session.output.bytes[before..<session.output.count].dropFirst().prefix { $0 != 13 }
    let failure = StreamFailure(
      command: record.map { $0.value.fullName } ?? "<unknown>", reply: String(decoding: reply, as: UTF8.self))
    statistics.unexpectedErrorReplies += 1
    guard settings.replicaReadOnly else { return log(.warning, failure.line) }
    if session.failure == nil { session.failure = failure }
    session.isClosing = true
  }

  func mute(_ session: Session, _ before: Int) {
    if session.isReplica { return breakOffReplica(session, before) }
    if session.isPrimary || session.replyMode == .off || session.replyMode == .skip {
      session.output.truncate(to: before)
    }
    switch session.replyMode {
    case .skipNext: session.replyMode = .skip
    case .skip: session.replyMode = .on
    case .on, .off: break
    }
  }

  func countError(_ reply: Bytes) {
    if isErrorCounted {
      isErrorCounted = false
      return
    }
    statistics.errorReplies += 1
    let code = reply.dropFirst().prefix { $0 != UInt8(ascii: " ") && $0 != 13 }
    let name = String(decoding: code, as: UTF8.self)
    // Scripts and modules aside, codes are few; a bound keeps odd ones from taking memory.
    if statistics.errorsByCode[name] != nil || statistics.errorsByCode.count < 128 {
      statistics.errorsByCode[name, default: 0] += 1
    }
  }
}

extension Call {
  /// Whether the reply has reached the hard limit already: the session ends when the command does, so that there is no use
  /// in taking more memory for it. What a script reads is its own, and has no limit.
  var isReplyTooLong: Bool {
    reply.byteCount > Engine.outputKept && reply.byteCount >= replyLimit
  }

  private var replyLimit: Int {
    session.isForScripts ? .max : session.outputLimit(keyspace.settings).hardOrNone
  }

  /// Whether so many elements, drawn again and again, may be asked for. Redis would write until its memory is used up; here
  /// only a reply that a limit ends is begun when it is as long as that.
  func mayRepeat(_ count: Int64) -> Bool { count < 1 << 27 || replyLimit < .max }
}
