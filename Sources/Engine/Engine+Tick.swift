internal import RESP
internal import VersionedStore

/// The tick: from what has come in to batches, and from the output to the transport.
extension Engine {
  /// Executes all that has come in. Time is given in microseconds since 1970.
  public func tick(nowMicroseconds: Int64) {
    isTicking = true
    defer { isTicking = false }
    setTime(microseconds: nowMicroseconds)
    if attention.contains(.paused) { endPauseInTime() }
    endOverdueWaits()
    // A command that is too large to be held is not executed either.
    if settings.maxmemoryClients != 0 { evictClients() }
    let hot = keyspace.hot
    var next = 0
    while true {
      fill(&next)
      if batch.isEmpty {
        if acknowledgements.haveCome { noticeAcknowledgements() }
        guard hasResumed else { break }
        // A session that had waited goes on with what it had sent meanwhile.
        hasResumed = false
        next = 0
        continue
      }
      var clock = BatchClock(
        isFine: batch.count == 1 || settings.measuresEachCommand, began: monotonicNanoseconds())
      lookAhead(hot.value.probes)
      hot.value.hasFreshProbes = true
      // An overdue script leaves what stands behind it for later, so that the count may change.
      var index = 0
      while index < batch.count {
        let item = batch[index]
        batch.begun = index &+ 1
        item.session.with { execute(item, number: index, $0, &clock) }
        index &+= 1
      }
      hot.value.hasFreshProbes = false
      account(&clock, upTo: batch.count)
      batch.removeAll()
      hot.value.probes.removeAll()
    }
    hasResumed = false
    let putOff = exclusive == nil ? [] : ready.filter { isPutOff($0) }
    for session in ready where !isPutOff(session) {
      session.input.consume(session.parsed)
      session.parsed = 0
      session.isReady = false
      if settings.maxmemoryClients != 0 { countMemory(session) }
      if session.isFinished, endsWithInput(session) { closeAfterReply(session) }
    }
    ready.removeAll(keepingCapacity: true)
    if !putOff.isEmpty {
      ready = putOff
      transport?.wake()
    }
    handOverEffects()
    if !tickEndTasks.isEmpty { runTickEndTasks() }
    if acknowledgements.areWanted { askForAcknowledgements() }
    if tracking.prefixes.hasChanges { broadcastInvalidations() }
    flush(shownEnds)
    if settings.maxmemoryClients != 0 { evictClients() }
    housekeep()
    handOverEffects()
    if tracking.prefixes.hasChanges { transport?.wake() }
  }

  /// Has `body` called once, when the commands of the present tick have run and what they did has been told, and before
  /// their replies leave: for what a command begins and does better with all that comes in the same moment. To be called
  /// from within a command.
  public func whenTickEnds(_ body: @escaping () -> Void) { tickEndTasks.append(body) }

  private func runTickEndTasks() {
    let tasks = tickEndTasks
    tickEndTasks = []
    for task in tasks { task() }
  }

  /// Looks up the keys of the whole batch, then the members that commands name in large values.
  private func lookAhead(_ probes: ProbeBatch) {
    probes.descend()
    var hasMembers = false
    for index in 0..<batch.count where batch[index].member != 0 {
      probes.prepareMembers(batch[index].probe)
      hasMembers = true
    }
    guard hasMembers else { return }
    keyspace.hot.value.drawSeed = keyspace.hot.value.random.next()
    for index in 0..<batch.count {
      let item = batch[index]
      if item.member > 0 {
        probes.appendMember(item.probe) { keyspace.live.hash(batch.arguments[item.first &+ item.member]) }
      } else if item.member < 0 {
        var generator = keyspace.hot.value.drawGenerator(item.probe)
        for _ in 0..<ProbeBatch.membersPerKey { probes.appendMember(item.probe) { generator.next() } }
      }
    }
    probes.descendMembers()
  }

  func setTime(microseconds: Int64) {
    nowMicroseconds = microseconds
    timeSetNanoseconds = monotonicNanoseconds()
    keyspace.setTime(milliseconds: microseconds / 1000)
  }

