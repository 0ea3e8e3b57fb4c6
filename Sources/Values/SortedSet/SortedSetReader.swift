public import VersionedStore

/// A sorted set, to be read: of the live dataset or of a sealed version, on any thread.
@safe
public struct SortedSetReader {
  private let packed: PackedValue?
  /// A trie from member to the bits of its score, and a sequence of `ScoredMembers`.
  private let collection: VersionedStore.Collection?

  /// `entry` must hold a sorted set.
  @inline(__always)
  public init(_ entry: Entry) {
    collection = entry.collection
    packed = collection == nil ? PackedValue(entry) : nil
  }

  @inline(__always)
  init(_ collection: VersionedStore.Collection) {
    self.collection = collection
    packed = nil
  }

  @inline(__always)
  public var count: Int { collection?.weight ?? (packed?.count ?? 0) / 2 }
  /// The trie of a large sorted set: its values are the bits of the scores.
  public var trie: VersionedStore.Collection? { collection }

  /// The score that a packed element is; nil for one that is none.
  public static func score(_ element: StoredValue) -> Double? {
    switch element {
    case .word(let word): Double(word)
    case .bytes(let bytes): Double(text: bytes)
    }
  }

  /// The score of a member; nil if it is not there.
  @inline(__always)
  public func score(of member: Bytes, _ hash: @autoclosure () -> UInt64) -> Double? {
    if let collection {
      guard case .word(let bits)? = collection.find(member, hash())?.value else { return nil }
      return Double(bitPattern: UInt64(bitPattern: bits))
    }
    guard let elements = packed?.elements, let at = elements.find(member, every: 2) else { return nil }
    return Score.value(elements.element(at: elements.next(after: at)).value)
  }

  /// The number of members before one that is there with this score.
  public func rank(of member: Bytes, score: Double) -> Int {
    if let collection {
      return Self.position(collection, score, member)?.rank ?? 0
    }
    var rank = 0
    forEach { other, _ in
      guard !other.withBytes({ $0 == member }) else { return false }
      rank += 1
      return true
    }
    return rank
  }

  /// Where a member with a score stands or belongs: the leaf, the offset in it, and the rank.
  @inline(__always)
  static func position(
    _ collection: VersionedStore.Collection, _ score: Double, _ member: Bytes
  ) -> (leaf: Leaf, offset: Int, rank: Int)? {
    let order = Score.order(score)
    let leaf = collection.leaf(key: order) { bytes in
      let first = ScoredMembers(bytes)
      let firstScore = first.score(at: 0)
      if firstScore != score { return firstScore < score }
      return first.member(at: 0).value.withBytes { !(member < $0) }
    }
    guard let leaf else { return nil }
    let found = ScoredMembers(leaf.bytes).lowerBound { otherScore, other in
      if otherScore != score { return otherScore < score }
      return other.withBytes { $0 < member }
    }
    return (leaf, found.offset, leaf.start &+ found.index)
  }

  /// The number of members before a place.
  public func rank(of bound: SortedSetBound) -> Int {
    switch bound {
    case .start: return 0
    case .end: return count
    case .score, .member: break
    }
    guard collection != nil else {
      var rank = 0
      forEach { member, score in
        guard bound.isBehind(score, member) else { return false }
        rank += 1
        return true
      }
      return rank
    }
    guard let order = order(of: bound), let leaf = leaf(bound, order) else { return 0 }
    return leaf.start + ScoredMembers(leaf.bytes).lowerBound { bound.isBehind($0, $1) }.index
  }

  private func leaf(_ bound: SortedSetBound, _ order: UInt64) -> Leaf? {
    collection?.leaf(key: order) { bytes in
      let first = ScoredMembers(bytes)
      return bound.isBehind(first.score(at: 0), first.member(at: 0).value)
    }
  }

  /// The order that the leaves around a place have; nil in an empty set. Among members that are told by their names all
  /// scores are equal.
  private func order(of bound: SortedSetBound) -> UInt64? {
    if case .score(let score, _) = bound { return Score.order(score) }
    return collection?.leaf(at: 0).map { Score.order(ScoredMembers($0.bytes).score(at: 0)) }
  }

  /// Meets the members of a range of ranks in ascending order, until `visit` returns false.
  @inline(__always)
  public func forEach<E: Error>(
    in range: Range<Int>, _ visit: (_ member: StoredValue, _ score: Double) throws(E) -> Bool
  ) throws(E) {
    if let collection {
      var rank = range.lowerBound
      while rank < range.upperBound, let leaf = collection.leaf(at: rank) {
        let members = ScoredMembers(leaf.bytes)
        var at = members.offset(ofIndex: rank &- leaf.start, count: leaf.weight)
        let end = min(range.upperBound, leaf.start &+ leaf.weight)
        while rank < end {
          let (member, next) = members.member(at: at)
          guard try visit(member, members.score(at: at)) else { return }
          at = next
          rank &+= 1
        }
      }
    } else if let packed, !range.isEmpty {
      let elements = packed.elements
      var at = elements.offset(ofIndex: 2 * range.lowerBound, count: packed.count)
      for _ in range {
        let (member, second) = elements.element(at: at)
        let (score, next) = elements.element(at: second)
        guard try visit(member, Score.value(score)) else { return }
        at = next
      }
    }
  }

  /// Meets the members of a small sorted set with their scores in the form in which they are packed: as integers where they
  /// are, else as text. Nothing is met in a large one.
  public func forEachPacked(_ visit: (_ member: StoredValue, _ score: StoredValue) -> Void) {
    guard let elements = packed?.elements else { return }
    var at = elements.start
    while at < elements.end {
      let (member, second) = elements.element(at: at)
      let (score, next) = elements.element(at: second)
      visit(member, score)
      at = next
    }
  }

  /// Meets all members in ascending order, until `visit` returns false.
  public func forEach<E: Error>(
    _ visit: (_ member: StoredValue, _ score: Double) throws(E) -> Bool
  ) throws(E) {
    try forEach(in: 0..<count, visit)
  }

  /// Meets the members of a range of ranks in descending order, until `visit` returns false.
  public func forEachReversed<E: Error>(
    in range: Range<Int>, _ visit: (_ member: StoredValue, _ score: Double) throws(E) -> Bool
  ) throws(E) {
    guard !range.isEmpty else { return }
    if let collection {
      var rank = range.upperBound &- 1
      while rank >= range.lowerBound, let leaf = collection.leaf(at: rank) {
        let members = ScoredMembers(leaf.bytes)
        var at = members.offset(ofIndex: rank &- leaf.start, count: leaf.weight)
        let first = max(range.lowerBound, leaf.start)
        while true {
          guard try visit(members.member(at: at).value, members.score(at: at)) else { return }
          rank &-= 1
          guard rank >= first, let previous = members.previous(before: at) else { break }
          at = previous
        }
      }
    } else if let packed {
      let elements = packed.elements
      var end = elements.offset(ofIndex: 2 * range.upperBound, count: packed.count)
      for _ in range {
        guard let second = elements.previous(before: end), let first = elements.previous(before: second) else { return }
        guard try visit(elements.element(at: first).value, Score.value(elements.element(at: second).value)) else {
          return
        }
        end = first
      }
    }
  }

  /// A member chosen so that every one is equally likely, with its score; nil if there is none.
  public func random(using generator: inout some RandomNumberGenerator) -> (member: StoredValue, score: Double)? {
    guard count > 0 else { return nil }
    let rank = Int.random(in: 0..<count, using: &generator)
    var found: (StoredValue, Double)?
    forEach(in: rank..<rank + 1) { member, score in
      found = (member, score)
      return false
    }
    return found
  }
}
