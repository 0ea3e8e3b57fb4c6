/// What happened to a key, as keyspace notifications name it (`notify-keyspace-events`).
///
/// <https://redis.io/docs/manual/keyspace-notifications/>
public struct KeyspaceEvent: Sendable {
  public let kind: EventClass
  public let name: StaticString

  @inline(__always)
  init(_ kind: EventClass, _ name: StaticString) {
    self.kind = kind
    self.name = name
  }

  @inline(__always) public static func generic(_ name: StaticString) -> KeyspaceEvent { .init(.generic, name) }
  @inline(__always) public static func string(_ name: StaticString) -> KeyspaceEvent { .init(.string, name) }
  @inline(__always) public static func list(_ name: StaticString) -> KeyspaceEvent { .init(.list, name) }
  @inline(__always) public static func set(_ name: StaticString) -> KeyspaceEvent { .init(.set, name) }
  @inline(__always) public static func hash(_ name: StaticString) -> KeyspaceEvent { .init(.hash, name) }
  @inline(__always) public static func sortedSet(_ name: StaticString) -> KeyspaceEvent { .init(.sortedSet, name) }
  @inline(__always) public static func stream(_ name: StaticString) -> KeyspaceEvent { .init(.stream, name) }
  @inline(__always) public static func expired(_ name: StaticString) -> KeyspaceEvent { .init(.expired, name) }
  @inline(__always) public static func evicted(_ name: StaticString) -> KeyspaceEvent { .init(.evicted, name) }
  @inline(__always) public static func new(_ name: StaticString) -> KeyspaceEvent { .init(.new, name) }
  @inline(__always) public static func miss(_ name: StaticString) -> KeyspaceEvent { .init(.miss, name) }
}

/// Kinds of events, and the two channels on which they are published: the letters of `notify-keyspace-events`.
public struct EventClass: OptionSet, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// `K`: published on `__keyspace@<db>__:<key>`.
  public static let keyspace = EventClass(rawValue: 1 << 0)
  /// `E`: published on `__keyevent@<db>__:<event>`.
  public static let keyevent = EventClass(rawValue: 1 << 1)
  /// `g`
  public static let generic = EventClass(rawValue: 1 << 2)
  /// `$`
  public static let string = EventClass(rawValue: 1 << 3)
  /// `l`
  public static let list = EventClass(rawValue: 1 << 4)
  /// `s`
  public static let set = EventClass(rawValue: 1 << 5)
  /// `h`
  public static let hash = EventClass(rawValue: 1 << 6)
  /// `z`
  public static let sortedSet = EventClass(rawValue: 1 << 7)
  /// `x`
  public static let expired = EventClass(rawValue: 1 << 8)
  /// `e`
  public static let evicted = EventClass(rawValue: 1 << 9)
  /// `t`
  public static let stream = EventClass(rawValue: 1 << 10)
  /// `m`: a key was looked for and not found.
  public static let miss = EventClass(rawValue: 1 << 11)
  /// `d`
  public static let module = EventClass(rawValue: 1 << 12)
  /// `n`: a key was added.
  public static let new = EventClass(rawValue: 1 << 13)
  /// `A`: all but misses and new keys.
  public static let all: EventClass = [
    .generic, .string, .list, .set, .hash, .sortedSet, .expired, .evicted, .stream, .module,
  ]
}
