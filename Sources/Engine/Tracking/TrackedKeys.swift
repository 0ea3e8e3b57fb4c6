internal import VersionedStore

/// Which clients may keep which keys in their caches, because they have read them: the invalidation table of CLIENT
/// TRACKING.
///
/// As in Redis a key is known by its name alone, whatever database it was read in. Clients are known by their ids, so that
/// one that leaves needs no walk through the table: its ids lie there until the key changes or is read by others, and
/// mean nobody. The number of keys is bounded by `tracking-table-max-keys`; how many ids a key can have is bounded by
/// sweeping out those of clients that are gone whenever its list has doubled.
///
/// Keys lie dense in an array beside the index by name, so that one of them can be chosen at random at once.
struct TrackedKeys {
  fileprivate struct Item {
    let key: [UInt8]
    /// Rising.
    var ids: [Int]
    /// The number of ids at which the next sweep is due.
    var sweepAt = 32
  }

  private var items: [Item] = []
  private var places: [[UInt8]: Int] = [:]
  /// Ids in the table, over all keys.
  private(set) var idCount = 0

  var count: Int { items.count }

  /// Remembers that client `id` has read `key`. `isThere` tells whether a client still is.
  mutating func insert(_ key: Bytes, _ id: Int, isThere: (Int) -> Bool) {
    let name = Array(key)
    guard let place = places[name] else {
      places[name] = items.count
      items.append(Item(key: name, ids: [id]))
      idCount += 1
      return
    }
    guard items[place].insert(id) else { return }
    idCount += 1
    if items[place].ids.count >= items[place].sweepAt { sweep(place, isThere) }
  }

  private mutating func sweep(_ place: Int, _ isThere: (Int) -> Bool) {
    let before = items[place].ids.count
    items[place].ids.removeAll { !isThere($0) }
    let count = items[place].ids.count
    items[place].sweepAt = max(32, 2 * count)
    idCount -= before - count
  }

  /// Forgets a key, and answers the clients that have read it.
  mutating func remove(_ key: Bytes) -> [Int] {
    guard !items.isEmpty, let place = places.removeValue(forKey: Array(key)) else { return [] }
    return remove(at: place).ids
  }

  /// Forgets a key chosen by a random number.
  mutating func removeAny(_ random: UInt64) -> (key: [UInt8], ids: [Int])? {
    guard !items.isEmpty else { return nil }
    let place = Int(random % UInt64(items.count))
    places[items[place].key] = nil
    let item = remove(at: place)
    return (item.key, item.ids)
  }

  private mutating func remove(at place: Int) -> Item {
    let item = items[place]
    let last = items.removeLast()
    if place < items.count {
      items[place] = last
      places[last.key] = place
    }
    idCount -= item.ids.count
    return item
  }

  mutating func removeAll() { self = TrackedKeys() }
}

extension TrackedKeys.Item {
  /// Returns whether the id is new.
  fileprivate mutating func insert(_ id: Int) -> Bool {
    // Clients that came last read last, more often than not.
    guard let last = ids.last, last >= id else {
      ids.append(id)
      return true
    }
    var (low, high) = (0, ids.count)
    while low < high {
      let middle = (low + high) / 2
      if ids[middle] < id { low = middle + 1 } else { high = middle }
    }
    if ids[low] == id { return false }
    ids.insert(id, at: low)
    return true
  }
}