  /// Sets the time on by what has passed since it was set, where that makes a difference.
  func catchUpWithTime() {
    let passed = (monotonicNanoseconds() - timeSetNanoseconds) / 1000
    if passed >= 1000 { setTime(microseconds: nowMicroseconds + passed) }
  }

  /// Parses commands into the batch until it is full or nothing is left, from session number `next` on. Sessions that were
  /// left because what follows depends on a command in the batch are parsed on in the next round.
  func fill(_ next: inout Int) {
    let first = next
    while next < ready.count, !batch.isFull {
      if isPutOff(ready[next]) || parse(ready[next]) { next += 1 }
    }
    guard next >= ready.count else { return }
    // The batch before may have ended exactly where the last session's input does: those before it are still left.
    if batch.isEmpty, first > 0 {
      next = 0
      fill(&next)
    } else if !batch.isEmpty {
      next = 0
    }
  }

  /// Whether what a session has sent waits for a later tick.
  @inline(__always)
  func isPutOff(_ session: Session) -> Bool { exclusive != nil && exclusive !== session }

  /// Parses commands of one session. Returns whether there is nothing more to parse before the batch is executed.
  func parse(_ session: Session) -> Bool {
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
        batch.append(
          .init(
            session: session, record: nil, first: first, count: 0, start: session.parsed, probe: -1, violation: error))
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
        if session.isReplica { replicaHooks.showedLife(session) }
      case .command(let consumed):
        let start = session.parsed
        session.parsed = start + consumed
        session.needed = 1
        append(session, first, start)
        // What follows may have to be read under other limits, or not at all.
        if !session.isAuthenticated || batch[batch.count - 1].stopsParsing { return true }
      }
    }
    return false
  }

  @inline(__always)
  func append(_ session: Session, _ first: Int, _ start: Int) {
    let count = batch.arguments.count - first
    var record = commands.find(batch.arguments[first])
    // What a server tells of by itself, it calls by the name that was declared.
    if record == nil, session.isPrimary { record = commands.findDeclared(batch.arguments[first]) }
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
    var member = 0
    if probe >= 0, let record, record.value.member < count, record.value.member >= 0 || count == 2 {
      member = record.value.member
    }
    let isShort = session.parsed &- start < BatchClock.briefLength
    batch.append(
      .init(
        session: session, record: record, first: first, count: count, start: start, probe: probe, member: member,
        isBrief: isShort && record.map { $0.value.flags.contains(.brief) } ?? true, violation: nil))
  }

  /// Hands every session's output to the transport.
  ///
  /// - Parameter shown: what the sessions may have seen meanwhile; nil if they have run nothing.
  func flush(_ shown: StreamEnds? = nil) {
    for session in dirty {
      if let shown { session.seen = shown }
      if isBeyondHardLimit(session) { dropForOutput(session) }
      if isHeld(session), !session.isAbandoned {
        hold(session)
        continue
      }
      session.isDirty = false
      send(session)
      if session.isAbandoned { continue }
      if session.isClosing {
        transport?.close(session, afterOutput: true)
      } else {
        if session.unsentByteCount > 0 { enforceOutputLimit(session) }
        if settings.maxmemoryClients != 0 { countMemory(session) }
      }
    }
    dirty.removeAll(keepingCapacity: true)
  }

  /// Bytes of memory for replies that a client keeps as long as it speaks.
  private static let bufferKept = 64 << 10

  func send(_ session: Session) { send(session, session.output.count) }

  /// Sends the first bytes of a session's output.
  @inline(__always)
  func send(_ session: Session, _ count: Int) {
    session.heldCount = 0
    guard count > 0 else { return }
    if session.isAbandoned { return session.output.truncate(to: 0) }
    if session.isReplica { return breakOffReplica(session, 0) }
    statistics.bytesSent += count
    statistics.writes += 1
    let capacity = session.output.capacity
    if capacity > session.settledCapacity { statistics.replyBufferExpansions += 1 }
    transport?.send(session.output.bytes[0..<count], to: session)
    session.output.consume(count, keep: .max)
    if capacity > Self.bufferKept, session.output.count == 0 { session.output.shrink(to: Session.fixedOutput) }
    session.settledCapacity = session.output.capacity
    if session.settledCapacity < capacity { statistics.replyBufferShrinks += 1 }
  }
}
