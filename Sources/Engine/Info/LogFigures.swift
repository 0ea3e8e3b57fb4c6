/// What INFO says of the append-only log; kept by what writes it.
public struct LogFigures: Sendable {
  public var isEnabled = false
  public var isRewriting = false
  public var isRewriteScheduled = false
  /// Seconds that the last rewrite took, and that the present one has taken; -1 for none.
  public var lastRewriteSeconds: Int64 = -1
  public var currentRewriteSeconds: Int64 = -1
  public var lastRewriteSucceeded = true
  public var rewriteCount = 0
  public var consecutiveFailures = 0
  /// Bytes that the version kept for a rewrite made us keep beside the live dataset, at the end of the last one.
  public var lastRetainedBytes = 0
  /// Bytes of the base and the increments, and what they were when the base was new.
  public var currentSize = 0
  public var baseSize = 0
  /// Bytes that wait to be written.
  public var bufferedBytes = 0
  /// Memory for these and for what is not known to be on the disk.
  public var bufferCapacity = 0
  public var pendingSyncs = 0
  /// Times that the log was written though a sync took too long.
  public var delayedSyncs = 0

  public init() {}
}
