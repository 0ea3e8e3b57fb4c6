public import VersionedStore

/// A list in the open dataset, to be written. What is not there is made by the first element and goes with the last.
///
/// A list that fits into one node is packed in its entry; a longer one is a sequence of leaves, each a node in the sense of
/// `list-max-listpack-size`.
@safe
public struct ListEditor {
  private let place: Place
  private let limits: EncodingLimits
  private let opened: OpenCollection?

  /// What stands at `place`, if anything, must be a list.
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

  private var reader: ListReader? { place.entry.map { ListReader($0) } }
  @inline(__always)
  public var count: Int { opened?.collection.weight ?? reader?.count ?? 0 }

  /// Whether an element of so many bytes stands alone in its leaf, whatever else would fit.
  @inline(__always)
  private func isPlain(_ element: Bytes) -> Bool { element.count >= limits.listPlainThreshold }

  /// Whether a leaf is taken up by such an element.
  @inline(__always)
  private func isPlain(_ leaf: Leaf) -> Bool { isPlain(PackedElements(leaf.bytes), leaf.weight) }

  @inline(__always)
  private func isPlain(_ elements: PackedElements, _ count: Int) -> Bool {
    // With the default threshold no leaf is small enough for anything else to fit in.
    guard count == 1, limits.listPlainThreshold < EncodingLimits.listPlainDefault else { return false }
    return elements.element(at: elements.start).value.withBytes(isPlain)
  }

  /// Whether so many elements of so many bytes may share a node.
  @inline(__always)
  private func fits(_ count: Int, _ byteCount: Int) -> Bool {
    let size = limits.listSize
    if size >= 0 { return count <= max(size, 1) && byteCount <= 8192 }
    return byteCount <= 4096 << (min(-size, 5) - 1)
  }

  // MARK: Adding

  @inline(__always)
  public func pushTail(_ element: Bytes) { push(element, atHead: false) }

  @inline(__always)
  public func pushHead(_ element: Bytes) { push(element, atHead: true) }

  @inline(__always)
  private func push(_ element: Bytes, atHead: Bool) {
    Packed.withEncoded(element) { encoded in
      if let open = opened ?? place.openCollection() {
        push(encoded, atHead, open, alone: isPlain(element))
      } else if isPlain(element) {
        push(encoded, atHead, spread(), alone: true)
      } else {
        pushSmall(encoded, atHead)
      }
    }
  }

  @inline(__always)
  private func push(_ encoded: Bytes, _ atHead: Bool, _ open: OpenCollection, alone: Bool) {
    let collection = open.collection
    guard !alone, let leaf = collection.leaf(at: atHead ? 0 : collection.weight &- 1),
      fits(leaf.weight &+ 1, leaf.bytes.count &+ encoded.count), !isPlain(leaf)
    else { return open.insertLeaf(at: atHead ? 0 : collection.weight, encoded, weight: 1) }
    if atHead, leaf.bytes.count >= Self.headByteCount { return startHead(encoded, open, leaf) }
    let at = atHead ? 0 : leaf.bytes.count
    open.splice(at: leaf.start, at..<at, with: encoded, weight: 1)
  }

  /// Every push at the head moves what is in the leaf there, so that it is kept short: from so many bytes on a new one begins.
  private static let headByteCount = 2048

  /// Begins a new head. The former one goes into the leaf behind it as long as that has room.
  private func startHead(_ encoded: Bytes, _ open: OpenCollection, _ head: Leaf) {
    if let second = open.collection.leaf(at: head.weight), !isPlain(second),
      fits(head.weight + second.weight, head.bytes.count + second.bytes.count)
    {
      let weight = head.weight
      // A copy, because what is written must not lie in the sequence.
      let elements = Array(head.bytes)
      open.removeLeaf(at: 0)
      elements.withBytes { open.splice(at: 0, 0..<0, with: $0, weight: weight) }
    }
    open.insertLeaf(at: 0, encoded, weight: 1)
  }

