public import RESP
internal import Values
public import VersionedStore

/// The server without its sockets: sessions, the command table, the tick.
///
/// Bytes go in by `receive`, time comes in with `tick`, and bytes go out through the `SessionTransport`. Everything here is
/// confined to the serving thread.
///
/// *The tick.* Reads only append to a session's input. When all that was ready has been taken in, one tick executes it in
/// batches of up to 32 commands: parse, hash the first key of each, go down the trie for all of them in lockstep (see
/// `ProbeBatch`), then execute in order. Each session's output is handed over once, at the end.
public final class Engine {
  public let settings: Settings
  public let keyspace: Keyspace
  public let commands: CommandTable
  public weak var transport: (any SessionTransport)?
  public var statistics = EngineStatistics()
  /// By id.
  public private(set) var sessions: [Int: Session] = [:]
  /// Follows a primary: ordinary clients may only read (`replica-read-only`).
  public var isReplica = false
  /// Sections of INFO that modules above bring, by name; each writes its lines.
  public var infoSections: [InfoSection] = []
  /// Ends the server; set by what runs it.
  public var shutDown: (ShutdownRequest) -> Void = { _ in }
  /// The server waits for something before it ends, and SHUTDOWN ABORT can still keep it; set by what runs the engine.
  public var isShuttingDown = false
  /// Writes a line to the log; set by what runs the engine.
  public var log: (LogLevel, String) -> Void = { _, _ in }
  /// What the server is called and where it is reached, as INFO tells it; set by what runs the engine.
  public var identity = ServerIdentity()
  /// 40 hexadecimal digits, new with every start: by them others see that this is another life of the server.
  public let runID = RunID.random()
  /// A clock for durations alone, in nanoseconds. It is read twice a batch and never per command.
  let monotonicNanoseconds: () -> Int64
  /// When the engine was made, by that clock.
  let startedNanoseconds: Int64
  /// Microseconds since 1970 of the present tick.
  public private(set) var nowMicroseconds: Int64 = 0
  /// Whole seconds since 1970 when the cron last did what it does once a second.
  var secondOfCron: Int64 = 0
  var rates = TrafficRates()
  var peakMemory = PeakMemory()

  private var lastSessionID = 0
  private var ready: [Session] = []
  private var dirty: [Session] = []
  private var batch = Batch()

  public init(
    settings: Settings, keyspace: Keyspace, commands: CommandTable,
    monotonicNanoseconds: @escaping () -> Int64 = MonotonicClock.nanoseconds
  ) {
    self.settings = settings
    self.keyspace = keyspace
    self.commands = commands
    self.monotonicNanoseconds = monotonicNanoseconds
    startedNanoseconds = monotonicNanoseconds()
  }

  // MARK: Sessions

  public func open(_ peer: PeerAddress, now: Int64) -> Session {
    lastSessionID += 1
    let session = Session(id: lastSessionID, peer: peer, now: now)
    session.isAuthenticated = settings.requirepass == nil
    session.parser.limits = limits(for: session)
    sessions[session.id] = session
    statistics.connectionsReceived += 1
    return session
  }

  /// What a session lets its client claim; to be set again when it authenticates or the configuration changes.
  public func limits(for session: Session) -> RequestLimits {
    let limit = session.isPrimary ? RequestLimits.unbounded : settings.protoMaxBulkLen
    return RequestLimits(
      maxBulkLength: min(limit, StringForm.lengthLimit),
      authenticated: session.isAuthenticated)
  }

  public func updateLimits() {
    for session in sessions.values { session.parser.limits = limits(for: session) }
  }

  /// Takes in bytes that a client sent. Nothing is executed before the next tick.
  public func receive(_ bytes: Bytes, from session: Session) {
    guard !session.isClosing else { return }
    statistics.bytesReceived += bytes.count
    session.lastInteraction = keyspace.now
    session.input.append(bytes)
    let count = session.input.count
    if count > settings.clientQueryBufferLimit, !session.isPrimary {
      log(.warning, "Closing client that reached max query buffer length: id=\(session.id) addr=\(session.peer.remote)")
      statistics.queryBufferLimitDisconnections += 1
      return abandon(session)
    }
    if count >= session.needed { markReady(session) }
    // A large argument is on its way: take the memory for it at once, but not before a part of it has come.
    if session.needed > session.input.capacity, count > 64 << 10 {
      session.input.reserve(min(session.needed - count, count))
    }
  }

