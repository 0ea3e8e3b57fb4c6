extension Collection {
  /// The entry of `key`, whether it has expired or not.
  @inline(__always)
  public func find(_ key: Bytes, _ hash: UInt64) -> Entry? { root.find(key, hash) }

  /// Meets at least `count` entries from `position` on, as `Root.scan` does for a database.
  public func scan(
    from position: HashPosition, count: Int, expiringOnly: Bool = false, hashKey: HashKey, _ visit: (Entry) -> Void
  ) -> HashPosition {
    var walk = TrieWalk(
      hashKey: hashKey, expiringOnly: expiringOnly, wanted: max(count, 1), start: position.rawValue)
    return HashPosition(walk.walk(root, cell: 0, level: 0, visit) ?? 0)
  }

  /// Meets all entries, in hash order, until `visit` returns false.
  public func forEach<E: Error>(_ visit: (Entry) throws(E) -> Bool) throws(E) { _ = try root.forEach(visit) }

  /// An entry chosen so that every one is equally likely, or nil if there is none.
  public func randomEntry(using generator: inout some RandomNumberGenerator) -> Entry? {
    root.randomEntry(of: count, expiringOnly: false, using: &generator)
  }

  /// The differences of two tries, as `Root.differences` for databases: what they share is skipped.
  public func differences(
    to newer: Collection, from position: HashPosition, count: Int, effort: Int = .max, hashKey: HashKey,
    _ visit: (KeyDifference) -> Void
  ) -> HashPosition {
    var diff = TrieDiff(hashKey: hashKey, wanted: max(count, 1), effort: max(effort, 1), start: position.rawValue)
    return HashPosition(diff.walk(root, newer.root, cell: 0, level: 0, visit) ?? 0)
  }

  /// Whether both hold the same; leaves may be cut differently.
  func holdsSame(as other: Collection, _ hashKey: HashKey) -> Bool {
    if unsafe base == other.base { return true }
    guard count == other.count, weight == other.weight, wordCount == other.wordCount,
      (0..<wordCount).allSatisfy({ word($0) == other.word($0) })
    else { return false }
    var isSame = true
    _ = differences(to: other, from: HashPosition(0), count: 1, hashKey: hashKey) { _ in isSame = false }
    return isSame && hasSameSequence(as: other)
  }

  /// What is shared is skipped, the rest compared byte by byte.
  private func hasSameSequence(as other: Collection) -> Bool {
    let parts = unsharedParts(to: other)
    // What is shared stands in the same place on both sides only as long as all stretches before it are of one length.
    guard parts.allSatisfy({ $0.older == $0.newer }) else { return hasSameBytes(as: other, in: 0..<weight) }
    return parts.allSatisfy { hasSameBytes(as: other, in: $0.older) }
  }

  /// Compares the leaves of a range whose ends lie between leaves in both; they may be cut differently inside.
  private func hasSameBytes(as other: Collection, in range: Range<Int>) -> Bool {
    func leaf(_ collection: Collection, _ index: Int) -> Leaf? {
      index < range.upperBound ? collection.leaf(at: index) : nil
    }
    var (mine, theirs) = (leaf(self, range.lowerBound), leaf(other, range.lowerBound))
    var (used, theirUsed) = (0, 0)
    while let a = mine, let b = theirs {
      if used == 0, theirUsed == 0, unsafe a.bytes.base == b.bytes.base {
        (used, theirUsed) = (a.bytes.count, b.bytes.count)
      } else {
        let common = min(a.bytes.count - used, b.bytes.count - theirUsed)
        guard a.bytes[used..<used + common] == b.bytes[theirUsed..<theirUsed + common] else { return false }
        used += common
        theirUsed += common
      }
      if used == a.bytes.count { (mine, used) = (leaf(self, a.start + a.weight), 0) }
      if theirUsed == b.bytes.count { (theirs, theirUsed) = (leaf(other, b.start + b.weight), 0) }
    }
    return mine == nil && theirs == nil
  }
}

extension Root {
  /// Meets the entries of a database in the order of the trie, until `visit` returns false.
  public func forEach<E: Error>(_ database: Int, _ visit: (Entry) throws(E) -> Bool) throws(E) {
    _ = try child(database).forEach(visit)
  }
}

extension Child {
  /// Asks for memory well before it gets there: entries lie about in the order in which they were made, which is none
  /// here. Five million keys: 0.15 us of CPU a key to save them, where it took 0.48.
  fileprivate func forEach<E: Error>(_ visit: (Entry) throws(E) -> Bool) throws(E) -> Bool {
    if isEmpty { return true }
    if isEntry { return try visit(entry) }
    let node = node
    let count = node.count
    node.prefetchChildren()
    for index in 0..<count {
      if index &+ 2 < count, node[index &+ 2].isNode { node[index &+ 2].node.prefetchChildren() }
      guard try node[index].forEach(visit) else { return false }
    }
    return true
  }
}

extension Node {
  @inline(__always)
  fileprivate func prefetchChildren() {
    for index in 0..<count {
      let child = self[index]
      if child.isEntry { child.entry.prefetch() } else { child.prefetch() }
    }
  }
}
