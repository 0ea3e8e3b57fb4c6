/// A position in the hash space: the digits of a hash, level 0 lowest, so that a position at the edge of a shallow cell is
/// a small number. Positions are ordered digit by digit from level 0 on; 0 is both the beginning and the end.
///
/// It is all that a `SCAN` cursor has to say: whatever is written in between, the walk goes on at that place, every key
/// that stays is met once, and none is met twice.
@frozen
public struct HashPosition: Comparable, Sendable {
  public var rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The digits as a number that compares as positions do: level 0 highest.
  static func order(_ hash: UInt64) -> UInt64 {
    var order: UInt64 = 0
    for level in 0..<levelCount - 1 { order |= UInt64(bucket(of: hash, at: level)) << UInt64(59 - 5 * level) }
    return order | hash >> 60
  }

  /// The order in which walks meet positions.
  public static func < (a: HashPosition, b: HashPosition) -> Bool { order(a.rawValue) < order(b.rawValue) }

  /// The first position of the cell after the one that holds `position` at `level`; 0 after the last cell.
  static func next(_ position: UInt64, level: Int) -> UInt64 {
    var position = position
    for level in stride(from: level, through: 0, by: -1) {
      let shift = UInt64(5 * level)
      let last: UInt64 = level == levelCount - 1 ? 15 : 31
      let digit = position >> shift & 31
      let above = position & ((1 << shift) - 1)
      if digit < last { return above | (digit + 1) << shift }
      position = above
    }
    return 0
  }
}

/// A walk over the entries of a database in hash order, from a position on.
struct TrieWalk {
  let hashKey: HashKey
  /// Only what has a time to live.
  let expiringOnly: Bool
  /// Only what was born later. A child is never younger than its parent, so that whole subtrees are passed over.
  var bornAfter = Generation.none
  /// Entries still wanted; the walk ends at the next cell boundary after that many.
  var wanted: Int
  let start: UInt64

  /// Meets the entries at or below `child`, whose cell begins at `cell`. Returns where to go on, or nil when all below
  /// was met.
  mutating func walk(_ child: Child, cell: UInt64, level: Int, _ visit: (Entry) -> Void) -> UInt64? {
    if child.isEmpty || expiringOnly && !child.expires || child.stamp.generation <= bornAfter { return nil }
    if child.isEntry {
      meet(child.entry, visit)
      return nil
    }
    let node = child.node
    if child.isCollision {
      for index in 0..<node.count { meet(node[index].entry, visit) }
      return nil
    }
    let shift = UInt64(5 * level)
    // Digits of the start count only as long as the way down follows it.
    let onStart = level == 0 || cell == start & ((1 << shift) - 1)
    let first = onStart ? UInt32(start >> shift & 31) : 0
    var rest = (expiringOnly ? node.expiring : node.bitmap) & ~((1 &<< first) &- 1)
    while rest != 0 {
      let bucket = UInt32(rest.trailingZeroBitCount)
      rest &= rest - 1
      let here = cell | UInt64(bucket) << shift
      if let position = walk(node.child(under: bucket), cell: here, level: level + 1, visit) { return position }
      if wanted <= 0 { return HashPosition.next(here, level: level) }
    }
    return nil
  }

  private mutating func meet(_ entry: Entry, _ visit: (Entry) -> Void) {
    if expiringOnly && !entry.expires || entry.generation <= bornAfter { return }
    // The trie may have been deeper here when the walk stopped: what lies before the start was met then.
    if start != 0, HashPosition.order(hashKey.hash(entry.key)) < HashPosition.order(start) { return }
    wanted -= 1
    visit(entry)
  }
}

extension Root {
  /// Meets at least `count` entries from `position` on, if there are so many, and returns where to go on: 0 at the end.
  /// The entries are good until the next write, so `visit` must not write.
  public func scan(
    _ database: Int, from position: HashPosition, count: Int, expiringOnly: Bool = false, _ visit: (Entry) -> Void
  ) -> HashPosition {
    var walk = TrieWalk(
      hashKey: hashKey, expiringOnly: expiringOnly, wanted: max(count, 1), start: position.rawValue)
    return HashPosition(walk.walk(child(database), cell: 0, level: 0, visit) ?? 0)
  }
}
