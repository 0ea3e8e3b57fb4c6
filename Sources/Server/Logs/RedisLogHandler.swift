import Logging

/// Writes swift-log's messages as Redis's log lines. The level is that of the file: one for all loggers.
struct RedisLogHandler: LogHandler {
  let file: LogFile
  var metadata: Logger.Metadata = [:]

  /// Reads as the file's level. (`nothing` is above every level; `log` drops what passes as critical then.)
  var logLevel: Logger.Level {
    get { Logger.Level.allCases[min(file.threshold, Logger.Level.allCases.count - 1)] }
    set {}
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    guard event.level.index >= file.threshold else { return }
    let details = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let suffix = details.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    file.write("\(event.message)\(suffix)", at: event.level)
  }
}
