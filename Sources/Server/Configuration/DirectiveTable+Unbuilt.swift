import Engine

/// Directives of features that this build does not have, for the files and tools that name them all the same.
extension Directive {
  private static let anyCount = 0...Int(Int32.max)

  /// What would promise something: only off is taken.
  static let unbuilt: [Directive] = [
    .off("cluster-enabled", "no", change: .onlyAtStart),
    .off("io-threads", "1", change: .onlyAtStart),
    .off("syslog-enabled", "no", change: .onlyAtStart),
    .off("activedefrag", "no"),
  ]

  /// Files of snapshots.
  static let snapshots: [Directive] = [
    save,
    Directive(
      "dbfilename", .text { baseName($0, "dbfilename", "filename") }, \.engine.dbFilename, change: .protected),
    Directive("rdbcompression", .flag, \.engine.rdbCompression),
    Directive("rdbchecksum", .flag, \.engine.rdbChecksum, change: .onlyAtStart),
    Directive(
      "rdb-key-save-delay", .integer(Int(Int32.min)...Int(Int32.max)), \.engine.rdbKeySaveDelay, isHidden: true),
    Directive("key-load-delay", .integer(Int(Int32.min)...Int(Int32.max)), \.engine.keyLoadDelay, isHidden: true),
    .dormant("loading-process-events-interval-bytes", .integer(1024...Int(Int32.max)), "2097152", isHidden: true),
    Directive("rdb-newest-version", .integer(10...12), \.engine.rdbNewestVersion),
    .dormant("rdb-del-sync-files", .flag, "no"),
    // Whatever a payload or a file brings is always looked at in full.
    .dormant("sanitize-dump-payload", .oneOf("no", "yes", "clients"), "no"),
    Directive("rdb-save-incremental-fsync", .flag, \.engine.rdbIncrementalSync),
    Directive("stop-writes-on-bgsave-error", .flag, \.engine.stopWritesOnBgsaveError),
  ]

  /// What tunes types, replicas and diagnostics that are not there.
  static let tuning: [Directive] = [
    .dormant("list-compress-depth", .integer(anyCount), "0"),
    .dormant("activerehashing", .flag, "yes"),
    .dormant("dynamic-hz", .flag, "yes"),
    .dormant("jemalloc-bg-thread", .flag, "yes"),
    // Huge pages harm a server that forks, which this one never does.
    .dormant("disable-thp", .flag, "yes", change: .onlyAtStart),
    .dormant("set-proc-title", .flag, "yes", change: .onlyAtStart),
    .dormant("proc-title-template", .text(), "{title} {listen-addr} {server-mode}"),
    // A full sync always builds its dataset beside the live one, straight from the stream.
    .dormant("repl-diskless-load", .oneOf("disabled", "on-empty-db", "swapdb"), "disabled"),
    .dormant("replica-lazy-flush", .flag, "no", aliases: ["slave-lazy-flush"]),
    Directive("propagation-error-behavior", .choice, \.engine.propagationErrors),
    .dormant("enable-module-command", .oneOf("no", "yes", "local"), "no", change: .onlyAtStart),
    // Of later versions of Redis, whose files may name them.
    .dormant("enable-debug-assert", .flag, "no", change: .onlyAtStart, isHidden: true),
    .dormant("hide-user-data-from-log", .flag, "no", isHidden: true),
  ]

  static func baseName(_ text: String, _ name: String, _ what: String) -> String? {
    text.utf8.contains(UInt8(ascii: "/")) ? "\(name) can't be a path, just a \(what)" : nil
  }
}
