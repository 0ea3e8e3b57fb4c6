/// Counters of INFO that sessions and commands move; CONFIG RESETSTAT sets them back.
public struct EngineStatistics {
  public var commandsProcessed = 0
  public var connectionsReceived = 0
  public var connectionsRejected = 0
  public var bytesReceived = 0
  public var bytesSent = 0
  public var errorReplies = 0
  public var errorsByCode: [String: Int] = [:]
  public var queryBufferLimitDisconnections = 0
  public var outputBufferLimitDisconnections = 0

  public init() {}
}
