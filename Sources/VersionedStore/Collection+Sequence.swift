/// One leaf of a sequence.
@safe
public struct Leaf {
  /// What the leaf holds; good as long as the collection it was found in.
  public let bytes: Bytes
  /// The weight of all leaves before it.
  public let start: Int
  /// What it counts for: its elements, or its bytes.
  public let weight: Int
  /// The order of its first element, as it was given.
  public let key: UInt64
}

/// A counted B+tree of packed leaves, to be read. Its state is where it was asked: the next leaf is found from the root
/// again, which takes three or four steps, and a walk has no stack to keep.
extension Collection {
  @inline(__always)
  var height: Int { Int(unsafe header.pointee.height) }
  @inline(__always)
  var sequenceTop: UnsafeMutableRawPointer? { unsafe UnsafeMutableRawPointer(bitPattern: header.pointee.sequence) }

  /// The leaf that holds the element at `index`, 0 up to `weight`; nil outside. The next leaf is the one at
  /// `leaf.start + leaf.weight`, the one before it at `leaf.start - 1`.
  @inline(__always)
  public func leaf(at index: Int) -> Leaf? {
    guard index >= 0, index < weight, var object = unsafe sequenceTop else { return nil }
    var (start, weight, key) = unsafe (0, self.weight, header.pointee.soleKey)
    for _ in 0..<height {
      let branch = unsafe Branch(base: object)
      var at = 0
      while start &+ branch[at].weight <= index {
        start &+= branch[at].weight
        at &+= 1
      }
      let slot = branch[at]
      unsafe object = slot.object
      weight = slot.weight
      key = slot.key
    }
    return Leaf(bytes: unsafe Blob(base: object).bytes, start: start, weight: weight, key: key)
  }

  /// The leaf in which something with the order `key` belongs: the last whose first element stands at or before it, or
  /// the first leaf if there is none such; nil if the sequence is empty. Leaves are compared by the `key` that they were
  /// given; where that is equal, `isAtOrBefore` is asked, with the leaf's bytes, whether its first element stands at or
  /// before what is looked for.
  @inline(__always)
  public func leaf(key: UInt64, isAtOrBefore: (Bytes) -> Bool) -> Leaf? {
    guard var object = unsafe sequenceTop else { return nil }
    var (start, weight, leafKey) = unsafe (0, self.weight, header.pointee.soleKey)
    for _ in 0..<height {
      let branch = unsafe Branch(base: object)
      // The first that stands behind; the one at 0 is taken in any case.
      var (low, high) = (1, branch.count)
      while low < high {
        let middle = (low &+ high) / 2
        let slot = branch[middle]
        if slot.key < key || slot.key == key && isAtOrBefore(slot.firstLeaf(below: branch.level)) {
          low = middle &+ 1
        } else {
          high = middle
        }
      }
      for index in 0..<low &- 1 { start &+= branch[index].weight }
      let slot = branch[low &- 1]
      unsafe object = slot.object
      weight = slot.weight
      leafKey = slot.key
    }
    return Leaf(bytes: unsafe Blob(base: object).bytes, start: start, weight: weight, key: leafKey)
  }
}

extension Branch.Slot {
  /// The bytes of the first leaf below a slot of a branch at `level`.
  @inline(__always)
  fileprivate func firstLeaf(below level: Int) -> Bytes {
    var object = unsafe object
    for _ in 0..<level { unsafe object = unsafe Branch(base: object)[0].object }
    return unsafe Blob(base: object).bytes
  }
}
