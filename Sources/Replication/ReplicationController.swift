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
      newValue.replicationOrigin = { [unowned self] in origin }
      newValue.datasetReloaded = { [unowned self] in datasetWasReloaded($0) }
      newValue.datasetReplacements.append { [unowned self] in datasetWasReplaced() }
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
  /// A replica that was asked to take over from this server (`follow` with `asFailover`) has answered whether it does.
  public var onFailoverAnswer: (_ isAccepted: Bool) -> Void = { _ in }

  private(set) var link: (any RunningLink)?
  /// The stream of the primary is coming in: sub-replicas and readers can rely on it.
  public private(set) var isLinkUp = false {
    didSet { updateStaleness() }
  }
  /// The history that the live dataset has now, and the one that it had before, up to an offset.
  public internal(set) var historyID = RunID.random()
  public internal(set) var formerHistory: (id: String, end: Int64)?
  /// What this server's own replicas are sent.
  public private(set) lazy var feed = PrimaryFeed(self)
  /// The live dataset is what its history says up to `offset`, so that a primary that knows that may go on from there.
  var isResumable = true
  /// The history that all of the live dataset's data comes from, and how far that has come at least; nil if there is none.
  /// Unlike `position` it stays when a stream has failed in the midst: nobody can go on from there, but whatever is sent of
  /// the same history later has all of it.
  var heldHistory: ReplicationPosition?
  /// The file that the server began with has said what its dataset is.
  var isRestored = false
  /// The database that the stream of the primary has come to be in.
  var streamDatabase = 0
  /// Where the primary's commands are executed, while they come.
  private var session: Session?
  /// The dataset as the primary's last command left it, to see whether anybody else has changed it.
  private var followed: (dataset: Dataset, changeCount: UInt64)?
  /// The dataset holds what is in no history: clients have written to it while it was a replica's.
  private var hasOwnWrites = false
  /// A full sync is exchanging the dataset, and knows what follows from that.
  private var isCommitting = false
  /// The link is to ask the other end to take over.
  private var isFailingOver = false
  var probes: [ObjectIdentifier: Probe] = [:]
  var failover = Failover()
  /// When it was last logged that the primary's commands are executed though the disk cannot be written to.
  var warnedOfDiskAt: Int64 = 0

  public init() {}

  var settings: Settings { engine.settings }
  /// Whom this server follows; nil for a primary.
  public var primary: PrimaryAddress? { settings.replicaOf }
  /// How far in its history the live dataset has come.
  public var offset: Int64 { feed.offset }
  /// From where a primary may go on; nil if only a full sync helps.
  var position: ReplicationPosition? {
    guard isResumable, let id = ReplicationID(historyID) else { return nil }
    return ReplicationPosition(id: id, offset: ReplicationOffset(rawValue: offset))
  }

  // MARK: Role

  /// Follows the primary of the configuration file, if there is one. To be called when the server has started.
  public func start() {
    guard let primary else { return }
    // A dataset that came from nowhere, or from a file that does not know its history, is nobody's to go on from.
    isResumable = isRestored
    heldHistory = position
    followed = (engine.keyspace.live, engine.keyspace.live.changeCount)
    follow(primary)
  }

  /// Follows a primary. The dataset stays what it is until a full sync has succeeded, or the primary goes on from it.
  ///
  /// - Parameter asFailover: the other end is a replica of this server, and is to take over. `onFailoverAnswer` tells what
  ///   it says to that.
  public func follow(_ address: PrimaryAddress, asFailover: Bool = false) {
    link?.stop()
    link = nil
    isFailingOver = asFailover
    if primary == nil { becomeReplica() }
    endStream()
    settings.replicaOf = address
    engine.isReplica = true
    engine.keyspace.leavesExpiryToPrimary = true
    updateStaleness()
    onRoleChange(true)
    link = openLink(plan(to: address, .replicate), position)
  }

  /// What this server's history is up to now, a primary may know that was its replica.
  private func becomeReplica() {
    // What was written must stand in the history, whatever comes next.
    engine.handOverUnit()
    heldHistory = position
    followed = (engine.keyspace.live, engine.keyspace.live.changeCount)
    streamDatabase = 0  // who goes on from here begins with a SELECT
    engine.log(
      .notice,
      "Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master with just a partial transfer."
    )
  }

  /// Follows nobody: the dataset is this server's own from here on. Its replicas can go on from the history that it had.
  public func standAlone() {
    link?.stop()
    link = nil
    isFailingOver = false
    if !isUnchanged { hasOwnWrites = true }
    endStream()
    followed = nil
    settings.replicaOf = nil
    engine.isReplica = false
    engine.keyspace.leavesExpiryToPrimary = false
    if isResumable {
      branchHistory()
    } else {
      beginHistory()
      restartFeed(at: offset, "the replication ID has changed")
    }
    isResumable = true
    updateStaleness()
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
    link.isFailover = isFailingOver && purpose == .replicate
    link.commands = commands
    var plan = LinkPlan(settings: link, form: DatasetLoader.Form(engine.keyspace), room: engine.stagingRoom)
    plan.form.dropsExpired = false
    plan.keyDelayMicroseconds = settings.keyLoadDelay
    return plan
  }

  private lazy var commands = StreamCommands(engine.commands)

  /// To be called about once a second: the link learns what the configuration says.
  public func cron() {
    updateStaleness()
    if let session, session.isClosing { link?.endConnection("killed by a client") }
    if let primary { link?.update(plan(to: primary, .replicate)) }
  }

  /// Has clients refused what they ask for while the primary is out of reach, if the configuration says so.
  public func updateStaleness() {
    engine.setStale(primary != nil && !isLinkUp && !settings.replicaServeStaleData)
  }

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
    let isLoss = !isOlderState(than: request)
    // What was deleted in the same history was not lost.
    if request.mustNotReplaceKeys, isLoss, !keyspace.live.isEmpty { return .emptyDataset }

    let former = keyspace.history.commit(staged, reason: FormerDatasets.reason, atMilliseconds: now)
    keyspace.liveDatasetChanged()
    keyspace.changesSinceSave += 1
    if let outcome { engine.note(outcome, libraries: staged.attachments.count) }
    retain(former, isLoss: isLoss)

    endStream()
    adoptHistory(request.position)
    streamDatabase = request.streamDatabase
    hasOwnWrites = false
    beginStream(now: now)
    // The log begins anew with the new dataset; nobody goes on from the old one.
    isCommitting = true
    engine.datasetWasReplaced()
    isCommitting = false
    return nil
  }

  /// Whether all that the live dataset holds is in the history that is to replace it.
  private func isOlderState(than request: CommitRequest) -> Bool {
    guard isUnchanged, !hasOwnWrites, let held = heldHistory else { return false }
    if held.id == request.position.id { return held.offset <= request.position.offset }
    guard let former = request.formerHistory else { return false }
    return held.id == former.id && held.offset <= former.offset
  }

  /// Keeps the dataset that was replaced, or gives it up at once.
  private func retain(_ former: Version, isLoss: Bool) {
    let isKept = isLoss && former.keyCount > 0 && settings.replicaRetainPrevious != .no
    guard isKept else {
      _ = try? engine.keyspace.history.drop([former.id])
      return
    }
    let length =
      switch settings.replicaRetainPrevious {
      case .seconds(let seconds): "for \(seconds) seconds"
      case .yes, .no: "until it is dropped"
      }
    engine.log(
      .notice,
      "The former dataset, \(former.keyCount) keys, is kept \(length) as version \(former.name ?? "\(former.id)")")
    if settings.versionHistory > 0 { engine.keyspace.trimVersions() }
  }

  /// The primary goes on from where the live dataset is.
  public func resume(_ position: ReplicationPosition, from link: any RunningLink) -> LinkError? {
    guard link === self.link else { return nil }
    guard isResumable, isOfSameDataset, offset == position.offset.rawValue else { return .datasetReplaced }
    if position.id.description != historyID { renameHistory(position.id.description) }
    if !feed.isActive() { feed.reset(offset) }
    heldHistory = position
    beginStream(now: engine.keyspace.now)
    return nil
  }

  /// Executes a part of the primary's stream. Returns why the stream cannot be followed, if it cannot.
  public func execute(_ part: StreamPart, from link: any RunningLink) -> LinkError? {
    guard link === self.link else { return nil }
    // What clients have sent before is not to be mixed up with the primary's writes.
    if engine.hasWork { runTick() }
    // They may have given the server another role.
    guard link === self.link else { return nil }
    guard var session, isOfSameDataset else { return fail(.datasetReplaced) }
    // CLIENT KILL ends the connection; what has come in is executed all the same.
    let wasKilled = session.isClosing
    if wasKilled { session = openSession(now: engine.keyspace.now) }
    if !part.commands.isEmpty {
      if engine.persistence.writeRefusal != nil { warnOfDisk() }
      let wasUnchanged = isUnchanged
      part.commands.withBytes { engine.receive($0, from: session) }
      engine.exclusive = session
      runTick()
      engine.exclusive = nil
      if wasUnchanged { followed?.changeCount = engine.keyspace.live.changeCount }
      if let failure = session.failure {
        return fail(.commandFailed(name: failure.command, reply: failure.reply))
      }
      streamDatabase = session.database
    }
    heldHistory?.offset = part.end
    relay(part.bytes, upTo: part.end.rawValue)
    return wasKilled ? .lostInStream(reason: "killed by a client") : nil
  }

  /// The stream has ended. The dataset stays; the link tries to go on from here.
  public func streamEnded(from link: any RunningLink) {
    guard link === self.link else { return }
    endStream()
  }

  /// The replica that was asked to take over has answered.
  public func failoverAnswered(_ isAccepted: Bool, from link: any RunningLink) {
    guard link === self.link, isFailingOver else { return }
    isFailingOver = false
    onFailoverAnswer(isAccepted)
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
    endStream()
    heldHistory = nil
    // Others tell by the offset whom to promote: there is nothing here that anybody would want.
    loseHistory(restartingAt: 0)
    isCommitting = true
    engine.datasetWasReplaced()
    isCommitting = false
  }

  /// What has come so far cannot be gone on from, here or by replicas of this one.
  private func fail(_ error: LinkError) -> LinkError {
    endStream()
    loseHistory()
    return error
  }

  /// Another dataset went live that was not the primary's doing.
  private func datasetWasReplaced() {
    guard !isCommitting else { return }
    if primary == nil {
      beginHistory()
      restartFeed(at: offset, "the dataset is another one")
    } else {
      endStream()
      heldHistory = nil
      loseHistory()
      link?.endConnection("the dataset was replaced by another one")
    }
  }

  /// The live dataset was saved and read back: it is what it was.
  private func datasetWasReloaded(_ former: Dataset) {
    guard let followed, followed.dataset === former else { return }
    let live = engine.keyspace.live
    let isUnchanged = followed.changeCount == former.changeCount
    self.followed = (live, isUnchanged ? live.changeCount : live.changeCount &- 1)
  }

  var isOfSameDataset: Bool { followed?.dataset === engine.keyspace.live }

  /// Whether nobody but the primary has changed the live dataset since this is a replica.
  private var isUnchanged: Bool { isOfSameDataset && followed?.changeCount == engine.keyspace.live.changeCount }

  // MARK: The stream

  /// The primary's commands are about to come.
  private func beginStream(now: Int64) {
    followed =
      followed.flatMap { $0.dataset === engine.keyspace.live ? $0 : nil }
      ?? (engine.keyspace.live, engine.keyspace.live.changeCount)
    _ = openSession(now: now)
    isLinkUp = true
  }

  /// Begins the primary's session anew.
  private func openSession(now: Int64) -> Session {
    if let session { engine.peerClosed(session) }
    // A connection that has ended meanwhile leaves what it has sent, and the name of who has sent it.
    let peer =
      link?.status.ends
      ?? PeerAddress(
        remote: primary.map { "\($0.host):\($0.port)" } ?? "", local: "", isUnixSocket: false, isLoopback: false,
        fileDescriptor: -1)
    let session = engine.open(peer, now: now)
    session.isPrimary = true
    session.isAuthenticated = true
    session.database = streamDatabase
    engine.updateLimits()
    self.session = session
    return session
  }

  private func endStream() {
    if let session { engine.peerClosed(session) }
    session = nil
    if isLinkUp { isLinkUp = false }
  }
}

extension Dataset {
  fileprivate var isEmpty: Bool { (0..<databaseCount).allSatisfy { keyCount($0) == 0 } }
}
