/// What LATENCY notes of the append-only log.
public enum LogDelay: Sendable {
  case write
  /// A write beside which nothing else was done to the disk.
  case writeAlone
  /// A write while a sync ran.
  case writePendingSync
  /// A write while a file was saved or the log rewritten.
  case writeBesideRewrite
  /// A sync that clients wait for.
  case syncAlways
  case rename

  fileprivate var event: LatencyMonitor.Event {
    switch self {
    case .write: .logWrite
    case .writeAlone: .logWriteAlone
    case .writePendingSync: .logWritePendingSync
    case .writeBesideRewrite: .logWriteBesideRewrite
    case .syncAlways: .logSyncAlways
    case .rename: .logRename
    }
  }
}

extension Engine {
  /// Notes that something has just taken so long, if LATENCY is to know of it.
  public func noteDelay(_ delay: LogDelay, nanoseconds: Int64) { noteDelay(delay.event, nanoseconds: nanoseconds) }
}
