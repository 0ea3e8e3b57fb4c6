public import Engine
public import Snapshots
public import VersionedStore

/// This server's part in replication: whom it follows, and what its dataset holds of whose history.
///
/// A link runs elsewhere and tells what has come of it; here the live dataset is exchanged, and the primary's commands
/// are executed. What a link says that has been stopped meanwhile goes unheard.
///
/// Confined to the serving thread: Sendable only because handlers of commands are, which run there too.
public final class ReplicationController: @unchecked Sendable {
  /// Opens a link, with the position it may try to go on from.
  public typealias OpenLink = (LinkPlan, ReplicationPosition?) -> any RunningLink

  /// Set once, before anything else is called.
  public unowned var engine: Engine {
    get { attachedEngine! }
    set {
      attachedEngine = newValue
      attachFeed()
    }
  }
  private weak var attachedEngine: Engine?
  /// Set by what runs the server, as is all up to `onRoleChange`.
  public var openLink: OpenLink = { _, _ in preconditionFailure("nobody opens links") }
  /// The port that primaries are told, unless `replica-announce-port` says otherwise.
  public var listeningPort: () -> Int = { 0 }
  /// Runs one tick of the engine now.
  public var runTick: () -> Void = {}
  /// Has become a replica, or a primary.
  public var onRoleChange: (_ isReplica: Bool) -> Void = { _ in }

  private(set) var link: (any RunningLink)?
  /// What the live dataset holds of the primary's history. Nil if it has a history of its own.
  private(set) var position: ReplicationPosition?
  /// The history that the live dataset has now, and the one that it had before, up to an offset.
  var historyID = RunID.random()
  var formerHistory: (id: String, end: Int64)?
  /// What this server's own replicas are sent.
  public private(set) lazy var feed = PrimaryFeed(self)
  /// Where the primary's commands are executed.
  private(set) var session: Session?
  /// The dataset as the primary's last command left it, to see whether anybody else has changed it.
  private var followed: (dataset: Dataset, changeCount: UInt64)?
  var probes: [ObjectIdentifier: Probe] = [:]

  public init() {}

  var settings: Settings { engine.settings }
  /// Whom this server follows; nil for a primary.
  var primary: PrimaryAddress? { settings.replicaOf }
  /// The end of what was executed of the history.
  var offset: Int64 { position?.offset.rawValue ?? feed.offset }

  // MARK: Role

  /// Follows the primary of the configuration file, if there is one. To be called when the server has started.
  public func start() {
    if let primary { follow(primary) }
  }

  /// Follows a primary. The dataset stays what it is until a full sync has succeeded.
  func follow(_ address: PrimaryAddress) {
    link?.stop()
    settings.replicaOf = address
    engine.isReplica = true
    engine.keyspace.leavesExpiryToPrimary = true
    onRoleChange(true)
    link = openLink(plan(to: address, .replicate), position)
  }

  /// Follows nobody: the dataset is this server's own from here on.
  func standAlone() {
    link?.stop()
    link = nil
    settings.replicaOf = nil
    engine.isReplica = false
    engine.keyspace.leavesExpiryToPrimary = false
    let end = offset
    formerHistory = (historyID, end)
    historyID = RunID.random()
    position = nil
    feed.setOffset(end)
    feed.dropReplicas("the replication ID has changed")
    endSession()
    onRoleChange(false)
  }

  /// Ends all links. To be called before the server ends.
  public func shutDown() {
    link?.stop()
    link = nil
    for probe in probes.values { probe.link.stop() }
    probes = [:]
  }

  func plan(to address: PrimaryAddress, _ purpose: LinkSettings.Purpose) -> LinkPlan {
    let port = settings.replicaAnnouncePort
    var link = LinkSettings(
      purpose: purpose, host: address.host, port: address.port, listeningPort: port > 0 ? port : listeningPort(),
      runID: engine.runID)
    link.username = settings.masteruser
    link.password = settings.masterauth
    link.announcedAddress = settings.replicaAnnounceIP
    link.sourceAddress = settings.bindSourceAddress
    link.timeoutMilliseconds = Int64(settings.replTimeout) * 1000
    link.refusesEmpty = settings.replicaRefuseEmpty
    link.commands = commands
    var plan = LinkPlan(settings: link, form: DatasetLoader.Form(engine.keyspace), room: engine.stagingRoom)
    plan.form.dropsExpired = false
    plan.keyDelayMicroseconds = settings.keyLoadDelay
    return plan
  }

  /// What a primary may have written in its stream; it is no place for commands that act on the server.
  private lazy var commands = StreamCommands(
    executing: engine.commands.all.map(\.value.command)
      .filter { !$0.flags.isDisjoint(with: [.write, .readOnly]) || "\($0.name)" == "select" }
      .map { "\($0.name)" })

  /// To be called about once a second: the link learns what the configuration says.
  public func cron() {
    if let primary { link?.update(plan(to: primary, .replicate)) }
  }

  /// Of the versions that datasets become when a full sync replaces them.
  private static let reason = "replicaof"

  // MARK: What a link says

