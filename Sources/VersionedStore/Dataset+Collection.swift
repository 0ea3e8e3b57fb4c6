/// Collections in the open head: made, opened for writing, and given up.
extension Dataset {
  /// Stores an empty collection under `key`, in place of what was there.
  ///
  /// - Parameter words: 64-bit words that the type keeps in the header, at most 32; they begin as 0.
  public func putCollection(
    _ database: Int, _ key: Bytes, _ hash: UInt64, tag: UInt8, expiry: Int64?, accessClock: UInt32, words: Int = 0
  ) -> OpenCollection {
    let collection = newCollection(Home(database), words: words)
    hang(collection, Home(database), key, hash, tag: tag, expiry: expiry, accessClock: accessClock)
    return OpenCollection(
      dataset: Borrowed(self), home: Home(database, trie: collection, ledger: collection))
  }

  func hang(
    _ collection: Collection, _ home: Home, _ key: Bytes, _ hash: UInt64, tag: UInt8, expiry: Int64?,
    accessClock: UInt32
  ) {
    let content = Entry.Content(
      key: key, expiry: expiry, tag: tag, accessClock: accessClock, value: unsafe .object(collection.base))
    let location = locate(home, key, hash)
    store(newEntry(content, home), location, home, hash)
  }

  func newCollection(_ home: Home, words: Int) -> Collection {
    precondition(words >= 0 && words <= 32)
    let rows = home.ledger == nil ? 1 : 0
    let byteCount = Collection.byteCount(words: words, rows: rows)
    let collection = unsafe Collection(base: allocate(byteCount, home))
    collection.start(open, words: words, rows: rows)
    if rows > 0 { collection.setLedgerRow(0, .init(birth: open, byteCount: SizeClass.round(byteCount))) }
    return collection
  }

  /// The collection under `key`, to be written; nil if the key holds none.
  @inline(__always)
  public func openCollection(_ database: Int, _ key: Bytes, _ hash: UInt64) -> OpenCollection? {
    guard let collection = open(Home(database), key, hash) else { return nil }
    return OpenCollection(dataset: Borrowed(self), home: Home(database, trie: collection, ledger: collection))
  }

  /// The collection of an entry of the head that was found just now, to be written; nil if there is none, or if it is
  /// sealed and has to be opened by its key.
  @inline(__always)
  public func openCollection(_ database: Int, of entry: Entry) -> OpenCollection? {
    guard let collection = entry.collection, collection.generation == open else { return nil }
    changeCount &+= 1
    return OpenCollection(dataset: Borrowed(self), home: Home(database, trie: collection, ledger: collection))
  }

  @inline(__always)
  func open(_ home: Home, _ key: Bytes, _ hash: UInt64) -> Collection? {
    changeCount &+= 1
    guard case .found(let entry) = locate(home, key, hash), let collection = entry.collection else { return nil }
    return collection.generation == open ? collection : openSealed(collection, entry, home, hash)
  }

  private func openSealed(_ collection: Collection, _ old: Entry, _ home: Home, _ hash: UInt64) -> Collection {
    var entry = old
    if entry.generation != open {
      entry = newEntry(entry.content, home)
      store(entry, .found(old), home, hash, keepValue: true)
    }
    let copy = home.ledger == nil ? copyWithLedger(collection, home) : copyWithin(collection, home)
    unsafe entry.overwriteObject(copy.base)
    return copy
  }

  private func copyWithin(_ old: Collection, _ home: Home) -> Collection {
    let copy = newCollection(home, words: old.wordCount)
    copy.copyContent(of: old)
    unsafe bury(old.base, old.byteCount, old.generation, home)
    return copy
  }

  private func copyWithLedger(_ old: Collection, _ home: Home) -> Collection {
    var rows = 1
    forEachLivingRow(old) { _ in rows += 1 }
    let byteCount = Collection.byteCount(words: old.wordCount, rows: rows)
    let copy = unsafe Collection(base: allocate(byteCount, home))
    copy.start(open, words: old.wordCount, rows: rows)
    copy.copyContent(of: old)
    var index = 0
    forEachLivingRow(old) { row in
      copy.setLedgerRow(index, row)
      index += 1
    }
    copy.setLedgerRow(index, .init(birth: open, byteCount: SizeClass.round(byteCount)))
    unsafe bury(old.base, old.byteCount, old.generation, home)
    return copy
  }

  /// Meets the rows of a ledger without the header itself, which is the last row's: one for each part of the dead list
  /// that births are told apart by now, and one for what is younger than all versions.
  private func forEachLivingRow(_ old: Collection, _ visit: (Collection.Row) -> Void) {
    var (gathered, part) = (Collection.Row(birth: .none, byteCount: 0), -1)
    for index in 0..<old.ledgerCount {
      var row = old.ledgerRow(index)
      if index == old.ledgerCount - 1 { row.byteCount -= SizeClass.round(old.byteCount) }
      // Of such a birth there may be no part any more: the one that it would be taken for is another's.
      guard row.byteCount != 0 else { continue }
      let rowPart = row.birth > floor ? Int.max : dead.index(of: row.birth)
      if rowPart != part {
        if gathered.byteCount != 0 { visit(gathered) }
        gathered.byteCount = 0
      }
      gathered = Collection.Row(birth: row.birth, byteCount: gathered.byteCount + row.byteCount)
      part = rowPart
    }
    if gathered.byteCount != 0 { visit(gathered) }
  }

  // MARK: The end

  /// A collection leaves the head with all that is below it.
  func kill(_ collection: Collection, _ home: Home) {
    guard home.ledger == nil else { return killWithin(collection, home) }
    for index in 0..<collection.ledgerCount {
      let row = collection.ledgerRow(index)
      guard row.byteCount != 0 else { continue }
      if row.birth > floor {
        unsafe own[home.database] -= row.byteCount
      } else {
        let part = dead.index(of: row.birth)
        held[part, home.database] -= row.byteCount
        dead.book(row.byteCount, at: part)
      }
    }
    let item = unsafe DeadList.Item(collection.base, deep: true)
    if collection.generation > floor {
      reclaimer.release(item, floor: floor, remainder: dead)
    } else {
      dead.append(item, at: dead.index(of: collection.generation))
    }
  }

  /// A collection within a collection has no ledger: its objects are taken out one by one.
  private func killWithin(_ collection: Collection, _ home: Home) {
    kill(below: collection.root, home)
    if let top = unsafe collection.sequenceTop { unsafe kill(sequence: top, height: collection.height, home) }
    unsafe bury(collection.base, collection.byteCount, collection.generation, home)
  }

  private func kill(below child: Child, _ home: Home) {
    if child.isEmpty { return }
    if child.isEntry { return kill(child.entry, home) }
    for index in 0..<child.node.count { kill(below: child.node[index], home) }
    bury(child.node, home)
  }

  private func kill(sequence object: UnsafeMutableRawPointer, height: Int, _ home: Home) {
    guard height > 0 else { return unsafe bury(Blob(base: object), home) }
    let branch = unsafe Branch(base: object)
    for index in 0..<branch.count { unsafe kill(sequence: branch[index].object, height: height - 1, home) }
    bury(branch, home)
  }

  func bury(_ branch: Branch, _ home: Home) {
    unsafe bury(branch.base, branch.byteCount, branch.generation, home)
  }
}
