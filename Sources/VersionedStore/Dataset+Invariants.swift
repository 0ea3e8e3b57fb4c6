/// Checks that cost a walk over everything; the tests run them after every step of a random history.
extension Dataset {
  /// What is wrong, in words; empty if all is well. The reclaimer must be idle.
  public func invariantViolations() -> [String] {
    guard reclaimer.isIdle else { return ["objects wait to be freed"] }
    var violations: [String] = []
    var reachable: [UInt: InvariantChecker.Object] = [:]
    if isOpen {
      var checker = InvariantChecker(hashKey: hashKey)
      checker.check(root, "head")
      checker.compare(referencedBytes, checker.byteCount, "bytes of the head")
      violations += checker.violations
      reachable = checker.objects
    }
    let tree = currentTree()
    for (number, version) in sealed {
      var checker = InvariantChecker(hashKey: hashKey)
      checker.check(version.root, "version \(number)")
      checker.compare(tree[number].held.total, checker.byteCount, "referenced bytes of version \(number)")
      let floor = tree.floor(of: number)
      let written = checker.objects.values.reduce(0) { $0 + ($1.birth > floor ? $1.byteCount : 0) }
      checker.compare(tree.written(number), written, "written bytes of version \(number)")
      checkUnique(number, tree, &checker)
      violations += checker.violations
      reachable.merge(checker.objects) { first, _ in first }
    }
    let byteCount = reachable.values.reduce(0) { $0 + $1.byteCount }
    if byteCount != arena.allocatedBytes {
      violations.append("\(arena.allocatedBytes) bytes are allocated, \(byteCount) can be reached")
    }
    if reachable.count != arena.objectCount {
      violations.append("\(arena.objectCount) objects are allocated, \(reachable.count) can be reached")
    }
    return violations
  }

  private func checkUnique(
    _ number: Int, _ tree: VersionTree, _ checker: inout InvariantChecker
  ) {
    guard tree[number].children <= 1 else { return }
    var others: Set<UInt> = []
    for (other, version) in sealed where other != number {
      var walk = InvariantChecker(hashKey: hashKey)
      walk.check(version.root, "version \(other)")
      others.formUnion(walk.objects.keys)
    }
    if isOpen {
      var walk = InvariantChecker(hashKey: hashKey)
      walk.check(root, "head")
      others.formUnion(walk.objects.keys)
    }
    let unique = checker.objects.reduce(0) { others.contains($1.key) ? $0 : $0 + $1.value.byteCount }
    checker.compare(tree.unique(number), unique, "unique bytes of version \(number)")
  }
}

/// Walks one version and holds every object against the rules.
struct InvariantChecker {
  struct Object {
    var birth: Generation
    var byteCount: Int
  }

  let hashKey: HashKey
  var violations: [String] = []
  /// Every object met, by address.
  var objects: [UInt: Object] = [:]

  init(hashKey: HashKey) { self.hashKey = hashKey }

  var byteCount: Int { objects.values.reduce(0) { $0 + $1.byteCount } }

  mutating func compare(_ booked: Int, _ counted: Int, _ what: String) {
    if booked != counted { violations.append("\(what): \(booked) booked, \(counted) counted") }
  }

  mutating func check(_ root: RootBlock, _ what: String) {
    meet(unsafe UInt(bitPattern: root.base), root.generation, root.byteCount, parent: root.generation)
    for database in 0..<root.databaseCount {
      let child = root.slot(database).child
      var (keys, expiring) = (0, 0)
      check(child, parent: root.generation, level: 0, prefix: 0, &keys, &expiring)
      compare(root[database].keys, keys, "\(what): keys of database \(database)")
      compare(root[database].expiring, expiring, "\(what): expiring keys of database \(database)")
    }
  }

  private mutating func meet(_ address: UInt, _ birth: Generation, _ byteCount: Int, parent: Generation) {
    if objects.updateValue(Object(birth: birth, byteCount: SizeClass.round(byteCount)), forKey: address) != nil {
      violations.append("an object has two parents")
    }
    if birth > parent { violations.append("an object is younger than its parent") }
  }

