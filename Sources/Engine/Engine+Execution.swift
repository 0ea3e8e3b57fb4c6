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
    run(record, &call, session)
    // Messages to the session itself may have come before its reply.
    let before = session.replyStart
    session.replyStart = -1
    finish(session, before)
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
    if isAlone || isLong { account(&clock, upTo: number &+ 1) }
  }

  /// Leaves a command that was parsed already, and all behind it, in the session's input until the session goes on.
  private func putBack(_ item: Batch.Item, _ session: Session) {
    guard item.start < session.parsed else { return }
    session.parsed = item.start
    session.parser = RequestParser(limits: session.parser.limits)
    session.needed = 1
  }

  func refuse(_ item: Batch.Item, _ session: Session) {
    let before = session.output.count
    var reply = ReplyWriter(session.output, session.version)
    if let violation = item.violation {
      log(.verbose, "Protocol error (\(violation.logReason)) from client: id=\(session.id) addr=\(session.peer.remote)")
      reply.error(violation)
      session.isClosing = true
    } else {
      let container = commands.find(batch.arguments[item.first])
      let text =
        container == nil
        ? UnknownCommand.text(batch.arguments, first: item.first, count: item.count)
        : UnknownCommand.text(subcommand: batch.arguments[item.first + 1], of: batch.arguments[item.first])
      unsafe reply.error(text.span.bytes)
      session.transaction?.isDoomed = true
    }
    countError(session.output.bytes[before..<session.output.count])
    if session.isPrimary { breakOff(session, before) }
    if session.replyMode != .on { mute(session, before) }
    markDirty(session)
    if session.output.count > Self.outputKept { sendEarly(session) }
  }

  /// Runs a command that a client has sent: the checks that all commands share, then its handler.
  @inline(__always)
  func run(_ record: Immortal<CommandRecord>, _ call: inout Call, _ session: Session) {
    guard record.value.arity.admits(call.count) else { return rejectArity(record, &call, session) }
    if attention.union(session.attention).isEmpty {
      if let refusal = refusal(record.value.flags, record, session) {
        return _ = reject(record, &call, session, refusal)
      }
    } else {
      guard admit(record, &call, session) else { return }
    }
    invoke(record, &call, session)
  }

  @inline(never)
  private func rejectArity(_ record: Immortal<CommandRecord>, _ call: inout Call, _ session: Session) {
    reject(record, &call, session, "ERR wrong number of arguments for '\(record.value.fullName)' command")
  }

  /// Runs a command's handler.
  @inline(__always)
  func invoke(_ record: Immortal<CommandRecord>, _ call: inout Call, _ session: Session) {
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
    // Behind the command, which may have been to set all counters back.
    record.value.statistics.calls &+= 1
    statistics.commandsProcessed &+= 1
  }

  /// Runs a command from within another one (EXEC, a script) and writes its reply to the session's output. Of the checks
  /// it makes none: that is for the caller. The number of arguments must be right.
  func perform(
    _ record: Immortal<CommandRecord>, _ arguments: BytesList, first: Int, count: Int, in session: Session
  ) {
    let before = session.output.count
    var call = Call(
      arguments: arguments, first: first, count: count, reply: ReplyWriter(session.output, session.version),
      session: session, keyspace: keyspace, command: record, now: keyspace.now, probe: -1)
    let began = monotonicNanoseconds()
    invoke(record, &call, session)
    account(
      record, ArgumentRange(list: arguments, first: first, count: count), session,
      nanoseconds: monotonicNanoseconds() - began)
    let after = session.output.count
    if after > before, session.output.bytes[before] == UInt8(ascii: "-") {
      countError(session.output.bytes[before..<after])
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
    _ flags: CommandFlags, _ record: Immortal<CommandRecord>, _ session: Session
  ) -> StaticString? {
    if persistence.isLoading, !flags.contains(.loading) { return PersistenceState.loading }
    if let text = persistence.writeRefusal, !isReplica, flags.contains(.write) || record.value.fullName == "ping" {
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
      if session.isPrimary { breakOff(session, before) }
    }
    if session.replyMode != .on || session.isPrimary { mute(session, before) }
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
    send(session)
    enforceOutputLimit(session)
  }

  private func isBeyondHardLimit(_ session: Session) -> Bool {
    session.unsentByteCount + session.output.count >= session.hardOutputLimit(settings)
  }

  /// Stops the primary's stream at a command that failed: what follows was written to another dataset than ours.
  func breakOff(_ session: Session, _ before: Int) {
    let reply = session.output.bytes[before..<session.output.count].dropFirst().prefix { $0 != 13 }
    session.failure = String(decoding: reply, as: UTF8.self)
    session.isClosing = true
  }

  func mute(_ session: Session, _ before: Int) {
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
    statistics.errorReplies += 1
    let code = reply.dropFirst().prefix { $0 != UInt8(ascii: " ") && $0 != 13 }
    let name = String(decoding: code, as: UTF8.self)
    // Scripts and modules aside, codes are few; a bound keeps odd ones from taking memory.
    if statistics.errorsByCode[name] != nil || statistics.errorsByCode.count < 128 {
      statistics.errorsByCode[name, default: 0] += 1
    }
  }
}

extension Session {
  /// How much unread output the session may have: by the class of its client.
  func outputLimit(_ settings: Settings) -> OutputLimits.Limit {
    if isPrimary { return OutputLimits.Limit(hard: 0, soft: 0, softSeconds: 0) }
    return isSubscriber ? settings.outputLimits.pubsub : settings.outputLimits.normal
  }

  /// Bytes of unread output at which the session ends at once.
  func hardOutputLimit(_ settings: Settings) -> Int {
    let hard = outputLimit(settings).hard
    return hard > 0 ? hard : .max
  }
}

extension Call {
  /// Whether the reply has reached the hard limit already: the session ends when the command does, so that there is no use
  /// in taking more memory for it.
  var isReplyTooLong: Bool {
    reply.byteCount > Engine.outputKept && reply.byteCount >= session.hardOutputLimit(keyspace.settings)
  }
}
