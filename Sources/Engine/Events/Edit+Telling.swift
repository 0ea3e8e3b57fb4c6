internal import Values
internal import VersionedStore

/// What commands tell of keys that they make and remove, besides their own events.
extension Edit {
  /// Tells of a key that is made: before the command's own event, as Redis does.
  @inline(__always)
  public func created(_ key: Key) { notify(key, .new("new")) }

  /// Tells that a key has gone with the last of what it held, if it has: after the command's own event.
  @inline(__always)
  func tellIfGone(_ key: Key) { if hasAudience { tellOfAbsence(key) } }

  @inline(never)
  private func tellOfAbsence(_ key: Key) {
    if place(key).entry == nil { keyspace.tell(database, key.bytes, .generic("del"), isModified: true) }
  }

  /// What is told before a value is put in place of whatever the key held: that this had expired, that the key is new.
  @inline(never)
  func prepareToPut(_ key: Key) {
    guard hasAudience || dataset.expiringCount(database) > 0 else { return }
    if find(key, quietly: true) == nil { created(key) }
  }

  /// Removes a key, as DEL does. Returns whether it was there; one that had expired was not.
  @discardableResult
  func delete(_ key: Key) -> Bool {
    guard remove(key) else { return false }
    changed(key, .generic("del"))
    return true
  }

  /// Removes what a command would have put its result in the place of, had there been one.
  func deleteResult(_ key: Key) { if discard(key) { changed(key, .generic("del")) } }

  /// Puts a result, which `fill` makes, in the place of whatever `key` held. An empty one removes it.
  func replace(_ key: Key, isEmpty: Bool, _ event: KeyspaceEvent, count: Int = 1, _ fill: () -> Void) {
    guard !isEmpty else { return deleteResult(key) }
    if !remove(key) { created(key) }
    fill()
    changed(key, event, count: count)
  }
}
