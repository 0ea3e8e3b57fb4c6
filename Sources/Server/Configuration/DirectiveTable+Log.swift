import Engine

/// Directives of the append-only log.
extension Directive {
  static let appendOnlyLog: [Directive] = [
    appendOnly,
    Directive("appendfsync", .choice, \.engine.appendSync),
    Directive(
      "appendfilename", .text { nonEmptyBaseName($0, "appendfilename", "filename") }, \.engine.appendFilename,
      change: .onlyAtStart),
    Directive(
      "appenddirname", .text { nonEmptyBaseName($0, "appenddirname", "dirname") }, \.engine.appendDirectory,
      change: .onlyAtStart),
    Directive("no-appendfsync-on-rewrite", .flag, \.engine.skipsAppendSyncOnRewrite),
    Directive("auto-aof-rewrite-percentage", .integer(0...Int(Int32.max)), \.engine.autoRewritePercentage),
    Directive("auto-aof-rewrite-min-size", .memory(0...Int.max), \.engine.autoRewriteMinSize),
    Directive("aof-load-truncated", .flag, \.engine.loadsTruncatedLog),
    Directive("aof-use-rdb-preamble", .flag, \.engine.logBaseIsSnapshot),
    Directive("aof-timestamp-enabled", .flag, \.engine.logTimestamps),
    Directive("aof-rewrite-incremental-fsync", .flag, \.engine.rewriteIncrementalSync),
    Directive("aof-disable-auto-gc", .flag, \.engine.keepsLogHistory),
  ]

  private static var appendOnly: Directive {
    var directive = Directive("appendonly", .flag, \.engine.appendOnly)
    directive.isFixedWhileLoading = true
    return directive
  }

  private static func nonEmptyBaseName(_ text: String, _ name: String, _ what: String) -> String? {
    text.isEmpty ? "\(name) can't be empty" : baseName(text, name, what)
  }
}
