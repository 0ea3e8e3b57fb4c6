public import Values

/// What the engine reads of the configuration: plain typed values, set by the directives of redis.conf.
///
/// One instance per server, confined to its serving loop: whoever changes a field there (CONFIG SET, the file at start)
/// is seen by the next command. Names, defaults and ranges follow redis.conf; ranges are checked by the directive
/// table in Server, so that a value found here is always good.
public final class Settings {
  public init() {}

  // MARK: Memory

  /// Number of databases that SELECT reaches.
  public var databases = 16
  /// Bytes that the dataset may take before keys are evicted; 0 sets no limit.
  public var maxmemory = 0
  public var maxmemoryPolicy = EvictionPolicy.noEviction
  /// Keys that are looked at for each eviction by LRU, LFU or time to live.
  public var maxmemorySamples = 5
  /// How much a set LFU counter resists the next increment.
  public var lfuLogFactor = 10
  /// Minutes after which an LFU counter loses one; 0 keeps it.
  public var lfuDecayTime = 1
  /// Share of time given to active expiry, 1 (least) to 10.
  public var activeExpireEffort = 1
  public var lazyfreeLazyEviction = false
  public var lazyfreeLazyExpire = false
  public var lazyfreeLazyServerDel = false
  public var lazyfreeLazyUserDel = false
  public var lazyfreeLazyUserFlush = false

  /// Up to where values keep their compact encodings.
  public var encodingLimits = EncodingLimits()

  // MARK: Clients

  /// Password of the default user; nil lets everybody in.
  public var requirepass: [UInt8]?
  /// Whether new users may use all channels (`acl-pubsub-default`).
  public var aclPubsubDefault = ChannelDefault.resetChannels
  /// Entries that ACL LOG keeps.
  public var acllogMaxLen = 128
  /// Refuses clients from other hosts while there is no password.
  public var protectedMode = true
  public var maxclients = 10_000
  /// Seconds of silence after which a client is dropped; 0 never drops.
  public var timeout = 0
  /// Greatest length of one bulk argument, in bytes.
  public var protoMaxBulkLen = 512 << 20
  /// Greatest amount of unparsed input per client, in bytes.
  public var clientQueryBufferLimit = 1 << 30
  public var outputLimits = OutputLimits()
  /// Bytes that all clients may take together, or, negative, so many percent of `maxmemory`; 0 sets no limit.
  public var maxmemoryClients = 0
  /// Keys that are remembered for clients' caches; 0 sets no limit.
  public var trackingTableMaxKeys = 1_000_000
  /// Calls of the cron per second, 1 to 500.
  public var hz = 10
  public var enableDebugCommand = ProtectedAction.no
  public var enableProtectedConfigs = ProtectedAction.no

  // MARK: Snapshots

  /// The name of the RDB file, in the working directory.
  public var dbFilename = "dump.rdb"
  /// When a snapshot is due.
  public var savePoints = SavePoint.usual
  public var rdbCompression = true
  public var rdbChecksum = true
  /// Has the disk keep up while a file is written, rather than at its end.
  public var rdbIncrementalSync = true
  /// The newest RDB version to write, and only where a value needs it; 10 refuses to save such values.
  public var rdbNewestVersion = 12
  /// Has RESTORE take payloads whose checksum is wrong, for tests (DEBUG SET-SKIP-CHECKSUM-VALIDATION).
  public var skipsChecksums = false
  /// Slow saving and loading down, for tests of what happens meanwhile: microseconds for each key, or, below 0, one
  /// microsecond for one key of so many.
  public var rdbKeySaveDelay = 0
  public var keyLoadDelay = 0
  /// Refuses writes while the last save failed, if there are save points.
  public var stopWritesOnBgsaveError = true

  // MARK: Append-only log

