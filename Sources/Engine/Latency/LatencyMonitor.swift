/// Events that took at least `latency-monitor-threshold` milliseconds, by kind, for LATENCY.
struct LatencyMonitor {
  /// What is measured. Raw values as Redis calls the same.
  enum Event: String, CaseIterable {
    case command
    case fastCommand = "fast-command"
    /// The answer to a command that had waited.
    case commandUnblocking = "command-unblocking"
    case expireCycle = "expire-cycle"
    case evictionCycle = "eviction-cycle"
    /// Writing to the append-only log, and what else is done with its files.
    case logWrite = "aof-write"
    case logWriteAlone = "aof-write-alone"
    case logWritePendingSync = "aof-write-pending-fsync"
    case logWriteBesideRewrite = "aof-write-active-child"
    case logSyncAlways = "aof-fsync-always"
    case logRename = "aof-rename"
  }

  private var series: [Event: LatencySeries] = [:]

  subscript(event: Event) -> LatencySeries? { series[event] }

  /// In the order of their declaration.
  var all: [(event: Event, series: LatencySeries)] {
    Event.allCases.compactMap { event in series[event].map { (event, $0) } }
  }

  mutating func add(_ event: Event, milliseconds: Int64, second: Int64) {
    series[event, default: LatencySeries()].add(milliseconds, second: second)
  }

  /// Forgets an event. Returns whether there was anything to forget.
  mutating func reset(_ event: Event) -> Bool { series.removeValue(forKey: event) != nil }

  /// Forgets all, and tells how many there were.
  mutating func reset() -> Int {
    defer { series = [:] }
    return series.count
  }
}
