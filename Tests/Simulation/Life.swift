import Journal
import RESP
import Scripting
import Snapshots
import TestSupport
import VersionedStore

@testable import Engine
@testable import Journal
@testable import Replication

/// One process of a server: the engine and all that stands around it, from a start to a crash.
///
/// The serving loop is the simulation's queue: what comes in is executed by a tick that comes a little later, together
/// with what has come meanwhile.
final class Life: SessionTransport {
  let server: SimulatedServer
  let world: World
  let engine: Engine
  let controller = ReplicationController()
  private let scripting = ScriptingReference(memoryLimit: 64 << 20)
  private let saves = SnapshotSaves()
  private(set) var journal: Journal!
  private(set) var links: [SimulatedLink] = []
  /// What speaks to each session, by its id.
  private var clients: [Int: SimulatedClient] = [:]
  private var ends: [Int: SimulatedNetwork.End] = [:]
  private var isTickDue = false
  private(set) var isOver = false
  /// How often the dataset has gone back to a version, from where stamps are smaller.
  var rollbackCount = 0
  /// How often it has become a replica or a primary.
  private(set) var roleCount = 0
  /// What the serving loop was asked for and has not begun.
  private var servingWork: [() -> Void] = []
  /// Until then the serving loop does nothing else than what it is about: a command takes so long.
  private var blockedUntil: Int64 = 0
  /// When another dataset has last taken the place of the live one.
  private var replacedAt: Int64 = .min
  /// When the loops have done what they were asked for so far.
  private var servingLoopTime: Int64 = 0
  private var linkLoopTime: Int64 = 0
  /// How deep in something that may change the dataset of a replica.
  private(set) var changeDepth = 0

  init(_ server: SimulatedServer) {
    self.server = server
    world = server.world
    let settings = Settings()
    settings.appendOnly = server.hasLog
    settings.appendSync = server.appendSync
    settings.logTimestamps = world.chance(30)
    settings.logBaseIsSnapshot = world.chance(80)
    settings.autoRewriteMinSize = world.chance(50) ? 2000 : 64 << 20
    settings.replTimeout = [2, 5, 10][world.pick(0...2)]
    settings.replBacklogSize = world.chance(50) ? 16 << 10 : 1 << 20
    settings.replBacklogTTL = [0, 3, 3600][world.pick(0...2)]
    settings.replDisklessSync = world.chance(70)
    settings.replDisklessSyncDelay = world.pick(0...1)
    settings.replPingReplicaPeriod = world.pick(1...3)
    settings.replicaServeStaleData = world.chance(80)
    settings.replicaRetainPrevious = world.pick([.no, .yes, .seconds(5)])
    settings.versionHistory = world.pick(0...6)
    settings.versionInterval = world.chance(30) ? world.pick(1...10) : 0
    settings.enableDebugCommand = .yes
    settings.savePoints = []
    settings.latencyTracking = false
    settings.transactionRollback = world.chance(20)
    settings.replicaOf = server.configuredPrimary.map { PrimaryAddress(host: "server", port: $0) }
    let log = JournalReference()
    let history = History(live: Dataset(databases: settings.databases, lineage: Lineage.next()))
    let families =
      StandardCommands.families + [
        [log.command], saves.commands, ReplicationCommands(controller).all, scripting.commands,
      ]
    let clock = { [unowned world] in world.now * 1_000_000 }
    engine = Engine(
      settings: settings, keyspace: Keyspace(settings: settings, history: history), commands: CommandTable(families),
      monotonicNanoseconds: clock)
    engine.transport = self
    tickNow()
    scripting.attach(engine)
    saves.attach(to: engine, nowMilliseconds: wallMilliseconds)
    engine.log = { [unowned self] in note("\($1)") }
    engine.shutDown = { _ in false }
    journal = Journal(engine, on: server.disk)
    log.journal = journal
    engine.datasetReplacements.append { [unowned self] in replacedAt = world.now }
    journal.nanoseconds = clock
    server.disk.life = self
    controller.engine = engine
    controller.feed.startWalk = { [unowned self] in SimulatedWalk($0, self, $1) }
    controller.feed.continueLater = { [unowned self] in onServingLoop { [self] in controller.feed.pumpAll() } }
    saves.write = { [unowned self] job, completion in save(job, completion) }
    saves.writeNow = { [unowned self] job in write(job) }
    controller.openLink = { [unowned self] plan, position in
      links.removeAll(where: \.isStopped)
      let link = SimulatedLink(plan, position, self)
      links.append(link)
      return link
    }
    controller.listeningPort = { [unowned server] in server.port }
    controller.onRoleChange = { [unowned self] _ in roleCount += 1 }
    controller.runTick = { [unowned self] in tickNow() }
    engine.infoSections.append(controller.infoSection)
  }

  func note(_ text: @autoclosure () -> String) { world.note("\(server.name): \(text())") }

  var wallMilliseconds: Int64 { world.wallMilliseconds + server.clockError }

