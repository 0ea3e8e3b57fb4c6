internal import VersionedStore

/// Who wants to be told when keys change. While nobody does, a command that writes pays for one test.
struct Interest: OptionSet, Sendable {
  let rawValue: UInt8

  /// A transaction watches keys (WATCH).
  static let watched = Interest(rawValue: 1 << 0)
  /// A client waits for a key (BLPOP and its like).
  static let awaited = Interest(rawValue: 1 << 1)
  /// Clients keep keys in their caches (CLIENT TRACKING).
  static let cached = Interest(rawValue: 1 << 2)
  /// Events are published (`notify-keyspace-events`).
  static let published = Interest(rawValue: 1 << 3)

  mutating func set(_ reason: Interest, _ isThere: Bool) {
    if isThere { insert(reason) } else { remove(reason) }
  }
}

/// What happens to keys, for those who want to be told.
enum KeyChange {
  /// A key was modified, an event is to be published, or both. The bytes are good during the call.
  case key(database: Int, Bytes, KeyspaceEvent?, isModified: Bool)
  /// All keys of a database are gone; told when they are.
  case flushed(database: Int)
  /// Two databases have changed places.
  case swapped(Int, Int)
  /// Another dataset has gone live: a commit or a rollback.
  case replaced
}

/// Changes that are not told before it is known whether they stay, and what else must not be done before; see
/// `Engine.undoing`.
struct HeldChanges {
  private enum Item {
    case change(KeyChange, key: [UInt8])
    case deed((Engine) -> Void)
  }

  private var items: [Item] = []

  mutating func append(_ change: KeyChange) {
    if case .key(_, let key, _, _) = change {
      items.append(.change(change, key: Array(key)))
    } else {
      items.append(.change(change, key: []))
    }
  }

  mutating func append(_ deed: @escaping (Engine) -> Void) { items.append(.deed(deed)) }

  /// In the order in which they came.
  func forEach(change body: (KeyChange) -> Void, deed: ((Engine) -> Void) -> Void) {
    for item in items {
      switch item {
      case .change(.key(let database, _, let event, let isModified), let key):
        key.withBytes { body(.key(database: database, $0, event, isModified: isModified)) }
      case .change(let change, _): body(change)
      case .deed(let body): deed(body)
      }
    }
  }
}

extension Keyspace {
  /// Tells of a key that was modified, of an event to be published, or of both. Only to be called when somebody is
  /// interested.
  @inline(never)
  func tell(_ database: Int, _ key: Bytes, _ event: KeyspaceEvent?, isModified: Bool) {
    tell(.key(database: database, key, event, isModified: isModified))
  }

  func tell(_ change: KeyChange) {
    if heldChanges != nil { heldChanges?.append(change) } else { onChange(change) }
  }

  /// A key was modified outside of an `Edit`: by expiry or eviction.
  @inline(__always)
  func changed(_ database: Int, _ key: Bytes, _ event: KeyspaceEvent) {
    if !hot.value.interest.isEmpty { tell(database, key, event, isModified: true) }
  }
}

extension Edit {
  /// Counts `count` changes of the dataset that were made to `key`, marks the key as modified for transactions, waiting
  /// clients and caches, and publishes the event.
  @inline(__always)
  public func changed(_ key: Key, _ event: KeyspaceEvent, count: Int = 1) {
    changed(count)
    if hasAudience { keyspace.tell(database, key.bytes, event, isModified: true) }
  }

  /// Publishes an event alone.
  @inline(__always)
  public func notify(_ key: Key, _ event: KeyspaceEvent) {
    if hasAudience { keyspace.tell(database, key.bytes, event, isModified: false) }
  }

  /// Marks the key as modified, without an event and without counting.
  @inline(__always)
  public func touched(_ key: Key) {
    if hasAudience { keyspace.tell(database, key.bytes, nil, isModified: true) }
  }
}