  private func pushSmall(_ encoded: Bytes, _ atHead: Bool) {
    guard let packed = place.entry.flatMap({ PackedValue($0) }) else {
      return place.putPacked(count: 1, encoded, tag: ValueTag.packedList, expiry: nil)
    }
    guard isSmall(packed.count + 1, packed.byteCount + encoded.count) else {
      return push(encoded, atHead, spread(), alone: false)
    }
    let at = atHead ? packed.elements.start : packed.elements.end
    place.splicePacked(at..<at, with: encoded, count: packed.count + 1, tag: ValueTag.packedList)
  }

  private func isSmall(_ count: Int, _ byteCount: Int) -> Bool {
    fits(count, byteCount) && count <= EncodingLimits.packedEntries && byteCount <= 8192
  }

  /// Adds elements at the end, as a leaf of their own where the configuration would have them in one.
  public func appendNode(_ elements: PackedElements, count: Int) {
    let bytes = elements.bytes[elements.start..<elements.end]
    guard count > 0 else { return }
    if place.entry == nil, isSmall(count, bytes.count) {
      return place.putPacked(count: count, bytes, tag: ValueTag.packedList, expiry: nil)
    }
    guard fits(count, bytes.count) else {
      var at = elements.start
      while at < elements.end {
        let (element, next) = elements.element(at: at)
        element.withBytes { pushTail($0) }
        at = next
      }
      return
    }
    let open = place.openCollection() ?? spread()
    open.insertLeaf(at: open.collection.weight, bytes, weight: count)
  }

  /// Puts an element before number `index`, or at the end.
  public func insert(_ element: Bytes, at index: Int) {
    guard index < count else { return pushTail(element) }
    let isAlone = isPlain(element)
    Packed.withEncoded(element) { encoded in
      if let open = place.openCollection() { return insert(encoded, at: index, open, alone: isAlone) }
      guard let packed = place.entry.flatMap({ PackedValue($0) }) else { return }
      guard !isAlone, isSmall(packed.count + 1, packed.byteCount + encoded.count) else {
        return insert(encoded, at: index, spread(), alone: isAlone)
      }
      let at = packed.elements.offset(ofIndex: index, count: packed.count)
      place.splicePacked(at..<at, with: encoded, count: packed.count + 1, tag: ValueTag.packedList)
    }
  }

  private func insert(_ encoded: Bytes, at index: Int, _ open: OpenCollection, alone: Bool) {
    guard let leaf = open.collection.leaf(at: index) else { return }
    if alone || isPlain(leaf) { return insertLeaf(encoded, at: index, open, leaf) }
    let elements = PackedElements(leaf.bytes)
    let at = elements.offset(ofIndex: index - leaf.start, count: leaf.weight)
    let hasRoom = fits(leaf.weight + 1, leaf.bytes.count + encoded.count)
    let (start, weight) = (leaf.start, leaf.weight)
    open.splice(at: index, at..<at, with: encoded, weight: 1)
    if !hasRoom { halve(start, weight + 1, open) }
  }

  /// Gives an element a leaf of its own before number `index`, which stands in `leaf`.
  private func insertLeaf(_ encoded: Bytes, at index: Int, _ open: OpenCollection, _ leaf: Leaf) {
    let before = index - leaf.start
    if before > 0 {
      let at = PackedElements(leaf.bytes).offset(ofIndex: before, count: leaf.weight)
      open.splitLeaf(at: index, byteOffset: at, weight: before)
    }
    open.insertLeaf(at: index, encoded, weight: 1)
  }

  private func halve(_ start: Int, _ weight: Int, _ open: OpenCollection) {
    guard weight > 1, let leaf = open.collection.leaf(at: start) else { return }
    let half = weight / 2
    let at = PackedElements(leaf.bytes).offset(ofIndex: half, count: weight)
    open.splitLeaf(at: start, byteOffset: at, weight: half)
  }

  // MARK: Changing

