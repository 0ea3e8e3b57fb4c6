public import Engine
internal import Synchronization
internal import Values
public import VersionedStore

/// What is saved: the root of a sealed version, and what a file says beside it.
public struct SnapshotContent: Sendable {
  public var root: Root
  /// False leaves out all keys: for who wants the libraries alone.
  public var holdsKeys = true
  /// Sources of function libraries, as FUNCTION LOAD takes them.
  public var functionLibraries: [[UInt8]] = []
  /// Fields of hashes may have a time to live. False spares a walk over all keys, since the version of the format stands
  /// before the first of them.
  public var mayHaveExpiringFields = true
  /// Facts about the file, in order: `redis-ver` and the like.
  public var facts: [(name: String, value: String)] = []

  public init(root: Root) { self.root = root }
}

/// How it is saved.
public struct SnapshotOptions: Sendable {
  /// What the access clocks of the keys count, to be saved with them; nil saves none.
  public enum Access: Sendable { case idleTime, frequency }

  public var compresses = true
  public var hasChecksum = true
  /// The newest version that the file may have where a value needs it: 10, or 12 for fields of hashes that expire.
  public var newestVersion = 12
  public var access: Access?
  /// Milliseconds since 1970.
  public var now: Int64
  public var lfuDecayMinutes = 1

  public init(now: Int64) { self.now = now }

  /// What the configuration asks for.
  public init(_ settings: Settings, now: Int64) {
    self.init(now: now)
    compresses = settings.rdbCompression
    hasChecksum = settings.rdbChecksum
    newestVersion = settings.rdbNewestVersion
    lfuDecayMinutes = settings.lfuDecayTime
    switch settings.maxmemoryPolicy {
    case .allKeysLRU, .volatileLRU: access = .idleTime
    case .allKeysLFU, .volatileLFU: access = .frequency
    case .volatileRandom, .volatileTTL, .allKeysRandom, .noEviction: access = nil
    }
  }
}

/// How far a snapshot that another thread writes has come, and whether it is still wanted.
public final class SnapshotProgress: Sendable {
  private let keys = Atomic(0)
  private let cancelled = Atomic(false)

  public init() {}

  public var keyCount: Int { keys.load(ordering: .relaxed) }
  public var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
  public func cancel() { cancelled.store(true, ordering: .relaxed) }
  func advance() { keys.add(1, ordering: .relaxed) }
}

/// Writes an RDB file, version 10 unless a value needs a newer one. See ``SnapshotReader`` for the form.
///
/// It walks a sealed version and may do so on any thread, while the live dataset is written.
public struct SnapshotWriter {
  static let usualVersion = 10
  static let expiringFieldsVersion = 12

  /// Writes all of `content`, in pieces of some hundred kilobytes.
  ///
  /// - Parameter keyWritten: is called behind each key.
  public static func write(
    _ content: SnapshotContent, _ options: SnapshotOptions, progress: SnapshotProgress = SnapshotProgress(),
    keyWritten: (() -> Void)? = nil, to sink: (Bytes) throws(SnapshotWriteFailure) -> Void
  ) throws(SnapshotWriteFailure) {
    try withoutActuallyEscaping(sink) { sink throws(SnapshotWriteFailure) in
      let queue = ByteQueue(capacity: 2 * SnapshotEncoder.drainedByteCount)
      defer { queue.deallocate() }
      var checksum = CRC64()
      let encoder = SnapshotEncoder(output: queue, compresses: options.compresses) {
        queue throws(SnapshotWriteFailure) in
        if progress.isCancelled { throw .cancelled }
        if options.hasChecksum { checksum.update(queue.bytes) }
        try sink(queue.bytes)
        queue.consume(queue.count)
      }
      let version = content.mayHaveExpiringFields ? try version(of: content.root, options) : usualVersion
      encoder.append(signature: version)
      encoder.append(content)
      for database in 0..<content.root.databaseCount where content.holdsKeys && content.root.keyCount(database) > 0 {
        try encoder.append(content.root, database, options, progress, keyWritten)
      }
      encoder.append(Opcode.end.rawValue)
      try encoder.drain?(queue)
      encoder.append(littleEndian: options.hasChecksum ? checksum.value : 0)
      try sink(queue.bytes)
    }
  }

  /// The version of the format that the values need.
  private static func version(of root: Root, _ options: SnapshotOptions) throws(SnapshotWriteFailure) -> Int {
    var version = usualVersion
    for database in 0..<root.databaseCount {
      try root.forEach(database) { entry throws(SnapshotWriteFailure) in
        guard SnapshotEncoder.hasExpiringFields(entry) else { return true }
        version = expiringFieldsVersion
        guard version <= options.newestVersion else {
          throw .needsNewerVersion(key: Array(entry.key), version: version, allowed: options.newestVersion)
        }
        return false
      }
      if version > usualVersion { break }
    }
    return version
  }
}

extension SnapshotEncoder {
  fileprivate func append(signature version: Int) {
    for byte in "REDIS\(String(repeating: "0", count: version < 10 ? 3 : 2))\(version)".utf8 { append(byte) }
  }

  fileprivate func append(_ content: SnapshotContent) {
    for fact in content.facts {
      append(Opcode.auxiliary.rawValue)
      Array(fact.name.utf8).withBytes { append($0) }
      Array(fact.value.utf8).withBytes { append($0) }
    }
    for library in content.functionLibraries {
      append(Opcode.function.rawValue)
      library.withBytes { append(text: $0) }
    }
  }

  fileprivate func append(
    _ root: Root, _ database: Int, _ options: SnapshotOptions, _ progress: SnapshotProgress,
    _ keyWritten: (() -> Void)?
  ) throws(SnapshotWriteFailure) {
    append(Opcode.selectDatabase.rawValue)
    append(length: database)
    append(Opcode.resizeDatabase.rawValue)
    append(length: root.keyCount(database))
    append(length: root.expiringCount(database))
    // To look at a closure costs a reference count.
    let isFollowed = keyWritten != nil
    try root.forEach(database) { entry throws(SnapshotWriteFailure) in
      appendHints(entry, options)
      append(Self.typeByte(of: entry))
      append(entry.key)
      try append(valueOf: entry)
      try drainIfLong()
      progress.advance()
      if isFollowed {
        keyWritten?()
        if progress.isCancelled { throw .cancelled }
      }
      return true
    }
  }

  /// When a key expires, and when or how often it was used.
  private func appendHints(_ entry: Entry, _ options: SnapshotOptions) {
    if let expiry = entry.expiry {
      append(Opcode.expiryMilliseconds.rawValue)
      append(littleEndian: UInt64(bitPattern: expiry))
    }
    switch options.access {
    case .idleTime:
      let idle = AccessClock.LRU(rawValue: entry.accessClock).idleMilliseconds(
        at: AccessClock.LRU(milliseconds: options.now))
      append(Opcode.idle.rawValue)
      append(length: UInt64(clamping: idle / 1000))
    case .frequency:
      append(Opcode.frequency.rawValue)
      append(
        AccessClock.LFU(rawValue: entry.accessClock).counter(
          milliseconds: options.now, decayMinutes: options.lfuDecayMinutes))
    case nil: break
    }
  }
}
