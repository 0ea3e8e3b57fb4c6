internal import Values
internal import VersionedStore

/// The differences of two lists: which elements are removed, by their indices in the older one, and which are added, by
/// their indices in the newer one. An element that was replaced is both. Either list may be missing.
///
/// Leaves that both share are skipped. In a stretch between them, what both begin with and what both end with is passed
/// over; the middle is compared a window at a time, with the shortest edit script that a window has (Myers 1986). So the
/// answer is exact, but it is the shortest only where changes lie closer together than a window is long. Rejected: a
/// longest common subsequence of the whole, which takes the product of the lengths.
struct ElementDifferences {
  let older: Entry?
  let newer: Entry?

  /// Elements in a window, on each side.
  private static let window = 128
  /// Elements that are compared from the end of a stretch at most.
  private static let suffixLimit = 2048

  func fill(_ page: inout FieldPage, from place: FieldCursor.Place) throws(CommandError) -> FieldCursor.Place {
    var (i, k) = (0, 0)
    switch place {
    case .start: if isOnlyCutDifferently { return .start }
    case .pair(let first, let second): (i, k) = (Int(clamping: first), Int(clamping: second))
    case .position, .groups: throw .invalidCursor
    }
    for part in parts {
      var walk = ElementWalk(ListElements(older), ListElements(newer), part, from: i, k)
      walk.dropCommonSuffix(limit: Self.suffixLimit)
      while !walk.isDone {
        walk.skipCommon(&page.effort)
        if walk.isDone { break }
        guard !page.isFull else { return .pair(UInt64(walk.i), UInt64(walk.k)) }
        walk.meetWindow(Self.window, &page)
      }
    }
    return .start
  }

  private var parts: [SequencePart] {
    guard let older = older?.collection, let newer = newer?.collection else {
      return [SequencePart(older: 0..<ListElements(older).count, newer: 0..<ListElements(newer).count)]
    }
    return older.unsharedParts(to: newer)
  }

  /// Equal lists may share leaves that stand at other indices, so that the stretches between them differ.
  private var isOnlyCutDifferently: Bool {
    let (before, after) = (ListElements(older), ListElements(newer))
    guard before.count == after.count, parts.contains(where: { $0.older != $0.newer }) else { return false }
    var (a, b) = (before.cursor(at: 0), after.cursor(at: 0))
    while let x = a.next(), let y = b.next() {
      guard x.isSame(as: y) else { return false }
    }
    return true
  }
}