  /// Makes a staged dataset the live one, from one command to the next. Returns why not, if it does not.
  public func commit(
    _ staged: Dataset, _ request: CommitRequest, outcome: LoadOutcome? = nil, from link: any RunningLink,
    atMilliseconds now: Int64
  ) -> LinkError? {
    guard link === self.link else { return .datasetReplaced }
    let keyspace = engine.keyspace
    guard request.streamDatabase < keyspace.live.databaseCount else {
      return .databaseOutOfRange(request.streamDatabase)
    }
    if request.mustNotReplaceKeys, !keyspace.live.isEmpty { return .emptyDataset }

    let isOlderState = isUnchanged && position?.id == request.position.id && position!.offset <= request.position.offset
    let former = keyspace.history.commit(staged, reason: Self.reason, atMilliseconds: now)
    keyspace.liveDatasetChanged()
    engine.datasetWasReplaced()
    if let outcome { engine.note(outcome, libraries: staged.attachments.count) }
    if isOlderState || former.keyCount == 0 {
      _ = try? keyspace.history.drop([former.id])
    } else {
      engine.log(
        .notice, "The former dataset, \(former.keyCount) keys, is kept as version \(former.name ?? "\(former.id)")")
      if settings.versionHistory > 0 { keyspace.trimVersions() }
    }
    _ = openSession(database: request.streamDatabase, now: now)
    formerHistory = nil
    take(request.position)
    return nil
  }

  /// The primary goes on from where the live dataset is.
  public func resume(_ position: ReplicationPosition, from link: any RunningLink) -> LinkError? {
    guard link === self.link else { return nil }
    guard session?.isClosing == false, isOfSameDataset, self.position?.offset == position.offset else {
      return .datasetReplaced
    }
    if position.id != self.position?.id { formerHistory = (historyID, position.offset.rawValue) }
    take(position)
    return nil
  }

  /// Executes commands of the primary's stream. Returns why the stream cannot be followed, if it cannot.
  public func execute(_ commands: [UInt8], upTo offset: ReplicationOffset, from link: any RunningLink) -> LinkError? {
    guard link === self.link, var session else { return nil }
    // What clients have sent before is not to be mixed up with the primary's writes.
    if engine.hasWork { runTick() }
    guard isOfSameDataset else { return fail(.datasetReplaced) }
    // CLIENT KILL ends the connection; what has come in is executed all the same.
    let wasKilled = session.isClosing
    if wasKilled { session = openSession(database: session.database, now: engine.keyspace.now) }
    if !commands.isEmpty {
      let wasUnchanged = isUnchanged
      commands.withBytes { engine.receive($0, from: session) }
      runTick()
      if let reply = session.failure {
        return fail(.commandFailed(name: session.lastCommand.map { $0.value.fullName } ?? "<unknown>", reply: reply))
      }
      if wasUnchanged { followed?.changeCount = engine.keyspace.live.changeCount }
    }
    position?.offset = offset
    return wasKilled ? .lostInStream(reason: "killed by a client") : nil
  }

  /// The staged dataset does not fit beside the live one, and the configuration says which of them is worth more.
  public func giveUpLiveDataset(for link: any RunningLink) {
    guard link === self.link, settings.replicaStagingPolicy == .dropOld else { return }
    engine.log(
      .warning,
      "The staged dataset does not fit beside the live one: the live one is given up ('replica-staging-policy drop-old')"
    )
    let keyspace = engine.keyspace
    for database in 0..<keyspace.live.databaseCount { keyspace.live.flush(database) }
    keyspace.history.trimAutomatic(to: 0)
    keyspace.liveDatasetChanged()
    position = nil
    endSession()
  }

  private func fail(_ error: LinkError) -> LinkError {
    position = nil
    endSession()
    return error
  }

  private func take(_ position: ReplicationPosition) {
    historyID = position.id.description
    self.position = position
    followed = (engine.keyspace.live, engine.keyspace.live.changeCount)
  }

  private var isOfSameDataset: Bool { followed?.dataset === engine.keyspace.live }

  /// Whether nobody but the primary has changed the live dataset.
  private var isUnchanged: Bool { isOfSameDataset && followed?.changeCount == engine.keyspace.live.changeCount }

  /// Begins the primary's session anew.
  private func openSession(database: Int, now: Int64) -> Session {
    if let session { engine.peerClosed(session) }
    let peer = PeerAddress(
      remote: primary.map { "\($0.host):\($0.port)" } ?? "", local: "", isUnixSocket: false, isLoopback: false,
      fileDescriptor: -1)
    let session = engine.open(peer, now: now)
    session.isPrimary = true
    session.isAuthenticated = true
    session.database = database
    engine.updateLimits()
    self.session = session
    return session
  }

  private func endSession() {
    if let session { engine.peerClosed(session) }
    session = nil
    followed = nil
  }
}

extension Dataset {
  fileprivate var isEmpty: Bool { (0..<databaseCount).allSatisfy { keyCount($0) == 0 } }
}

extension Engine {
  fileprivate var stagingRoom: StagingRoom {
    guard settings.maxmemory > 0 else { return StagingRoom(besideLive: nil, insteadOfLive: nil) }
    return StagingRoom(
      besideLive: max(settings.maxmemory - usedMemory, 0),
      insteadOfLive: settings.replicaStagingPolicy == .dropOld ? settings.maxmemory : nil)
  }
}
