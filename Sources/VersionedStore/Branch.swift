/// An inner node of a sequence: the tops of up to 32 subtrees, with what they weigh and the order of their first elements.
///
///     | generation: 48 bits | level: u8 | kind: u8 | count: u16 | capacity: u16 | 0: u32 |
///     | (subtree: u64, weight: u64, key: u64) × capacity |
///
/// The children of level 0 are leaves, which are blobs.
@safe
struct Branch: BitwiseCopyable {
  @safe
  struct Slot: BitwiseCopyable {
    var object: UnsafeMutableRawPointer
    var weight: Int
    var key: UInt64
  }

  static let limit = 32

  let base: UnsafeMutableRawPointer

  @inline(__always)
  var stamp: Stamp { unsafe base.load(as: Stamp.self) }
  @inline(__always)
  var generation: Generation { stamp.generation }
  var level: Int { Int(stamp.detail) }
  var count: Int {
    @inline(__always) get { Int(unsafe base.load(fromByteOffset: 8, as: UInt16.self)) }
    nonmutating set { unsafe base.storeBytes(of: UInt16(newValue), toByteOffset: 8, as: UInt16.self) }
  }
  var capacity: Int { Int(unsafe base.load(fromByteOffset: 10, as: UInt16.self)) }
  var byteCount: Int { Self.byteCount(capacity: capacity) }

  static func byteCount(capacity: Int) -> Int { 16 + capacity * MemoryLayout<Slot>.stride }

  /// The capacity that fills the size class of `count` children.
  static func capacity(for count: Int) -> Int {
    min((SizeClass.round(byteCount(capacity: count)) - 16) / MemoryLayout<Slot>.stride, limit)
  }

  @inline(__always)
  private var slots: UnsafeMutablePointer<Slot> { unsafe (base + 16).assumingMemoryBound(to: Slot.self) }

  subscript(index: Int) -> Slot {
    @inline(__always) get {
      assert(index < count)
      return unsafe slots[index]
    }
    nonmutating set {
      assert(index < count)
      unsafe slots[index] = newValue
    }
  }

  var weight: Int { (0..<count).reduce(0) { $0 + self[$1].weight } }

  @inline(__always)
  func addWeight(_ weight: Int, at index: Int) { unsafe slots[index].weight &+= weight }

  func start(_ generation: Generation, level: Int, capacity: Int) {
    unsafe base.storeBytes(of: Stamp(generation, .branch, detail: UInt8(level)), as: Stamp.self)
    unsafe base.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    unsafe base.storeBytes(of: UInt16(capacity), toByteOffset: 10, as: UInt16.self)
  }

  func insert(_ slot: Slot, at index: Int) {
    assert(count < capacity && index <= count)
    unsafe (slots + index + 1).update(from: slots + index, count: count - index)
    unsafe slots[index] = slot
    count += 1
  }

  func remove(at index: Int) {
    unsafe (slots + index).update(from: slots + index + 1, count: count - index - 1)
    count -= 1
  }

  /// Appends children of another branch; there must be room.
  func append(_ other: Branch, _ range: Range<Int>) {
    assert(count + range.count <= capacity)
    unsafe (slots + count).update(from: other.slots + range.lowerBound, count: range.count)
    count += range.count
  }
}

/// The way that the last search took down a sequence. One for each dataset.
@safe
struct SequencePath {
  struct Step: BitwiseCopyable {
    var branch: Branch
    var index: Int
  }

  /// With at least two children in nearly every branch, more than any memory holds.
  static let limit = 64
  private let steps: UnsafeMutablePointer<Step>
  var depth = 0

  init() { unsafe steps = .allocate(capacity: Self.limit) }

  func deallocate() { unsafe steps.deallocate() }

  @inline(__always)
  mutating func append(_ branch: Branch, _ index: Int) {
    precondition(depth < Self.limit)
    unsafe steps[depth] = Step(branch: branch, index: index)
    depth &+= 1
  }

  /// Puts a branch, on the way at its first child, above all others.
  mutating func pushFront(_ branch: Branch) {
    precondition(depth < Self.limit)
    unsafe (steps + 1).update(from: steps, count: depth)
    unsafe steps[0] = Step(branch: branch, index: 0)
    depth += 1
  }

  @inline(__always)
  subscript(level: Int) -> Step {
    get {
      assert(level < depth)
      return unsafe steps[level]
    }
    nonmutating set { unsafe steps[level] = newValue }
  }
}