  public var appendOnly = false
  /// When what was written to the log is brought to the disk (`appendfsync`).
  public var appendSync = AppendSync.everySecond
  /// What the names of the log's files begin with, and the directory that they are in, below the working directory.
  public var appendFilename = "appendonly.aof"
  public var appendDirectory = "appendonlydir"
  /// Leaves that to the system while a file is saved or the log is rewritten.
  public var skipsAppendSyncOnRewrite = false
  /// Percent by which the log has grown since it was last rewritten when it is rewritten by itself; 0 never does that.
  public var autoRewritePercentage = 100
  /// Bytes below which it is left alone.
  public var autoRewriteMinSize = 64 << 20
  /// A log that ends in the midst of a command is loaded up to there; otherwise the server does not start.
  public var loadsTruncatedLog = true
  /// The base of the log is written as a snapshot; otherwise as commands.
  public var logBaseIsSnapshot = true
  /// Notes in the log when its commands were executed.
  public var logTimestamps = false
  /// Has the disk keep up while a base is written, rather than at its end.
  public var rewriteIncrementalSync = true
  /// Keeps the files that a rewrite has made needless.
  public var keepsLogHistory = false
  /// Microseconds to wait before the log is written to, for tests (DEBUG AOF-FLUSH-SLEEP).
  public var logFlushDelay = 0
  /// What becomes of a log whose commands meet with errors.
  public var propagationErrors = PropagationErrors.ignore

  // MARK: Replication

  /// Address that connections to other servers go out from; nil leaves that to the system.
  public var bindSourceAddress: String?
  /// The primary that this server follows; nil makes it a primary itself. REPLICAOF sets it, CONFIG REWRITE writes it.
  public var replicaOf: PrimaryAddress?
  public var masteruser: [UInt8]?
  public var masterauth: [UInt8]?
  /// Seconds without a byte from the primary after which the link is given up.
  public var replTimeout = 60
  /// Bytes of the command stream that are kept for replicas that come back.
  public var replBacklogSize = 1 << 20 {
    didSet { if replBacklogSize < 16 << 10 { replBacklogSize = 16 << 10 } }
  }
  /// Seconds without any replica after which these bytes are given up; 0 keeps them.
  public var replBacklogTTL = 3600
  /// A snapshot for replicas never touches a disk here. Off, each replica that asks is sent its own at once; on, those that
  /// ask within the delay share one.
  public var replDisklessSync = true
  /// Seconds that a replica waits for others to share its snapshot.
  public var replDisklessSyncDelay = 5
  /// Replicas that are enough not to wait any longer; 0 always waits.
  public var replDisklessSyncMaxReplicas = 0
  /// Seconds between two PINGs in the command stream.
  public var replPingReplicaPeriod = 10
  /// Lets the kernel gather small writes to replicas: fewer packets, up to 40 ms later.
  public var replDisableTCPNoDelay = false
  /// Replicas without which no writes are taken, and the seconds of silence after which one does not count; either 0 asks
  /// for none.
  public var minReplicasToWrite = 0
  public var minReplicasMaxLag = 10
  /// Seconds that replicas which lag are waited for before the server ends.
  public var shutdownTimeout = 10
  public var replicaReadOnly = true
  /// Leaves eviction to the primary.
  public var replicaIgnoreMaxmemory = true
  /// Rank for a failover, as Sentinel reads it; 0 means never.
  public var replicaPriority = 100
  public var replicaAnnounced = true
  /// Address and port told to the primary; nil and 0 tell the real ones.
  public var replicaAnnounceIP: String?
  public var replicaAnnouncePort = 0
  /// Refuses to put an empty dataset from a primary in the place of one that is not empty.
  public var replicaRefuseEmpty = true
  public var replicaStagingPolicy = StagingPolicy.keepOld
  /// How long the dataset from before a full sync stays as a version, unless it was only an older state of the new one.
  public var replicaRetainPrevious = RetainPrevious.seconds(3600)
  /// Serves what is here while the primary is out of reach.
  public var replicaServeStaleData = true

  // MARK: Sessions

  /// A transaction or script in which a command fails leaves no trace.
  public var transactionRollback = false
  /// Milliseconds after which others are served beside a script, with BUSY for most of what they ask; 0 waits for its end.
  public var busyReplyThreshold = 5000
  /// The events of keys that are published, and on which channels (`notify-keyspace-events`).
  public var notifiedEvents: EventClass = [] {
    didSet { onNotifiedEventsChange() }
  }
  /// Set by the engine.
  var onNotifiedEventsChange: () -> Void = {}

  // MARK: Delays

