internal import RESP
internal import VersionedStore

/// What an overdue script keeps waiting.
struct Suspension {
  /// The sessions with input of the tick that the script runs in.
  var ready: [Session] = []
  /// Where commands are put that are let in meanwhile.
  var batch: Batch?
  /// When somebody was served last, by the monotonic clock.
  var servedAt: Int64 = 0
}

/// Serving others while a script runs for too long (`busy-reply-threshold`).
///
/// The script runs within a tick of the serving loop, which comes round to nobody until it ends. So from time to time its
/// interpreter asks here whether to go on, and here the sockets are read by hand and what has come in is executed in a
/// tick within the tick. Most commands are answered with BUSY; SCRIPT KILL and its like do what they say.
///
/// What the outer tick has parsed and not begun is put back first, so that its clients are answered too, and since their
/// input moves when more comes in. The script's own client is left alone: its arguments lie in its input, and its reply
/// will be put into its output.
extension Engine {
  /// By the clock that scripts are timed by, in nanoseconds.
  public var monotonicNow: Int64 { monotonicNanoseconds() }

  /// Time between two looks at the sockets.
  private static let servingInterval: Int64 = 5_000_000

  /// To be called from time to time while a script runs. Answers whether it is to be ended.
  public func interruptScript() -> Bool {
    guard let script else { return false }
    let now = monotonicNow
    if !script.isOverdue {
      let milliseconds = (now - script.began) / 1_000_000
      guard settings.busyReplyThreshold > 0, milliseconds >= Int64(settings.busyReplyThreshold) else {
        return script.isKilled
      }
      let command = script.kind == .script ? "SCRIPT KILL" : "FUNCTION KILL"
      log(
        .warning,
        "Slow script detected: still in execution after \(milliseconds) milliseconds. You can try killing the script using the \(command) command. Script name is: \(script.name)."
      )
      beginBusyness(script.caller.object)
    } else if now - suspension.servedAt < Self.servingInterval {
      return script.isKilled
    }
    suspension.servedAt = now
    serveWhileBusy(script.caller.object)
    tickWhileBusy(script.caller.object)
    guard self.script?.isKilled == true else { return false }
    log(.warning, "Lua script killed by user with SCRIPT KILL.")
    return true
  }

  private func beginBusyness(_ caller: Session) {
    script?.isOverdue = true
    attention.insert(.busy)
    // From the last to the first, so that each session is left where its first command begins.
    for index in (batch.begun..<batch.count).reversed() {
      let item = batch[index]
      item.session.with { putBack(item, $0) }
    }
    batch.truncate(to: batch.begun)
    suspension.ready = ready
    ready = ready.filter { $0 !== caller }
  }

  /// The script is over: what it kept waiting goes on.
  func endBusyness() {
    attention.remove(.busy)
    // Who sent something at last is served by the outer tick.
    for session in ready where !suspension.ready.contains(where: { $0 === session }) {
      suspension.ready.append(session)
    }
    ready = suspension.ready
    suspension.ready = []
    hasResumed = true
    transport?.wake()
  }

  private func tickWhileBusy(_ caller: Session) {
    let outer = batch
    batch = suspension.batch ?? Batch()
    let probes = keyspace.hot.value.probes
    probes.removeAll()
    while true {
      var next = 0
      fill(&next)
      if batch.isEmpty { break }
      var index = 0
      while index < batch.count {
        let item = batch[index]
        index &+= 1
        item.session.with { execute(item, $0) }
      }
      batch.removeAll()
      probes.removeAll()
    }
    suspension.batch = batch
    batch = outer
    // Whose turn comes when the stream of the primary has had its own, is not forgotten until then.
    let putOff = exclusive == nil ? [] : ready.filter { isPutOff($0) }
    for session in ready where !isPutOff(session) {
      session.input.consume(session.parsed)
      session.parsed = 0
      session.isReady = false
      if session.isFinished, endsWithInput(session) { closeAfterReply(session) }
    }
    ready.removeAll(keepingCapacity: true)
    ready += putOff
    flush(except: caller)
  }

  /// Hands over the output of all but the script's client, whose reply is still to be put together.
  private func flush(except caller: Session) {
    let isCallerDirty = caller.isDirty
    dirty.removeAll { $0 === caller }
    flush(shownEnds)
    if isCallerDirty { dirty.append(caller) }
  }

  /// SHUTDOWN NOSAVE: a script that has written is ended too, since nothing of it will be kept.
  func endScriptForShutdown() { script?.isKilled = true }
}
