public import VersionedStore

/// What the append-only log needs of a disk: files of one directory, and nothing else.
///
/// The server gives it the operating system; tests and the simulation give it a disk in memory that is full, writes half,
/// fails to sync or forgets at a crash what was not synced. Names are those of files in the log's directory, without a path.
///
/// What may be relied on after a crash, as on a POSIX file system:
/// - the bytes of a file that were written before a sync of it that succeeded;
/// - a file's name in the directory, a rename or a removal, if the directory was synced after it;
/// - nothing of what a failed sync was about, whatever a later sync of the same file says: the system may have dropped
///   the pages and marked them clean.
///
/// The operations are for any thread; what is called back is called on the thread that asked, never from within the call.
public protocol JournalDisk: AnyObject, Sendable {
  /// Makes the directory if there is none, and has it in its parent for good.
  func makeDirectory() throws(DiskError)

  /// Names of the files in the directory, in any order.
  func list() throws(DiskError) -> [String]

  /// Opens a file for writing at its end; makes it if there is none. `truncating` empties it first.
  func open(_ name: String, truncating: Bool) throws(DiskError) -> DiskFile

  /// Opens a file for reading from its first byte.
  func openForReading(_ name: String) throws(DiskError) -> DiskFile

  func close(_ file: DiskFile)

  /// Bytes that a file has.
  func byteCount(of file: DiskFile) throws(DiskError) -> Int

  /// Writes `bytes` at the end, or a part of them: returns how many, at least one. On an error nothing was written.
  func append(_ bytes: Bytes, to file: DiskFile) throws(DiskError) -> Int

  /// Reads up to `count` bytes from `offset` on and hands them to `body`; none at the end of the file.
  func read(_ file: DiskFile, at offset: Int, upTo count: Int, _ body: (Bytes) -> Void) throws(DiskError)

  /// Cuts a file to its first `byteCount` bytes.
  func truncate(_ file: DiskFile, to byteCount: Int) throws(DiskError)

  /// Has the disk keep what was written, and waits for it.
  func sync(_ file: DiskFile) throws(DiskError)

  /// Gives a file another name, taking the place of one that has it.
  func rename(_ name: String, to newName: String) throws(DiskError)

  func remove(_ name: String) throws(DiskError)

  /// Has the disk keep the names in the directory.
  func syncDirectory() throws(DiskError)

  /// Does `work` on another thread, behind what was given to the same lane before, and gives its answer to `completion`.
  func inBackground<Answer: Sendable>(
    _ lane: DiskLane, _ work: @escaping @Sendable () -> Answer, _ completion: @escaping (Answer) -> Void)

  /// Waits until all that was given to the lane is done, and calls back for it before it returns.
  func settle(_ lane: DiskLane)
}

/// What is done in the background one after the other.
public enum DiskLane: Sendable, CaseIterable {
  /// What somebody waits for.
  case sync
  /// What takes long: a new base, and the removal of what it makes needless.
  case rewrite
}

/// An open file of a ``JournalDisk``.
public struct DiskFile: Hashable, Sendable {
  /// A file descriptor, or whatever the disk knows it by.
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// An operation on a disk that failed.
public struct DiskError: Error, Hashable, Sendable {
  /// As in `errno`.
  public let code: Int32
  /// What `strerror` says of it.
  public let text: String

  public init(code: Int32, text: String) {
    self.code = code
    self.text = text
  }
}

extension JournalDisk {
  /// Writes all of `bytes` at the end, however many calls that takes.
  func appendAll(_ bytes: Bytes, to file: DiskFile) throws(DiskError) {
    var rest = bytes
    while rest.count > 0 { rest = rest[try append(rest, to: file)..<rest.count] }
  }
}
