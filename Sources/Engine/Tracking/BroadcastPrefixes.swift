internal import VersionedStore

/// The prefixes that clients in BCAST mode have asked for, and the keys under each that have changed since these clients
/// were last told.
///
/// A change is looked up once for each length that some prefix has, and not held against every prefix.
struct BroadcastPrefixes {
  private struct Audience {
    /// Ids of clients, rising.
    var ids: [Int] = []
    /// Each changed key with the client that changed it last; 0 for none.
    var changes: [[UInt8]: Int] = [:]
  }

  /// What the clients of one prefix are to be told.
  struct Message {
    let ids: [Int]
    /// In the order of their bytes.
    let changes: [(key: [UInt8], writer: Int)]
  }

  private var audiences: [[UInt8]: Audience] = [:]
  /// How many prefixes have each length.
  private var lengths: [Int: Int] = [:]
  private var changed: Set<[UInt8]> = []

  var count: Int { audiences.count }
  var hasChanges: Bool { !changed.isEmpty }

  mutating func insert(_ prefix: [UInt8], _ id: Int) {
    if audiences[prefix] == nil { lengths[prefix.count, default: 0] += 1 }
    var audience = audiences.removeValue(forKey: prefix) ?? Audience()
    if !audience.ids.contains(id) {
      audience.ids.append(id)
      audience.ids.sort()
    }
    audiences[prefix] = audience
  }

  mutating func remove(_ prefix: [UInt8], _ id: Int) {
    guard let place = audiences[prefix]?.ids.firstIndex(of: id) else { return }
    audiences[prefix]?.ids.remove(at: place)
    guard audiences[prefix]?.ids.isEmpty == true else { return }
    audiences[prefix] = nil
    changed.remove(prefix)
    let others = (lengths[prefix.count] ?? 1) - 1
    lengths[prefix.count] = others == 0 ? nil : others
  }

  /// Notes that client `writer` changed a key.
  mutating func note(_ key: Bytes, writer: Int) {
    for length in lengths.keys where length <= key.count {
      let prefix = Array(key[0..<length])
      guard audiences[prefix] != nil else { continue }
      audiences[prefix]?.changes[Array(key)] = writer
      changed.insert(prefix)
    }
  }

  /// What has changed, by prefix in the order of their bytes; nothing of it is left.
  mutating func takeChanges() -> [Message] {
    let prefixes = changed.sorted { $0.lexicographicallyPrecedes($1) }
    changed.removeAll()
    return prefixes.compactMap { prefix in
      guard let audience = audiences[prefix] else { return nil }
      audiences[prefix]?.changes = [:]
      let changes = audience.changes.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      return Message(ids: audience.ids, changes: changes.map { (key: $0.key, writer: $0.value) })
    }
  }
}
