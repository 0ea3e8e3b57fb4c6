internal import CJemalloc

/// One trie node: a 16-byte header, then one word for each bucket that is taken, in one allocation.
///
///     | generation: 48 bits | capacity: u8 | kind: u8 | bitmap: u32 | expiring: u32 | child: u64 × capacity |
///
/// `bitmap` says which of the 32 buckets are taken, `expiring` under which of them something has a time to live; the
/// children stand in bucket order. Capacities are those that fill the allocator's size classes.
///
/// A *collision node* stands below the last level, for keys whose whole hash is the same: its children are entries in no
/// order, `bitmap` is their number, and `expiring` is twice the capacity, plus 1 if any of them has a time to live.
///
/// Owns nothing and retains nothing; good until its version is reclaimed. 32-way, after Bagwell, "Ideal Hash Trees", 2001.
@safe
struct Node: BitwiseCopyable {
  struct Header: BitwiseCopyable {
    var stamp: Stamp
    var bitmap: UInt32
    var expiring: UInt32
  }

  let base: UnsafeMutableRawPointer

  @inline(__always)
  private var header: UnsafeMutablePointer<Header> { unsafe base.assumingMemoryBound(to: Header.self) }
  @inline(__always)
  private var children: UnsafeMutablePointer<UInt> {
    unsafe (base + MemoryLayout<Header>.size).assumingMemoryBound(to: UInt.self)
  }

  @inline(__always)
  var stamp: Stamp { unsafe header.pointee.stamp }
  @inline(__always)
  var generation: Generation { stamp.generation }
  @inline(__always)
  var isCollision: Bool { stamp.kind == .collision }
  @inline(__always)
  var capacity: Int { isCollision ? Int(expiring &>> 1) : Int(stamp.detail) }
  @inline(__always)
  var byteCount: Int { Self.byteCount(capacity: capacity) }

  var bitmap: UInt32 {
    @inline(__always) get { unsafe header.pointee.bitmap }
    @inline(__always) nonmutating set { unsafe header.pointee.bitmap = newValue }
  }
  var expiring: UInt32 {
    @inline(__always) get { unsafe header.pointee.expiring }
    @inline(__always) nonmutating set { unsafe header.pointee.expiring = newValue }
  }

  /// Whether something with a time to live is below.
  @inline(__always)
  var expires: Bool { (isCollision ? expiring & 1 : expiring) != 0 }

  /// The number of children.
  @inline(__always)
  var count: Int { isCollision ? Int(bitmap) : bitmap.nonzeroBitCount }

  /// Where the child of `bucket` stands, or would stand, among the children.
  @inline(__always)
  func index(of bucket: UInt32) -> Int { (bitmap & ((1 &<< bucket) &- 1)).nonzeroBitCount }

  @inline(__always)
  func slot(_ index: Int) -> Slot {
    assert(index < capacity)
    return unsafe Slot(address: children + index)
  }

  subscript(index: Int) -> Child {
    @inline(__always) get { slot(index).child }
    @inline(__always) nonmutating set { slot(index).child = newValue }
  }

  /// The child under `bucket`, or none.
  @inline(__always)
  func child(under bucket: UInt32) -> Child {
    bitmap & (1 &<< bucket) == 0 ? .none : self[index(of: bucket)]
  }

  /// Asks for the cache line in which the child of `bucket` stands, if there is one.
  @inline(__always)
  func prefetchSlot(of bucket: UInt32) { unsafe cambium_prefetch(children + index(of: bucket)) }

  /// Makes room at `index` and puts `child` there; there must be room.
  func insert(_ child: Child, at index: Int, of count: Int) {
    assert(count < capacity && index <= count)
    unsafe (children + index + 1).update(from: children + index, count: count - index)
    self[index] = child
  }

  /// Closes the gap that the child at `index` leaves.
  func removeChild(at index: Int, of count: Int) {
    unsafe (children + index).update(from: children + index + 1, count: count - index - 1)
  }

  /// Writes the header of a new, empty node.
  func start(_ generation: Generation, capacity: Int) {
    let stamp = Stamp(generation, .node, detail: UInt8(capacity))
    unsafe header.initialize(to: Header(stamp: stamp, bitmap: 0, expiring: 0))
  }

  /// Writes the header of a new, empty collision node.
  func startCollision(_ generation: Generation, capacity: Int) {
    unsafe header.initialize(
      to: Header(stamp: Stamp(generation, .collision), bitmap: 0, expiring: UInt32(capacity) << 1))
  }

  /// Takes over all that `other` holds; there must be room.
  func copyContent(of other: Node) {
    assert(other.count <= capacity && other.isCollision == isCollision)
    bitmap = other.bitmap
    expiring = isCollision ? expiring & ~1 | other.expiring & 1 : other.expiring
    unsafe children.update(from: other.children, count: other.count)
  }

  // MARK: Capacities

  static func byteCount(capacity: Int) -> Int { MemoryLayout<Header>.size + capacity * MemoryLayout<UInt>.size }

  /// The smallest capacity class with room for `count` children.
  static func capacity(for count: Int) -> Int {
    let byteCount = SizeClass.round(byteCount(capacity: max(count, 2)))
    let words = (byteCount - MemoryLayout<Header>.size) / MemoryLayout<UInt>.size
    return count > 32 ? words : min(words, 32)
  }
}

/// The five bits of a hash that choose the bucket at `level`; level 0 takes the lowest. Level 12 has only four.
@inline(__always)
func bucket(of hash: UInt64, at level: Int) -> UInt32 {
  UInt32(truncatingIfNeeded: hash &>> UInt64(truncatingIfNeeded: 5 &* level)) & 31
}

/// Levels 0 to 12 use up the 64 bits of a hash; a collision node stands at level 13.
let levelCount = 13
