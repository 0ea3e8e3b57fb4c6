/// Versions of one lineage: sealing, going back, dropping. Constant time all of them, whatever the size; what has to be
/// freed is freed in slices afterwards. `History` numbers the versions and gives them names.
extension Dataset {
  /// The head's numbers, for the tree.
  func headMember() -> VersionTree.Member {
    var held = Ledger(keys: dead.keys, byteCounts: dead.keys.indices.map(held.sum))
    held.add(Ledger(keys: [open], byteCounts: [ownBytes]))
    return VersionTree.Member(
      generation: open, parent: tree.members[VersionTree.head]?.parent, held: held,
      dead: Ledger(keys: dead.keys, byteCounts: dead.byteCounts))
  }

  /// The tree with the head's present numbers in it.
  func currentTree() -> VersionTree {
    var tree = tree
    if isOpen { tree[VersionTree.head] = headMember() }
    return tree
  }

  private func synchronizeTree() {
    if isOpen { tree[VersionTree.head] = headMember() }
  }

  /// Makes the head a version and opens the next generation on top of it.
  func seal(as number: Int) {
    precondition(isOpen)
    synchronizeTree()
    let row = held.rowCount
    held.insertRow(at: row)
    for column in 0..<held.columns {
      held[row, column] = unsafe own[column]
      unsafe own[column] = 0
    }
    var keys = dead.keys + [open]
    sealed[number] = SealedRoot(root: root, dead: dead, held: held.sparse(keys), attachments: attachments)
    // Of births that the head holds nothing of, nothing can die.
    for row in keys.indices.reversed() where held.isZero(row) {
      held.removeRow(row)
      keys.remove(at: row)
    }
    floor = open
    frozen = open
    dead = DeadList(floor: open, keys: keys)
    open = Generation.next()
    tree.seal(as: number, nextHead: headMember())
  }

  /// Makes a version's root the head. With `undo`, the head before becomes a version of that number; else it is given up.
  func rollback(to number: Int, undo: Int?) {
    close(keepAs: undo)
    open(on: number)
  }

  /// Ends the head. With `keepAs` it becomes a version of that number; else it is given up.
  func close(keepAs number: Int?) {
    precondition(isOpen)
    if let number {
      seal(as: number)
      _ = tree.removeHead()
      // The new head has not been written: it still is the version's root.
    } else {
      let parent = tree.removeHead()
      reclaimer.release(unsafe .init(root.base, deep: true), floor: floor)
      dead.discard()
      perform(tree.settle(parent))
    }
    isOpen = false
  }

  /// Opens a head on top of a version. There must be none.
  func open(on number: Int) {
    precondition(!isOpen)
    let target = sealed[number]!
    isOpen = true
    root = target.root
    attachments = target.attachments
    floor = tree[number].generation
    frozen = floor
    let rows = HeldBytes.rows(target.held, databases: databaseCount)
    held = rows.held
    dead = DeadList(floor: floor, keys: rows.keys)
    for column in 0..<held.columns { unsafe own[column] = 0 }
    open = Generation.next()
    changeCount &+= 1
    var member = headMember()
    member.parent = number
    tree.add(VersionTree.head, member)
  }

  /// Gives up versions. Returns the bytes that come back, at once or in the slices that follow.
  func drop(_ numbers: [Int]) -> Int {
    synchronizeTree()
    return Self.inOrder(numbers).reduce(0) { $0 + perform(tree.drop($1)) }
  }

  /// The bytes that dropping these versions would give back.
  func bytesGivenBack(byDropping numbers: [Int]) -> Int {
    var tree = currentTree()
    return Self.inOrder(numbers).reduce(0) { $0 + tree.drop($1).byteCount }
  }

  /// The youngest first: the books of what is to be dropped next are not put in order once more for each that goes before.
  private static func inOrder(_ numbers: [Int]) -> [Int] { numbers.sorted(by: >) }

  /// A sealed version is there for a reader that ends by itself.
  func markAsPassing(_ number: Int) { tree.markAsPassing(number) }

  /// Keeps a version's memory while a reader walks it, dropped or not.
  func pin(_ number: Int) { tree.pin(number) }

  func unpin(_ number: Int) {
    synchronizeTree()
    perform(tree.unpin(number))
  }

  @discardableResult
  private func perform(_ outcome: (byteCount: Int, steps: [VersionTree.Step])) -> Int {
    for step in outcome.steps {
      switch step {
      case .release(let number, let floor):
        let version = sealed.removeValue(forKey: number)!
        version.dead.discard()
        reclaimer.release(unsafe .init(version.root.base, deep: true), floor: floor)
      case .absorb(let number, let child, let lower, let upper):
        let version = sealed.removeValue(forKey: number)!
        let list = child == VersionTree.head ? dead : sealed[child]!.dead
        let blocks = list.extract(after: lower, through: upper)
        list.floor = lower
        reclaimer.bury(blocks, remainder: list)
        if child == VersionTree.head { sink(to: lower) }
        list.absorb(version.dead) { row in if child == VersionTree.head { held.insertRow(at: row) } }
      case .coalesce(let members, let lower, let upper):
        for member in members { coalesce(member, after: lower, through: upper) }
      }
    }
    return outcome.byteCount
  }

  private func coalesce(_ number: Int, after lower: Generation, through upper: Generation) {
    if number == VersionTree.head {
      held.mergeRows(dead.coalesce(after: lower, through: upper))
    } else {
      _ = sealed[number]!.dead.coalesce(after: lower, through: upper)
      HeldBytes.coalesce(&sealed[number]!.held, after: lower, through: upper)
    }
  }

  /// The head's parent is gone: what the head holds of its births is the head's own now. (`frozen` stays where it was:
  /// jobs that wait may still read the stamps of these objects.)
  private func sink(to lower: Generation) {
    floor = lower
    while let last = dead.keys.last, last > lower {
      let row = dead.keys.count - 1
      for column in 0..<held.columns { unsafe own[column] += held[row, column] }
      held.removeRow(row)
      dead.removeLastKey()
    }
  }

  /// Frees up to `limit` objects of what was dropped, flushed or rolled back. Returns whether nothing is left.
  public func reclaim(limit: Int) -> Bool {
    guard reclaimer.run(arena, limit: limit) else { return false }
    frozen = floor
    return true
  }

  public var isReclaimed: Bool { reclaimer.isIdle }

  /// Large values that `reclaim` has freed so far.
  var reclaimedCount: Int { reclaimer.largeValueCount }

  func root(of number: Int) -> Root { Root(block: sealed[number]!.root, hashKey: hashKey) }
}

extension VersionTree {
  mutating func pin(_ number: Int) { self[number].pins += 1 }

  mutating func unpin(_ number: Int) -> (byteCount: Int, steps: [Step]) {
    self[number].pins -= 1
    return settle(number)
  }
}
