internal import RESP
internal import Values
internal import VersionedStore

/// One part of a value that two versions do not hold alike, as the reply names it.
enum FieldItem {
  /// A field, a member or a group.
  case name(Bytes)
  /// The same, of a value whose names do not stand in memory as such.
  case copiedName([UInt8])
  /// An element of a list and its index.
  case element(index: Int, StoredValue)
  /// Bytes of a string.
  case bytes(offset: Int, count: Int)
  /// An entry of a stream.
  case id(StreamID)
}

/// What is added, removed and changed.
struct FieldChanges {
  var added: [FieldItem] = []
  var removed: [FieldItem] = []
  var changed: [FieldItem] = []

  var count: Int { added.count + removed.count + changed.count }

  fileprivate func write(to reply: inout ReplyWriter) {
    for (name, items) in [("added" as StaticString, added), ("removed", removed), ("changed", changed)] {
      reply.bulk(name)
      reply.arrayHeader(items.count)
      for item in items { item.write(to: &reply) }
    }
  }
}

/// A page of differences inside one key. Items are written before anything is changed: they may stay where they are stored.
struct FieldPage {
  var fields = FieldChanges()
  /// Of a stream: its groups, by name, and what XINFO tells of it besides.
  var groups: FieldChanges?
  var properties: [StaticString] = []

  /// Differences after which the page ends.
  let wanted: Int
  /// Members of each side that are looked at together where there is no trie on both.
  let window: Int
  /// Parts of values that may still be compared.
  var effort: Int
  let pattern: Bytes?
  /// The zeros of both signs, which clients can hardly tell apart, are two scores.
  var isExact = false

  init(wanted: Int, pattern: Bytes?) {
    self.wanted = wanted
    window = min(wanted, Self.effort)
    effort = Self.effort
    self.pattern = pattern
  }

  /// A page that ends with the first difference, however far away that is.
  static var ofFirstDifference: FieldPage { FieldPage() }

  private init() {
    (wanted, window, effort, pattern) = (1, .max, .max, nil)
  }

  /// What takes a few milliseconds.
  private static let effort = 5000

  var count: Int { fields.count + (groups?.count ?? 0) + properties.count }
  var isFull: Bool { count >= wanted || effort <= 0 }

  /// Whether MATCH lets something of this name pass.
  func admits(_ name: Bytes) -> Bool { pattern.map { Glob.matches($0, name) } ?? true }

  /// The reply, in the shape of the one about keys.
  func write(to reply: inout ReplyWriter, next: FieldCursor) {
    reply.arrayHeader(2)
    reply.bulk(Array(next.text.utf8))
    reply.mapHeader(groups == nil ? 3 : 5)
    fields.write(to: &reply)
    guard let groups else { return }
    reply.bulk("groups")
    reply.mapHeader(3)
    groups.write(to: &reply)
    reply.bulk("properties")
    reply.arrayHeader(properties.count)
    for property in properties { reply.bulk(property) }
  }
}

extension FieldItem {
  fileprivate func write(to reply: inout ReplyWriter) {
    switch self {
    case .name(let name): reply.bulk(name)
    case .copiedName(let name): reply.bulk(name)
    case .element(let index, let element):
      reply.arrayHeader(2)
      reply.integer(index)
      reply.bulk(element)
    case .bytes(let offset, let count):
      reply.arrayHeader(2)
      reply.integer(offset)
      reply.integer(count)
    case .id(let id): reply.bulk(Array("\(id.milliseconds)-\(id.sequence)".utf8))
    }
  }
}