  /// Puts another element in the place of number `index`, which must be there.
  public func set(_ element: Bytes, at index: Int) {
    guard let run = reader?.run(at: index) else { return }
    if isPlain(element) || isPlain(run.elements, run.count) {
      insert(element, at: index)
      return remove(index + 1..<index + 2)
    }
    let at = run.elements.offset(ofIndex: index - run.start, count: run.count)
    let range = at..<run.elements.next(after: at)
    let byteCount = run.elements.end - run.elements.start - range.count + Packed.encodedByteCount(element)
    Packed.withEncoded(element) { encoded in
      if let open = place.openCollection() {
        open.splice(at: index, range, with: encoded)
        if fits(run.count, byteCount) { joinLeaf(at: index, open) } else { halve(run.start, run.count, open) }
      } else if isSmall(run.count, byteCount) {
        place.splice(range, with: encoded, tag: ValueTag.packedList)
      } else {
        let prefix = PackedValue.headerByteCount
        let open = spread()
        open.splice(at: index, range.lowerBound - prefix..<range.upperBound - prefix, with: encoded)
        halve(0, run.count, open)
      }
    }
  }

  /// Removes a range of elements, which must be there.
  public func remove(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    if range.count == count { return place.remove() }
    guard let open = place.openCollection() else { return removeSmall(range) }
    var left = range.count
    while left > 0, let leaf = open.collection.leaf(at: range.lowerBound) {
      let first = range.lowerBound - leaf.start
      let gone = min(left, leaf.weight - first)
      if gone == leaf.weight {
        open.removeLeaf(at: range.lowerBound)
      } else {
        let elements = PackedElements(leaf.bytes)
        let start = elements.offset(ofIndex: first, count: leaf.weight)
        let end = gone == 1 ? elements.next(after: start) : elements.offset(ofIndex: first + gone, count: leaf.weight)
        open.splice(at: range.lowerBound, start..<end, with: Bytes(), weight: -gone)
      }
      left -= gone
    }
    // The leaves on both sides of the cut.
    joinLeaf(at: range.lowerBound - 1, open)
    joinLeaf(at: range.lowerBound, open)
  }

  /// Joins the leaf that holds an element with one beside it, if it has become small enough.
  private func joinLeaf(at index: Int, _ open: OpenCollection) {
    let collection = open.collection
    guard let leaf = collection.leaf(at: index), isSparse(leaf) else { return }
    if let after = collection.leaf(at: leaf.start + leaf.weight), join(leaf, after, open) { return }
    if let before = collection.leaf(at: leaf.start - 1) { _ = join(before, leaf, open) }
  }

  /// Whether it is worth the while to look for a leaf to join this one with.
  private func isSparse(_ leaf: Leaf) -> Bool { fits(4 * leaf.weight, 4 * leaf.bytes.count) }

  /// Makes one leaf of two that stand side by side, if both together fill at most half of one: so many elements have to
  /// go or come before it is joined or cut again that the copying is paid for.
  private func join(_ first: Leaf, _ second: Leaf, _ open: OpenCollection) -> Bool {
    let (weight, byteCount) = (first.weight + second.weight, first.bytes.count + second.bytes.count)
    guard fits(2 * weight, 2 * byteCount), !isPlain(first), !isPlain(second) else { return false }
    let (start, end, moved) = (first.start, first.bytes.count, second.weight)
    // A copy, because what is written must not lie in the sequence.
    let elements = Array(second.bytes)
    open.removeLeaf(at: start + first.weight)
    elements.withBytes { open.splice(at: start, end..<end, with: $0, weight: moved) }
    return true
  }

  private func removeSmall(_ range: Range<Int>) {
    guard let packed = place.entry.flatMap({ PackedValue($0) }) else { return }
    let start = packed.elements.offset(ofIndex: range.lowerBound, count: packed.count)
    let end = packed.elements.offset(ofIndex: range.upperBound, count: packed.count)
    place.splicePacked(
      start..<end, with: Bytes(), count: packed.count - range.count, tag: ValueTag.packedList)
  }

  /// Turns a packed list, which is not empty, into a sequence of one leaf.
  private func spread() -> OpenCollection {
    let entry = place.entry
    let packed = entry.flatMap { PackedValue($0) }
    let count = packed?.count ?? 0
    let elements = packed.map { Array($0.elements.bytes[$0.elements.start..<$0.elements.end]) } ?? []
    let open = place.putCollection(tag: ValueTag.chunkedList, expiry: entry?.expiry)
    if count > 0 { elements.withBytes { open.insertLeaf(at: 0, $0, weight: count) } }
    return open
  }
}
