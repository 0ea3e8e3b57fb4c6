/// A key that two versions do not hold alike.
public enum KeyDifference {
  case added(Entry)
  case removed(Entry)
  case changed(from: Entry, to: Entry)
}

/// The structural difference of two databases, in hash order: whatever the two share is skipped without a look at it, so
/// that the cost follows what differs and not what is there.
struct TrieDiff {
  let hashKey: HashKey
  var wanted: Int
  /// Pairs that may still be compared: lineages share nothing, and may all the same hold the same keys.
  var effort: Int
  let start: UInt64

  /// Meets the differences at or below two children with the same cell. Returns where to go on, or nil at the end.
  mutating func walk(
    _ old: Child, _ new: Child, cell: UInt64, level: Int, _ visit: (KeyDifference) -> Void
  ) -> UInt64? {
    if old == new { return nil }
    if !old.isNode && !new.isNode || level == levelCount {
      compare(old, new, visit)
      return nil
    }
    let shift = UInt64(5 * level)
    let onStart = level == 0 || cell == start & ((1 << shift) - 1)
    let first = onStart ? UInt32(start >> shift & 31) : 0
    var rest = (buckets(old, level) | buckets(new, level)) & ~((1 &<< first) &- 1)
    while rest != 0 {
      let bucket = UInt32(rest.trailingZeroBitCount)
      rest &= rest - 1
      let here = cell | UInt64(bucket) << shift
      let below = walk(
        part(old, bucket, level), part(new, bucket, level), cell: here, level: level + 1, visit)
      if let below { return below }
      if wanted <= 0 || effort <= 0 { return HashPosition.next(here, level: level) }
    }
    return nil
  }

  /// The buckets that a child takes at `level`; an entry that stands higher is one that has not moved down yet.
  private func buckets(_ child: Child, _ level: Int) -> UInt32 {
    if child.isEmpty { return 0 }
    if child.isEntry { return 1 &<< bucket(of: hashKey.hash(child.entry.key), at: level) }
    return child.node.bitmap
  }

  private func part(_ child: Child, _ bucket: UInt32, _ level: Int) -> Child {
    if child.isNode { return child.node.child(under: bucket) }
    return buckets(child, level) & (1 &<< bucket) != 0 ? child : .none
  }

  /// Compares what cannot be taken apart further: single entries, or all of a collision node.
  private mutating func compare(_ old: Child, _ new: Child, _ visit: (KeyDifference) -> Void) {
    effort -= 1
    for before in old.entries where isFromStart(before) {
      guard let after = new.entries.first(where: { $0.hasKey(before.key) }) else {
        meet(.removed(before), visit)
        continue
      }
      if !before.holdsSame(as: after, hashKey) { meet(.changed(from: before, to: after), visit) }
    }
    for after in new.entries where isFromStart(after) && !old.entries.contains(where: { $0.hasKey(after.key) }) {
      meet(.added(after), visit)
    }
  }

  private func isFromStart(_ entry: Entry) -> Bool {
    start == 0 || HashPosition.order(hashKey.hash(entry.key)) >= HashPosition.order(start)
  }

  private mutating func meet(_ difference: KeyDifference, _ visit: (KeyDifference) -> Void) {
    wanted -= 1
    visit(difference)
  }
}

extension Child {
  fileprivate var entries: [Entry] {
    if isEmpty { return [] }
    return isEntry ? [entry] : (0..<node.count).map { node[$0].entry }
  }
}

extension Entry {
  /// Whether key, value and time to live are the same; access clocks do not count.
  func holdsSame(as other: Entry, _ hashKey: HashKey) -> Bool {
    guard unsafe base != other.base else { return true }
    guard tag == other.tag, expiry == other.expiry, key == other.key else { return false }
    if let collection { return other.collection.map { collection.holdsSame(as: $0, hashKey) } ?? false }
    if other.collection != nil { return false }
    switch (value, other.value) {
    case (.word(let a), .word(let b)): return a == b
    case (.bytes(let a), .bytes(let b)): return a == b
    default: return false
    }
  }
}

extension Root {
  /// Meets at least `count` differences between this version's database and `newer`'s from `position` on, if there are so
  /// many, and returns where to go on: 0 at the end. The two may be of different lineages. A call that has compared
  /// `effort` pairs of entries ends early, so that it may meet fewer, or none.
  public func differences(
    _ database: Int, to newer: Root, from position: HashPosition, count: Int, effort: Int = .max,
    _ visit: (KeyDifference) -> Void
  ) -> HashPosition {
    precondition(hashKey == newer.hashKey, "versions with different hash keys cannot be compared by position")
    var diff = TrieDiff(hashKey: hashKey, wanted: max(count, 1), effort: max(effort, 1), start: position.rawValue)
    return HashPosition(diff.walk(child(database), newer.child(database), cell: 0, level: 0, visit) ?? 0)
  }
}
