internal import RESP
internal import Values
internal import VersionedStore

/// VERSION DIFF: the keys that two versions do not hold alike, or the parts of one key, a page at a time.
extension VersionCommands {
  static let diff = Command(
    "diff", arity: .atLeast(4), flags: [.readOnly, .noMandatoryKeys],
    keys: [KeySpecification(.keyword("FIELDS", from: 4), .range(last: 0, step: 1, limit: 0), [.readOnly, .access])],
    group: .version, since: "1.0.0",
    complexity:
      "O(N) with N the keys that differ; between lineages, which share nothing, with all keys. With FIELDS the same for what the key holds.",
    "Tells which keys a version has added, removed or changed against another, or which parts of one key.",
    .control { call, engine throws(CommandError) in
      let older = engine.keyspace.root(of: try call.versionOrLive(2))
      let newer = engine.keyspace.root(of: try call.versionOrLive(3))
      let options = try DiffOptions(&call, from: 4, databases: engine.keyspace.live.databaseCount)
      if let key = options.key {
        try writeFields(of: key, &call, older, newer, options)
      } else {
        try writeKeys(&call, older, newer, options)
      }
    })

  private static func writeKeys(
    _ call: inout Call, _ older: Root, _ newer: Root, _ options: DiffOptions
  ) throws(CommandError) {
    guard let cursor = UInt64(text: options.cursor) else { throw .invalidCursor }
    var page = DiffPage()
    let next = older.differences(
      options.database, to: newer, from: HashPosition(cursor), count: options.count, effort: pairsAtMost
    ) { difference in
      if let pattern = options.pattern, !Glob.matches(pattern, difference.key) { return }
      // The store tells encodings apart, and the order in which small values came to be; clients do not.
      if case .changed(let before, let after) = difference, before.mayHoldSameContent(as: after),
        before.hasSameContent(as: after, older.hashKey)
      {
        return
      }
      page.append(difference)
    }
    page.write(to: &call.reply, next: next)
  }

  private static func writeFields(
    of key: Key, _ call: inout Call, _ older: Root, _ newer: Root, _ options: DiffOptions
  ) throws(CommandError) {
    guard let cursor = FieldCursor(options.cursor) else { throw .invalidCursor }
    let differences = FieldDifferences(
      older: older.find(options.database, key.bytes, key.hash),
      newer: newer.find(options.database, key.bytes, key.hash), hashKey: older.hashKey)
    var page = FieldPage(wanted: options.count, pattern: options.pattern)
    let next = try differences.fill(&page, from: cursor)
    page.write(to: &call.reply, next: next)
  }

  /// Entries that one call compares at most: some thousand that are not in the cache take a millisecond. A page may
  /// thus be empty though the cursor is not at the end.
  private static let pairsAtMost = 5000
}

extension Keyspace {
  /// The root of a version, to be read during the present command; nil means the live dataset.
  fileprivate func root(of version: Version?) -> Root { version.map(history.root(of:)) ?? live.head }
}

/// `[FIELDS key] [DB n] [MATCH pattern] [COUNT n] [CURSOR c]`.
private struct DiffOptions {
  var database: Int
  var pattern: Bytes?
  /// Differences after which a page ends, at the next boundary in hash order.
  var count = 100
  var cursor = Bytes("0")
  /// The one key that is looked into.
  var key: Key?

  init(_ call: inout Call, from first: Int, databases: Int) throws(CommandError) {
    database = call.session.database
    var index = first
    while index + 1 < call.count {
      if call.matches(index, "DB") {
        let number = try call.integer(index + 1)
        guard number >= 0, number < databases else { throw .dbIndexOutOfRange }
        database = Int(number)
      } else if call.matches(index, "MATCH") {
        pattern = call[index + 1]
      } else if call.matches(index, "COUNT") {
        let number = try call.integer(index + 1)
        guard number > 0 else { throw .syntax }
        count = Int(number)
      } else if call.matches(index, "CURSOR") {
        cursor = call[index + 1]
      } else if call.matches(index, "FIELDS") {
        key = call.key(index + 1)
      } else {
        throw .syntax
      }
      index += 2
    }
    guard index == call.count else { throw .syntax }
  }
}

/// The reply, in the shape of SCAN's: the cursor, then a map of three lists of keys.
private struct DiffPage {
  private var added: [Bytes] = []
  private var removed: [Bytes] = []
  private var changed: [Bytes] = []

  /// Keys are written at the end, before anything is changed: they may stay where they are stored.
  mutating func append(_ difference: KeyDifference) {
    switch difference {
    case .added(let entry): added.append(entry.key)
    case .removed(let entry): removed.append(entry.key)
    case .changed(_, let entry): changed.append(entry.key)
    }
  }

  func write(to reply: inout ReplyWriter, next: HashPosition) {
    reply.arrayHeader(2)
    reply.bulk("\(next.rawValue)")
    reply.mapHeader(3)
    for (name, keys) in [("added" as StaticString, added), ("removed", removed), ("changed", changed)] {
      reply.bulk(name)
      reply.arrayHeader(keys.count)
      for key in keys { reply.bulk(key) }
    }
  }
}

extension KeyDifference {
  fileprivate var key: Bytes {
    switch self {
    case .added(let entry), .removed(let entry), .changed(_, let entry): entry.key
    }
  }
}
