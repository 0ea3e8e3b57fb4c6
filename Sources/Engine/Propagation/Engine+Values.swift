internal import RESP
internal import Values
internal import VersionedStore

// Values that come from elsewhere than a client: from a version. They are told as what they are.
extension Engine {
  /// Tells that a key has the value and the time to live of `entry` from now on, whatever was there. False if no command
  /// says so.
  func tell(_ entry: Entry, in database: Int) -> Bool {
    if entry.type == .hash, entry.hasExpiringFields {
      tellFields(of: entry, in: database)
      return true
    }
    let payload = ByteQueue(capacity: 0)
    defer { payload.deallocate() }
    guard appendPayload(entry, payload) else { return false }
    effects.add(database, count: 6) { writer in
      writer.bulk("RESTORE")
      writer.bulk(entry.key)
      writer.bulk(Int(entry.expiry ?? 0))
      writer.bulk(payload.bytes)
      writer.bulk("REPLACE")
      writer.bulk("ABSTTL")
    }
    return true
  }

  /// A hash with fields that expire, which a Redis 7.0 could not take as a whole.
  private func tellFields(of entry: Entry, in database: Int) {
    effects.add(database, count: 2) { writer in
      writer.bulk("DEL")
      writer.bulk(entry.key)
    }
    var (names, values): ([[UInt8]], [[UInt8]]) = ([], [])
    var times: [(name: [UInt8], expiry: Int64)] = []
    HashReader(entry).forEach { field, value, expiry in
      let name = field.withBytes { Array($0) }
      names.append(name)
      values.append(value.withBytes { Array($0) })
      if let expiry { times.append((name, expiry)) }
      return true
    }
    for first in stride(from: 0, to: names.count, by: Self.elementsTogether) {
      let range = first..<min(first + Self.elementsTogether, names.count)
      effects.add(database, count: 2 + 2 * range.count) { writer in
        writer.bulk("HSET")
        writer.bulk(entry.key)
        for index in range {
          writer.bulk(names[index])
          writer.bulk(values[index])
        }
      }
    }
    for (name, expiry) in times { tell(expiry, of: name, entry.key, in: database) }
    if entry.expires { tellExpiry(of: entry, in: database) }
  }

  /// Elements that one command names at most.
  static let elementsTogether = 128

  /// Tells when a field expires.
  func tell(_ expiry: Int64, of field: [UInt8], _ key: Bytes, in database: Int) {
    effects.add(database, count: 6) { writer in
      writer.bulk("HPEXPIREAT")
      writer.bulk(key)
      writer.bulk(Int(expiry))
      writer.bulk("FIELDS")
      writer.bulk("1")
      writer.bulk(field)
    }
  }

  /// Tells when the key of `entry` expires, or that it does not.
  func tellExpiry(of entry: Entry, in database: Int) {
    effects.add(database, count: entry.expires ? 3 : 2) { writer in
      writer.bulk(entry.expires ? "PEXPIREAT" : "PERSIST" as StaticString)
      writer.bulk(entry.key)
      if let expiry = entry.expiry { writer.bulk(Int(expiry)) }
    }
  }

  /// What the live dataset holds now cannot be told in commands: whoever is told begins anew with it.
  func abandonEffects() {
    effects.takeBack(to: 0)
    datasetWasReplaced()
  }
}

extension Entry {
  fileprivate var hasExpiringFields: Bool { collection.map { $0.expiringCount > 0 } ?? false }
}
