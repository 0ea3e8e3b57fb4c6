extension Dataset {
  /// Stores a value under `key`, in place of what was there. `value` may lie in the store, even under the same key.
  @inline(__always)
  public func put(
    _ database: Int, _ key: Bytes, _ hash: UInt64, _ value: StoredValue, tag: UInt8, expiry: Int64? = nil,
    accessClock: UInt32
  ) {
    let location = locate(database, key, hash)
    if case .found(let old) = location, overwrite(old, value, tag, expiry, accessClock) {
      changeCount &+= 1
      return
    }
    let content = Entry.Content(
      key: key, expiry: expiry, tag: tag, accessClock: accessClock, value: contentValue(value, database))
    store(newEntry(content, database), location, database, hash)
  }

  /// Writes a value into an open entry where it fits: a word in place of a word, short bytes in place of others of the
  /// same size class. Returns whether it could.
  @inline(__always)
  private func overwrite(
    _ entry: Entry, _ value: StoredValue, _ tag: UInt8, _ expiry: Int64?, _ clock: UInt32
  ) -> Bool {
    guard entry.generation == open, entry.expires == (expiry != nil) else { return false }
    switch value {
    case .word(let word):
      guard entry.form == .word else { return false }
      entry.overwriteWord(word)
    case .bytes(let bytes):
      guard entry.form == .inline, bytes.count <= Entry.inlineLimit else { return false }
      let old = entry.byteCount
      guard SizeClass.round(old &- entry.inlineCount &+ bytes.count) == SizeClass.round(old) else { return false }
      entry.overwriteInline(bytes)
    }
    entry.overwriteTag(tag)
    if let expiry { entry.overwriteExpiry(expiry) }
    entry.accessClock = clock
    return true
  }

  @inline(__always)
  private func contentValue(_ value: StoredValue, _ database: Int) -> Entry.Content.Value {
    switch value {
    case .word(let word): return .word(word)
    case .bytes(let bytes):
      guard bytes.count > Entry.inlineLimit else { return .inline(bytes, count: bytes.count) }
      let blob = newBlob(count: bytes.count, capacity: bytes.count, database)
      blob.mutableBytes.replace(at: 0, with: bytes)
      return .object(blob)
    }
  }

  /// Hangs `entry` in at the place that `locate` found, in place of the entry found there.
  func store(_ entry: Entry, _ location: Location, _ database: Int, _ hash: UInt64, keepValue: Bool = false) {
    assert(entry.generation == open, "only what is born now may be hung in")
    let expires = entry.expires
    switch location {
    case .found(let old):
      makePathWritable(database)
      slot(database, above: path.depth).child = Child(entry)
      let expired = old.expires
      if keepValue {
        unsafe bury(old.base, old.byteCount, old.generation, database)
      } else {
        kill(old, database)
      }
      if expires != expired {
        refreshExpiring()
        root.count(database, keys: 0, expiring: expires ? 1 : -1)
      }
      return
    case .free:
      makePathWritable(database, room: true)
      if path.depth == 0 {
        root.slot(database).child = Child(entry)
      } else {
        let step = path[path.depth - 1]
        step.node.insert(Child(entry), at: step.index, of: step.node.count)
        if step.node.isCollision { step.node.bitmap += 1 } else { step.node.bitmap |= 1 &<< step.bucket }
      }
    case .taken(let other):
      makePathWritable(database)
      split(slot(database, above: path.depth), other, entry, hash, database)
    }
    if expires { refreshExpiring() }
    root.count(database, keys: 1, expiring: expires ? 1 : 0)
  }

  /// Puts two entries, which agree on all digits so far, into new nodes below `slot`.
  private func split(_ slot: Slot, _ old: Entry, _ new: Entry, _ hash: UInt64, _ database: Int) {
    let oldHash = hashKey.hash(old.key)
    var slot = slot
    for level in path.depth..<levelCount {
      let first = bucket(of: oldHash, at: level)
      let second = bucket(of: hash, at: level)
      let node = newNode(2, database)
      slot.child = Child(node)
      node.bitmap = 1 &<< first | 1 &<< second
      node.expiring = (old.expires ? 1 &<< first : 0) | (new.expires ? 1 &<< second : 0)
      if first != second {
        node[first < second ? 0 : 1] = Child(old)
        node[first < second ? 1 : 0] = Child(new)
        return
      }
      slot = node.slot(0)
    }
    let node = newCollision(2, database)
    slot.child = Child(node)
    node.bitmap = 2
    node.expiring |= old.expires || new.expires ? 1 : 0
    node[0] = Child(old)
    node[1] = Child(new)
  }

  /// Gives `key` a time to live, in milliseconds since 1970, or takes it away with nil. Returns whether the key is there.
  @discardableResult
  public func setExpiry(_ database: Int, _ key: Bytes, _ hash: UInt64, _ expiry: Int64?) -> Bool {
    guard case .found(let old) = locate(database, key, hash) else { return false }
    if old.expiry == expiry { return true }
    if old.generation == open, old.expires, let expiry {
      old.overwriteExpiry(expiry)
      changeCount &+= 1
      return true
    }
    var content = old.content
    content.expiry = expiry
    store(newEntry(content, database), .found(old), database, hash, keepValue: true)
    return true
  }

  /// Moves the value of one key to another, which may be in another database, with its time to live. The value itself is
  /// not copied. What the other key held is gone. Returns whether there was a value to move.
  @discardableResult
  public func move(
    _ database: Int, _ key: Bytes, _ hash: UInt64, to target: Int, _ newKey: Bytes, _ newHash: UInt64
  ) -> Bool {
    guard case .found(let old) = locate(database, key, hash) else { return false }
    if database == target, key == newKey { return true }
    var content = old.content
    content.key = newKey
    let entry = newEntry(content, target)
    if target != database, case .object(let blob) = content.value {
      rebook(blob.byteCount, blob.generation, from: database, to: target)
    }
    takeOut(old, database, keepValue: true)
    store(entry, locate(target, newKey, newHash), target, newHash)
    return true
  }
}

extension Entry {
  /// All of this entry, to make another one of. Bytes lie in this entry's memory.
  var content: Content {
    let value: Content.Value =
      switch form {
      case .inline: .inline(inlineBytes.bytes, count: inlineBytes.count)
      case .word: .word(word)
      case .object: .object(blob)
      }
    return Content(key: key, expiry: expiry, tag: tag, accessClock: accessClock, value: value)
  }
}
