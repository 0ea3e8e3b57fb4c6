import Engine
import Replication
import Snapshots
import VersionedStore

/// What carries out a replica's link, as the server's driver does: the network, the timer and the staged dataset are the
/// simulation's. It lives on a loop of its own, so that whatever it says to the serving side comes there later, and in
/// order.
final class SimulatedLink: RunningLink, @unchecked Sendable {
  private var link: ReplicaLink
  private var plan: LinkPlan
  private unowned let life: Life
  private let world: World
  private var end: SimulatedNetwork.End?
  private var attempt = 0
  private var unread: [UInt8] = []
  private var unappliedByteCount = 0
  private var staging: DatasetLoader?
  private var hasAskedForLiveRoom = false
  private var askedByteCount = 0
  private(set) var isStopped = false
  private var timer: Int64?

  init(_ plan: LinkPlan, _ position: ReplicationPosition?, _ life: Life) {
    self.plan = plan
    self.life = life
    world = life.world
    link = ReplicaLink(plan.settings, position: position, jitterSeed: Randomness.next())
    onLoop { $0.start() }
  }

  // MARK: From the serving side

  var status: LinkStatus {
    LinkStatus(link, stagedByteCount: staging?.dataset.arena.allocatedBytes ?? 0, now: world.now)
  }

  func update(_ plan: LinkPlan) {
    onLoop { link in
      let hasNewSettings = plan.settings != link.plan.settings
      link.plan = plan
      guard hasNewSettings else { return }
      link.link.update(plan.settings, at: link.world.now)
      link.perform()
    }
  }

  func endConnection(_ reason: String) {
    onLoop { link in
      link.link.refuseStream(.lostInStream(reason: reason), at: link.world.now)
      link.perform()
    }
  }

  func stop() {
    onLoop { link in
      link.link.stop()
      link.perform()
      link.isStopped = true
    }
  }

  /// The process ends.
  func vanish() {
    isStopped = true
    attempt += 1
    staging = nil
    end = nil
  }

  /// Has `work` run on the link's loop, behind what was asked for before.
  private func onLoop(_ work: @escaping (SimulatedLink) -> Void) {
    life.onLinkLoop { [self] in
      if !isStopped { work(self) }
    }
  }

  private func start() {
    link.start(at: world.now)
    perform()
  }

  private func answerCommit(_ failure: LinkError?) {
    if let failure {
      link.refuseCommit(failure, at: world.now)
    } else {
      link.committed(at: world.now)
    }
    perform()
    takeUnread()
  }

  private func executed(_ byteCount: Int, upTo offset: ReplicationOffset, _ failure: LinkError?, _ attempt: Int) {
    unappliedByteCount -= byteCount
    if attempt == self.attempt {
      if let failure {
        link.refuseStream(failure, at: world.now)
      } else {
        link.applied(upTo: offset, at: world.now)
      }
      perform()
    }
    takeUnread()
  }

  // MARK: From the connection

  private func opened(_ end: SimulatedNetwork.End?, _ attempt: Int) {
    guard attempt == self.attempt, !isStopped else {
      end?.close()
      return
    }
    guard let end else { return broke("Connection refused", attempt) }
    self.end = end
    end.received = { [self] bytes in
      guard attempt == self.attempt else { return }
      unread += bytes
      takeUnread()
    }
    end.broke = { [self] in broke($0, attempt) }
    link.connected(at: world.now)
    perform()
  }

  private func broke(_ reason: String, _ attempt: Int) {
    guard attempt == self.attempt, !isStopped else { return }
    end = nil
    link.closed(reason: reason, at: world.now)
    perform()
  }

  private func takeUnread() {
    while !unread.isEmpty, mayTakeMore, !isStopped {
      staging?.memoryLimit = plan.room.insteadOfLive ?? plan.room.besideLive
      let taken = unread.withBytes { link.receive($0, at: world.now, into: &staging) }
      unread.removeFirst(taken)
      askForRoom()
      perform()
      if taken == 0 { break }
    }
    guard let end else { return }
    let isReading = unread.isEmpty && mayTakeMore
    guard isReading != end.isReading else { return }
    link.reading(isReading, at: world.now)
    setTimer()
    end.isReading = isReading
  }

