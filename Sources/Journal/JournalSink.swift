public import Snapshots
public import VersionedStore

/// What a file of the append-only log is read into.
public protocol JournalSink {
  associatedtype Snapshot: SnapshotSink

  /// Where the snapshot goes that the file begins with.
  var snapshot: Snapshot { get set }
  mutating func beginSnapshot()
  /// The snapshot is whole; commands follow, or nothing.
  mutating func endSnapshot()

  /// Looks at a command that is to be executed later, if all of its transaction comes.
  mutating func check(_ arguments: BytesList) throws(JournalFailure)
  /// Executes a command. Its arguments are good until the call returns.
  mutating func execute(_ arguments: BytesList) throws(JournalFailure)
}

/// Why a file of the append-only log cannot be read.
public enum JournalFailure: Error, Equatable, Sendable {
  /// Neither a command nor an annotation begins here.
  case malformed(byteOffset: Int)
  /// The file ends within a command or within a transaction.
  case cutShort
  case snapshot(SnapshotError)
  /// Keys are missing in the snapshot.
  case keyCount(read: UInt64, announced: UInt64)
  /// This server has no command of this name.
  case unknownCommand(name: String)
  /// The command cannot be executed from a log; the reason is an error's text.
  case refused(name: String, reason: String)
}
