/// Copies of whole values. Within one version every object has one parent, so that a value that is to stand in two places
/// is copied with all that is below it.
extension Dataset {
  /// Copies the value of an entry, which may be of a sealed version, of another database or of another lineage, with all
  /// that is below it, to `key`.
  public func copy(
    _ entry: Entry, to database: Int, _ key: Bytes, _ hash: UInt64, expiry: Int64?, accessClock: UInt32
  ) {
    let home = Home(database)
    guard let collection = entry.collection else {
      return put(database, key, hash, entry.value, tag: entry.tag, expiry: expiry, accessClock: accessClock)
    }
    let copy = clone(collection, home)
    hang(copy, home, key, hash, tag: entry.tag, expiry: expiry, accessClock: accessClock)
  }

  private func clone(_ old: Collection, _ home: Home) -> Collection {
    let copy = newCollection(home, words: old.wordCount)
    copy.copyContent(of: old)
    if old.expiringCount > 0 { hasHadInnerExpiry = true }
    let inner = Home(home.database, trie: copy, ledger: home.ledger ?? copy)
    copy.slot.child = clone(old.root, inner)
    if let top = unsafe old.sequenceTop {
      let top = unsafe clone(sequence: top, height: old.height, inner)
      unsafe copy.header.pointee.sequence = UInt(bitPattern: top)
    }
    return copy
  }

  private func clone(_ child: Child, _ home: Home) -> Child {
    if child.isEmpty { return .none }
    if child.isEntry { return Child(clone(child.entry, home)) }
    let old = child.node
    let node = old.isCollision ? newCollision(old.count, home) : newNode(old.count, home)
    node.copyContent(of: old)
    for index in 0..<old.count { node[index] = clone(old[index], home) }
    return Child(node)
  }

  private func clone(_ entry: Entry, _ home: Home) -> Entry {
    var content = entry.content
    if let collection = entry.collection {
      content.value = unsafe .object(clone(collection, home).base)
    } else if entry.form == .object {
      content.value = unsafe .object(clone(entry.blob, home).base)
    }
    return newEntry(content, home)
  }

  private func clone(_ old: Blob, _ home: Home) -> Blob {
    let blob = newBlob(count: old.count, capacity: max(old.count, 1), home)
    blob.mutableBytes.replace(at: 0, with: old.bytes)
    return blob
  }

  private func clone(
    sequence object: UnsafeMutableRawPointer, height: Int, _ home: Home
  ) -> UnsafeMutableRawPointer {
    guard height > 0 else { return unsafe clone(Blob(base: object), home).base }
    let old = unsafe Branch(base: object)
    let branch = newBranch(level: old.level, capacity: Branch.capacity(for: old.count), home)
    branch.append(old, 0..<old.count)
    for index in 0..<old.count {
      unsafe branch[index].object = clone(sequence: old[index].object, height: height - 1, home)
    }
    return unsafe branch.base
  }
}
