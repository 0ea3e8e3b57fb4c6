public import VersionedStore

/// A sorted set in the open dataset, to be written. What is not there is made by the first member and goes with the last.
@safe
public struct SortedSetEditor {
  private let place: Place
  private let limits: EncodingLimits
  private let opened: OpenCollection?

  /// Members that a leaf of a large sorted set holds at most, and bytes at which it is cut in two.
  private static let leafMembers = 64
  private static let leafByteCount = 4096

  /// What stands at `place`, if anything, must be a sorted set.
  @inline(__always)
  public init(_ place: Place, _ limits: EncodingLimits) {
    self.place = place
    self.limits = limits
    opened = nil
  }

  /// For a caller who has just found `entry` at `place`, and who only adds: what is opened here stays as long as nothing is
  /// removed.
  @inline(__always)
  public init(_ place: Place, _ limits: EncodingLimits, addingTo entry: Entry?) {
    self.place = place
    self.limits = limits
    opened = place.openCollection(of: entry)
  }

  /// The score of a member; nil if it is not there.
  @inline(__always)
  public func score(of member: Bytes) -> Double? {
    if let opened { return SortedSetReader(opened.collection).score(of: member, place.hash(member)) }
    return place.entry.flatMap { SortedSetReader($0).score(of: member, place.hash(member)) }
  }

  /// Gives a member a score, which is not NaN. Returns whether the member is new.
  @discardableResult
  public func set(_ member: Bytes, _ score: Double) -> Bool { set(member, score, former: self.score(of: member)) }

  /// The same for a caller who has looked up the score that the member has.
  @discardableResult
  public func set(_ member: Bytes, _ score: Double, former: Double?) -> Bool {
    if let open = opened ?? place.openCollection() {
      Self.set(open, place, member, score, former)
      return former == nil
    }
    guard let entry = place.entry else {
      create(member, score)
      return true
    }
    guard let packed = PackedValue(entry) else { preconditionFailure("not a sorted set") }
    var count = packed.count
    if former != nil, let range = Self.range(of: member, packed) {
      if count == 2 {
        create(member, score, expiry: entry.expiry)
        return false
      }
      count -= 2
      place.splicePacked(range, with: Bytes(), count: count, tag: ValueTag.packedSortedSet)
    } else if count / 2 >= min(limits.sortedSetEntries, EncodingLimits.packedEntries)
      || member.count > limits.sortedSetValue
    {
      Self.set(spread(), place, member, score, nil)
      return true
    }
    insertPacked(member, score, count)
    return former == nil
  }

  /// Adds a member that is not there, as a set that was large somewhere else has it. A score of -0 makes this one large, too: a
  /// packed one has no sign.
  public func insert(_ member: Bytes, exactly score: Double) {
    if score == 0, score.sign == .minus, place.entry?.collection == nil { _ = spread() }
    set(member, score, former: nil)
  }

  /// Puts members, each of another name, where nothing stands yet.
  public func fill(_ members: [(member: [UInt8], score: Double)]) {
    // What ends large begins large: a packed score of -0 has no sign.
    let isSmall =
      members.count <= min(limits.sortedSetEntries, EncodingLimits.packedEntries)
      && members.allSatisfy { $0.member.count <= limits.sortedSetValue }
    if !isSmall { _ = place.putCollection(tag: ValueTag.trieSortedSet, expiry: nil) }
    for (member, score) in members { member.withBytes { _ = set($0, score, former: nil) } }
  }

  private func create(_ member: Bytes, _ score: Double, expiry: Int64? = nil) {
    guard limits.sortedSetEntries > 0, member.count <= limits.sortedSetValue else {
      let open = place.putCollection(tag: ValueTag.trieSortedSet, expiry: expiry)
      return Self.set(open, place, member, score, nil)
    }
    Self.withPacked(member, score) {
      place.putPacked(count: 2, $0, tag: ValueTag.packedSortedSet, expiry: expiry)
    }
  }

