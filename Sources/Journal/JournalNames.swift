/// Names of the files that belong to a log called `log` but are not in its manifest.
///
/// They carry the log's name, so that the logs of two servers may share a directory, and nothing else, so that what a crash
/// has left is written over.
struct JournalNames: Sendable {
  let log: String

  var manifest: String { JournalManifest.name(for: log) }
  var temporaryManifest: String { "temp-\(manifest)" }
  /// A base that is being written.
  var temporaryBase: String { "temp-\(log).base" }
  /// What follows upon a base that is being written, where the log holds none yet.
  var temporaryIncrement: String { "temp-\(log).incr" }

  var temporaries: [String] { [temporaryManifest, temporaryBase, temporaryIncrement] }
}
