internal import Values
internal import VersionedStore

/// The way through a stretch in which two lists differ. Whatever stands before `i` in the older one and before `k` in the
/// newer one has been dealt with: a page may end at any such place.
struct ElementWalk {
  private let older: ListElements
  private let newer: ListElements
  private(set) var i: Int
  private(set) var k: Int
  /// Where the stretch ends on either side.
  private var iEnd: Int
  private var kEnd: Int

  init(_ older: ListElements, _ newer: ListElements, _ part: SequencePart, from i: Int, _ k: Int) {
    self.older = older
    self.newer = newer
    (iEnd, kEnd) = (part.older.upperBound, part.newer.upperBound)
    self.i = min(max(i, part.older.lowerBound), iEnd)
    self.k = min(max(k, part.newer.lowerBound), kEnd)
  }

  var isDone: Bool { i == iEnd && k == kEnd }

  /// Leaves out what both end with.
  mutating func dropCommonSuffix(limit: Int) {
    var (a, b) = (older.cursor(at: iEnd), newer.cursor(at: kEnd))
    var left = min(limit, iEnd - i, kEnd - k)
    while left > 0, let x = a.previous(), let y = b.previous(), x.isSame(as: y) {
      (iEnd, kEnd) = (iEnd - 1, kEnd - 1)
      left -= 1
    }
  }

  /// Passes over what both go on with; each element takes from the effort, and the last of it ends the walk.
  mutating func skipCommon(_ effort: inout Int) {
    guard i < iEnd, k < kEnd else { return }
    var (a, b) = (older.cursor(at: i), newer.cursor(at: k))
    while i < iEnd, k < kEnd, effort > 0, let x = a.next(), let y = b.next(), x.isSame(as: y) {
      (i, k, effort) = (i + 1, k + 1, effort - 1)
    }
  }

  /// Compares what follows, up to so many elements a side, and reports what differs until the page is full.
  mutating func meetWindow(_ length: Int, _ page: inout FieldPage) {
    let a = older.elements(in: i..<min(i + length, iEnd))
    let b = newer.elements(in: k..<min(k + length, kEnd))
    page.effort -= a.count + b.count
    var script = EditScript(from: a, to: b)
    script.trust(isLast: (i + a.count == iEnd, k + b.count == kEnd))
    for step in script.steps {
      if page.count >= page.wanted { return }
      switch step {
      case .keep: (i, k) = (i + 1, k + 1)
      case .remove(let index):
        if a[index].withBytes(page.admits) { page.fields.removed.append(.element(index: i, a[index])) }
        i += 1
      case .add(let index):
        if b[index].withBytes(page.admits) { page.fields.added.append(.element(index: k, b[index])) }
        k += 1
      }
    }
  }
}

/// How one run of elements becomes another: the shortest such script.
private struct EditScript {
  enum Step: Equatable {
    case keep
    case remove(Int)
    case add(Int)
  }

  private(set) var steps: [Step] = []

  init(from a: [StoredValue], to b: [StoredValue]) {
    var (removed, added) = (Set<Int>(), Set<Int>())
    for change in b.difference(from: a, by: { $0.isSame(as: $1) }) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var (x, y) = (0, 0)
    while x < a.count || y < b.count {
      if removed.contains(x) {
        steps.append(.remove(x))
        x += 1
      } else if added.contains(y) {
        steps.append(.add(y))
        y += 1
      } else {
        steps.append(.keep)
        (x, y) = (x + 1, y + 1)
      }
    }
  }

  /// Leaves off the end where it might be otherwise if the runs were longer. `isLast` says whether the stretch ends with
  /// the one run and with the other.
  mutating func trust(isLast: (a: Bool, b: Bool)) {
    if isLast.a && isLast.b { return }
    if let kept = steps.lastIndex(of: .keep) {
      steps.removeSubrange((kept + 1)...)
    } else if isLast.a {
      // What is left of the older side may yet be found again further on.
      steps.removeAll { if case .remove = $0 { true } else { false } }
    } else if isLast.b {
      steps.removeAll { if case .add = $0 { true } else { false } }
    }
  }
}
