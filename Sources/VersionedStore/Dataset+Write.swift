extension Dataset {
  /// Stores a value under `key`, in place of what was there. `value` may lie in the store, even under the same key.
  @inline(__always)
  public func put(
    _ database: Int, _ key: Bytes, _ hash: UInt64, _ value: StoredValue, tag: UInt8, expiry: Int64? = nil,
    accessClock: UInt32
  ) {
    put(Home(database), key, hash, value, tag: tag, expiry: expiry, accessClock: accessClock)
  }

  /// The same in any trie. Returns whether the key is new there.
  @inline(__always) @discardableResult
  func put(
    _ home: Home, _ key: Bytes, _ hash: UInt64, _ value: StoredValue, tag: UInt8, expiry: Int64?, accessClock: UInt32
  ) -> Bool {
    let location = locate(home, key, hash)
    if case .found(let old) = location, overwrite(old, value, tag, expiry, accessClock) {
      changeCount &+= 1
      return false
    }
    let content = Entry.Content(
      key: key, expiry: expiry, tag: tag, accessClock: accessClock, value: contentValue(value, home))
    store(newEntry(content, home), location, home, hash)
    if case .found = location { return false }
    return true
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
  private func contentValue(_ value: StoredValue, _ home: Home) -> Entry.Content.Value {
    switch value {
    case .word(let word): return .word(word)
    case .bytes(let bytes):
      guard bytes.count > Entry.inlineLimit else { return .inline(bytes, count: bytes.count) }
      let blob = newBlob(count: bytes.count, capacity: bytes.count, home)
      blob.mutableBytes.replace(at: 0, with: bytes)
      return unsafe .object(blob.base)
    }
  }

  /// Hangs `entry` in at the place that `locate` found, in place of the entry found there.
  func store(_ entry: Entry, _ location: Location, _ home: Home, _ hash: UInt64, keepValue: Bool = false) {
    assert(entry.generation == open, "only what is born now may be hung in")
    let expires = entry.expires
    switch location {
    case .found(let old):
      makePathWritable(home)
      slot(home, above: path.depth).child = Child(entry)
      let expired = old.expires
      if keepValue {
        unsafe bury(old.base, old.byteCount, old.generation, home)
      } else {
        kill(old, home)
      }
      if expires != expired {
        refreshExpiring()
        count(home, keys: 0, expiring: expires ? 1 : -1)
      }
      return
    case .free:
      makePathWritable(home, room: true)
      if path.depth == 0 {
        slot(of: home).child = Child(entry)
      } else {
        let step = path[path.depth - 1]
        step.node.insert(Child(entry), at: step.index, of: step.node.count)
        if step.node.isCollision { step.node.bitmap += 1 } else { step.node.bitmap |= 1 &<< step.bucket }
      }
    case .taken(let other):
      makePathWritable(home)
      split(slot(home, above: path.depth), other, entry, hash, home)
    }
    if expires { refreshExpiring() }
    count(home, keys: 1, expiring: expires ? 1 : 0)
  }

  /// Puts two entries, which agree on all digits so far, into new nodes below `slot`.
  private func split(_ slot: Slot, _ old: Entry, _ new: Entry, _ hash: UInt64, _ home: Home) {
    let oldHash = hashKey.hash(old.key)
    var slot = slot
    for level in path.depth..<levelCount {
      let first = bucket(of: oldHash, at: level)
      let second = bucket(of: hash, at: level)
      let node = newNode(2, home)
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
    let node = newCollision(2, home)
    slot.child = Child(node)
    node.bitmap = 2
    node.expiring |= old.expires || new.expires ? 1 : 0
    node[0] = Child(old)
    node[1] = Child(new)
  }

  /// Gives `key` a time to live, in milliseconds since 1970, or takes it away with nil. Returns whether the key is there.
  @discardableResult
  public func setExpiry(_ database: Int, _ key: Bytes, _ hash: UInt64, _ expiry: Int64?) -> Bool {
    setExpiry(Home(database), key, hash, expiry)
  }

  func setExpiry(_ home: Home, _ key: Bytes, _ hash: UInt64, _ expiry: Int64?) -> Bool {
    guard case .found(let old) = locate(home, key, hash) else { return false }
    if old.expiry == expiry { return true }
    if old.generation == open, old.expires, let expiry {
      old.overwriteExpiry(expiry)
      changeCount &+= 1
      return true
    }
    var content = old.content
    content.expiry = expiry
    store(newEntry(content, home), .found(old), home, hash, keepValue: true)
    return true
  }

  /// Moves the value of one key to another, which may be in another database, with its time to live. The value itself is
  /// not copied. What the other key held is gone. Returns whether there was a value to move.
  @discardableResult
  public func move(
    _ database: Int, _ key: Bytes, _ hash: UInt64, to target: Int, _ newKey: Bytes, _ newHash: UInt64
  ) -> Bool {
    guard case .found(let old) = locate(Home(database), key, hash) else { return false }
    if database == target, key == newKey { return true }
    var content = old.content
    content.key = newKey
    let entry = newEntry(content, Home(target))
    if target != database, case .object = content.value { rebook(old, from: database, to: target) }
    takeOut(old, Home(database), keepValue: true)
    store(entry, locate(Home(target), newKey, newHash), Home(target), newHash)
    return true
  }
}

extension Dataset {
  /// Books the value of an entry that moves from one database to another.
  private func rebook(_ entry: Entry, from old: Int, to new: Int) {
    guard let collection = entry.collection else {
      return rebook(SizeClass.round(entry.blob.byteCount), entry.blob.generation, from: old, to: new)
    }
    for row in 0..<collection.ledgerCount {
      let cell = collection.ledgerRow(row)
      if cell.byteCount != 0 { rebook(cell.byteCount, cell.birth, from: old, to: new) }
    }
  }
}

extension Entry {
  /// All of this entry, to make another one of. Bytes lie in this entry's memory.
  var content: Content {
    let value: Content.Value =
      switch form {
      case .inline: .inline(inlineBytes.bytes, count: inlineBytes.count)
      case .word: .word(word)
      case .object: unsafe .object(object)
      }
    return Content(key: key, expiry: expiry, tag: tag, accessClock: accessClock, value: value)
  }
}