  private func markReady(_ session: Session) {
    guard !session.isReady, !session.isWaiting else { return }
    session.isReady = true
    ready.append(session)
  }

  /// Whether a tick has something to do.
  public var hasWork: Bool { !ready.isEmpty || !dirty.isEmpty }

  /// The connection is gone.
  public func peerClosed(_ session: Session) {
    session.isClosing = true
    if let pin = session.reading {
      session.reading = nil
      keyspace.history.unpin(pin)
    }
    sessions[session.id] = nil
  }

  /// Ends a session without waiting for its output to be read.
  public func abandon(_ session: Session) {
    session.isClosing = true
    session.output.truncate(to: 0)
    transport?.close(session, afterOutput: false)
  }

  /// Ends a session when its output has been sent.
  public func closeAfterReply(_ session: Session) {
    session.isClosing = true
    markDirty(session)
  }

  private func markDirty(_ session: Session) {
    guard !session.isDirty else { return }
    session.isDirty = true
    dirty.append(session)
  }

  /// Gives a session that waits its answer, and lets it go on.
  public func answer(_ id: Int, _ write: (inout ReplyWriter) -> Void) {
    guard let session = sessions[id], session.isWaiting else { return }
    session.isWaiting = false
    var reply = ReplyWriter(session.output, session.version)
    write(&reply)
    markDirty(session)
    if session.input.count > 0 {
      session.needed = 1
      markReady(session)
    }
    transport?.wake()
  }

  /// Sends bytes to a session outside of any command.
  public func push(_ session: Session, _ write: (inout ReplyWriter) -> Void) {
    var reply = ReplyWriter(session.output, session.version)
    write(&reply)
    markDirty(session)
    transport?.wake()
  }

  /// The client will send no more: the session ends when what has arrived is executed and answered.
  public func finish(_ session: Session) {
    session.isFinished = true
    if !session.isReady && !session.isWaiting { closeAfterReply(session) }
  }

  // MARK: Tick

  /// Executes all that has come in. Time is given in microseconds since 1970.
  public func tick(nowMicroseconds: Int64) {
    setTime(microseconds: nowMicroseconds)
    let hot = keyspace.hot
    var next = 0
    while true {
      fill(&next)
      if batch.isEmpty { break }
      let began = monotonicNanoseconds()
      hot.value.probes.descend()
      hot.value.hasFreshProbes = true
      for index in 0..<batch.count {
        let item = batch[index]
        item.session.with { execute(item, $0) }
      }
      hot.value.hasFreshProbes = false
      batch.shareTime(nanoseconds: monotonicNanoseconds() - began)
      batch.removeAll()
      hot.value.probes.removeAll()
    }
    for session in ready {
      session.input.consume(session.parsed)
      session.parsed = 0
      session.isReady = false
      if session.isFinished, !session.isWaiting { closeAfterReply(session) }
    }
    ready.removeAll(keepingCapacity: true)
    flush()
    housekeep()
  }

  func setTime(microseconds: Int64) {
    nowMicroseconds = microseconds
    keyspace.setTime(milliseconds: microseconds / 1000)
  }

  /// Parses commands into the batch until it is full or nothing is left, from session number `next` on. Sessions that were
  /// left because what follows depends on a command in the batch are parsed on in the next round.
  private func fill(_ next: inout Int) {
    while next < ready.count, !batch.isFull {
      if parse(ready[next]) { next += 1 }
    }
    if next >= ready.count, !batch.isEmpty { next = 0 }
  }

