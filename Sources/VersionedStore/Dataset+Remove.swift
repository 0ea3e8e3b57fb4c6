extension Dataset {
  /// Removes `key`. Returns whether it was there.
  @discardableResult
  public func remove(_ database: Int, _ key: Bytes, _ hash: UInt64) -> Bool {
    remove(Home(database), key, hash)
  }

  func remove(_ home: Home, _ key: Bytes, _ hash: UInt64) -> Bool {
    guard case .found(let entry) = locate(home, key, hash) else { return false }
    takeOut(entry, home, keepValue: false)
    return true
  }

  /// Takes the entry at the end of the path out of the trie.
  func takeOut(_ entry: Entry, _ home: Home, keepValue: Bool) {
    makePathWritable(home)
    count(home, keys: -1, expiring: entry.expires ? -1 : 0)
    if path.depth == 0 {
      slot(of: home).child = .none
    } else {
      let step = path[path.depth - 1]
      step.node.removeChild(at: step.index, of: step.node.count)
      if step.node.isCollision { step.node.bitmap -= 1 } else { step.node.bitmap &= ~(1 &<< step.bucket) }
      fold(home)
    }
    if keepValue {
      unsafe bury(entry.base, entry.byteCount, entry.generation, home)
    } else {
      kill(entry, home)
    }
  }

  /// After a removal from the last node: a node that is left with one entry and nothing else gives it to its parent, so
  /// that the shape depends on the content alone.
  private func fold(_ home: Home) {
    while path.depth > 0 {
      let node = path[path.depth - 1].node
      guard node.count == 1, node[0].isEntry else { break }
      let last = node[0]
      path.depth -= 1
      slot(home, above: path.depth).child = last
      bury(node, home)
    }
    refreshExpiring()
    shrink(home)
  }

  /// Gives back the room of a node that has become much too large.
  private func shrink(_ home: Home) {
    guard path.depth > 0 else { return }
    let node = path[path.depth - 1].node
    if Node.capacity(for: node.count * 2) < node.capacity { replaceLast(home, count: node.count) }
  }

  /// Removes all keys of `database`: at once for what older versions hold, in slices for the rest.
  public func flush(_ database: Int) {
    let child = root.slot(database).child
    guard !child.isEmpty else { return }
    makeRootWritable()
    changeCount &+= 1
    root[database] = RootBlock.Record(root: 0, keys: 0, expiring: 0)
    for row in dead.keys.indices {
      dead.book(held[row, database], at: row)
      held[row, database] = 0
    }
    unsafe own[database] = 0
    let birth = child.stamp.generation
    if birth > floor {
      reclaimer.release(child.item, floor: floor, remainder: dead)
    } else {
      dead.append(child.item, at: dead.index(of: birth))
    }
  }

  /// Exchanges two databases.
  public func swap(_ first: Int, _ second: Int) {
    guard first != second else { return }
    makeRootWritable()
    changeCount &+= 1
    (root[first], root[second]) = (root[second], root[first])
    unsafe Swift.swap(&own[first], &own[second])
    held.swapColumns(first, second)
  }
}
