internal import VersionedStore

/// The clock of one batch.
///
/// *What is measured.* Reading the clock for every command would cost as much as a twentieth of a small one. So commands
/// that cannot take long (`CommandFlags.brief`, with little in their arguments and their reply) are measured together: as
/// many as follow each other share the time that all of them took, which is what INFO commandstats, INFO latencystats and
/// LATENCY HISTOGRAM then tell of each. Any other command is measured by itself, and so is every command as soon as
/// SLOWLOG is to log what takes less than a millisecond, and one that is alone in its batch.
///
/// *What that means for the slow log.* Whatever is measured by itself and takes as long as
/// `slowlog-log-slower-than` is logged. So is a command whose reply turns out to be long, with the time of the brief ones
/// just before it. Other commands that were measured together cannot have taken longer than all of them; where
/// that is long, something else held the process up (a page that had to come, another process), and it cannot be said
/// during which of them: it counts as an event for LATENCY, and the slow log says nothing.
struct BatchClock {
  /// Every command is measured by itself.
  let isFine: Bool
  /// When the commands that are still to be accounted for began.
  var began: Int64
  /// The first of them.
  var first = 0
  /// Which commands of the batch have run, a bit each; others were refused, queued or put off.
  var ran: UInt64 = 0

  /// Bytes of arguments or of a reply above which no command is brief.
  static let briefLength = 16 << 10
}

/// Where a command's arguments are.
struct ArgumentRange {
  let list: BytesList
  let first: Int
  let count: Int
}

extension Engine {
  /// Accounts for the commands of the batch from the clock's first one up to `end`, which end now.
  @inline(__always)
  func account(_ clock: inout BatchClock, upTo end: Int, isLong: Bool = false) {
    guard clock.first < end else { return }
    let now = monotonicNanoseconds()
    account(clock, clock.first..<end, nanoseconds: now - clock.began, isLong)
    clock.began = now
    clock.first = end
  }

  /// With `isLong`, the last of several has given a long reply.
  private func account(_ clock: BatchClock, _ range: Range<Int>, nanoseconds: Int64, _ isLong: Bool) {
    if range.count == 1 {
      guard clock.ran >> UInt64(range.lowerBound) & 1 != 0 else { return }
      let item = batch[range.lowerBound]
      guard let record = item.record else { return }
      let arguments = ArgumentRange(list: batch.arguments, first: item.first, count: item.count)
      return item.session.with { account(record, arguments, $0, nanoseconds: nanoseconds) }
    }
    let ran = clock.ran >> UInt64(range.lowerBound) & (1 << UInt64(range.count) - 1)
    guard ran != 0 else { return }
    let share = Double(nanoseconds) / Double(ran.nonzeroBitCount)
    let interval = settings.latencyTracking ? LatencyHistogram.interval(nanoseconds: Int64(share)) : -1
    for index in range where clock.ran >> UInt64(index) & 1 != 0 {
      batch[index].record?.value.account(share, interval: interval)
    }
    if nanoseconds >= settings.watchedNanoseconds { noteDelay(range, nanoseconds: nanoseconds, isLong) }
  }

  /// Accounts for one command that was measured by itself. One that waits now is accounted for when it is answered, but for
  /// the time that it has taken so far.
  @inline(__always)
  func account(
    _ record: Fixed<CommandRecord>, _ arguments: ArgumentRange, _ session: Session, nanoseconds: Int64
  ) {
    let isTracked = settings.latencyTracking && !session.isWaiting
    record.value.account(
      Double(nanoseconds), interval: isTracked ? LatencyHistogram.interval(nanoseconds: nanoseconds) : -1)
    if session.isWaiting { session.wait?.nanoseconds = nanoseconds }
    guard nanoseconds >= settings.watchedNanoseconds else { return }
    noteDelay(record.value.flags.contains(.fast) ? .fastCommand : .command, nanoseconds: nanoseconds)
    if !session.isWaiting { noteSlow(record, arguments, session, nanoseconds: nanoseconds) }
  }

  /// Accounts for a command that had waited and is answered now: `nanoseconds` is what the server had to do for it, from
  /// the beginning, and `answering` the part of it that came after the waiting.
  func accountAnswered(
    _ record: Fixed<CommandRecord>, _ arguments: ArgumentRange, _ session: Session, nanoseconds: Int64,
    answering: Int64
  ) {
    record.value.account(
      Double(nanoseconds),
      interval: settings.latencyTracking ? LatencyHistogram.interval(nanoseconds: nanoseconds) : -1)
    noteSlow(record, arguments, session, nanoseconds: nanoseconds)
    noteDelay(.commandUnblocking, nanoseconds: answering)
  }