  private var mayTakeMore: Bool {
    link.wantsInput(unappliedByteCount: unappliedByteCount, limit: Self.unappliedLimit)
  }

  /// Small, so that the link has to wait for the serving side at times.
  private static let unappliedLimit = 2000

  private func askForRoom() {
    guard let staging, let besideLive = plan.room.besideLive else { return }
    let byteCount = staging.dataset.arena.allocatedBytes
    if byteCount > max(plan.room.besideVersions ?? besideLive, askedByteCount) {
      askedByteCount = byteCount + byteCount / 4
      life.onServingLoop { [self, askedByteCount] in
        life.controller.makeRoom(forStaged: askedByteCount, from: self)
      }
    }
    guard !hasAskedForLiveRoom, plan.room.insteadOfLive != nil, byteCount > besideLive else { return }
    hasAskedForLiveRoom = true
    life.onServingLoop { [self] in
      life.mayChange { life.controller.giveUpLiveDataset(for: self) }
    }
  }

  // MARK: Actions

  private func perform() {
    for action in link.takeActions() { perform(action) }
    setTimer()
  }

  private func perform(_ action: LinkAction) {
    switch action {
    case .log(_, let text): life.note(text)
    case .connect(_, let port): connect(port)
    case .send(let bytes): end?.send(bytes)
    case .close:
      attempt += 1
      end?.close()
      end = nil
      unread = []
    case .beginStaging:
      staging = DatasetLoader(plan.form, nowMilliseconds: life.wallMilliseconds)
      (hasAskedForLiveRoom, askedByteCount) = (false, 0)
    case .discardStaged:
      if staging != nil { world.counts.failedSyncs += 1 }
      staging = nil
    case .commit(let request): commit(request)
    case .resume(let position): resume(position)
    case .execute(let part): execute(part)
    case .endStream: life.onServingLoop { [self] in life.controller.streamEnded(from: self) }
    case .failoverAnswered(let isAccepted):
      life.onServingLoop { [self] in life.controller.failoverAnswered(isAccepted, from: self) }
    case .report(let report):
      life.onServingLoop { [self] in life.controller.report(report, from: self) }
      isStopped = true
    }
  }

  private func connect(_ port: Int) {
    attempt += 1
    let attempt = attempt
    world.network.connect(from: life.server.port, to: port) { [self] in opened($0, attempt) }
  }

  private func commit(_ request: CommitRequest) {
    guard let staged = staging?.dataset, let outcome = staging?.outcome else { return }
    staging = nil
    life.onServingLoop { [self] in
      let failure = life.mayChange {
        let failure = life.controller.commit(
          staged, request, outcome: outcome, from: self, atMilliseconds: life.wallMilliseconds)
        if failure == nil { world.invariants.didCommit(life) }
        return failure
      }
      guard failure == nil else {
        world.counts.failedSyncs += 1
        return onLoop { $0.answerCommit(failure) }
      }
      world.counts.fullSyncs += 1
      onLoop { $0.answerCommit(failure) }
    }
  }

  private func resume(_ position: ReplicationPosition) {
    let attempt = attempt
    life.onServingLoop { [self] in
      let failure = life.controller.resume(position, from: self)
      if failure == nil { world.counts.partialSyncs += 1 }
      onLoop { $0.executed(0, upTo: position.offset, failure, attempt) }
    }
  }

  private func execute(_ part: StreamPart) {
    let attempt = attempt
    unappliedByteCount += part.bytes.count
    life.onServingLoop { [self] in
      let failure = life.mayChange { life.controller.execute(part, from: self) }
      onLoop { $0.executed(part.bytes.count, upTo: part.end, failure, attempt) }
    }
  }

  // MARK: Time

  private func setTimer() {
    guard let next = link.nextTick, !isStopped else { return }
    if let timer, timer <= next { return }
    timer = next
    world.schedule(at: next) { [self] in
      guard timer == next, !isStopped else { return }
      timer = nil
      link.tick(at: world.now)
      perform()
    }
  }
}
