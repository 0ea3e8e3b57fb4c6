internal import VersionedStore

/// Keys with a time to live that clients have written to a replica (`replica-read-only no`). Its primary knows nothing of
/// them, so that nobody else would ever delete them. A few are looked at by each cron, in turn.
struct OwnKeys {
  struct Name: Hashable {
    let database: Int
    let key: [UInt8]
  }

  private var names: Set<Name> = []
  /// The same in the order in which they will be looked at, behind those that have been.
  private var queue: ContiguousArray<Name> = []
  private var next = 0

  var isEmpty: Bool { names.isEmpty }

  mutating func insert(_ database: Int, _ key: Bytes) {
    let name = Name(database: database, key: Array(key))
    if names.insert(name).inserted { queue.append(name) }
  }

  mutating func removeAll() { self = OwnKeys() }

  /// Looks at up to `count` keys. Those for which `isStillToCome` answers false are forgotten.
  mutating func lookAt(_ count: Int, isStillToCome: (Name) -> Bool) {
    for _ in 0..<min(count, queue.count - next) {
      let name = queue[next]
      next += 1
      if isStillToCome(name) { queue.append(name) } else { names.remove(name) }
    }
    if next > 1024, next * 2 > queue.count {
      queue.removeFirst(next)
      next = 0
    }
  }
}

extension Keyspace {
  /// A client of a replica has given a key a time to live.
  @inline(never)
  func rememberOwn(_ database: Int, _ key: Bytes) {
    if !settings.replicaReadOnly { ownKeys.insert(database, key) }
  }

  /// Deletes those of the keys that clients have written to this replica whose time has come.
  func expireOwnKeys(atMost count: Int) {
    guard !ownKeys.isEmpty, isActiveExpiryOn, !isPaused else { return }
    var keys = OwnKeys()
    swap(&keys, &ownKeys)
    keys.lookAt(count) { name in
      name.key.withBytes { key in
        let hash = live.hash(key)
        guard let expiry = live.head.find(name.database, key, hash)?.expiry else { return false }
        guard expiry <= now else { return true }
        expireOwn(name.database, key, hash)
        return false
      }
    }
    swap(&keys, &ownKeys)
    hot.value.hasFreshProbes = false
  }
}