  /// False if the server does not come up.
  func start() -> Bool {
    guard server.hasLog ? loadLog() : load() else { return false }
    world.network.listen(server.port) { [unowned self] in accept($0) }
    controller.start()
    world.schedule(after: Int64(world.pick(1...200))) { [weak self] in self?.cron(0) }
    return true
  }

  /// Ends the process without a word.
  func end() {
    isOver = true
    for link in links { link.vanish() }
    links = []
    for id in clients.keys.sorted() { clients[id]?.serverEnded() }
    clients = [:]
    ends = [:]
    servingWork = []
    // What a dataset holds may only be let go when nobody reads it.
    for id in engine.sessions.keys.sorted() { if let session = engine.sessions[id] { engine.peerClosed(session) } }
  }

  // MARK: Files

  private func write(_ job: SnapshotSaves.Job) -> Result<Void, SnapshotWriteFailure> {
    var bytes: [UInt8] = []
    let result = Result { () throws(SnapshotWriteFailure) in
      try SnapshotWriter.write(job.content, job.options, progress: job.progress) { bytes += Array($0) }
    }
    if case .success = result, !isOver { server.snapshot = bytes }
    return result
  }

  private func save(_ job: SnapshotSaves.Job, _ completion: @escaping (Result<Void, SnapshotWriteFailure>) -> Void) {
    world.schedule(after: Int64(world.pick(0...300))) { [self] in
      guard !isOver else { return }
      let result = write(job)
      onServingLoop { completion(result) }
    }
  }

  /// Takes in the file that the last save has left.
  private func load() -> Bool {
    guard let file = server.snapshot else { return true }
    var form = DatasetLoader.Form(engine.keyspace)
    form.leavesExpiredToHistory = true
    var loader = DatasetLoader(form, nowMilliseconds: wallMilliseconds)
    do throws(SnapshotError) {
      var reader = SnapshotReader()
      _ = try file.withBytes { bytes throws(SnapshotError) in try reader.receive(bytes, into: &loader) }
      try reader.finish()
    } catch {
      world.fail("\(server.name) cannot read its own file: \(error)")
      return false
    }
    let keyspace = engine.keyspace
    keyspace.history.replaceLive(with: loader.dataset)
    keyspace.liveDatasetChanged()
    engine.note(loader.outcome, libraries: loader.dataset.attachments.count)
    if let origin = loader.origin.replicationOrigin { controller.restore(origin, atMilliseconds: wallMilliseconds) }
    engine.deleteExpiredAtStart(loader.outcome.expiredInHistory.map { ($0.database, $0.name) })
    note("has loaded \(world.invariants.landmarks(self)), \(controller.position.map { "\($0)" } ?? "of no history")")
    return true
  }

  /// Takes in the append-only log, if there is one, and goes on with it.
  private func loadLog() -> Bool {
    let manifest: JournalManifest
    do throws(JournalManifest.LoadFailure) {
      manifest = try JournalManifest.load(engine.settings.appendFilename, from: server.disk)
    } catch {
      world.fail("\(server.name) cannot read its own manifest: \(error)")
      return false
    }
    var baseByteCount = 0
    if !manifest.live.isEmpty {
      let loader = JournalLoader(
        engine, server.disk,
        JournalLoader.Plan(manifest: manifest, name: engine.settings.appendFilename, loadsCutShort: true))
      steps: while true {
        switch loader.step(byteCount: world.pick(1...5000), nowMicroseconds: wallMilliseconds * 1000) {
        case .more: continue
        case .loaded(let sizes):
          baseByteCount = sizes.base
          break steps
        case .failed(let lines):
          if server.disk.isFaulty { return false }
          // Nobody has promised that what was never synced is there, or can know of what was. The operator gives it up.
          if server.disk.holes > (server.appendSync == .never ? .none : .known) {
            server.disk.wipe()
            server.ledger.forget()
            return false
          }
          world.fail("\(server.name) cannot read its own log: \(lines)")
          return false
        }
      }
    }
    let landmarks = world.invariants.landmarks(self)
    note("has loaded \(landmarks) from its log")
    if landmarks.shape == .broken { world.fail("the log of \(server.name) does not hold a whole dataset") }
    do throws(DiskError) { try journal.begin(manifest, baseByteCount: baseByteCount) } catch { return false }
    if server.disk.holes == .unknown { server.ledger.forget() }
    server.disk.wasRead()
    if server.appendSync == .always, server.ledger.hasPromise { world.counts.promisesKept += 1 }
    if server.appendSync == .always, let loss = server.ledger.recovered(landmarks) {
      world.fail("\(server.name) has lost writes: \(loss)")
    }
    return true
  }

  func prepareToStop() -> Bool {
    guard journal.prepareToStop(force: false) else { return false }
    journal.stop()
    return true
  }

