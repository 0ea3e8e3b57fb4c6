internal import Values
internal import VersionedStore

/// Which sessions watch which keys (WATCH): a session whose key changes has its transaction refused.
struct Watches {
  private struct Place: Hashable {
    let database: Int
    let key: [UInt8]
  }

  /// What was so when the key came to be watched.
  private struct Watch {
    /// By the watching session.
    let session: Session
    let existed: Bool
    /// It was there, but its time had come: its deletion changes nothing. Cleared when it is deleted.
    var wasExpired: Bool
  }

  private var watches: [Place: [Watch]] = [:]
  /// The keys of each session, in the order of WATCH.
  private var places: [Int: [Place]] = [:]

  var isEmpty: Bool { watches.isEmpty }
  /// Keys that are watched.
  var keyCount: Int { watches.count }

  func keyCount(of session: Session) -> Int { places[session.id]?.count ?? 0 }

  /// A key watched twice is watched once.
  mutating func add(_ session: Session, _ database: Int, _ key: Key, _ keyspace: Keyspace) {
    let place = Place(database: database, key: Array(key.bytes))
    guard watches[place]?.contains(where: { $0.session === session }) != true else { return }
    let entry = keyspace.live.head.find(database, key.bytes, key.hash)
    let wasExpired = entry?.hasExpired(keyspace.now) ?? false
    watches[place, default: []].append(Watch(session: session, existed: entry != nil, wasExpired: wasExpired))
    places[session.id, default: []].append(place)
  }

  mutating func removeAll(of session: Session) {
    for place in places.removeValue(forKey: session.id) ?? [] {
      watches[place]?.removeAll { $0.session === session }
      if watches[place]?.isEmpty == true { watches[place] = nil }
    }
  }

  /// Whether the time of a watched key has come since: EXEC sees what a reader would see.
  func hasExpiredKey(_ session: Session, _ keyspace: Keyspace) -> Bool {
    (places[session.id] ?? []).contains { place in
      let watch = watches[place]?.first { $0.session === session }
      return watch?.wasExpired == false && Self.find(place, keyspace) { $0.hasExpired(keyspace.now) }
    }
  }

  private static func find(_ place: Place, _ keyspace: Keyspace, _ test: (Entry) -> Bool = { _ in true }) -> Bool {
    place.key.withBytes { key in
      let entry = keyspace.live.head.find(place.database, key, keyspace.live.hash(key))
      return entry.map(test) ?? false
    }
  }

  /// Dooms the transactions of those whose keys a change concerns.
  mutating func notice(_ change: KeyChange, _ keyspace: Keyspace) {
    switch change {
    case .key(let database, let key, _, let isModified):
      if isModified { touch(Place(database: database, key: Array(key)), keyspace) }
    case .flushed(let database):
      touchAll(in: [database], keyspace)
    case .swapped(let first, let second):
      touchAll(in: [first, second], keyspace)
    case .replaced:
      touchAll(in: nil, keyspace)
    }
  }

  private mutating func touch(_ place: Place, _ keyspace: Keyspace) {
    guard let list = watches[place] else { return }
    let isThere = Self.find(place, keyspace)
    for index in list.indices {
      if list[index].wasExpired, !isThere {
        watches[place]?[index].wasExpired = false
      } else {
        list[index].session.isWatchBroken = true
      }
    }
  }

  /// The keys of whole databases may be others now: those that were there before or are now count as changed, but not
  /// where a key whose time has come stands for none.
  private mutating func touchAll(in databases: [Int]?, _ keyspace: Keyspace) {
    for (place, list) in watches where databases?.contains(place.database) ?? true {
      let isThere = Self.find(place, keyspace)
      let isExpired = Self.find(place, keyspace) { $0.hasExpired(keyspace.now) }
      for index in list.indices where list[index].existed || isThere {
        if list[index].wasExpired || !list[index].existed, !isThere || isExpired {
          watches[place]?[index].wasExpired = isThere
        } else {
          list[index].session.isWatchBroken = true
        }
      }
    }
  }
}
