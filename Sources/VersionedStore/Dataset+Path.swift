extension Dataset {
  enum Location {
    /// The key's entry stands at the end of the path.
    case found(Entry)
    /// Its place is free.
    case free
    /// Another key's entry stands in its place.
    case taken(Entry)
  }

  /// Goes down to the place of `key` and remembers the way.
  @inline(__always)
  func locate(_ home: Home, _ key: Bytes, _ hash: UInt64) -> Location {
    path.depth = 0
    var child = slot(of: home).child
    while child.isNode {
      let node = child.node
      if child.isCollision {
        let index = node.collisionIndex(of: key)
        path.append(node, index: index ?? node.count, bucket: 0)
        return index.map { .found(node[$0].entry) } ?? .free
      }
      let bucket = bucket(of: hash, at: path.depth)
      let index = node.index(of: bucket)
      path.append(node, index: index, bucket: bucket)
      guard node.bitmap & (1 &<< bucket) != 0 else { return .free }
      child = node[index]
    }
    guard !child.isEmpty else { return .free }
    return child.entry.hasKey(key) ? .found(child.entry) : .taken(child.entry)
  }

  /// The slot that holds the root of a trie.
  @inline(__always)
  func slot(of home: Home) -> Slot { home.trie.map(\.slot) ?? root.slot(home.database) }

  /// Adds to the counts of entries, and of entries with a time to live.
  @inline(__always)
  func count(_ home: Home, keys: Int, expiring: Int) {
    if let trie = home.trie {
      trie.add(count: keys, expiring: expiring)
      if expiring > 0 { hasHadInnerExpiry = true }
    } else {
      root.count(home.database, keys: keys, expiring: expiring)
    }
  }

  /// The slot that holds what stands at `depth` on the path.
  @inline(__always)
  func slot(_ home: Home, above depth: Int) -> Slot {
    depth == 0 ? slot(of: home) : path[depth - 1].node.slot(path[depth - 1].index)
  }

  func makeRootWritable() {
    guard root.generation != open else { return }
    let old = root
    root = unsafe RootBlock(base: allocate(old.byteCount, Home(databaseCount)))
    root.start(open, databases: databaseCount)
    for database in 0..<databaseCount { root[database] = old[database] }
    unsafe bury(old.base, old.byteCount, old.generation, Home(databaseCount))
  }

  /// Copies what is sealed on the path, so that all of it may be written. With `room`, the last node gets place for one
  /// more child.
  @inline(__always)
  func makePathWritable(_ home: Home, room: Bool = false) {
    let depth = path.depth
    changeCount &+= 1
    if depth == 0 { return makeTopWritable(home) }
    // Open nodes have open parents.
    if path[depth - 1].node.generation != open { copyPath(home, room: room) }
    if room {
      let node = path[depth - 1].node
      if node.count == node.capacity { replaceLast(home, count: node.count + 1) }
    }
    assert(isPathWritable(home), "the path of a write is not open as a whole")
  }

  /// The writing rule, for debug builds: all on the path is open, and each node hangs where the path says.
  private func isPathWritable(_ home: Home) -> Bool {
    (home.trie?.generation ?? root.generation) == open
      && (0..<path.depth).allSatisfy { level in
        path[level].node.generation == open && slot(home, above: level).child == Child(path[level].node)
          && path[level].node.count <= path[level].node.capacity
      }
  }

  /// The header of a collection has been made writable before.
  @inline(__always)
  private func makeTopWritable(_ home: Home) {
    if home.trie == nil { makeRootWritable() }
  }

  private func copyPath(_ home: Home, room: Bool) {
    makeTopWritable(home)
    for level in 0..<path.depth where path[level].node.generation != open {
      let old = path[level].node
      let copy = self.copy(old, count: old.count + (room && level == path.depth - 1 ? 1 : 0), home)
      slot(home, above: level).child = Child(copy)
      path[level].node = copy
      bury(old, home)
    }
  }

  /// Gives the last node of the path a capacity for `count` children.
  func replaceLast(_ home: Home, count: Int) {
    let level = path.depth - 1
    let old = path[level].node
    let copy = self.copy(old, count: count, home)
    slot(home, above: level).child = Child(copy)
    path[level].node = copy
    bury(old, home)
  }

  private func copy(_ node: Node, count: Int, _ home: Home) -> Node {
    let copy = node.isCollision ? newCollision(count, home) : newNode(count, home)
    copy.copyContent(of: node)
    return copy
  }

  /// Brings the marks of what expires up to date along the path, from the lowest node up; the path is writable.
  func refreshExpiring() {
    var level = path.depth - 1
    while level >= 0 {
      let step = path[level]
      let node = step.node
      let before = node.expiring
      if node.isCollision {
        let any = (0..<node.count).contains { node[$0].entry.expires }
        node.expiring = before & ~1 | (any ? 1 : 0)
      } else {
        let bit: UInt32 = 1 &<< step.bucket
        let marked = node.child(under: step.bucket).expires
        node.expiring = marked ? before | bit : before & ~bit
      }
      if node.expiring == before { return }
      level -= 1
    }
  }
}