  private mutating func check(
    _ child: Child, parent: Generation, level: Int, prefix: UInt64, _ keys: inout Int, _ expiring: inout Int
  ) {
    if child.isEmpty { return }
    if child.isEntry {
      let entry = child.entry
      meet(unsafe UInt(bitPattern: entry.base), entry.generation, entry.byteCount, parent: parent)
      if let collection = entry.collection {
        check(collection, parent: entry.generation)
      } else if entry.form == .object {
        check(entry.blob, parent: entry.generation)
      }
      let mask = level >= levelCount ? UInt64.max : (1 << UInt64(5 * level)) - 1
      if hashKey.hash(entry.key) & mask != prefix { violations.append("an entry stands under another hash") }
      keys += 1
      expiring += entry.expires ? 1 : 0
      return
    }
    let node = child.node
    meet(unsafe UInt(bitPattern: node.base), node.generation, node.byteCount, parent: parent)
    if node.count > node.capacity { violations.append("a node has more children than room") }
    if node.count == 0 { violations.append("a node is empty") }
    if node.count == 1, !node[0].isNode { violations.append("a node holds a single entry") }
    if child.isCollision != (level == levelCount) { violations.append("a collision node at level \(level)") }
    let before = expiring
    if child.isCollision {
      for index in 0..<node.count {
        check(node[index], parent: node.generation, level: level, prefix: prefix, &keys, &expiring)
      }
      if (expiring > before) != node.expires { violations.append("a collision node's mark of what expires is wrong") }
      return
    }
    for bucket in 0..<UInt32(32) where node.bitmap & (1 &<< bucket) != 0 {
      let before = expiring
      check(
        node.child(under: bucket), parent: node.generation, level: level + 1,
        prefix: prefix | UInt64(bucket) << UInt64(5 * level), &keys, &expiring)
      if (expiring > before) != (node.expiring & (1 &<< bucket) != 0) {
        violations.append("a bucket's mark of what expires is wrong")
      }
    }
    if node.expiring & ~node.bitmap != 0 { violations.append("an empty bucket is marked as expiring") }
  }

  private mutating func check(_ blob: Blob, parent: Generation) {
    meet(unsafe UInt(bitPattern: blob.base), blob.generation, blob.byteCount, parent: parent)
    if blob.count > blob.capacity { violations.append("a blob is longer than its memory") }
  }

  private mutating func check(_ collection: Collection, parent: Generation) {
    let before = objects
    meet(unsafe UInt(bitPattern: collection.base), collection.generation, collection.byteCount, parent: parent)
    var (count, expiring) = (0, 0)
    check(collection.root, parent: collection.generation, level: 0, prefix: 0, &count, &expiring)
    compare(collection.count, count, "entries of a collection")
    compare(collection.expiringCount, expiring, "expiring entries of a collection")
    var weight = 0
    if let top = unsafe collection.sequenceTop {
      let sole = collection.height == 0 ? collection.weight : nil
      weight = unsafe check(
        sequence: top, height: collection.height, parent: collection.generation, leafWeight: sole)
    }
    compare(collection.weight, weight, "weight of a sequence")
    if collection.ledgerCount > 0 { checkLedger(collection, before) }
  }

  private mutating func checkLedger(_ collection: Collection, _ before: [UInt: Object]) {
    var born: [Generation: Int] = [:]
    for (address, object) in objects where before[address] == nil {
      born[object.birth, default: 0] += object.byteCount
    }
    var former = Generation.none
    for index in 0..<collection.ledgerCount {
      let row = collection.ledgerRow(index)
      let byteCount = born.reduce(0) { $1.key > former && $1.key <= row.birth ? $0 + $1.value : $0 }
      compare(row.byteCount, byteCount, "bytes of a collection by birth")
      if row.birth <= former { violations.append("the births of a ledger do not ascend") }
      former = row.birth
    }
    if born.contains(where: { $0.key > former }) { violations.append("a ledger lacks a birth") }
  }

  private mutating func check(
    sequence object: UnsafeMutableRawPointer, height: Int, parent: Generation, leafWeight: Int?
  ) -> Int {
    guard height > 0 else {
      unsafe check(Blob(base: object), parent: parent)
      return leafWeight ?? 0
    }
    let branch = unsafe Branch(base: object)
    meet(UInt(bitPattern: object), branch.generation, branch.byteCount, parent: parent)
    if branch.count == 0 || branch.count > branch.capacity { violations.append("a branch is empty or too full") }
    if branch.level != height - 1 { violations.append("a branch stands at the wrong level") }
    for index in 0..<branch.count {
      let slot = branch[index]
      let weight = unsafe check(
        sequence: slot.object, height: height - 1, parent: branch.generation, leafWeight: slot.weight)
      compare(slot.weight, weight, "weight of a subtree")
      if slot.weight <= 0 { violations.append("a subtree without weight") }
    }
    return branch.weight
  }
}
