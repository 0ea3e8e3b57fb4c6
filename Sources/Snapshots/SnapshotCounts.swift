/// The keys of a snapshot: those read, and those that its writer announced.
///
/// redis-server 3.2 and later write the exact size of each database before its keys, so a difference means that keys
/// were lost on the way. Other writers may announce nothing.
public struct SnapshotCounts: Sendable, Equatable {
  public private(set) var keys: UInt64 = 0
  public private(set) var expiringKeys: UInt64 = 0
  /// Sum over the databases.
  public private(set) var announcedKeys: UInt64 = 0
  /// Keys in databases whose size was not announced.
  public private(set) var unannouncedKeys: UInt64 = 0
  private var isAnnounced = false

  public init() {}

  /// Whether as many keys were read as announced, for those that were announced at all.
  public var areComplete: Bool { keys - unannouncedKeys == announcedKeys }

  mutating func select() { isAnnounced = false }

  mutating func announce(keys: UInt64) {
    isAnnounced = true
    announcedKeys = announcedKeys.addingReportingOverflow(keys).overflow ? .max : announcedKeys + keys
  }

  mutating func add(expiring: Bool) {
    keys += 1
    if expiring { expiringKeys += 1 }
    if !isAnnounced { unannouncedKeys += 1 }
  }
}
