/// A retained sealed root, as users see it.
public struct Version: Sendable {
  /// Rising for the life of the process, from 1.
  public let id: Int
  public let name: String?
  /// What it was made for, one word: `create`, `rollback`, `flushall`, `replicaof` …
  public let reason: String
  /// Milliseconds since 1970.
  public let createdMilliseconds: Int64
  public let generation: Generation
  /// The dataset lineage: versions of one lineage may share memory.
  public let lineage: Int
  /// Keys in each database.
  public let keyCounts: [Int]
  /// Made by the server as a guard, and given up by it when there are too many of these.
  public let isAutomatic: Bool
  /// Tags that protect it from being dropped.
  public internal(set) var holds: [String] = []

  public var keyCount: Int { keyCounts.reduce(0, +) }
}

/// Bytes of a version, in the words of ZFS.
public struct VersionSizes: Sendable, Equatable {
  /// All that can be reached from it.
  public var referenced: Int
  /// What dropping it alone would give back. These do not add up: two versions may share what no third one has.
  public var unique: Int
  /// What it got since its parent was sealed.
  public var written: Int
}

/// Why something cannot be done to a version.
public enum VersionError: Error, Equatable {
  case unknown(Int)
  case nameTaken(String)
  /// There are as many as there may be; see `History.limit`.
  case tooMany(limit: Int)
  case held(Int, tags: [String])
  case unknownTag(String)
}