  /// A client was told that a stamp is written, for which it has asked at `time`.
  func acknowledged(_ stamp: Int, askedAt time: Int64) {
    guard engine.settings.appendSync == .always else { return }
    // What was written before may be safe in the former log.
    if journal.holdsWriters, time > replacedAt {
      return world.fail("\(server.name) answers a write that is in no log yet")
    }
    guard journal.state == .on else { return }
    server.ledger.note(world.invariants.landmarks(self))
    server.ledger.acknowledged(stamp)
  }

  // MARK: Loops

  /// Has `work` run on the serving loop, behind what was asked for before.
  func onServingLoop(_ work: @escaping () -> Void) {
    servingLoopTime = max(servingLoopTime, world.now + (world.chance(70) ? 0 : Int64(world.pick(0...5))))
    servingWork.append(work)
    whenServing(at: servingLoopTime) { [self] in
      servingWork.removeFirst()()
      afterServing()
    }
  }

  /// Has the serving loop do something at a time, or as soon as it is not blocked any more.
  private func whenServing(at time: Int64, _ body: @escaping () -> Void) {
    world.schedule(at: time) { [self] in
      guard !isOver else { return }
      if isBlocked { whenServing(at: blockedUntil, body) } else { body() }
    }
  }

  /// The serving loop is kept busy: what comes in waits, and other loops go on.
  func block(milliseconds: Int) {
    note("is busy for \(milliseconds) ms")
    blockedUntil = max(blockedUntil, world.now + Int64(milliseconds))
  }

  func unblock() { blockedUntil = 0 }

  var isBlocked: Bool { world.now < blockedUntil }

  func onLinkLoop(_ work: @escaping () -> Void) {
    linkLoopTime = max(linkLoopTime, world.now + (world.chance(70) ? 0 : Int64(world.pick(0...5))))
    world.schedule(at: linkLoopTime) { [self] in
      if !isOver { work() }
    }
  }

  /// Runs what is allowed to change the dataset of a replica.
  func mayChange<Result>(_ body: () -> Result) -> Result {
    changeDepth += 1
    defer { changeDepth -= 1 }
    let result = body()
    world.invariants.didChange(self)
    return result
  }

  private func afterServing() {
    if engine.hasWork { wake() }
    world.invariants.observe(self)
  }

  func tickNow() { engine.tick(nowMicroseconds: wallMilliseconds * 1000) }

  func tick() {
    tickNow()
    afterServing()
  }

  private func cron(_ count: Int) {
    guard !isOver else { return }
    if isBlocked { return whenServing(at: blockedUntil) { [weak self] in self?.cron(count) } }
    engine.cron(nowMicroseconds: wallMilliseconds * 1000)
    if count % 5 == 0 { controller.cron() }
    afterServing()
    world.schedule(after: 200) { [weak self] in self?.cron(count + 1) }
  }

  // MARK: Sessions

  private func peer(_ port: Int) -> PeerAddress {
    PeerAddress(
      remote: "10.0.0.1:\(port)", local: "10.0.0.1:\(server.port)", isUnixSocket: false, isLoopback: true,
      fileDescriptor: -1)
  }

  func open(_ client: SimulatedClient) -> Session {
    let session = engine.open(peer(1), now: wallMilliseconds)
    clients[session.id] = client
    return session
  }

  private func accept(_ end: SimulatedNetwork.End) {
    let session = engine.open(peer(end.port), now: wallMilliseconds)
    ends[session.id] = end
    end.received = { [unowned self] bytes in
      guard !isOver, engine.sessions[session.id] != nil else { return }
      receive(bytes, from: session)
    }
    end.broke = { [unowned self] _ in
      guard !isOver, ends.removeValue(forKey: session.id) != nil else { return }
      if engine.sessions[session.id] != nil { engine.peerClosed(session) }
      afterServing()
    }
    end.sent = { [unowned self] in
      guard !isOver else { return }
      engine.drained(session, unsent: session.unsentByteCount - $0)
    }
  }

  func receive(_ bytes: [UInt8], from session: Session) {
    bytes.withBytes { engine.receive($0, from: session) }
    wake()
  }

  // MARK: SessionTransport

  func send(_ bytes: Bytes, to session: Session) {
    if let end = ends[session.id] {
      session.unsentByteCount += bytes.count
      end.send(Array(bytes))
    } else {
      clients[session.id]?.receive(Array(bytes))
    }
  }

  func close(_ session: Session, afterOutput: Bool) {
    world.schedule(after: 0) { [self] in
      guard !isOver, engine.sessions[session.id] != nil else { return }
      engine.peerClosed(session)
      ends.removeValue(forKey: session.id)?.close()
      clients.removeValue(forKey: session.id)?.serverEnded()
      afterServing()
    }
  }

  func forget(_ session: Session) {
    clients[session.id] = nil
    if engine.sessions[session.id] != nil { engine.peerClosed(session) }
  }

  func wake() {
    guard !isTickDue else { return }
    isTickDue = true
    whenServing(at: world.now + (world.chance(60) ? 0 : Int64(world.pick(0...3)))) { [self] in
      isTickDue = false
      tick()
    }
  }
}
