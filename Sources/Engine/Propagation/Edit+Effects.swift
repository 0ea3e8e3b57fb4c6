internal import RESP
internal import VersionedStore

/// What a command says of what it did, where its own words would not do the same again elsewhere.
extension Edit {
  /// Where effects are told.
  public var effects: Effects { keyspace.effects }

  /// Has the command told as another one of `count` arguments, which `write` writes, one bulk string each. As the command
  /// itself, that goes to those whom the running script wants to be told.
  @inline(__always)
  public func tellInstead(count: Int, _ write: (inout ReplyWriter) -> Void) {
    if tellsEffects { replaceCommand(count: count, write) }
  }

  @inline(never)
  private func replaceCommand(count: Int, _ write: (inout ReplyWriter) -> Void) {
    effects.replaceCommand()
    effects.add(database, count: count, targets: effects.scriptTargets, write)
  }

  /// Has the command told as the removal of a key.
  public func tellRemovalInstead(_ key: Key, isLazy: Bool) {
    tellInstead(count: 2) { writer in
      writer.bulk(Effects.removal(isLazy: isLazy))
      writer.bulk(key.bytes)
    }
  }

  /// Adds a command of `count` arguments to what is told.
  func tell(count: Int, _ write: (inout ReplyWriter) -> Void) {
    guard tellsEffects else { return }
    effects.add(database, count: count, write)
  }

  /// Whether a time to live that ends at `expiry` is over before it begins. That is never so where another server says what
  /// has expired.
  public func isOver(_ expiry: Int64) -> Bool { expiry <= now && !leavesExpiryToPrimary }
}

extension Effects {
  /// The command that removes keys; which one it is makes a difference to a replica that is a Redis.
  static func removal(isLazy: Bool) -> StaticString { isLazy ? "UNLINK" : "DEL" }
}

extension Keyspace {
  /// Tells that a key is gone which no command has removed: its time had come, or memory was short.
  @inline(never)
  func tellRemoval(_ database: Int, _ key: Bytes, isLazy: Bool) {
    effects.add(database, count: 2) { writer in
      writer.bulk(Effects.removal(isLazy: isLazy))
      writer.bulk(key)
    }
  }

  /// What is removed from here on, by a command that meets keys that nobody has named, is told key by key.
  func removesAnyKeys() {
    if nesting.isEmpty { effects.needsNoBrackets() }
  }

  /// Ends what such a removal is told in, unless it came up while a transaction or a script runs.
  func endRemovals() {
    if nesting.isEmpty { effects.endUnit() }
  }
}

extension ReplyWriter {
  /// Arguments of a command, a bulk string each.
  mutating func arguments(_ arguments: CommandArguments, _ range: Range<Int>) {
    for index in range { bulk(arguments[index]) }
  }
}
