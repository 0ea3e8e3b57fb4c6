internal import Engine

/// A hand-over of the primary's role to one of its replicas, without the loss of a write.
///
///     none --FAILOVER--> waiting            writes are put off until a replica has all of them
///     waiting --> inProgress                this server follows that replica, and asks it to take over (PSYNC ... FAILOVER)
///     inProgress --> none                   it has; writes go on, and are refused: this is a replica now
///
/// At the end of its time the first is given up, or, if forced, goes on to the second whatever the replica has. FAILOVER ABORT
/// leads back from either, and so does a replica that declines; then this is the primary again.
struct Failover {
  enum State {
    case none, waiting, inProgress

    /// As INFO has it.
    var name: String {
      switch self {
      case .none: "no-failover"
      case .waiting: "waiting-for-sync"
      case .inProgress: "failover-in-progress"
      }
    }
  }

  struct Request {
    /// Nil for any replica.
    var target: PrimaryAddress?
    /// Milliseconds; nil for any time.
    var timeout: Int64?
    var isForced = false
  }

  var state = State.none
  var target: PrimaryAddress?
  /// In milliseconds since 1970; nil for never.
  var deadline: Int64?
  var isForced = false
}

extension ReplicationController {
  /// Whether one is under way: nobody may change whom this server follows then, or become its replica.
  var isInFailover: Bool { failover.state != .none }

  /// Begins a failover. What stands in its way has been looked for.
  func beginFailover(_ request: Failover.Request) {
    if let target = request.target {
      engine.log(.notice, "FAILOVER requested to \(target.host):\(target.port).")
    } else {
      engine.log(.notice, "FAILOVER requested to any replica.")
    }
    failover = Failover(
      state: .waiting, target: request.target, deadline: request.timeout.map { engine.keyspace.now &+ $0 },
      isForced: request.isForced)
    engine.pauseWritesForFailover()
  }

  /// Goes on with a failover that waits. To be called when the tick ends that it began in, when replicas have acknowledged, and
  /// by the cron, while nothing is in progress.
  func continueFailover() {
    guard failover.state == .waiting else { return }
    if let deadline = failover.deadline, deadline <= engine.keyspace.now {
      guard failover.isForced, let target = failover.target else {
        return abortFailover("Replica never caught up before timeout")
      }
      engine.log(.notice, "FAILOVER to \(target.host):\(target.port) time out exceeded, failing over.")
      return handOver(to: target)
    }
    engine.handOverEffects()
    let end = feed.offset
    let wanted = failover.target
    // Which replica it is to be is decided by who has everything first.
    let ready = feed.replicas.first { replica in
      // One that has not said where it listens could not be followed.
      replica.state == .online && replica.hasAcknowledged && replica.acknowledgedOffset == end
        && (wanted.map { replica.isReached(at: $0) } ?? (replica.port != 0))
    }
    guard let ready else { return }
    let target = wanted ?? PrimaryAddress(host: ready.address, port: ready.port)
    failover.target = target
    engine.log(.notice, "Failover target \(target.host):\(target.port) is synced, failing over.")
    handOver(to: target)
  }

  private func handOver(to target: PrimaryAddress) {
    failover.state = .inProgress
    follow(target, asFailover: true)
  }

  /// The replica that was asked to take over has answered.
  func failoverWasAnswered(_ isAccepted: Bool) {
    guard failover.state == .inProgress else { return }
    if isAccepted { endFailover() } else { abortFailover("Failover target rejected psync request") }
  }

  /// Gives a failover up: this server is the primary that it was.
  func abortFailover(_ reason: String) {
    guard isInFailover else { return }
    if let target = failover.target {
      engine.log(.notice, "FAILOVER to \(target.host):\(target.port) aborted: \(reason)")
    } else {
      engine.log(.notice, "FAILOVER to any replica aborted: \(reason)")
    }
    if failover.state == .inProgress { standAlone() }
    endFailover()
  }

  private func endFailover() {
    failover = Failover()
    engine.resumeWritesAfterFailover()
  }
}

extension Replica {
  /// Whether a client would find it under an address.
  func isReached(at other: PrimaryAddress) -> Bool {
    port == other.port && address.lowercased() == other.host.lowercased()
  }
}
