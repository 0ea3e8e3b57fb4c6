/// Leaves that come and go in the sequence of an open collection, and the branches above them.
extension Dataset {
  /// See `OpenCollection.insertLeaf`.
  func insertLeaf(_ home: Home, at index: Int, _ bytes: Bytes, weight: Int, key: UInt64) {
    precondition(weight > 0, "a leaf without weight cannot be found")
    let leaf = newBlob(count: bytes.count, capacity: max(bytes.count, 1), home)
    leaf.mutableBytes.replace(at: 0, with: bytes)
    let slot = unsafe Branch.Slot(object: leaf.base, weight: weight, key: key)
    let collection = home.sequence
    guard unsafe collection.sequenceTop != nil else {
      precondition(index == 0, "no such element")
      changeCount &+= 1
      unsafe collection.header.pointee.sequence = UInt(bitPattern: leaf.base)
      unsafe collection.header.pointee.weight = weight
      unsafe collection.header.pointee.soleKey = key
      return
    }
    let isLast = index == collection.weight
    let start = locateLeaf(collection, index).start
    precondition(isLast || start == index, "a leaf does not begin here")
    makeSequencePathWritable(home)
    if collection.height == 0 { raise(home) }
    insert(slot, after: isLast, home)
    unsafe collection.header.pointee.weight += weight
  }

  /// Puts a branch above the sole top of the sequence; the path leads through it.
  private func raise(_ home: Home) {
    let collection = home.sequence
    guard let top = unsafe collection.sequenceTop else { preconditionFailure("the sequence is empty") }
    let height = collection.height
    let branch = newBranch(level: height, capacity: Branch.capacity(for: 2), home)
    let key = unsafe height == 0 ? collection.header.pointee.soleKey : Branch(base: top)[0].key
    unsafe branch.insert(.init(object: top, weight: collection.weight, key: key), at: 0)
    unsafe collection.header.pointee.sequence = UInt(bitPattern: branch.base)
    unsafe collection.header.pointee.height += 1
    sequencePath.pushFront(branch)
  }

  /// Puts a slot beside the end of the path, in the lowest branch.
  func insert(_ slot: Branch.Slot, after: Bool, _ home: Home) {
    var slot = slot
    var level = sequencePath.depth - 1
    var place = sequencePath[level].index + (after ? 1 : 0)
    while sequencePath[level].branch.count == Branch.limit {
      if level == 0 {
        raise(home)
        level = 1
      }
      slot = divide(level, slot, place, home)
      level -= 1
      place = sequencePath[level].index + 1
    }
    let branch = sequencePath[level].branch
    if branch.count == branch.capacity {
      replaceBranch(at: level, capacity: Branch.capacity(for: branch.count + 1), home)
    }
    sequencePath[level].branch.insert(slot, at: place)
    refreshSequence(above: level)
  }

  /// Cuts a full branch in two to make room for a slot at `place`. Returns the slot of the second part. What is appended
  /// leaves the first part full.
  private func divide(_ level: Int, _ slot: Branch.Slot, _ place: Int, _ home: Home) -> Branch.Slot {
    let old = sequencePath[level].branch
    let cut = place == old.count ? old.count : old.count / 2
    let moved = old.count - cut
    let second = newBranch(level: old.level, capacity: Branch.capacity(for: moved + 1), home)
    second.append(old, cut..<old.count)
    old.count = cut
    if place >= cut, moved == 0 || place > cut {
      second.insert(slot, at: place - cut)
    } else {
      old.insert(slot, at: place)
    }
    let step = sequencePath[level - 1]
    step.branch[step.index].weight = old.weight
    step.branch[step.index].key = old[0].key
    return unsafe Branch.Slot(object: second.base, weight: second.weight, key: second[0].key)
  }

  /// See `OpenCollection.removeLeaf`.
  func removeLeaf(_ home: Home, at index: Int) {
    let collection = home.sequence
    precondition(index < collection.weight, "no such element")
    let leaf = locateLeaf(collection, index).leaf
    makeSequencePathWritable(home)
    bury(leaf, home)
    guard collection.height > 0 else {
      unsafe collection.header.pointee.sequence = 0
      unsafe collection.header.pointee.weight = 0
      return
    }
    var level = sequencePath.depth - 1
    unsafe collection.header.pointee.weight -= sequencePath[level].branch[sequencePath[level].index].weight
    while true {
      let step = sequencePath[level]
      step.branch.remove(at: step.index)
      guard step.branch.count == 0 else { break }
      bury(step.branch, home)
      guard level > 0 else { return clearSequence(collection) }
      level -= 1
    }
    refreshSequence(above: level)
    mergeBranches(level, home)
    lower(home)
  }

  private func clearSequence(_ collection: Collection) {
    unsafe collection.header.pointee.sequence = 0
    unsafe collection.header.pointee.weight = 0
    unsafe collection.header.pointee.height = 0
  }

  /// Joins a branch that has become small with the one beside it, upwards as far as that goes.
  private func mergeBranches(_ lowest: Int, _ home: Home) {
    var level = lowest
    while level > 0, sequencePath[level].branch.count <= Branch.limit / 4 {
      let step = sequencePath[level - 1]
      let first = step.index + 1 < step.branch.count ? step.index : step.index - 1
      guard first >= 0 else { return }
      let left = unsafe Branch(base: step.branch[first].object)
      let right = unsafe Branch(base: step.branch[first + 1].object)
      guard left.count + right.count <= Branch.limit * 3 / 4 else { return }
      let joined = newBranch(level: left.level, capacity: Branch.capacity(for: left.count + right.count), home)
      joined.append(left, 0..<left.count)
      joined.append(right, 0..<right.count)
      unsafe step.branch[first] = .init(object: joined.base, weight: joined.weight, key: joined[0].key)
      step.branch.remove(at: first + 1)
      bury(left, home)
      bury(right, home)
      level -= 1
    }
  }

  /// Takes branches with a single child off the top.
  private func lower(_ home: Home) {
    let collection = home.sequence
    while collection.height > 0, let top = unsafe collection.sequenceTop {
      let branch = unsafe Branch(base: top)
      guard branch.count == 1 else { return }
      unsafe collection.header.pointee.sequence = UInt(bitPattern: branch[0].object)
      unsafe collection.header.pointee.soleKey = branch[0].key
      unsafe collection.header.pointee.height -= 1
      bury(branch, home)
    }
  }

  /// See `OpenCollection.splitLeaf`.
  func splitLeaf(_ home: Home, at index: Int, byteOffset: Int, weight: Int, key: UInt64) {
    let collection = home.sequence
    let old = locateLeaf(collection, index).leaf
    makeSequencePathWritable(home)
    if collection.height == 0 { raise(home) }
    let step = sequencePath[sequencePath.depth - 1]
    let whole = step.branch[step.index].weight
    precondition(weight > 0 && weight < whole && byteOffset >= 0 && byteOffset <= old.count, "a leaf is cut badly")
    let rest = old.bytes[byteOffset..<old.count]
    let second = newBlob(count: rest.count, capacity: max(rest.count, 1), home)
    second.mutableBytes.replace(at: 0, with: rest)
    let first = newBlob(count: byteOffset, capacity: max(byteOffset, 1), home)
    first.mutableBytes.replace(at: 0, with: old.bytes[0..<byteOffset])
    unsafe step.branch[step.index].object = first.base
    step.branch[step.index].weight = weight
    bury(old, home)
    refreshSequence(above: sequencePath.depth - 1)
    unsafe insert(.init(object: second.base, weight: whole - weight, key: key), after: true, home)
  }
}
