internal import RESP
internal import Values
internal import VersionedStore

/// Deletes fields of hashes whose time has come and that nobody asks for: readers do not see them anyway.
///
/// Keys have no mark that says whether their fields expire, so that all are walked, in hash order, a portion at every call
/// of the cron: at ten calls a second a million keys take less than a minute, and one tenth of a percent of the time. Of a
/// hash only the fields that expire are walked, and no more at a call than `fieldPortion` of all hashes together; the next
/// call goes on where that ended. As long as no field has a time to live nothing is walked.
struct FieldExpiry {
  /// Keys that one call looks at.
  static let portion = 2000
  /// Fields with a time to live that one call looks at.
  static let fieldPortion = 20_000
  /// Fields looked at between two deletions.
  private static let step = 500

  /// Some field may have a time to live. A whole round without any takes it back.
  private(set) var isNeeded = false
  private var database = 0
  private var position = HashPosition(0)
  private var foundInRound = false
  /// Hashes that were found and are still to be walked, the last of them from `fieldPosition` on.
  private var hashes: [(database: Int, key: [UInt8])] = []
  private var fieldPosition = HashPosition(0)

  /// A field was given a time to live, or a hash that may have such fields has come to another place. That may lie behind
  /// where the present round has come to, so that the round is not the last one.
  mutating func noteNeeded() {
    isNeeded = true
    foundInRound = true
  }

  /// The same of a hash that was there before.
  mutating func noteMoved() { if isNeeded { foundInRound = true } }

  /// Walks a portion of the keys of one database.
  private mutating func findHashes(_ root: Root) {
    let here = database
    position = root.scan(database, from: position, count: Self.portion) { entry in
      guard entry.type == .hash, let collection = entry.collection, collection.expiringCount > 0 else { return }
      hashes.append((here, Array(entry.key)))
    }
    if !hashes.isEmpty { foundInRound = true }
    guard position == HashPosition(0) else { return }
    database += 1
    guard database == root.databaseCount else { return }
    database = 0
    if !foundInRound { isNeeded = false }
    foundInRound = false
  }

  /// One call. `deleting` is told each hash of which fields have gone, and these. Returns the number of fields that were
  /// deleted.
  mutating func run(
    _ live: Dataset, _ limits: EncodingLimits, now: Int64,
    deleting: (_ database: Int, [UInt8], _ fields: [[UInt8]]) -> Void
  ) -> Int {
    var (fieldsLeft, keysLeft, deleted) = (Self.fieldPortion, Self.portion, 0)
    // Databases without keys cost no call of their own.
    for _ in 0..<live.databaseCount {
      if hashes.isEmpty {
        guard isNeeded, keysLeft > 0 else { return deleted }
        keysLeft -= live.keyCount(database)
        findHashes(live.head)
      }
      while let (database, key) = hashes.last {
        guard fieldsLeft > 0 else { return deleted }
        let fields = key.withBytes { walk(live, database, $0, limits, now: now, &fieldsLeft) }
        if !fields.isEmpty { deleting(database, key, fields) }
        deleted += fields.count
        guard fieldPosition == HashPosition(0) else { continue }
        hashes.removeLast()
      }
    }
    return deleted
  }

  /// Deletes what has expired among the next fields of a hash, and returns their names.
  private mutating func walk(
    _ live: Dataset, _ database: Int, _ key: Bytes, _ limits: EncodingLimits, now: Int64, _ fieldsLeft: inout Int
  ) -> [[UInt8]] {
    let hash = live.hash(key)
    // The key may hold something else by now.
    guard let entry = live.head.find(database, key, hash), entry.type == .hash, let collection = entry.collection else {
      fieldPosition = HashPosition(0)
      return []
    }
    var (expired, count): ([[UInt8]], Int) = ([], 0)
    fieldPosition = collection.scan(
      from: fieldPosition, count: Self.step, expiringOnly: true, hashKey: live.hashKey
    ) { field in
      count += 1
      if field.hasExpired(now) { expired.append(Array(field.key)) }
    }
    fieldsLeft -= max(count, 1)
    let editor = HashEditor(Place(live, database: database, key: key, hash: hash, accessClock: 0), limits)
    for field in expired { field.withBytes { _ = editor.remove($0) } }
    return expired
  }
}

extension Engine {
  /// Called by the cron.
  func runFieldExpiry() {
    guard keyspace.fieldExpiry.isNeeded, keyspace.isActiveExpiryOn, !keyspace.leavesExpiryToPrimary, !keyspace.isPaused
    else { return }
    let hasAudience = !keyspace.hot.value.interest.isEmpty || effects.isWanted
    var changed: [(database: Int, key: [UInt8], fields: [[UInt8]])] = []
    keyspace.statistics.expiredFields += keyspace.fieldExpiry.run(
      keyspace.live, settings.encodingLimits, now: keyspace.now
    ) { database, key, fields in
      if hasAudience { changed.append((database, key, fields)) }
    }
    for (database, key, fields) in changed {
      effects.add(database, count: 2 + fields.count) { writer in
        writer.bulk("HDEL")
        writer.bulk(key)
        for field in fields { writer.bulk(field) }
      }
      keyspace.endRemovals()
      key.withBytes { key in
        keyspace.changed(database, key, .hash("hexpired"))
        if keyspace.live.head.find(database, key, keyspace.live.hash(key)) == nil {
          keyspace.changed(database, key, .generic("del"))
        }
      }
    }
  }
}
