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
    // Six standard deviations of the Poisson distribution above the mean; all of it where there is only one subtree.
    var range = level == 0 ? keys : mean + 6 * Int(Double(mean + 1).squareRoot()) + 6
    while true {
      let subtree = randomDescendant(level, UInt64.random(in: 0...UInt64.max, using: &generator))
      let count = subtree.count(expiringOnly: expiringOnly)
      // Forced collisions can crowd a subtree beyond all expectation.
      range = max(range, count)
      let place = Int.random(in: 0..<range, using: &generator)
      if place < count { return subtree.entry(at: place, expiringOnly: expiringOnly) }
    }
  }
}

extension Child {
  /// What stands at `depth` on the way of a random hash; an entry that stands higher counts as its own subtree only for
  /// the hashes that lead to it on all levels, which `hash`'s further digits decide.
  fileprivate func randomDescendant(_ depth: Int, _ hash: UInt64) -> Child {
    var child = self
    for level in 0..<depth {
      if child.isEmpty { return .none }
      if child.isEntry || child.isCollision {
        // Its cell spans 32 cells of the next level; one of them stands for it.
        if bucket(of: hash, at: level) != 0 { return .none }
        continue
      }
      child = child.node.child(under: bucket(of: hash, at: level))
    }
    return child
  }

  fileprivate func count(expiringOnly: Bool) -> Int {
    if isEmpty || expiringOnly && !expires { return 0 }
    if isEntry { return 1 }
    return (0..<node.count).reduce(0) { $0 + node[$1].count(expiringOnly: expiringOnly) }
  }

  fileprivate func entry(at place: Int, expiringOnly: Bool) -> Entry {
    var place = place
    var child = self
    descend: while !child.isEntry {
      let node = child.node
      for index in 0..<node.count {
        let count = node[index].count(expiringOnly: expiringOnly)
        if place < count {
          child = node[index]
          continue descend
        }
        place -= count
      }
      preconditionFailure("the place was counted")
    }
    return child.entry
  }
}