  private static func withPacked(_ member: Bytes, _ score: Double, _ body: (Bytes) -> Void) {
    if let integer = Score.integer(score) {
      DecimalText(integer).withBytes { Packed.withEncoded(pair: member, $0, body) }
    } else {
      FloatText(score).withBytes { Packed.withEncoded(pair: member, $0, body) }
    }
  }

  /// Where the two elements of a member stand.
  private static func range(of member: Bytes, _ packed: PackedValue) -> Range<Int>? {
    guard let at = packed.elements.find(member, every: 2) else { return nil }
    return at..<packed.elements.next(after: packed.elements.next(after: at))
  }

  private func insertPacked(_ member: Bytes, _ score: Double, _ count: Int) {
    guard let packed = place.entry.flatMap({ PackedValue($0) }) else { return }
    let elements = packed.elements
    var at = elements.start
    while at < elements.end {
      let (other, second) = elements.element(at: at)
      let (otherScore, next) = elements.element(at: second)
      let value = Score.value(otherScore)
      if value > score || value == score && other.withBytes({ member < $0 }) { break }
      at = next
    }
    Self.withPacked(member, score) {
      place.splicePacked(at..<at, with: $0, count: count + 2, tag: ValueTag.packedSortedSet)
    }
  }

  // MARK: Removing

  /// Removes a member. Returns whether it was there.
  @discardableResult
  public func remove(_ member: Bytes) -> Bool {
    guard let entry = place.entry else { return false }
    if entry.collection == nil {
      guard let packed = PackedValue(entry), let range = Self.range(of: member, packed) else { return false }
      if packed.count == 2 {
        place.remove()
      } else {
        place.splicePacked(range, with: Bytes(), count: packed.count - 2, tag: ValueTag.packedSortedSet)
      }
      return true
    }
    let hash = place.hash(member)
    guard let score = SortedSetReader(entry).score(of: member, hash), let open = place.openCollection() else {
      return false
    }
    Self.unlink(open, member, score)
    open.remove(member, hash)
    if open.collection.weight == 0 { place.remove() }
    return true
  }

  /// Removes a range of ranks, which must be there.
  public func remove(_ range: Range<Int>) {
    guard !range.isEmpty, let entry = place.entry else { return }
    let reader = SortedSetReader(entry)
    if range.count == reader.count { return place.remove() }
    if let packed = PackedValue(entry) {
      let start = packed.elements.offset(ofIndex: 2 * range.lowerBound, count: packed.count)
      let end = packed.elements.offset(ofIndex: 2 * range.upperBound, count: packed.count)
      return place.splicePacked(
        start..<end, with: Bytes(), count: packed.count - 2 * range.count, tag: ValueTag.packedSortedSet)
    }
    guard let open = place.openCollection() else { return }
    var left = range.count
    while left > 0, let leaf = open.collection.leaf(at: range.lowerBound) {
      left -= removeWithin(leaf, open, range.lowerBound, left)
    }
  }

  /// Removes up to `limit` members of a leaf from a rank on. Returns how many.
  private func removeWithin(_ leaf: Leaf, _ open: OpenCollection, _ rank: Int, _ limit: Int) -> Int {
    let members = ScoredMembers(leaf.bytes)
    let first = rank - leaf.start
    let gone = min(limit, leaf.weight - first)
    let start = members.offset(ofIndex: first, count: leaf.weight)
    var (end, names): (Int, [[UInt8]]) = (start, [])
    for _ in 0..<gone {
      let (member, next) = members.member(at: end)
      names.append(member.withBytes { Array($0) })
      end = next
    }
    if gone == leaf.weight {
      open.removeLeaf(at: rank)
    } else {
      open.splice(at: rank, start..<end, with: Bytes(), weight: -gone)
    }
    for name in names { name.withBytes { _ = open.remove($0, place.hash($0)) } }
    return gone
  }

