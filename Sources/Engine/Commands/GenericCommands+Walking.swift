internal import RESP
internal import Values
internal import VersionedStore

/// Commands that go over the keys of a database.
extension GenericCommands {
  static let walking = [keys, scan, randomkey]

  static let keys = Command(
    "keys", arity: .exactly(2), flags: [.readOnly], categories: [.keyspace, .dangerous], group: .generic,
    since: "1.0.0", complexity: "O(N) for N keys in the database.",
    "Answers with all keys that match a pattern.",
    .read { call, view in
      let filter = KeyFilter(pattern: call[1])
      let header = call.reply.beginDeferred()
      var count = 0
      _ = view.root.scan(view.database, from: HashPosition(0), count: .max) { entry in
        guard filter.admits(entry), !view.hasExpired(entry) else { return }
        call.reply.bulk(entry.key)
        count += 1
      }
      call.reply.endArray(header, count: count)
    })

  static let scan = Command(
    "scan", arity: .atLeast(2), flags: [.readOnly], categories: [.keyspace], group: .generic, since: "2.8.0",
    complexity: "O(N) for N keys looked at by a call.",
    "Answers with some of the keys, and with a cursor for the next call; 0 begins and ends.",
    .read { call, view throws(CommandError) in
      guard let position = HashPosition(cursor: call[1]) else { throw .invalidCursor }
      let options = try ScanOptions(call)
      let start = call.reply.byteCount
      let header = call.reply.beginDeferred()
      var count = 0
      // Told behind the reply: a client that is subscribed to such events must not find one in the middle of it.
      var expired: [Entry] = []
      let next = view.root.scan(view.database, from: position, count: options.count) { entry in
        guard options.filter.admits(entry) else { return }
        guard !view.hasExpired(entry) else { return expired.append(entry) }
        call.reply.bulk(entry.key)
        count += 1
      }
      call.reply.endArray(header, count: count)
      // The cursor comes first, but is known only now.
      var front: [UInt8] = []
      front.arrayHeader(2)
      front.bulk("\(next.rawValue)")
      unsafe call.reply.insert(front.span.bytes, at: start)
      if expired.count > 1 { view.keyspace.removesAnyKeys() }
      for entry in expired { view.deleteLater(entry) }
    })

  static let randomkey = Command(
    "randomkey", arity: .exactly(1), flags: [.readOnly], categories: [.keyspace], group: .generic, since: "1.0.0",
    "Answers with a key, each equally likely.",
    .read { call, view in
      guard let entry = randomEntry(view) else { return call.reply.null() }
      call.reply.bulk(entry.key)
    })

  private static func randomEntry(_ view: ReadView) -> Entry? {
    var generator = view.random
    for _ in 0..<100 {
      guard let entry = view.root.randomEntry(view.database, using: &generator) else { return nil }
      if !view.hasExpired(entry) { return entry }
      view.keyspace.removesAnyKeys()
      view.deleteLater(entry)
    }
    return anyEntry(view)
  }

  /// The first entry that has not expired, for a database where nearly all have.
  private static func anyEntry(_ view: ReadView) -> Entry? {
    var found: Entry?
    var position = HashPosition(0)
    repeat {
      position = view.root.scan(view.database, from: position, count: 256) { entry in
        if found == nil, !view.hasExpired(entry) { found = entry }
      }
    } while found == nil && position != HashPosition(0)
    return found
  }
}

/// Which keys KEYS and SCAN list.
private struct KeyFilter {
  /// nil admits all.
  var pattern: Bytes?
  var typeName: Bytes?

  init() {}

  init(pattern: Bytes) { match(pattern) }

  mutating func match(_ pattern: Bytes) { self.pattern = pattern == Bytes("*") ? nil : pattern }

  func admits(_ entry: Entry) -> Bool {
    if let pattern, !Glob.matches(pattern, entry.key) { return false }
    if let typeName { return typeName.equalsIgnoringCase(entry.type.name) }
    return true
  }
}

/// What may follow the cursor in SCAN.
private struct ScanOptions {
  var filter = KeyFilter()
  var count = 10

  init(_ call: borrowing Call) throws(CommandError) {
    for index in stride(from: 2, to: call.count, by: 2) {
      guard index + 1 < call.count else { throw .syntax }
      if call.matches(index, "count") {
        count = Int(try call.integer(index + 1))
        guard count >= 1 else { throw .syntax }
      } else if call.matches(index, "match") {
        filter.match(call[index + 1])
      } else if call.matches(index, "type") {
        filter.typeName = call[index + 1]
      } else {
        throw .syntax
      }
    }
  }
}
