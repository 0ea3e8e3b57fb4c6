internal import Engine
public import Snapshots
internal import VersionedStore

/// A snapshot as replicas are sent it: how to make it, on whatever thread.
///
/// With a mark the form is `$EOF:mark CR LF, snapshot, mark`, which can be begun at once. Without one it is `$length CR LF,
/// snapshot`, so that the length has to be known first. It is counted by a walk of its own over the sealed version, since the
/// alternatives are to hold all of it in memory or to write it to a disk that may be full, slow or not there at all; it
/// costs the processor that much twice. Only clients that speak SYNC of old ask for it.
public struct SnapshotWalk: Sendable {
  var content: SnapshotContent
  var options: SnapshotOptions
  /// Nil for a snapshot whose length is told.
  var mark: [UInt8]?
  /// Slows the walk down, for tests of what happens meanwhile; see `Settings.rdbKeySaveDelay`.
  public internal(set) var keyDelayMicroseconds = 0
  public let progress = SnapshotProgress()

  init(_ content: SnapshotContent, _ options: SnapshotOptions, hasMark: Bool) {
    self.content = content
    self.options = options
    if hasMark {
      mark = Array(RunID.random().utf8)
    } else {
      // Clocks of keys go on while the version is walked: the length would not be the same twice.
      self.options.access = nil
    }
  }

  /// Makes the snapshot and gives it away, piece by piece, in what frames it.
  ///
  /// - Parameter keyWritten: is called behind each key.
  public func run(
    keyWritten: (() -> Void)?, to take: (_ piece: [UInt8], _ isLast: Bool) throws(SnapshotWriteFailure) -> Void
  ) throws(SnapshotWriteFailure) {
    if let mark {
      try take(Array("$EOF:".utf8) + mark + [13, 10], false)
      try write(keyWritten) { bytes throws(SnapshotWriteFailure) in try take(Array(bytes), false) }
      return try take(mark, true)
    }
    var length = 0
    try write(keyWritten) { bytes in length += bytes.count }
    try take(Array("$\(length)\r\n".utf8), false)
    var written = 0
    try write(nil) { bytes throws(SnapshotWriteFailure) in
      written += bytes.count
      guard written <= length else { throw .output(reason: "the snapshot got longer than it was") }
      try take(Array(bytes), written == length)
    }
    guard written == length else { throw .output(reason: "the snapshot got shorter than it was") }
  }

  private func write(
    _ keyWritten: (() -> Void)?, to sink: (Bytes) throws(SnapshotWriteFailure) -> Void
  ) throws(SnapshotWriteFailure) {
    try SnapshotWriter.write(content, options, progress: progress, keyWritten: keyWritten, to: sink)
  }
}

/// What comes of a walk. Told on the serving thread, in order; the end comes last, once, whatever happens.
public enum WalkEvent: Sendable {
  case piece([UInt8], isLast: Bool)
  case ended(Result<Void, SnapshotWriteFailure>)
}

/// A walk that another thread is on.
public protocol RunningWalk: AnyObject {
  /// One piece is not needed any more: another may be made.
  func release()
  /// Nobody wants what is still to come.
  func cancel()
}