  /// Parses commands of one session. Returns whether there is nothing more to parse before the batch is executed.
  private func parse(_ session: Session) -> Bool {
    guard !session.isClosing, !session.isWaiting else { return true }
    while !batch.isFull {
      let unread = session.input.bytes[session.parsed..<session.input.count]
      let first = batch.arguments.count
      var sink = BatchArguments(list: batch.arguments, input: unread)
      let result: ParseResult
      do {
        result = try unsafe unread.withUnsafeBytes { raw throws(ProtocolError) in
          try unsafe session.parser.next(raw.bytes, into: &sink)
        }
      } catch {
        batch.append(.init(session: session, record: nil, first: first, count: 0, probe: -1, violation: error))
        return true
      }
      switch result {
      case .incomplete(let needed):
        batch.arguments.truncate(to: first)
        session.needed = needed
        return true
      case .empty(let consumed):
        session.parsed += consumed
        session.needed = 1
      case .command(let consumed):
        session.parsed += consumed
        session.needed = 1
        append(session, first)
        // What follows may have to be read under other limits, or not at all.
        if !session.isAuthenticated || batch[batch.count - 1].stopsParsing { return true }
      }
    }
    return false
  }

  @inline(__always)
  private func append(_ session: Session, _ first: Int) {
    let count = batch.arguments.count - first
    var record = commands.find(batch.arguments[first])
    if count > 1, let container = record, container.value.hasSubcommands {
      record = container.value.subcommand(batch.arguments[first + 1])
    }
    var probe = -1
    if let record, record.value.firstKey > 0, record.value.firstKey < count {
      let probes = keyspace.hot.value.probes
      let head = keyspace.live.head
      probe = probes.count
      probes.append(head, session.database, head.hash(batch.arguments[first + record.value.firstKey]))
    }
    batch.append(.init(session: session, record: record, first: first, count: count, probe: probe, violation: nil))
  }

  /// Hands every session's output to the transport.
  private func flush() {
    for session in dirty {
      session.isDirty = false
      send(session)
      if session.isClosing { transport?.close(session, afterOutput: true) }
    }
    dirty.removeAll(keepingCapacity: true)
  }

  private func send(_ session: Session) {
    let count = session.output.count
    guard count > 0 else { return }
    statistics.bytesSent += count
    transport?.send(session.output.bytes, to: session)
    session.output.consume(count, keep: 64 << 10)
  }

  // MARK: Execution

  @inline(__always)
  private func execute(_ item: Batch.Item, _ session: Session) {
    guard !session.isClosing, !session.isWaiting else { return }
    guard let record = item.record, item.violation == nil else { return refuse(item, session) }
    let before = session.output.count
    // A command before this one may have selected another database.
    var call = Call(
      arguments: batch.arguments, first: item.first, count: item.count,
      reply: ReplyWriter(session.output, session.version), session: session, keyspace: keyspace, command: record,
      now: keyspace.now, probe: item.database == session.database ? item.probe : -1)
    session.lastCommand = record
    run(record, &call, session)
    finish(session, before)
  }

  private func refuse(_ item: Batch.Item, _ session: Session) {
    let before = session.output.count
    var reply = ReplyWriter(session.output, session.version)
    if let violation = item.violation {
      log(.verbose, "Protocol error (\(violation.logReason)) from client: id=\(session.id) addr=\(session.peer.remote)")
      reply.error(violation)
      session.isClosing = true
    } else {
      let container = commands.find(batch.arguments[item.first])
      reply.error(
        container == nil
          ? UnknownCommand.text(batch.arguments, first: item.first, count: item.count)
          : UnknownCommand.text(subcommand: batch.arguments[item.first + 1], of: batch.arguments[item.first]))
    }
    countError(session.output.bytes[before..<session.output.count])
    if session.isPrimary { breakOff(session, before) }
    if session.replyMode != .on { mute(session, before) }
    markDirty(session)
  }

