internal import RESP
internal import Values
internal import VersionedStore

/// The way from one state of the dataset to another, told in plain commands: what a rollback does to replicas and to the
/// append-only log.
///
/// It is structural, as VERSION DIFF is: what both states share is skipped, so that going back a few writes costs a few
/// commands in a dataset of any size. A key that is not the same is told as a whole, but for a large hash, set or sorted set
/// that differs in a few members.
extension Engine {
  /// Tells what leads from one root to the other. False if that cannot be told, or if it would be longer than anybody could
  /// take: it is all made at once, and lies in memory again for whoever is told.
  func tellDifference(from older: Root, to newer: Root) -> Bool {
    var isTold = true
    // Where all may still be taken back, nobody can begin anew with the dataset.
    let limit = keyspace.history.isUndoable ? Int.max : effects.unitByteCount + differenceLimit
    for database in 0..<older.databaseCount {
      if newer.keyCount(database) == 0 {
        if older.keyCount(database) > 0 { effects.add(database, count: 1) { $0.bulk("FLUSHDB") } }
        continue
      }
      var removed: [Bytes] = []
      var position = HashPosition(0)
      repeat {
        position = older.differences(database, to: newer, from: position, count: Self.differencesTogether) {
          difference in
          guard isTold, effects.unitByteCount <= limit else {
            isTold = false
            return
          }
          switch difference {
          case .removed(let entry):
            removed.append(entry.key)
            if removed.count == Self.elementsTogether { tellRemoval(of: &removed, in: database) }
          case .added(let entry):
            if !tell(entry, in: database) { isTold = false }
          case .changed(let before, let after):
            if !tellChange(from: before, to: after, in: database, older.hashKey) { isTold = false }
          }
        }
      } while isTold && position != HashPosition(0)
      guard isTold else { return false }
      tellRemoval(of: &removed, in: database)
    }
    return effects.unitByteCount <= limit
  }

  /// Keys that are looked at before the length of what was told is.
  private static let differencesTogether = 1024

  /// Bytes that a difference may have. Replicas that are sent more at once are dropped in any case, for having left so much
  /// unread; and whoever begins anew with the dataset itself is sent it piece by piece.
  private var differenceLimit: Int {
    let limit = settings.outputLimits.replica.hard
    return max(limit > 0 ? limit : Self.differenceWithoutLimit, settings.replBacklogSize)
  }

  private static let differenceWithoutLimit = 256 << 20

  private func tellRemoval(of keys: inout [Bytes], in database: Int) {
    guard !keys.isEmpty else { return }
    effects.add(database, count: 1 + keys.count) { writer in
      writer.bulk(Effects.removal(isLazy: settings.lazyfreeLazyUserDel))
      for key in keys { writer.bulk(key) }
    }
    keys.removeAll(keepingCapacity: true)
  }

  private func tellChange(from before: Entry, to after: Entry, in database: Int, _ hashKey: HashKey) -> Bool {
    // The store tells encodings apart, which make no difference here.
    if !before.hasSameContent(as: after, hashKey, isExact: true) {
      guard tellMembers(from: before, to: after, in: database, hashKey) else { return tell(after, in: database) }
    }
    if before.expiry != after.expiry { tellExpiry(of: after, in: database) }
    return true
  }

  /// Tells of members alone. False if they are too many for that, or are not members.
  private func tellMembers(from before: Entry, to after: Entry, in database: Int, _ hashKey: HashKey) -> Bool {
    guard before.type == after.type, [.hash, .set, .sortedSet].contains(after.type), before.collection != nil,
      let collection = after.collection, max(collection.count, collection.weight) > Self.elementsTogether
    else { return false }
    var page = FieldPage(wanted: Self.membersAtMost + 1, pattern: nil)
    page.isExact = true
    let differences = FieldDifferences(older: before, newer: after, hashKey: hashKey)
    guard let next = try? differences.fill(&page, from: .start), next == .start, page.count <= Self.membersAtMost
    else { return false }
    let (put, removed) = ((page.fields.added + page.fields.changed).map(\.name), page.fields.removed.map(\.name))
    // First what is added: a value that has lost all that it had would be gone, and its time to live with it.
    tellPut(put, of: after, in: database, hashKey)
    if !removed.isEmpty {
      effects.add(database, count: 2 + removed.count) { writer in
        switch after.type {
        case .hash: writer.bulk("HDEL")
        case .sortedSet: writer.bulk("ZREM")
        default: writer.bulk("SREM")
        }
        writer.bulk(after.key)
        for name in removed { writer.bulk(name) }
      }
    }
    return true
  }

  /// Differences in one value that are told one by one.
  private static let membersAtMost = 64

  private func tellPut(_ names: [[UInt8]], of entry: Entry, in database: Int, _ hashKey: HashKey) {
    guard !names.isEmpty else { return }
    let arguments = entry.type == .set ? 1 : 2
    effects.add(database, count: 2 + arguments * names.count) { writer in
      switch entry.type {
      case .hash: writer.bulk("HSET")
      case .sortedSet: writer.bulk("ZADD")
      default: writer.bulk("SADD")
      }
      writer.bulk(entry.key)
      for name in names {
        name.withBytes { name in
          if entry.type == .sortedSet {
            writer.score(SortedSetReader(entry).score(of: name, hashKey.hash(name)) ?? 0)
          }
          writer.bulk(name)
          guard entry.type == .hash else { return }
          if let value = HashReader(entry).value(of: name, hashKey.hash(name), now: .min) { writer.bulk(value) }
        }
      }
    }
    guard entry.type == .hash else { return }
    for name in names {
      let expiry = name.withBytes { HashReader(entry).trie?.find($0, hashKey.hash($0))?.expiry }
      if let expiry { tell(expiry, of: name, entry.key, in: database) }
    }
  }

  /// Tells of the libraries of functions that there are now.
  func tellLibraries() {
    effects.add(-1, count: 3) { writer in
      for word in ["FUNCTION", "FLUSH", "SYNC"] as [StaticString] { writer.bulk(word) }
    }
    for source in keyspace.live.attachments {
      effects.add(-1, count: 3) { writer in
        writer.bulk("FUNCTION")
        writer.bulk("LOAD")
        writer.bulk(source)
      }
    }
  }
}

extension FieldItem {
  /// The member that it names.
  fileprivate var name: [UInt8] {
    switch self {
    case .name(let name): Array(name)
    case .copiedName(let name): name
    case .element, .bytes, .id: preconditionFailure("a part without a name")
    }
  }
}
