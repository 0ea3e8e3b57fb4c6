internal import Values
internal import VersionedStore

/// The differences of two hashes, sets or sorted sets, in hash order. Either may be missing.
struct MemberDifferences {
  let older: Entry?
  let newer: Entry?
  let hashKey: HashKey

  /// A member, or a field with what it holds.
  private struct Member {
    var position: HashPosition
    var name: [UInt8]
    var content: Content
  }

  private enum Content: Equatable {
    case nothing
    case score(Double)
    case value([UInt8], expiry: Int64?)

    func isSame(as other: Content, isExact: Bool) -> Bool {
      if isExact, case .score(let a) = self, case .score(let b) = other { return a.bitPattern == b.bitPattern }
      return self == other
    }
  }

  func fill(_ page: inout FieldPage, from place: FieldCursor.Place) throws(CommandError) -> FieldCursor.Place {
    let position: HashPosition
    switch place {
    case .start: position = HashPosition(0)
    case .position(let rawValue): position = HashPosition(rawValue)
    case .pair, .groups: throw .invalidCursor
    }
    let next: HashPosition
    if let older = older?.collection, let newer = newer?.collection {
      next = older.differences(
        to: newer, from: position, count: page.wanted, effort: page.effort, hashKey: hashKey
      ) { meet($0, &page) }
    } else {
      next = fillByContent(&page, from: position)
    }
    return next == HashPosition(0) ? .start : .position(next.rawValue)
  }

  // MARK: Two tries

  private func meet(_ difference: KeyDifference, _ page: inout FieldPage) {
    switch difference {
    case .added(let entry):
      if page.admits(entry.key) { page.fields.added.append(.name(entry.key)) }
    case .removed(let entry):
      if page.admits(entry.key) { page.fields.removed.append(.name(entry.key)) }
    case .changed(let before, let after):
      if page.admits(after.key), page.isExact || !isSameScore(before, after) {
        page.fields.changed.append(.name(after.key))
      }
    }
  }

  /// Both zeros are one score.
  private func isSameScore(_ before: Entry, _ after: Entry) -> Bool {
    older?.type == .sortedSet && content(of: before) == content(of: after)
  }

  private func content(of entry: Entry) -> Content {
    switch (older ?? newer)?.type {
    case .hash: return .value(entry.value.withBytes { Array($0) }, expiry: entry.expiry)
    case .sortedSet:
      guard case .word(let bits) = entry.value else { return .nothing }
      return .score(Double(bitPattern: UInt64(bitPattern: bits)))
    default: return .nothing
    }
  }

  // MARK: Other encodings

  /// Compares what both have up to some position; the next page begins there.
  private func fillByContent(_ page: inout FieldPage, from start: HashPosition) -> HashPosition {
    let count = page.window
    let (before, olderEnd) = older.map { members($0, from: start, count: count) } ?? ([], HashPosition(0))
    let (after, newerEnd) = newer.map { members($0, from: start, count: count) } ?? ([], HashPosition(0))
    let ends = [olderEnd, newerEnd].filter { $0 != HashPosition(0) }
    let end = ends.min()
    func isInside(_ member: Member) -> Bool { end.map { member.position < $0 } ?? true }
    var contents = Dictionary(
      uniqueKeysWithValues: before.lazy.filter(isInside).map { ($0.name, $0.content) })
    for member in after where isInside(member) {
      let former = contents.removeValue(forKey: member.name)
      guard former.map({ !$0.isSame(as: member.content, isExact: page.isExact) }) ?? true,
        member.name.withBytes(page.admits)
      else { continue }
      if former == nil {
        page.fields.added.append(.copiedName(member.name))
      } else {
        page.fields.changed.append(.copiedName(member.name))
      }
    }
    for member in before where isInside(member) && contents[member.name] != nil {
      if member.name.withBytes(page.admits) { page.fields.removed.append(.copiedName(member.name)) }
    }
    return end ?? HashPosition(0)
  }

  /// At least `count` members from a position on, if there are so many, and the position up to which they are all; 0 for
  /// the end.
  private func members(_ entry: Entry, from start: HashPosition, count: Int) -> ([Member], HashPosition) {
    if let collection = entry.collection {
      var members: [Member] = []
      let end = collection.scan(from: start, count: count, hashKey: hashKey) {
        members.append(member(.bytes($0.key), content(of: $0)))
      }
      return (members, end)
    }
    var members = packedMembers(entry).filter { !($0.position < start) }
    guard members.count > count else { return (members, HashPosition(0)) }
    members.sort { $0.position < $1.position }
    // Those at one position belong together.
    var end = count
    while end < members.count, !(members[end - 1].position < members[end].position) { end += 1 }
    guard end < members.count else { return (members, HashPosition(0)) }
    return (Array(members[..<end]), members[end].position)
  }

  private func packedMembers(_ entry: Entry) -> [Member] {
    var members: [Member] = []
    switch entry.type {
    case .hash:
      HashReader(entry).forEach { field, value, expiry in
        members.append(member(field, .value(value.withBytes { Array($0) }, expiry: expiry)))
        return true
      }
    case .set:
      SetReader(entry).forEach { name in
        members.append(member(name, .nothing))
        return true
      }
    case .sortedSet:
      SortedSetReader(entry).forEach { name, score in
        members.append(member(name, .score(score)))
        return true
      }
    case .string, .list, .stream: preconditionFailure("a value without members")
    }
    return members
  }

  private func member(_ name: StoredValue, _ content: Content) -> Member {
    name.withBytes { Member(position: HashPosition(hashKey.hash($0)), name: Array($0), content: content) }
  }
}