  // MARK: Large sorted sets

  @inline(__always)
  private static func set(_ open: OpenCollection, _ place: Place, _ member: Bytes, _ score: Double, _ former: Double?) {
    if let former {
      if former.bitPattern == score.bitPattern { return }
      unlink(open, member, former)
    }
    link(open, member, score)
    open.put(member, place.hash(member), .word(Int64(bitPattern: score.bitPattern)))
  }

  /// Takes a member out of the sequence.
  private static func unlink(_ open: OpenCollection, _ member: Bytes, _ score: Double) {
    guard let found = SortedSetReader.position(open.collection, score, member) else { return }
    if found.leaf.weight == 1 { return open.removeLeaf(at: found.rank) }
    let end = ScoredMembers(found.leaf.bytes).next(after: found.offset)
    open.splice(at: found.leaf.start, found.offset..<end, with: Bytes(), weight: -1)
  }

  /// Puts a member into the sequence.
  private static func link(_ open: OpenCollection, _ member: Bytes, _ score: Double) {
    var element = LeafElement(score)
    Packed.withEncoded(member) { encoded in
      element.withBytes(followedBy: encoded) { bytes in
        guard let found = SortedSetReader.position(open.collection, score, member) else {
          return open.insertLeaf(at: 0, bytes, weight: 1, key: Score.order(score))
        }
        let (leaf, size) = (found.leaf, found.leaf.bytes.count)
        let isFull = leaf.weight >= leafMembers || size + bytes.count > leafByteCount && leaf.weight > 1
        let (start, weight) = (leaf.start, leaf.weight)
        // What grows at its end leaves full leaves behind.
        if isFull, found.offset == size, start + weight == open.collection.weight {
          return open.insertLeaf(at: start + weight, bytes, weight: 1, key: Score.order(score))
        }
        open.splice(at: start, found.offset..<found.offset, with: bytes, weight: 1)
        if isFull { halve(open, start, weight + 1) }
      }
    }
  }

  private static func halve(_ open: OpenCollection, _ start: Int, _ weight: Int) {
    guard let leaf = open.collection.leaf(at: start) else { return }
    let members = ScoredMembers(leaf.bytes)
    let half = weight / 2
    let at = members.offset(ofIndex: half, count: weight)
    open.splitLeaf(at: start, byteOffset: at, weight: half, key: Score.order(members.score(at: at)))
  }

  /// Turns a packed sorted set into a large one.
  private func spread() -> OpenCollection {
    var members: [(name: [UInt8], score: Double)] = []
    let entry = place.entry
    if let entry {
      SortedSetReader(entry).forEach { member, score in
        members.append((member.withBytes { Array($0) }, score))
        return true
      }
    }
    let open = place.putCollection(tag: ValueTag.trieSortedSet, expiry: entry?.expiry)
    for member in members { member.name.withBytes { Self.set(open, place, $0, member.score, nil) } }
    return open
  }
}

/// A score and a member, one behind the other, as they go into a leaf.
private struct LeafElement {
  private var storage = InlineArray<128, UInt8>(repeating: 0)

  init(_ score: Double) {
    let bits = score.bitPattern
    for index in 0..<8 { storage[index] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * index)) }
  }

  @inline(__always)
  mutating func withBytes<R>(followedBy member: Bytes, _ body: (Bytes) -> R) -> R {
    guard member.count <= 120 else {
      var long = [UInt8]()
      long.reserveCapacity(8 + member.count)
      for index in 0..<8 { long.append(storage[index]) }
      long.append(contentsOf: member)
      return long.withBytes(body)
    }
    for index in 0..<member.count { storage[8 &+ index] = member[index] }
    let bytes = unsafe storage.span.bytes.extracting(first: 8 &+ member.count)
    return unsafe bytes.withUnsafeBytes { raw in body(unsafe Bytes(raw)) }
  }
}
