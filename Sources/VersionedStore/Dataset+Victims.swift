/// How keys are found that have to go: because their time has come, or because memory is short.
extension Dataset {
  /// Removes what expired at or before `now` among the next `count` keys with a time to live from `position` on. What has
  /// none costs nothing, since the walk follows the marks of what expires. `removing` is told each key beforehand.
  ///
  /// Returns where to go on (0 at the end) and how many keys were looked at.
  public func removeExpired(
    _ database: Int, from position: HashPosition, count: Int, now: Int64, _ removing: (Bytes) -> Void
  ) -> (next: HashPosition, examined: Int) {
    var expired: ContiguousArray<Entry> = []
    var examined = 0
    let next = head.scan(database, from: position, count: count, expiringOnly: true) { entry in
      examined += 1
      if let expiry = entry.expiry, expiry <= now { expired.append(entry) }
    }
    // An entry stays where it is in memory while others are removed.
    for entry in expired {
      removing(entry.key)
      remove(database, entry.key, hash(entry.key))
    }
    return (next, examined)
  }

  /// Bytes that would come free if the live dataset lost all its keys: what no version holds. What readers hold beside it
  /// is among them: it is theirs from then on; see `readerBytes`.
  public var evictableBytes: Int {
    let kept = keptGeneration
    return ownBytes + dead.keys.indices.reduce(0) { dead.keys[$1] > kept ? $0 + held.sum($1) : $0 }
  }

  /// Whether no version holds `entry`, which the head holds.
  public func isEvictable(_ entry: Entry) -> Bool { entry.generation > keptGeneration }

  /// Meets up to `count` evictable entries that stand behind a place in hash order, which is as good as a random choice
  /// when the place is one; begins anew at the end. `visit` must not write.
  public func sampleEvictable(
    _ database: Int, behind place: HashPosition, count: Int, expiringOnly: Bool, _ visit: (Entry) -> Void
  ) {
    var left = count
    let kept = keptGeneration
    for start in place.rawValue == 0 ? [0] : [place.rawValue, 0] where left > 0 {
      var walk = TrieWalk(
        hashKey: hashKey, expiringOnly: expiringOnly, bornAfter: kept, wanted: left, start: start)
      _ = walk.walk(head.child(database), cell: 0, level: 0) { entry in
        // A collision node is met as a whole.
        guard left > 0 else { return }
        left -= 1
        visit(entry)
      }
    }
  }
}
