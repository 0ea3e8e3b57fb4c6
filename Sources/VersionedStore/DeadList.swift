/// The objects of a parent version that one of its children (a version, or the open head) no longer holds.
///
/// The list is kept in parts by birth, as ZFS keeps its dead lists: the part with key `k` holds what was born in the
/// generations up to `k` and after the next lower key, and the keys are the generations of the ancestor versions. So
/// dropping a version takes the parts it needs without looking at the others, and what a version alone holds is a sum
/// over a few parts. There are no parts for births of which the owner held nothing. When a version is dropped, the parts
/// that only it told apart become one in the lists of its descendants.
///
/// An item is the address of one object, or of the top of a subtree that left as a whole (`deep`).
final class DeadList {
  /// Objects born at or before this generation belong to the owner's parent version.
  var floor: Generation
  /// Ascending.
  private(set) var keys: [Generation]
  /// Bytes of each part. Those of a deep item are booked when it is buried, by what its database held.
  private(set) var byteCounts: [Int]
  private var parts: [Part]
  private var successor: DeadList?
  private var isDiscarded = false

  init(floor: Generation, keys: [Generation]) {
    self.floor = floor
    self.keys = keys
    byteCounts = Array(repeating: 0, count: keys.count)
    parts = Array(repeating: Part(), count: keys.count)
  }

  /// Items in blocks, so that merging two parts moves blocks and not items.
  struct Part {
    private(set) var full: [ContiguousArray<Item>] = []
    private(set) var open: ContiguousArray<Item> = []

    var isEmpty: Bool { full.isEmpty && open.isEmpty }
    var blocks: [ContiguousArray<Item>] { open.isEmpty ? full : full + [open] }

    @inline(__always)
    mutating func append(_ item: Item) {
      open.append(item)
      if open.count == 4096 {
        full.append(open)
        open = []
      }
    }

    mutating func absorb(_ other: Part) {
      if isEmpty { self = other } else { full += other.blocks }
    }
  }

  /// The address of an object, marked if all below it is meant too.
  @safe
  struct Item: BitwiseCopyable {
    let word: UInt

    @inline(__always)
    init(_ object: UnsafeMutableRawPointer, deep: Bool) { word = UInt(bitPattern: object) | (deep ? 1 : 0) }

    var isDeep: Bool { word & 1 != 0 }
    var object: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(bitPattern: word & ~1)! }
  }

  /// The part for objects born at `birth`: most are young, so the search begins there.
  @inline(__always)
  func index(of birth: Generation) -> Int {
    var index = keys.count - 1
    if index > 0 && birth <= keys[index - 1] {
      var low = 0
      index -= 1
      while low < index {
        let middle = (low + index) / 2
        if keys[middle] < birth { low = middle + 1 } else { index = middle }
      }
    }
    return index
  }

  @inline(__always)
  func append(_ item: Item, at index: Int) { parts[index].append(item) }

  /// Takes in an object and books its bytes. Returns the number of its part. In one call, since each use of the list from
  /// outside would count a reference.
  @inline(never)
  func bury(_ item: Item, birth: Generation, byteCount: Int) -> Int {
    let index = index(of: birth)
    parts[index].append(item)
    byteCounts[index] += byteCount
    return index
  }

  /// Takes in what a subtree left over, booked when the subtree was buried.
  func appendLate(_ item: Item, birth: Generation) {
    assert(isDiscarded || keys.last.map { birth <= $0 } ?? false, "nothing of this birth was booked")
    if !isDiscarded { parts[index(of: birth)].append(item) }
  }

  @inline(__always)
  func book(_ byteCount: Int, at index: Int) { byteCounts[index] += byteCount }

  /// Takes out the parts with keys in `range`, which excludes its lower and includes its upper end.
  func extract(after lower: Generation, through upper: Generation) -> [ContiguousArray<Item>] {
    let range = keys.indices.filter { keys[$0] > lower && keys[$0] <= upper }
    var blocks: [ContiguousArray<Item>] = []
    for index in range {
      blocks += parts[index].blocks
      parts[index] = Part()
      byteCounts[index] = 0
    }
    return blocks
  }

  /// Takes over the list of a version that was dropped between its parent and this list's owner. What is still to come
  /// for that list comes here. `inserted` is told where a part is put in that was not there.
  func absorb(_ other: DeadList, inserted: (Int) -> Void) {
    var at = 0
    for (index, key) in other.keys.enumerated() where other.byteCounts[index] != 0 || !other.parts[index].isEmpty {
      while at < keys.count, keys[at] < key { at += 1 }
      if at == keys.count || keys[at] != key {
        keys.insert(key, at: at)
        byteCounts.insert(0, at: at)
        parts.insert(Part(), at: at)
        inserted(at)
      }
      byteCounts[at] += other.byteCounts[index]
      parts[at].absorb(other.parts[index])
    }
    other.parts = []
    other.successor = self
  }

  /// Makes the parts with keys after `lower` and up to and with `upper` one, `upper`. Returns the numbers that they had.
  func coalesce(after lower: Generation, through upper: Generation) -> Range<Int> {
    guard let first = keys.firstIndex(where: { $0 > lower }), keys[first] <= upper else { return 0..<0 }
    let end = keys.firstIndex { $0 > upper } ?? keys.count
    for index in first + 1..<max(end, first + 1) {
      parts[first].absorb(parts[index])
      byteCounts[first] += byteCounts[index]
    }
    keys.replaceSubrange(first..<end, with: CollectionOfOne(upper))
    byteCounts.removeSubrange(first + 1..<end)
    parts.removeSubrange(first + 1..<end)
    return first..<end
  }

  /// Removes the last part, which must be empty.
  func removeLastKey() {
    assert(parts[parts.count - 1].isEmpty)
    keys.removeLast()
    byteCounts.removeLast()
    parts.removeLast()
  }

  /// The owner is gone, and its parent version holds all that is listed here.
  func discard() {
    parts = Array(repeating: Part(), count: keys.count)
    isDiscarded = true
  }

  /// The list that items meant for this one belong to now.
  var current: DeadList {
    var list = self
    while let next = list.successor { list = next }
    return list
  }

  /// All items, for the invariant checks.
  var items: [Item] { parts.flatMap { $0.blocks.flatMap { $0 } } }
}
