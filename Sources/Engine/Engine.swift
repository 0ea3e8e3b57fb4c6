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
  public let users: Users
  public weak var transport: (any SessionTransport)?
  public var statistics = EngineStatistics()
  /// By id.
  public internal(set) var sessions: [Int: Session] = [:]
  /// Follows a primary: ordinary clients may only read (`replica-read-only`).
  public var isReplica = false {
    didSet {
      if isReplica { disconnectWaiting() }
      replicaHooks.roleChanged()
      if isReplica != oldValue { updateGoodReplicas() }
    }
  }
  /// The only session that ticks serve; nil for all of them. The primary's stream is executed so: nobody sees the dataset
  /// between two of its commands, or before it is known how far in the stream it has come.
  public var exclusive: Session?
  /// The history that the live dataset belongs to and how far it has come there, as an RDB file says it; nil if nobody could
  /// go on from there. Set by the module that replicates.
  public var replicationOrigin: () -> ReplicationOrigin? = { nil }
  /// The live dataset has the content of the former one, which is given. Set by the module that replicates.
  public var datasetReloaded: (_ former: Dataset) -> Void = { _ in }
  /// Sections of INFO that modules above bring, by name; each writes its lines.
  public var infoSections: [InfoSection] = []
  public var persistence = PersistenceState()
  /// What modules above do by the clock, at every call of the cron.
  public var cronTasks: [(Engine) -> Void] = []
  /// Bytes that a value takes in an RDB file, uncompressed; set by the module that writes these.
  public var serializedByteCount: (Entry) -> Int = { _ in 0 }
  /// Appends a value as DUMP answers with it, unless it cannot be written so; set by the module that writes these.
  public var appendPayload: (Entry, ByteQueue) -> Bool = { _, _ in false }
  /// What scripts take; set by the module that runs them.
  public var scripting: () -> ScriptingFigures = { ScriptingFigures() }
  /// Saves and loads the dataset for DEBUG RELOAD, and answers with an error's text; set by the module that does so.
  public var reload: (ReloadOptions) -> String? = { _ in "ERR nothing is saved here" }
  /// Loads the append-only log for DEBUG LOADAOF, in slices or at once, and calls back with an error's text, or nil; set by
  /// what has the log.
  public var loadJournal: (_ inSlices: Bool, _ completion: @escaping (String?) -> Void) -> Void = {
    $1("ERR there is no append-only log here")
  }
  /// How many connections MIGRATE keeps; set by the module that has it.
  public var keptMigrationLinks: () -> Int = { 0 }
  /// Adds libraries of functions, given by their sources, to those of the live dataset, in the place of those with the same
  /// names if `replacing`: all of them, or none and the reason. Set by the module that runs them.
  public var addLibraries: (_ sources: [[UInt8]], _ replacing: Bool) -> String? = { _, _ in "no scripts run here" }
  /// Writes all of the configuration to its file and answers with what went wrong; set by what has it.
  public var rewriteWholeConfiguration: () -> String? = { "there is no configuration file" }
  /// Nothing is done by the clock (DEBUG PAUSE-CRON).
  public internal(set) var isCronPaused = false
  /// Silence after which the memory for replies to a client is given back, in milliseconds; nil keeps it (DEBUG
  /// REPLYBUFFER).
  var replyBufferSilence: Int64? = Engine.idleMilliseconds
  /// Scripts may call commands that are not for scripts (DEBUG SET-DISABLE-DENY-SCRIPTS).
  public internal(set) var letsScriptsCallAll = false
  /// Ends the server, unless something that was asked for first has failed: then it answers false and goes on. Set by what
  /// runs it; called by `beginShutdown` and what follows from it alone.
  public var shutDown: (ShutdownRequest) -> Bool = { _ in true }
  /// A signal has asked for the end, which has not begun yet; SHUTDOWN ABORT takes it back. Set by what runs the engine.
  public var isShuttingDown = false
  /// Nothing comes of an end that was asked for; set by what runs the engine.
  public var shutdownWasTakenBack: () -> Void = {}
  /// The end that waits for replicas; nil for none.
  var shutdown: PendingShutdown?
  /// Writes a line to the log; set by what runs the engine.
  public var log: (LogLevel, String) -> Void = { _, _ in }
  /// What the module that feeds replicas wants to know and has to tell; set by it.
  public var replicaHooks = ReplicaHooks()
  /// What the server is called and where it is reached, as INFO tells it; set by what runs the engine.
  public var identity = ServerIdentity()
  /// 40 hexadecimal digits, new with every start: by them others see that this is another life of the server.
  public let runID = RunID.random()
  /// A clock for durations alone, in nanoseconds. It is read twice a batch and never per command.
  let monotonicNanoseconds: () -> Int64
  /// When the engine was made, by that clock.
  let startedNanoseconds: Int64
  /// Microseconds since 1970 of the present tick.
  public internal(set) var nowMicroseconds: Int64 = 0
  /// When that was set, by the clock for durations.
  var timeSetNanoseconds: Int64 = 0
  /// Whole seconds since 1970 when the cron last did what it does once a second.
  var secondOfCron: Int64 = 0
  var rates = TrafficRates()
  var slowLog = SlowLog()
  var latency = LatencyMonitor()
  var peakMemory = PeakMemory()
  /// Since when memory is above `maxmemory`, by the monotonic clock; nil if it is not.
  var memoryExceededSince: Int64?

  /// Why all commands are looked at more closely.
  public internal(set) var attention: Attention = []
  /// What command runs within which.
  public internal(set) var nesting: Nesting {
    get { keyspace.nesting }
    set { keyspace.nesting = newValue }
  }
  var watches = Watches()
  var pubSub = PubSub()
  let messageScratch = Message.Scratch()
  /// Sessions with messages that were held while a command of theirs ran.
  var messageHolders: [Session] = []
  var tracking = TrackingState()
  /// Sessions that are shown every command, in the order in which they asked.
  var monitors: [Session] = []
  /// Until when which commands are put off, and who wants that.
  var pauses = ClientPauses()
  /// Sessions whose commands were put off, in the order in which that happened; some may have gone since.
  var postponed: [Session] = []
  /// How many of those have gone.
  var postponedGone = 0
  /// Memory of clients, as far as it is counted (`maxmemory-clients`).
  var clientMemory = 0
  /// When a client that spoke HTTP was last logged, in milliseconds since 1970.
  var foreignProtocolLogged: Int64 = 0
  /// When the buffers of sessions were last looked after, in milliseconds since 1970.
  var buffersLookedAfter: Int64 = 0
  /// Clients that wait for replicas.
  var acknowledgements = Acknowledgements()
  /// Replicas that lag no more than `min-replicas-max-lag`, when they were last counted.
  public internal(set) var goodReplicaCount = 0
  var accessLog = AccessLog()
  /// The file of users; nil if they are kept in the configuration file alone.
  public var accessStorage: AccessStorage?
  /// The script that runs; nil for none.
  public internal(set) var script: ScriptRun?
  /// What waits for an overdue script to end.
  var suspension = Suspension()
  /// What the script that a command would run says of itself; set by the module that runs scripts.
  public var declaredFlags: (borrowing Call) -> ScriptFlags = { _ in .undeclared }
  /// Takes in what clients have sent while a script is overdue; set by what runs the engine.
  public var serveWhileBusy: (_ caller: Session) -> Void = { _ in }
  /// The error that a command is about to answer with was counted when it came up, within that command.
  public var isErrorCounted = false
  /// Called when FLUSHALL has removed all keys; set by the module that saves them.
  public var allKeysFlushed: () -> Void = {}
  /// Called when another dataset has taken the place of the live one, and no commands lead from the one to the other.
  public var datasetReplacements: [() -> Void] = []
  /// Up to where the log's stream is safe: replies to whoever has written more wait. Where replies wait for nothing, it is at
  /// its largest.
  public var journalSafe: Int64 = .max
  /// Who only reads waits too, so that nobody is shown what a crash may take back. Not while the log cannot be brought to the
  /// disk: what is there can be read all the same.
  public var holdsReaders = false {
    didSet { if oldValue, !holdsReaders { lookAtHeld() } }
  }
  /// Sessions whose output waits for that.
  var held: [Session] = []
  var lastSessionID = 0
  var ready: [Session] = []
  var dirty: [Session] = []
  var batch = Batch()
  /// A session that had waited went on during the present tick.
  var hasResumed = false
  /// What is to be done when the commands of the present tick have run; see `whenTickEnds`.
  var tickEndTasks: [() -> Void] = []
  /// A tick is running; what it leaves in the outputs is sent at its end.
  var isTicking = false

  public init(
    settings: Settings, keyspace: Keyspace, commands: CommandTable,
    monotonicNanoseconds: @escaping () -> Int64 = MonotonicClock.nanoseconds
  ) {
    self.settings = settings
    self.keyspace = keyspace
    self.commands = commands
    users = Users(commands, settings)
    users.setDefaultPassword(settings.requirepass)
    self.monotonicNanoseconds = monotonicNanoseconds
    startedNanoseconds = monotonicNanoseconds()
    keyspace.onChange = { [unowned self] in distribute($0) }
    keyspace.warn = { [unowned self] in log(.warning, $0) }
    settings.onNotifiedEventsChange = { [weak self] in self?.updateEventInterest() }
  }

  deinit {
    batch.deallocate()
    suspension.batch?.deallocate()
    messageScratch.deallocate()
  }
}

/// A point in a history of writes, as RDB files tell it.
public struct ReplicationOrigin: Sendable, Equatable {
  public var id: String
  public var offset: Int64
  /// The database that the stream of commands is in there.
  public var streamDatabase: Int

  public init(id: String, offset: Int64, streamDatabase: Int) {
    (self.id, self.offset, self.streamDatabase) = (id, offset, streamDatabase)
  }

  /// The facts of a file, with Redis's names.
  public var facts: [(name: String, value: String)] {
    [("repl-stream-db", "\(streamDatabase)"), ("repl-id", id), ("repl-offset", "\(offset)")]
  }
}

public enum LogLevel: Sendable {
  case debug, verbose, notice, warning
}
