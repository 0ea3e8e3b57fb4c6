internal import Values
internal import VersionedStore

/// Deletes fields of hashes whose time has come and that nobody asks for: readers do not see them anyway.
///
/// Keys have no mark that says whether their fields expire, so that all are walked, in hash order, a portion at every call
/// of the cron: at ten calls a second a million keys take less than a minute, and one tenth of a percent of the time. As
/// long as no field has a time to live nothing is walked.
struct FieldExpiry {
  /// Keys that one call looks at, and fields that it deletes at most in one hash.
  static let portion = 2000
  static let fieldPortion = 1000

  /// Some field may have a time to live. Set by whoever gives it one; a whole round without any takes it back.
  var isNeeded = false
  private var database = 0
  private var position = HashPosition(0)
  private var foundInRound = false

  /// Walks a portion. Returns the hashes that have fields with a time to live.
  fileprivate mutating func next(_ root: Root) -> [(database: Int, key: [UInt8])] {
    var found: [(database: Int, key: [UInt8])] = []
    let here = database
    position = root.scan(database, from: position, count: Self.portion) { entry in
      guard entry.type == .hash, let collection = entry.collection, collection.expiringCount > 0 else { return }
      found.append((here, Array(entry.key)))
    }
    if !found.isEmpty { foundInRound = true }
    if position == HashPosition(0) {
      database += 1
      if database == root.databaseCount {
        database = 0
        if !foundInRound { isNeeded = false }
        foundInRound = false
      }
    }
    return found
  }
}

extension Engine {
  /// Called by the cron.
  func runFieldExpiry() {
    guard keyspace.fieldExpiry.isNeeded, keyspace.isActiveExpiryOn, !keyspace.leavesExpiryToPrimary else { return }
    // Databases without keys cost no call of their own.
    for _ in 0..<keyspace.live.databaseCount {
      for (database, key) in keyspace.fieldExpiry.next(keyspace.live.head) { removeExpiredFields(database, key) }
      guard keyspace.fieldExpiry.isNeeded, keyspace.live.keyCount(0) < FieldExpiry.portion else { return }
    }
  }

  private func removeExpiredFields(_ database: Int, _ key: [UInt8]) {
    let (live, now) = (keyspace.live, keyspace.now)
    key.withBytes { key in
      let hash = live.hash(key)
      var fields: [[UInt8]] = []
      live.head.find(database, key, hash)?.collection?.forEach { entry in
        if entry.hasExpired(now) { fields.append(Array(entry.key)) }
        return fields.count < FieldExpiry.fieldPortion
      }
      let place = Place(live, database: database, key: key, hash: hash, accessClock: 0)
      let editor = HashEditor(place, settings.encodingLimits)
      for field in fields { field.withBytes { _ = editor.remove($0) } }
    }
  }
}
