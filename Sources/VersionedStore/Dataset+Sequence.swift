/// Writes to the sequence of an open collection. All of them find the leaf first, then copy what is sealed on the way
/// down, then change the leaf and the weights above it.
extension Dataset {
  /// Goes down to the leaf that holds the element at `index`; with `index` the weight of all, to the last leaf. Returns
  /// the leaf and the weight of all before it.
  @inline(__always)
  func locateLeaf(_ collection: Collection, _ index: Int) -> (leaf: Blob, start: Int) {
    precondition(index >= 0 && index <= collection.weight, "no such element")
    sequencePath.depth = 0
    guard var object = unsafe collection.sequenceTop else { preconditionFailure("the sequence is empty") }
    var start = 0
    for _ in 0..<collection.height {
      let branch = unsafe Branch(base: object)
      let last = branch.count &- 1
      var at = 0
      while at < last, start &+ branch[at].weight <= index {
        start &+= branch[at].weight
        at &+= 1
      }
      sequencePath.append(branch, at)
      unsafe object = branch[at].object
    }
    return (unsafe Blob(base: object), start)
  }

  /// Copies the branches on the path that are sealed.
  @inline(__always)
  func makeSequencePathWritable(_ home: Home) {
    changeCount &+= 1
    let depth = sequencePath.depth
    if depth > 0, sequencePath[depth &- 1].branch.generation != open { copySequencePath(home) }
  }

  private func copySequencePath(_ home: Home) {
    for level in 0..<sequencePath.depth where sequencePath[level].branch.generation != open {
      replaceBranch(at: level, capacity: Branch.capacity(for: sequencePath[level].branch.count), home)
    }
  }

  /// Puts a copy with another capacity in the place of the branch at `level` of the path.
  func replaceBranch(at level: Int, capacity: Int, _ home: Home) {
    let old = sequencePath[level].branch
    let copy = newBranch(level: old.level, capacity: capacity, home)
    copy.append(old, 0..<old.count)
    sequencePath[level].branch = copy
    unsafe point(at: level, to: copy.base, home)
    bury(old, home)
  }

  func newBranch(level: Int, capacity: Int, _ home: Home) -> Branch {
    let branch = unsafe Branch(base: allocate(Branch.byteCount(capacity: capacity), home))
    branch.start(open, level: level, capacity: capacity)
    return branch
  }

  /// Has what is above `level` of the path point to `object`.
  func point(at level: Int, to object: UnsafeMutableRawPointer, _ home: Home) {
    if level == 0 {
      unsafe home.sequence.header.pointee.sequence = UInt(bitPattern: object)
    } else {
      let step = sequencePath[level - 1]
      unsafe step.branch[step.index].object = object
    }
  }

  /// Adds to the weights of all on the path.
  @inline(__always)
  func addWeight(_ weight: Int, _ home: Home) {
    guard weight != 0 else { return }
    for level in 0..<sequencePath.depth {
      let step = sequencePath[level]
      step.branch.addWeight(weight, at: step.index)
    }
    unsafe home.sequence.header.pointee.weight &+= weight
  }

  /// The leaf with room for `count` bytes, to be written; only its first `kept` bytes are taken over into a copy.
  @inline(__always)
  func writable(_ leaf: Blob, count: Int, kept: Int, _ home: Home) -> Blob {
    let isWasteful = leaf.capacity > 256 && count < leaf.capacity / 4
    if leaf.generation == open, leaf.capacity >= count, !isWasteful { return leaf }
    return copy(leaf, count: count, kept: kept, home)
  }

  private func copy(_ leaf: Blob, count: Int, kept: Int, _ home: Home) -> Blob {
    precondition(count <= Blob.countLimit, "a leaf is too long")
    let copy = newBlob(count: kept, capacity: max(count, 1), home)
    copy.mutableBytes.replace(at: 0, with: leaf.bytes[0..<kept])
    unsafe point(at: sequencePath.depth, to: copy.base, home)
    return copy
  }

  /// See `OpenCollection.splice`.
  @inline(__always)
  func splice(_ home: Home, _ index: Int, _ range: Range<Int>, with bytes: Bytes, weight: Int) {
    let old = locateLeaf(home.sequence, index).leaf
    makeSequencePathWritable(home)
    let count = old.count
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
    let newCount = count &- range.count &+ bytes.count
    let leaf = writable(old, count: newCount, kept: min(range.lowerBound, newCount), home)
    let tail = old.bytes[range.upperBound..<count]
    leaf.count = newCount
    leaf.mutableBytes.replace(at: range.lowerBound &+ bytes.count, moving: tail)
    leaf.mutableBytes.replace(at: range.lowerBound, with: bytes)
    if unsafe leaf.base != old.base { bury(old, home) }
    addWeight(weight, home)
  }

  /// See `OpenCollection.editLeaf`.
  func editLeaf(_ home: Home, _ index: Int) -> MutableBytes {
    let old = locateLeaf(home.sequence, index).leaf
    makeSequencePathWritable(home)
    let leaf = writable(old, count: old.count, kept: old.count, home)
    if unsafe leaf.base != old.base { bury(old, home) }
    return leaf.mutableBytes
  }

  /// Makes what is above `level` of the path know the weights and keys below it again.
  func refreshSequence(above level: Int) {
    var level = level
    while level > 0 {
      let branch = sequencePath[level].branch
      let step = sequencePath[level - 1]
      step.branch[step.index].weight = branch.weight
      step.branch[step.index].key = branch[0].key
      level -= 1
    }
  }
}

extension Home {
  /// The collection whose sequence is written.
  @inline(__always)
  var sequence: Collection { unsafe trie.unsafelyUnwrapped }
}

extension MutableBytes {
  /// Copies `source`, which may overlap, to `offset`.
  @inline(__always)
  func replace(at offset: Int, moving source: Bytes) {
    precondition(offset >= 0 && offset <= count - source.count, "byte range out of range")
    guard source.count > 0, let from = unsafe source.base else { return }
    unsafe (base + offset).copyMemory(from: from, byteCount: source.count)
  }
}
