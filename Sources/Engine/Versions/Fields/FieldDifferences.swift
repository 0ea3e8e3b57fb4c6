internal import Values
internal import VersionedStore

/// The differences inside one key, between two versions of its value: what a hash has in fields, a set and a sorted set in
/// members, a list in elements, a stream in entries and groups, a string in bytes.
///
/// Like the difference of databases it is structural: what both share is skipped, so that one field changed in a hash of any
/// size costs a path. It is exact: who takes from the older value what was removed, puts in what was added and replaces
/// what was changed has the newer one. Encodings do not count, contents do.
struct FieldDifferences {
  /// What each version holds under the key, if anything.
  let older: Entry?
  let newer: Entry?
  let hashKey: HashKey

  /// Fills the page from a cursor on and returns where the next one begins, the start at the end.
  func fill(_ page: inout FieldPage, from cursor: FieldCursor) throws(CommandError) -> FieldCursor {
    guard let older, let newer, older.type != newer.type else {
      guard !cursor.isBehindOlder else { throw .invalidCursor }
      return FieldCursor(place: try fill(&page, older, newer, cursor.place))
    }
    // All of one type goes, then all of another comes.
    if cursor.isBehindOlder {
      let next = try fill(&page, nil, newer, cursor.place)
      return FieldCursor(place: next, isBehindOlder: next != .start)
    }
    let next = try fill(&page, older, nil, cursor.place)
    return FieldCursor(place: next, isBehindOlder: next == .start)
  }

  private func fill(
    _ page: inout FieldPage, _ older: Entry?, _ newer: Entry?, _ place: FieldCursor.Place
  ) throws(CommandError) -> FieldCursor.Place {
    guard let type = (older ?? newer)?.type else { return .start }
    switch type {
    case .hash, .set, .sortedSet:
      return try MemberDifferences(older: older, newer: newer, hashKey: hashKey).fill(&page, from: place)
    case .list: return try ElementDifferences(older: older, newer: newer).fill(&page, from: place)
    case .stream:
      return try StreamDifferences(older: older, newer: newer, hashKey: hashKey).fill(&page, from: place)
    case .string: return try ByteDifferences(older: older, newer: newer).fill(&page, from: place)
    }
  }
}

extension Entry {
  /// Whether both hold the same value, whatever the encodings and however their parts are cut. Times to live of keys do
  /// not count, those of fields do.
  ///
  /// Costs as much as there is to compare up to the first difference; where the numbers of elements differ, nothing. What
  /// is shared is skipped. A packed value has at most some ten thousand elements, so that only two long values that share
  /// nothing take long: two strings, or two streams.
  ///
  /// - Parameter isExact: a zero is not the same score as a negative zero.
  func hasSameContent(as other: Entry, _ hashKey: HashKey, isExact: Bool = false) -> Bool {
    guard type == other.type, elementCount == other.elementCount else { return false }
    let differences = FieldDifferences(older: self, newer: other, hashKey: hashKey)
    var cursor = FieldCursor.start
    repeat {
      var page = FieldPage.ofFirstDifference
      page.isExact = isExact
      // A cursor that was just given is never refused.
      guard let next = try? differences.fill(&page, from: cursor), page.count == 0 else { return false }
      cursor = next
    } while cursor != .start
    return true
  }

  private var elementCount: Int {
    switch type {
    case .string: StringRuns(self).count
    case .list: ListReader(self).count
    case .set: SetReader(self).count
    case .sortedSet: SortedSetReader(self).count
    case .hash: HashReader(self).count
    case .stream: StreamReader(self).count
    }
  }

  /// Whether equal contents may have gone unnoticed when the store called these two, which have the same time to live,
  /// different: it compares tags, and bytes where they are packed.
  func mayHoldSameContent(as other: Entry) -> Bool {
    guard type == other.type, expiry == other.expiry else { return false }
    if tag != other.tag { return true }
    switch type {
    case .string: return false
    case .stream: return true
    case .list, .set, .sortedSet, .hash: return collection == nil || other.collection == nil
    }
  }
}