  /// Runs a command: the checks that all commands share, then its handler.
  @inline(__always)
  func run(_ record: Immortal<CommandRecord>, _ call: inout Call, _ session: Session) {
    guard record.value.arity.admits(call.count) else {
      record.value.statistics.rejected += 1
      return call.reply.error("ERR wrong number of arguments for '\(record.value.fullName)' command")
    }
    if let refusal = refusal(record, session) {
      record.value.statistics.rejected += 1
      return call.reply.error(refusal)
    }
    record.value.statistics.calls &+= 1
    statistics.commandsProcessed &+= 1
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
  private func refusal(_ record: Immortal<CommandRecord>, _ session: Session) -> StaticString? {
    let flags = record.value.flags
    if needsAuthentication(session), !flags.contains(.noAuth) { return "NOAUTH Authentication required." }
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
  private func finish(_ session: Session, _ before: Int) {
    session.totalCommands &+= 1
    let after = session.output.count
    if after > before, session.output.bytes[before] == UInt8(ascii: "-") {
      countError(session.output.bytes[before..<after])
      if session.isPrimary { breakOff(session, before) }
    }
    if session.replyMode != .on || session.isPrimary { mute(session, before) }
    if !keyspace.expiredOnRead.isEmpty { keyspace.deleteExpiredOnRead() }
    markDirty(session)
    if session.output.count > 256 << 10 {
      send(session)
      enforceOutputLimit(session)
    }
  }

  /// Stops the primary's stream at a command that failed: what follows was written to another dataset than ours.
  private func breakOff(_ session: Session, _ before: Int) {
    let reply = session.output.bytes[before..<session.output.count].dropFirst().prefix { $0 != 13 }
    session.failure = String(decoding: reply, as: UTF8.self)
    session.isClosing = true
  }

  private func mute(_ session: Session, _ before: Int) {
    if session.isPrimary || session.replyMode == .off || session.replyMode == .skip {
      session.output.truncate(to: before)
    }
    switch session.replyMode {
    case .skipNext: session.replyMode = .skip
    case .skip: session.replyMode = .on
    case .on, .off: break
    }
  }

  private func countError(_ reply: Bytes) {
    statistics.errorReplies += 1
    let code = reply.dropFirst().prefix { $0 != UInt8(ascii: " ") && $0 != 13 }
    let name = String(decoding: code, as: UTF8.self)
    // Scripts and modules aside, codes are few; a bound keeps odd ones from taking memory.
    if statistics.errorsByCode[name] != nil || statistics.errorsByCode.count < 128 {
      statistics.errorsByCode[name, default: 0] += 1
    }
  }

  /// Drops a client that leaves too much output unread. To be called when the unsent count has changed.
  public func enforceOutputLimit(_ session: Session) {
    let limit = settings.outputLimits.normal
    let unsent = session.unsentByteCount + session.output.count
    if limit.hard > 0, unsent >= limit.hard { return dropForOutput(session) }
    guard limit.soft > 0, unsent >= limit.soft else {
      session.softLimitSince = nil
      return
    }
    guard let since = session.softLimitSince else {
      session.softLimitSince = keyspace.now
      return
    }
    if keyspace.now - since > Int64(limit.softSeconds) * 1000 { dropForOutput(session) }
  }

  private func dropForOutput(_ session: Session) {
    guard !session.isClosing || session.unsentByteCount > 0 else { return }
    log(
      .warning,
      "Client id=\(session.id) addr=\(session.peer.remote) scheduled to be closed ASAP for overcoming of output buffer limits."
    )
    statistics.outputBufferLimitDisconnections += 1
    abandon(session)
  }
}

/// Where the engine's output goes.
public protocol SessionTransport: AnyObject {
  /// Sends bytes, which are good during the call only. What the socket does not take at once is queued, and counted in
  /// `session.unsentByteCount`.
  func send(_ bytes: Bytes, to session: Session)
  /// Ends the connection, at once or when all output is sent, and reports it by `peerClosed`.
  func close(_ session: Session, afterOutput: Bool)
  /// Has a tick run soon, though no input came.
  func wake()
}

public struct EngineStatistics {
  public var commandsProcessed = 0
  public var connectionsReceived = 0
  public var connectionsRejected = 0
  public var bytesReceived = 0
  public var bytesSent = 0
  public var errorReplies = 0
  public var errorsByCode: [String: Int] = [:]
  public var queryBufferLimitDisconnections = 0
  public var outputBufferLimitDisconnections = 0

  public init() {}
}

public enum LogLevel: Sendable {
  case debug, verbose, notice, warning
}

/// A section of INFO that a module brings.
public struct InfoSection {
  /// As the client names it, lower case.
  public let name: String
  /// As the heading shows it.
  public let title: String
  /// Its lines, `field:value` each.
  public let lines: () -> [String]

  public init(name: String, title: String, lines: @escaping () -> [String]) {
    self.name = name
    self.title = title
    self.lines = lines
  }
}

/// SHUTDOWN.
public struct ShutdownRequest: Sendable {
  public var saves: Bool?
  public var now = false
  public var force = false
  public var abort = false

  public init() {}
}