  @inline(never)
  private func noteDelay(_ range: Range<Int>, nanoseconds: Int64, _ isLong: Bool) {
    let last = batch[range.upperBound - 1]
    if isLong, let record = last.record {
      let arguments = ArgumentRange(list: batch.arguments, first: last.first, count: last.count)
      last.session.with { noteSlow(record, arguments, $0, nanoseconds: nanoseconds) }
    }
    let areFast = range.allSatisfy { batch[$0].record?.value.flags.contains(.fast) ?? true }
    noteDelay(areFast ? .fastCommand : .command, nanoseconds: nanoseconds)
  }

  /// Notes that something has just taken so long, if LATENCY is to know of it.
  func noteDelay(_ event: LatencyMonitor.Event, nanoseconds: Int64) {
    let milliseconds = nanoseconds / 1_000_000
    guard settings.latencyMonitorThreshold > 0, milliseconds >= settings.latencyMonitorThreshold else { return }
    latency.add(event, milliseconds: milliseconds, second: (nowMicroseconds + nanoseconds / 1000) / 1_000_000)
  }

  /// Runs `body` and notes if it has taken long. Returns the nanoseconds.
  @discardableResult
  func watching(_ event: LatencyMonitor.Event, _ body: () -> Void) -> Int64 {
    let began = monotonicNanoseconds()
    body()
    let taken = monotonicNanoseconds() - began
    noteDelay(event, nanoseconds: taken)
    return taken
  }

  @inline(never)
  private func noteSlow(
    _ record: Fixed<CommandRecord>, _ arguments: ArgumentRange, _ session: Session, nanoseconds: Int64
  ) {
    let threshold = settings.slowlogLogSlowerThan
    guard threshold >= 0, nanoseconds / 1000 >= threshold, !record.value.flags.contains(.skipSlowlog) else { return }
    slowLog.append(
      SlowLog.excerpt(record, arguments), microseconds: nanoseconds / 1000,
      second: (nowMicroseconds + nanoseconds / 1000) / 1_000_000, client: session.peer.remote, name: session.name,
      limit: settings.slowlogMaxLen)
  }

  /// Has the slow log be no longer than the configuration says now.
  func trimSlowLog() {
    if settings.slowlogLogSlowerThan >= 0 { slowLog.trim(to: settings.slowlogMaxLen) }
  }
}

extension CommandRecord {
  /// `interval` is that of the histogram, or below 0 if none is kept.
  @inline(__always)
  mutating func account(_ nanoseconds: Double, interval: Int) {
    statistics.nanoseconds += nanoseconds
    guard interval >= 0 else { return }
    if latencies == nil { latencies = LatencyHistogram() }
    latencies?.record(interval: interval)
  }
}

extension Settings {
  /// From where on somebody wants to know of a command that takes so long.
  var watchedNanoseconds: Int64 {
    let slow = slowlogLogSlowerThan < 0 ? Int64.max : Int64(slowlogLogSlowerThan).multiplied(by: 1000)
    let delayed =
      latencyMonitorThreshold == 0 ? Int64.max : Int64(latencyMonitorThreshold).multiplied(by: 1_000_000)
    return min(slow, delayed)
  }

  /// Below a millisecond commands can no longer be measured together.
  var measuresEachCommand: Bool { (0..<1000).contains(slowlogLogSlowerThan) }
}

extension Int64 {
  /// The product, or the greatest number if it is greater.
  fileprivate func multiplied(by factor: Int64) -> Int64 {
    let (product, overflows) = multipliedReportingOverflow(by: factor)
    return overflows ? .max : product
  }
}

extension SlowLog {
  private static let argumentsKept = 32
  private static let bytesKept = 128

  /// A command's arguments as they are logged: without secrets, and cut short.
  static func excerpt(_ record: Fixed<CommandRecord>, _ arguments: ArgumentRange) -> [[UInt8]] {
    let secrets = Redaction.positions(record, arguments.list, first: arguments.first, count: arguments.count)
    let isCut = arguments.count > argumentsKept
    let kept = isCut ? argumentsKept - 1 : arguments.count
    var excerpt = (0..<kept).map { index -> [UInt8] in
      if secrets.contains(index) { return Redaction.text }
      let argument = arguments.list[arguments.first + index]
      guard argument.count > bytesKept else { return Array(argument) }
      return Array(argument[0..<bytesKept]) + Array("... (\(argument.count - bytesKept) more bytes)".utf8)
    }
    if isCut { excerpt.append(Array("... (\(arguments.count - kept) more arguments)".utf8)) }
    return excerpt
  }
}
