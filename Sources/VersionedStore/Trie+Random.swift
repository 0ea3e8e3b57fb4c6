extension Root {
  /// An entry chosen so that every key is equally likely, or nil if there is none.
  ///
  /// A descent that takes buckets at random would prefer what lies shallow. So the way goes down only as far as all
  /// subtrees have about equally many keys, some dozens; of those the subtree is counted, and a place among them is drawn
  /// from a range that is a little larger than any subtree, beginning anew when it is not taken.
  public func randomEntry(
    _ database: Int, expiringOnly: Bool = false, using generator: inout some RandomNumberGenerator
  ) -> Entry? {
    let keys = expiringOnly ? expiringCount(database) : keyCount(database)
    return child(database).randomEntry(of: keys, expiringOnly: expiringOnly, using: &generator)
  }
}

extension Child {
  /// Subtrees that are drawn together, so that their cache misses overlap: two to four are looked at until one is taken.
  /// The hashes that lead to them are the first numbers of the generator, so that who knows these may go the ways ahead
  /// (`ProbeBatch.appendMember`).
  private typealias Draws = InlineArray<4, Child>

  /// One of the `keys` entries below this child, which is the root of a trie.
  func randomEntry(
    of keys: Int, expiringOnly: Bool, using generator: inout some RandomNumberGenerator
  ) -> Entry? {
    guard keys > 0 else { return nil }
    var level = 0
    var mean = keys
    while mean > 64 {
      mean /= 32
      level += 1
    }
    // All of it where there is only one subtree.
    var range = level == 0 ? keys : Self.bound(mean)
    while true {
      let subtrees = randomDescendants(level, &generator)
      for index in 0..<subtrees.count {
        var left = Int.random(in: 0..<range, using: &generator)
        guard let entry = subtrees[index].entry(at: &left, expiringOnly: expiringOnly) else { continue }
        // Keys that were chosen by their hashes (the order of SCAN tells of them) can crowd a subtree beyond all
        // expectation, and so can collisions: what was drawn stands among the first that it has.
        let count = level == 0 ? range : subtrees[index].count(expiringOnly: expiringOnly)
        guard count > range else { return entry }
        range = Self.bound(count)
        left = Int.random(in: 0..<range, using: &generator)
        if let entry = subtrees[index].entry(at: &left, expiringOnly: expiringOnly) { return entry }
      }
    }
  }

  /// What stands at `depth` on the ways of random hashes, down which all go in lockstep. An entry that stands higher counts
  /// as its own subtree only for the hashes that lead to it on all levels, which the further digits decide.
  private func randomDescendants(_ depth: Int, _ generator: inout some RandomNumberGenerator) -> Draws {
    var draws = Draws(repeating: self)
    guard depth > 0 else { return draws }
    var hashes = InlineArray<4, UInt64>(repeating: 0)
    for index in 0..<hashes.count { hashes[index] = generator.next() }
    for level in 0..<depth {
      for index in 0..<draws.count where draws[index].isNode && !draws[index].isCollision {
        draws[index].node.prefetchSlot(of: bucket(of: hashes[index], at: level))
      }
      for index in 0..<draws.count {
        let (child, bucket) = (draws[index], bucket(of: hashes[index], at: level))
        if child.isEmpty { continue }
        if child.isEntry || child.isCollision {
          // Its cell spans 32 cells of the next level; one of them stands for it.
          if bucket != 0 { draws[index] = .none }
          continue
        }
        draws[index] = child.node.child(under: bucket)
        if !draws[index].isEmpty { draws[index].prefetch() }
      }
    }
    for index in 0..<draws.count where draws[index].isNode {
      let node = draws[index].node
      for place in 0..<node.count where node[place].isNode { node[place].prefetch() }
    }
    return draws
  }

  /// The most entries that a subtree is expected to have where all have `mean` on an average: more than five standard
  /// deviations of the Poisson distribution above that, which one subtree in a million exceeds.
  private static func bound(_ mean: Int) -> Int { mean + Int(4.5 * Double(mean + 1).squareRoot()) + 4 }

  fileprivate func count(expiringOnly: Bool) -> Int {
    if isEmpty || expiringOnly && !expires { return 0 }
    if isEntry { return 1 }
    var count = 0
    for index in 0..<node.count { count += node[index].count(expiringOnly: expiringOnly) }
    return count
  }

  /// Entry number `place` below this child; nil if there are not so many, and `place` is less by those that there are.
  fileprivate func entry(at place: inout Int, expiringOnly: Bool) -> Entry? {
    if isEmpty || expiringOnly && !expires { return nil }
    guard isNode else {
      if place == 0 { return entry }
      place -= 1
      return nil
    }
    let node = node
    for index in 0..<node.count {
      if let entry = node[index].entry(at: &place, expiringOnly: expiringOnly) { return entry }
    }
    return nil
  }
}
