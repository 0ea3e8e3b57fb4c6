/// Names of the files that belong to a log called `log` but are not in its manifest.
///
/// They carry the log's name, so that the logs of two servers may share a directory. What a crash has left is removed.
struct JournalNames: Sendable {
  let log: String

  var manifest: String { JournalManifest.name(for: log) }
  var temporaryManifest: String { "temp-\(manifest)" }
  /// A base that is being written. Each has a number of its own: the one before may be given up and not be cleared away yet.
  func temporaryBase(_ number: Int) -> String { "temp-\(log).\(number).base" }
  /// What follows upon a base that is being written, where the log holds none yet.
  var temporaryIncrement: String { "temp-\(log).incr" }

  /// Those of `names` that a crash has left.
  func temporaries(among names: [String]) -> [String] {
    names.filter { $0 == temporaryManifest || $0 == temporaryIncrement } + temporaryBases(among: names)
  }

  /// Those of `names` that are bases which were not finished.
  func temporaryBases(among names: [String]) -> [String] {
    names.filter { name in
      guard name.hasPrefix("temp-\(log)."), name.hasSuffix(".base") else { return false }
      return Int(name.dropFirst(log.count + 6).dropLast(5)) != nil
    }
  }
}
