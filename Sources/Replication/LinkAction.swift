/// What the driver of a link has to do, in this order.
public enum LinkAction: Sendable, Equatable {
  case log(LinkLogLevel, String)
  /// Open a connection; then `connected`, or `closed` if it fails.
  case connect(host: String, port: Int)
  case send([UInt8])
  /// Drop the connection. `closed` need not be called for it.
  case close
  /// Make an empty dataset beside the live one, for the sink of the calls of `receive` that follow.
  case beginStaging
  /// Give up that dataset.
  case discardStaged
  /// The staged dataset is complete and verified: make it live, then `committed`, or `refuseCommit`.
  case commit(CommitRequest)
  /// The primary goes on from our position. The dataset stays, only the history may have a new name.
  case resume(ReplicationPosition)
  /// Execute whole commands in the primary's session, all before anything else happens to the dataset: a transaction
  /// comes in one piece. Then `applied`, or `refuseStream`. There may be no commands at all.
  case execute(StreamPart)
  /// The stream has ended; nothing more comes to be executed before the next `resume` or `commit`.
  case endStream
  /// The primary has answered the request to take over (`isFailover`).
  case failoverAnswered(isAccepted: Bool)
  /// The outcome of a probe.
  case report(ProbeReport)
}

public enum LinkLogLevel: Sendable { case verbose, notice, warning }

/// A staged dataset that may go live.
public struct CommitRequest: Sendable, Equatable {
  /// What the dataset holds.
  public var position: ReplicationPosition
  /// The database that the command stream begins in.
  public var streamDatabase: Int
  public var keyCount: UInt64
  /// A history that the primary went on from, and where it left it: what belongs to that up to there belongs to this one,
  /// too. Nil if it has not said.
  public var formerHistory: ReplicationPosition?
  /// Refuse with `.emptyDataset` unless the live dataset is empty too.
  public var mustNotReplaceKeys: Bool

  public init(
    position: ReplicationPosition, streamDatabase: Int, keyCount: UInt64, formerHistory: ReplicationPosition? = nil,
    mustNotReplaceKeys: Bool
  ) {
    self.position = position
    self.streamDatabase = streamDatabase
    self.keyCount = keyCount
    self.formerHistory = formerHistory
    self.mustNotReplaceKeys = mustNotReplaceKeys
  }
}

/// What a probe found out.
public enum ProbeReport: Sendable, Equatable {
  case reached(PrimaryFindings)
  case failed(LinkError)
}
