import Glibc
import NIOCore
import VersionedStore

/// The connections of a server and the turns of its serving loop.
///
/// NIO hands over the input of every socket that was readable, then runs the tasks that were set meanwhile: the tick is
/// such a task, set by the first input of a turn, so that one tick executes all that a turn brought in. Output goes
/// straight from the engine's buffer to the socket; only what the kernel will not take is copied, for NIO to send
/// when the peer reads again.
///
/// Confined to its event loop.
final class Transport: ServingTransport {
  let eventLoop: any EventLoop
  let engine: any ServingEngine
  private var connections: [Connection?] = []
  private var freeSlots: [Int] = []
  private var isTickRequested = false
  /// The engine is at work: it must not be called.
  private var isEngineRunning = false
  /// Connections to close when the engine has returned.
  private var leaving: [Connection] = []
  /// Connections that broke while the engine was at work, for it to be told when it has returned.
  private var gone: [ConnectionID] = []
  /// Connections that are still agreeing on keys: the engine knows nothing of them yet.
  private var handshakes = 0
  private var cronTask: Scheduled<Void>?
  /// The tick that was asked for at a time, and when that is, in microseconds since 1970.
  private var timer: (task: Scheduled<Void>, deadline: Int64)?
  /// Calls of the cron per second.
  private var cronRate: () -> Int = { 10 }
  /// Made once: a closure per tick would be an allocation per tick.
  private var tickTask: @Sendable () -> Void = {}

  init(engine: any ServingEngine, eventLoop: any EventLoop) {
    self.engine = engine
    self.eventLoop = eventLoop
    let bound = NIOLoopBound(Unowned(transport: self), eventLoop: eventLoop)
    tickTask = { bound.value.transport.runTick() }
    engine.attach(self)
  }

  // MARK: Turns

  func requestTick() {
    guard !isTickRequested else { return }
    isTickRequested = true
    eventLoop.execute(tickTask)
  }

  func requestTick(atMicroseconds deadline: Int64) {
    if let timer {
      guard deadline < timer.deadline else { return }
      timer.task.cancel()
    }
    let delay = max(deadline - Self.now(), 0)
    let bound = NIOLoopBound(Unowned(transport: self), eventLoop: eventLoop)
    let task = eventLoop.scheduleTask(in: .microseconds(delay)) { bound.value.transport.runTimer() }
    timer = (task, deadline)
  }

  private func runTimer() {
    timer = nil
    runTick()
  }

  private func runTick() {
    isTickRequested = false
    tickNow()
  }

  /// A tick from within a task of the loop that is none of the transport's.
  func tickNow() {
    isEngineRunning = true
    engine.tick(nowMicroseconds: Self.now())
    engineReturned()
  }

  /// Begins to call the engine's cron as often as `hz`, read anew each time, says.
  func startCron(hz: @escaping () -> Int) {
    cronRate = hz
    scheduleCron()
  }

  /// The rate stays here and out of the task: each passage of a closure through a generic value wraps it once more, and
  /// after a day of crons every call would go through a million wrappers.
  private func scheduleCron() {
    let bound = NIOLoopBound(Unowned(transport: self), eventLoop: eventLoop)
    cronTask = eventLoop.scheduleTask(in: .milliseconds(Int64(1000 / cronRate()))) { bound.value.transport.runCron() }
  }

  private func runCron() {
    isEngineRunning = true
    engine.cron(nowMicroseconds: Self.now())
    engineReturned()
    scheduleCron()
  }

  /// Stops the cron and closes every connection.
  func shutdown() {
    cronTask?.cancel()
    timer?.task.cancel()
    timer = nil
    leaving += connections.compactMap { $0 }
    engineReturned()
  }

  static func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// Takes in what has arrived, from within the engine, which is kept busy: NIO comes round to nobody before it returns.
  /// The connection with id `caller` is left alone. Whoever hung up is for NIO to find.
  func receiveWhileBusy(except caller: ConnectionID) {
    var waiting: [Connection] = []
    var polls: [pollfd] = []
    for connection in connections {
      guard let connection, connection.id != caller, let descriptor = connection.readableDescriptor else { continue }
      waiting.append(connection)
      polls.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
    }
    guard unsafe poll(&polls, nfds_t(polls.count), 0) > 0 else { return }
    for (connection, poll) in zip(waiting, polls) where poll.revents != 0 { connection.receiveWhileBusy() }
  }

  /// Closes what was to be closed when the engine returns, which may take long.
  func closeWhileBusy() {
    while let connection = leaving.popLast() { connection.closeChannel() }
  }

  // MARK: What connections tell

  /// Whether a connection may begin a handshake, whose end is to be told in any case.
  func beginHandshake() -> Bool {
    guard engine.hasRoom(for: handshakes + 1) else { return false }
    handshakes += 1
    return true
  }

  func endHandshake() { handshakes -= 1 }

  /// Offers a new connection to the engine, under a free id.
  func admit(_ connection: Connection, _ info: ConnectionInfo) -> Admission {
    let slot = freeSlots.popLast() ?? connections.count
    let id = ConnectionID(slot: slot)
    let admission = engine.open(id, info, nowMicroseconds: Self.now())
    guard admission == .accepted else {
      // A slot at the end that was never used is not free: it does not exist.
      if slot < connections.count { freeSlots.append(slot) }
      return admission
    }
    connection.id = id
    if slot == connections.count { connections.append(connection) } else { connections[slot] = connection }
    return admission
  }

  func received(_ bytes: Bytes, from id: ConnectionID) {
    engine.receive(bytes, from: id)
    requestTick()
  }

  func peerClosed(_ id: ConnectionID) {
    engine.peerClosed(id)
    requestTick()
  }

  func closed(_ id: ConnectionID) {
    connections[id.slot] = nil
    if isEngineRunning { gone.append(id) } else { release(id) }
  }

  func drained(_ id: ConnectionID, unsent: Int) {
    // Within a flush, its answer says it.
    if !isEngineRunning { engine.drained(id, unsent: unsent) }
  }

  /// Closes the connection as soon as the engine is not running.
  func leave(_ connection: Connection) {
    leaving.append(connection)
    if leaving.count == 1 { requestTick() }
  }

  /// Does what had to wait for the engine.
  private func engineReturned() {
    isEngineRunning = false
    while let id = gone.popLast() { release(id) }
    while let connection = leaving.popLast() { connection.closeChannel() }
  }

  private func release(_ id: ConnectionID) {
    freeSlots.append(id.slot)
    engine.closed(id)
  }

  // MARK: What the engine asks

  @discardableResult
  func flush(_ id: ConnectionID, _ bytes: Bytes) -> Int { connections[id.slot]?.send(bytes) ?? 0 }

  func unsentBytes(_ id: ConnectionID) -> Int { connections[id.slot]?.unsent ?? 0 }

  func close(_ id: ConnectionID) { connections[id.slot]?.closeWhenSent() }

  func abort(_ id: ConnectionID) {
    if let connection = connections[id.slot] { leave(connection) }
  }

}

/// Lets the loop's tasks name the transport without keeping it alive; it lives as long as its loop runs tasks.
private struct Unowned {
  unowned let transport: Transport
}
