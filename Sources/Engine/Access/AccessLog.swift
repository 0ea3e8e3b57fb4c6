internal import VersionedStore

/// What was denied, newest first (ACL LOG).
struct AccessLog {
  struct Entry {
    /// How often it happened.
    var count = 1
    let reason: Denial.Reason
    let context: AccessContext
    /// The command, key or channel; for a failed login the command that it came with.
    let object: [UInt8]
    let username: [UInt8]
    /// When it happened last, in milliseconds since 1970.
    var time: Int64
    /// The client that it happened to last, as CLIENT LIST describes it.
    var client: String

    /// Whether another one is the same thing happening again.
    func isLike(_ other: Entry) -> Bool {
      reason == other.reason && Bytes(context.name) == Bytes(other.context.name)
        && abs(time - other.time) <= AccessLog.groupingMilliseconds && object == other.object
        && username == other.username
    }
  }

  /// Like events further apart are events of their own.
  private static let groupingMilliseconds = 60_000
  /// Older entries than that are not looked through for a like one.
  private static let searchedEntries = 10

  private(set) var entries: [Entry] = []

  /// `limit` is `acllog-max-len`.
  mutating func add(_ entry: Entry, limit: Int) {
    var entry = entry
    if let known = entries.prefix(Self.searchedEntries).firstIndex(where: { $0.isLike(entry) }) {
      entry.count = entries.remove(at: known).count + 1
      entries.insert(entry, at: 0)
    } else {
      entries.insert(entry, at: 0)
      if entries.count > limit { entries.removeLast(entries.count - max(limit, 0)) }
    }
  }

  mutating func removeAll() { entries = [] }
}

extension Denial.Reason {
  /// As in ACL LOG.
  var name: StaticString {
    switch self {
    case .command: "command"
    case .key: "key"
    case .auth: "auth"
    case .channel: "channel"
    }
  }
}
