/// Counters of INFO that sessions and commands move; CONFIG RESETSTAT sets them back.
public struct EngineStatistics {
  public var commandsProcessed = 0
  public var connectionsReceived = 0
  public var connectionsRejected = 0
  public var bytesReceived = 0
  public var bytesSent = 0
  /// Of the bytes that came in, those of the primary's stream.
  public var primaryBytesReceived = 0
  /// Of the bytes that went out, those to replicas.
  public var replicaBytesSent = 0
  /// Replicas that asked for all of the dataset; that went on where they were; that had asked for that, in vain.
  public var fullSyncs = 0
  public var partialResyncs = 0
  public var partialResyncsRefused = 0
  /// Times that something was taken in from a client, and sent to one.
  public var reads = 0
  public var writes = 0
  /// Times that the memory for replies to a client became more, and less.
  public var replyBufferExpansions = 0
  public var replyBufferShrinks = 0
  /// Microseconds that memory was above `maxmemory`, up to the last time that it came below.
  public var memoryExceededMicroseconds: Int64 = 0
  /// Large values that were freed before the counters were set back.
  public var reclaimedBefore = 0
  public var errorReplies = 0
  public var errorsByCode: [String: Int] = [:]
  /// Errors that commands of the primary's stream or of a log met with.
  public var unexpectedErrorReplies = 0
  public var queryBufferLimitDisconnections = 0
  public var outputBufferLimitDisconnections = 0
  public var evictedClients = 0

  public init() {}
}
