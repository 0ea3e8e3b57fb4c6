internal import Engine
internal import VersionedStore

extension Dataset {
  /// Copies all keys of this dataset, which was read from a file, into the live one, and its libraries of functions with
  /// them. Without `replacing`, a key or library that is there already is a reason to do nothing. Answers with the reason.
  ///
  /// All that can fail comes first, so that the live dataset is left as it was.
  func add(to engine: Engine, replacing: Bool) -> String? {
    let keyspace = engine.keyspace
    if !replacing, let (database, key) = firstKeyPresent(in: keyspace.live, now: keyspace.now) {
      let name = String(decoding: key.prefix(128), as: UTF8.self)
      return "the key '\(name)' of database \(database) is there already"
    }
    if let failure = engine.addLibraries(attachments, replacing) { return failure }
    for database in 0..<databaseCount {
      head.forEach(database) { entry in
        let (live, key) = (keyspace.live, entry.key)
        let hash = live.hash(key)
        live.remove(database, key, hash)
        live.copy(entry, to: database, key, hash, expiry: entry.expiry, accessClock: entry.accessClock)
        keyspace.changesSinceSave += 1
        return true
      }
    }
    return nil
  }

  /// A key that is in the other dataset too and has not expired there.
  private func firstKeyPresent(in other: Dataset, now: Int64) -> (database: Int, key: [UInt8])? {
    for database in 0..<databaseCount {
      var found: [UInt8]?
      head.forEach(database) { entry in
        let key = entry.key
        guard let present = other.head.find(database, key, other.hash(key)), (present.expiry ?? .max) > now else {
          return true
        }
        found = Array(key)
        return false
      }
      if let found { return (database, found) }
    }
    return nil
  }
}
