internal import CJemalloc

/// Up to 32 lookups that go down the trie in lockstep, so that their cache misses overlap: each step asks for the next
/// node of every key before it looks at the first. One million keys: 71 ns a lookup, where one after the other takes 400
/// to 520.
///
/// A lookup of a batch finds the entry and has it in the cache; what it found holds until the next write.
///
/// Where the value is a collection, the lookup of a member in its trie may go ahead in the same way: `prepareMembers`, then
/// `appendMember` for each, then `descendMembers`. That one only brings memory into the cache; it answers nothing.
///
/// A handle, as `ByteQueue`; whoever made it calls `deallocate` once.
@safe
public struct ProbeBatch {
  public static let capacity = 32
  /// Lookups of members that may go ahead for each lookup of a key.
  public static let membersPerKey = 4

  private struct Probe: BitwiseCopyable {
    var hash: UInt64
    var rest: UInt64
    var child: Child
  }

  private let probes: UnsafeMutablePointer<Probe>
  private let members: UnsafeMutablePointer<Probe>
  /// How many there are of the ones and the others.
  private let used: UnsafeMutablePointer<(Int, Int)>

  public init() {
    unsafe probes = .allocate(capacity: Self.capacity)
    unsafe members = .allocate(capacity: Self.capacity * Self.membersPerKey)
    unsafe used = .allocate(capacity: 1)
    unsafe used.initialize(to: (0, 0))
  }

  public func deallocate() {
    unsafe probes.deallocate()
    unsafe members.deallocate()
    unsafe used.deallocate()
  }

  @inline(__always)
  public var count: Int { unsafe used.pointee.0 }

  public func removeAll() { unsafe used.pointee = (0, 0) }

  /// Adds a lookup; there must be room. Returns its number.
  @inline(__always)
  public func append(_ root: Root, _ database: Int, _ hash: UInt64) {
    precondition(count < Self.capacity)
    let child = root.child(database)
    if child.word != 0 { child.prefetch() }
    unsafe probes[count] = Probe(hash: hash, rest: hash, child: child)
    unsafe used.pointee.0 &+= 1
  }

  /// The hash of the key that was added as number `index`.
  @inline(__always)
  public func hash(_ index: Int) -> UInt64 {
    precondition(index < count)
    return unsafe probes[index].hash
  }

  /// Takes all lookups down to their entries, which are in the cache, or on the way to it, afterwards.
  public func descend() { unsafe Self.descend(probes, count) }

  @inline(__always)
  private static func descend(_ probes: UnsafeMutablePointer<Probe>, _ count: Int) {
    var moving = true
    while moving {
      moving = false
      for index in 0..<count {
        let probe = unsafe probes + index
        let child = unsafe probe.pointee.child
        guard child.word & 3 == 0, child.word != 0 else { continue }
        let node = child.node
        let bit: UInt32 = unsafe 1 &<< UInt32(truncatingIfNeeded: probe.pointee.rest & 31)
        let bitmap = node.bitmap
        let next = bitmap & bit == 0 ? Child.none : node[(bitmap & (bit &- 1)).nonzeroBitCount]
        unsafe probe.pointee.child = next
        unsafe probe.pointee.rest &>>= 5
        if next.isEntry { next.entry.prefetch() } else if next.word != 0 { next.prefetch() }
        moving = true
      }
    }
  }

  /// After `descend`: asks for what stands outside of the entry that lookup `index` came to.
  @inline(__always)
  public func prepareMembers(_ index: Int) {
    precondition(index < count)
    let child = unsafe probes[index].child
    if child.isEntry, child.entry.form == .object { unsafe cambium_prefetch(child.entry.object) }
  }

  /// Adds the lookup of a member, whose hash is asked for if it is needed, in the collection that lookup `index` came to.
  @inline(__always)
  public func appendMember(_ index: Int, _ hash: () -> UInt64) {
    let number = unsafe used.pointee.1
    precondition(index < count && number < Self.capacity * Self.membersPerKey)
    let child = unsafe probes[index].child
    // The key is not compared: whatever stands there may be asked for.
    guard child.isEntry, let root = child.entry.collection?.root, root.word != 0 else { return }
    root.prefetch()
    let hash = hash()
    unsafe members[number] = Probe(hash: hash, rest: hash, child: root)
    unsafe used.pointee.1 &+= 1
  }

  /// Takes the lookups of members down to their entries.
  public func descendMembers() { unsafe Self.descend(members, used.pointee.1) }

  /// The entry that lookup `index` found, if the dataset was not written since: its key must still be compared.
  @inline(__always)
  public func find(_ index: Int, _ key: Bytes) -> Entry? {
    precondition(index < count)
    let child = unsafe probes[index].child
    if child.isEntry { return child.entry.hasKey(key) ? child.entry : nil }
    return child.isEmpty ? nil : child.find(key, 0)
  }
}