  /// Microseconds from which on a command is logged as slow; below 0 none is.
  public var slowlogLogSlowerThan = 10_000
  /// Commands that the slow log keeps.
  public var slowlogMaxLen = 128
  /// Milliseconds from which on LATENCY notes an event; 0 notes none.
  public var latencyMonitorThreshold = 0
  /// Keeps a histogram of the times of each command.
  public var latencyTracking = true
  /// The percentiles of these that INFO latencystats tells.
  public var latencyPercentiles = [50, 99, 99.9]

  // MARK: Versions

  /// Number of automatic versions that are kept; the oldest goes first. Named and held ones do not count.
  public var versionHistory = 16
  /// Seconds between two versions taken by the clock; 0 takes none.
  public var versionInterval = 0
}

/// What gives way when `maxmemory` is reached; raw values as in redis.conf.
public enum EvictionPolicy: String, CaseIterable, Sendable {
  case volatileLRU = "volatile-lru"
  case volatileLFU = "volatile-lfu"
  case volatileRandom = "volatile-random"
  case volatileTTL = "volatile-ttl"
  case allKeysLRU = "allkeys-lru"
  case allKeysLFU = "allkeys-lfu"
  case allKeysRandom = "allkeys-random"
  case noEviction = "noeviction"
}

/// A snapshot is due after `seconds` if at least `changes` keys were written.
public struct SavePoint: Equatable, Sendable {
  public var seconds: Int
  public var changes: Int

  public init(seconds: Int, changes: Int) {
    self.seconds = seconds
    self.changes = changes
  }

  /// What Redis has when the configuration says nothing.
  public static let usual = [
    SavePoint(seconds: 3600, changes: 1), SavePoint(seconds: 300, changes: 100), SavePoint(seconds: 60, changes: 10000),
  ]
}

/// Whether the server ends when a command that was executed elsewhere before is answered with an error here; raw values as in
/// redis.conf. A replica breaks off its link in any case, and is synced anew.
public enum PropagationErrors: String, CaseIterable, Sendable {
  case ignore, panic
  case panicOnReplicas = "panic-on-replicas"
}

/// When the append-only log is brought to the disk; raw values as in redis.conf.
public enum AppendSync: String, CaseIterable, Sendable {
  case everySecond = "everysec"
  /// Before the client that wrote is answered.
  case always
  /// When the system sees fit.
  case never = "no"
}

/// What channels a new user may use; raw values as in redis.conf.
public enum ChannelDefault: String, CaseIterable, Sendable {
  case allChannels = "allchannels"
  case resetChannels = "resetchannels"
}

/// Who may use a command that can do harm.
public enum ProtectedAction: String, CaseIterable, Sendable {
  case no, yes
  /// Clients on this host.
  case local
}

/// What gives way when a staged dataset does not fit beside the live one.
public enum StagingPolicy: String, CaseIterable, Sendable {
  /// The staged dataset: the sync fails.
  case keepOld = "keep-old"
  /// The live dataset, which the operator declares to be worth less than a sync that gets through.
  case dropOld = "drop-old"
}

/// How long a dataset stays as a version that a full sync has replaced.
public enum RetainPrevious: Equatable, Sendable {
  /// Until it is dropped by hand, or memory is short.
  case yes
  /// It is given up at once.
  case no
  case seconds(Int)
}

/// Where a primary listens.
public struct PrimaryAddress: Equatable, Sendable {
  public var host: String
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

/// Bounds for output that a client does not read, by kind of client (`client-output-buffer-limit`).
public struct OutputLimits: Equatable, Sendable {
  public struct Limit: Equatable, Sendable {
    /// Bytes at which the client is dropped at once; 0 sets no limit.
    public var hard: Int
    /// Bytes at which it is dropped when it stays above them for `softSeconds`; 0 sets no limit.
    public var soft: Int
    public var softSeconds: Int

    public init(hard: Int, soft: Int, softSeconds: Int) {
      self.hard = hard
      self.soft = soft
      self.softSeconds = softSeconds
    }
  }

  public var normal = Limit(hard: 0, soft: 0, softSeconds: 0)
  public var replica = Limit(hard: 256 << 20, soft: 64 << 20, softSeconds: 60)
  public var pubsub = Limit(hard: 32 << 20, soft: 8 << 20, softSeconds: 60)

  public init() {}
}
