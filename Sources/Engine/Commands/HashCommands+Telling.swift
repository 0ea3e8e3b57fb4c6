internal import RESP
internal import Values
internal import VersionedStore

// What is told of fields that expire. For a field whose time has come nothing is left to chance: what is told does the same
// where the field is still there.
extension HashReader {
  /// Whether a field is stored, expired or not.
  func holds(_ field: Key) -> Bool { value(of: field.bytes, field.hash, now: .min) != nil }
}

extension Edit {
  /// Has the command told as what stores values under fields, which expire then or never.
  func tellInstead(setting fields: [(name: Bytes, value: Bytes)], of key: Bytes, until expiry: Int64? = nil) {
    guard tellsEffects else { return }
    effects.replaceCommand()
    tell(setting: fields, of: key, until: expiry, targets: effects.scriptTargets)
  }

  /// Adds that to what is told.
  ///
  /// A time is told by itself, with a command that a Redis 7.0 does not know: so it is left with the values at least. Between
  /// brackets it would refuse both.
  func tell(
    setting fields: [(name: Bytes, value: Bytes)], of key: Bytes, until expiry: Int64?, targets: EffectTargets = .all
  ) {
    guard !fields.isEmpty else { return }
    effects.add(database, count: 2 + 2 * fields.count, targets: targets) { writer in
      writer.bulk("HSET")
      writer.bulk(key)
      for (name, value) in fields {
        writer.bulk(name)
        writer.bulk(value)
      }
    }
    guard let expiry else { return }
    if keyspace.nesting.isEmpty { effects.needsNoBrackets(.replicas) }
    tell(expiring: fields.map(\.name), of: key, at: expiry, targets: targets)
  }

  /// Has the command told as HDEL of fields, if there are any.
  func tellInstead(removing fields: [Bytes], of key: Bytes) {
    guard !fields.isEmpty else { return }
    tellInstead(count: 2 + fields.count) { writer in
      writer.bulk("HDEL")
      writer.bulk(key)
      for field in fields { writer.bulk(field) }
    }
  }

  /// Has the command told as HPEXPIREAT, or HPERSIST for no time, of fields, if there are any.
  func tellInstead(expiring fields: [Bytes], of key: Bytes, at expiry: Int64?) {
    guard !fields.isEmpty, tellsEffects else { return }
    effects.replaceCommand()
    tell(expiring: fields, of: key, at: expiry, targets: effects.scriptTargets)
  }

  private func tell(expiring fields: [Bytes], of key: Bytes, at expiry: Int64?, targets: EffectTargets) {
    effects.add(database, count: (expiry == nil ? 4 : 5) + fields.count, targets: targets) { writer in
      writer.bulk(expiry == nil ? "HPERSIST" : "HPEXPIREAT" as StaticString)
      writer.bulk(key)
      if let expiry { writer.bulk(Int(expiry)) }
      writer.bulk("FIELDS")
      writer.bulk(fields.count)
      for field in fields { writer.bulk(field) }
    }
  }
}
