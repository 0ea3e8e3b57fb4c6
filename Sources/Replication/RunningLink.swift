public import Engine
public import Snapshots

/// A link that runs on a thread of its own. May be called from any thread.
public protocol RunningLink: AnyObject, Sendable {
  var status: LinkStatus { get }
  /// What the configuration says now.
  func update(_ plan: LinkPlan)
  /// Ends the connection; the link opens another one and goes on.
  func endConnection(_ reason: String)
  /// Ends the link for good. What it is staging is given up.
  func stop()
}

/// All that a link has to know when it is opened, and may be told anew while it runs.
public struct LinkPlan: Sendable, Equatable {
  public var settings: LinkSettings
  public var form: DatasetLoader.Form
  public var room: StagingRoom
  /// Slows staging down (`key-load-delay`): microseconds for each key, or, below 0, one for one key of so many.
  public var keyDelayMicroseconds = 0

  public init(settings: LinkSettings, form: DatasetLoader.Form, room: StagingRoom) {
    self.settings = settings
    self.form = form
    self.room = room
  }
}

/// Memory for a staged dataset.
public struct StagingRoom: Sendable, Equatable {
  /// Bytes that `maxmemory` leaves beside the live dataset and all versions; nil without a limit.
  public var besideVersions: Int?
  /// Bytes that it would leave if the automatic versions were given up; nil without a limit.
  public var besideLive: Int?
  /// Bytes if they all were given up, which `replica-staging-policy drop-old` allows; nil without a limit.
  public var insteadOfLive: Int?

  public init(besideVersions: Int? = nil, besideLive: Int?, insteadOfLive: Int?) {
    self.besideVersions = besideVersions ?? besideLive
    self.besideLive = besideLive
    self.insteadOfLive = insteadOfLive
  }
}

/// How a link stands at one moment.
public struct LinkStatus: Sendable {
  public var state: ReplicaLink.State
  public var lastError: LinkError?
  public var progress: LinkProgress
  /// Bytes of the dataset that is being staged; 0 without one.
  public var stagedByteCount: Int
  /// Since the snapshot began to come.
  public var stagingMilliseconds: Int64
  /// Since the last byte came in.
  public var silenceMilliseconds: Int64
  /// How long there has been no stream; nil while there is one.
  public var downMilliseconds: Int64?
  /// Where the stream that has come in ends; nil without one.
  public var receivedOffset: ReplicationOffset?
  /// Both ends of the connection; nil without one.
  public var ends: PeerAddress?

  public init(_ link: borrowing ReplicaLink, stagedByteCount: Int, now: Int64) {
    state = link.state
    lastError = link.lastError
    progress = link.progress
    self.stagedByteCount = stagedByteCount
    stagingMilliseconds = now - link.progress.beganAt
    silenceMilliseconds = now - link.lastInputTime
    downMilliseconds = link.downSince.map { now - $0 }
    receivedOffset = link.receivedOffset
  }
}
