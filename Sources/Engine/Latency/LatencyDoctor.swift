internal import VersionedStore

/// LATENCY DOCTOR: what took long, and what may be done about it, for people.
struct LatencyDoctor {
  let monitor: LatencyMonitor
  let settings: Settings
  /// Seconds since 1970.
  let now: Int64

  var report: String {
    let events = monitor.all
    guard !events.isEmpty else {
      return settings.latencyMonitorThreshold == 0
        ? "Nothing is watched: latency-monitor-threshold is 0. CONFIG SET latency-monitor-threshold <milliseconds> has events noted that take longer.\n"
        : "Nothing has taken \(settings.latencyMonitorThreshold) ms or longer.\n"
    }
    let findings = events.enumerated().map { index, found in line(index + 1, found.event, found.series) }
    var told: Set<String> = []
    let hints = events.flatMap { advice(on: $0.event) }.filter { told.insert($0).inserted }
    let title = "Events that took \(max(settings.latencyMonitorThreshold, 1)) ms or longer:\n\n"
    return title + findings.joined() + "\nWhat may help:\n\n" + hints.map { "- \($0)\n" }.joined()
  }

  private func line(_ number: Int, _ event: LatencyMonitor.Event, _ series: LatencySeries) -> String {
    let samples = series.samples
    let seconds = max(now - (samples.first?.second ?? now), 1)
    let period = (Double(seconds) / Double(max(samples.count, 1))).fixed(2)
    return
      "\(number). \(event.rawValue): \(samples.count) times, one in \(period) seconds, \(series.mean) ms on average"
      + " (give or take \(series.deviation) ms), \(series.worst) ms at worst.\n"
  }

  private func advice(on event: LatencyMonitor.Event) -> [String] {
    switch event {
    case .command: [slowLogAdvice, Self.largeCommands]
    case .fastCommand: [Self.starvation]
    case .commandUnblocking: [Self.starvation]
    case .expireCycle: [Self.manyExpire]
    case .evictionCycle: [Self.suddenPressure]
    case .logWrite, .logWriteAlone, .logRename: [Self.slowDisk]
    case .logWritePendingSync, .logSyncAlways: [Self.slowDisk, Self.rarerSyncs]
    case .logWriteBesideRewrite: [Self.slowDisk, Self.noSyncsBesideRewrite]
    }
  }

  private var slowLogAdvice: String {
    let wanted = settings.latencyMonitorThreshold * 1000
    if settings.slowlogLogSlowerThan < 0 || settings.slowlogLogSlowerThan > wanted {
      return
        "The slow log does not note all of these commands. CONFIG SET slowlog-log-slower-than \(wanted) has it do so."
    }
    return "SLOWLOG GET shows which commands these were."
  }

  private static let largeCommands =
    "Commands that answer with whole collections, or that walk the keyspace, take as long as these are large: SCAN and its like, ranges and LIMIT divide the work."
  private static let starvation =
    "Commands that have little to do took long, so the process did not get the processor when it wanted it. Other processes may be too many for this machine, or other guests for its host. `redis-cli --intrinsic-latency 100` measures that."
  private static let slowDisk =
    "The disk that the append-only log is on is slow, or busy with something else. A disk of its own for the log helps."
  private static let rarerSyncs =
    "appendfsync everysec, or no, asks less of the disk than the present setting, and promises less."
  private static let noSyncsBesideRewrite =
    "no-appendfsync-on-rewrite yes leaves syncing to the system while the log is rewritten or a file is saved. A crash of the machine then costs more than a second of writes."
  private static let manyExpire =
    "Many keys expire at the same time. Spread their times to live, or have a lower active-expire-effort."
  private static let suddenPressure =
    "Much memory had to be made free at once: after maxmemory was lowered, or a large value was stored. Leave more room between what is used and maxmemory."
}
