internal import RESP
internal import Values
internal import VersionedStore

/// HSCAN and HRANDFIELD.
extension HashCommands {
  static let walking = [hscan, hrandfield]

  static let hscan = Command(
    "hscan", arity: .atLeast(3), flags: [.readOnly], categories: [.hash], keys: [.one([.readOnly, .access])],
    group: .hash, since: "2.8.0", complexity: "O(N) for N fields looked at by a call.",
    "Answers with some of the fields and values, and with a cursor for the next call; 0 begins and ends.",
    .read { call, view throws(CommandError) in
      guard let (entry, position) = try call.beginScan(view, .hash) else { return }
      let options = try MemberScan(call)
      try call.answerPage { reply in
        var count = 0
        func meet(_ field: StoredValue, _ value: StoredValue, _ expiry: Int64?) {
          if let expiry, expiry <= view.now { return }
          guard options.admits(field) else { return }
          reply.bulk(field)
          reply.bulk(value)
          count += 2
        }
        if let trie = entry.collection {
          let next = trie.scan(from: position, count: options.count, hashKey: view.root.hashKey) {
            meet(.bytes($0.key), $0.value, $0.expiry)
          }
          return (count, next)
        }
        HashReader(entry).forEach { field, value, expiry in
          meet(field, value, expiry)
          return true
        }
        return (count, HashPosition(0))
      }
    })

  static let hrandfield = Command(
    "hrandfield", arity: .atLeast(2), flags: [.readOnly], categories: [.hash], keys: [.one([.readOnly, .access])],
    group: .hash, since: "6.2.0", complexity: "O(N) for N fields of the answer.",
    "Answers with fields chosen at random, each equally likely.",
    .read { call, view throws(CommandError) in
      guard call.count > 2 else {
        guard let hash = try view.hash(call.key(1)) else { return call.reply.null() }
        var draw = FieldDraw(hash, view)
        guard let (field, _) = draw.next() else { return call.reply.null() }
        return call.reply.bulk(field)
      }
      let wanted = try call.integer(2)
      guard wanted != .min else { throw .outOfSignedRange }
      let withValues = call.count == 4 && call.matches(3, "withvalues")
      guard call.count == 3 || withValues else { throw .syntax }
      if withValues, wanted.magnitude > UInt64(Int64.max / 2) { throw .outOfPairRange }
      guard let hash = try view.hash(call.key(1)), wanted != 0 else { return call.reply.arrayHeader(0) }
      guard wanted > 0 || call.mayRepeat(-wanted) else { throw .outOfPairRange }
      if wanted < 0 {
        repeated(&call, view, hash, Int(-wanted), withValues)
      } else {
        distinct(&call, view, hash, Int(wanted), withValues)
      }
    })

  private static func repeated(
    _ call: inout Call, _ view: ReadView, _ hash: HashReader, _ wanted: Int, _ withValues: Bool
  ) {
    var draw = FieldDraw(hash, view)
    guard draw.next() != nil else { return call.reply.arrayHeader(0) }
    header(&call, wanted, withValues)
    for _ in 0..<wanted {
      if call.isReplyTooLong { return }
      guard let (field, value) = draw.next() else { return }
      write(&call, field, value, withValues)
    }
  }

  private static func distinct(
    _ call: inout Call, _ view: ReadView, _ hash: HashReader, _ wanted: Int, _ withValues: Bool
  ) {
    var all: [(StoredValue, StoredValue)] = []
    if wanted < hash.count / 3, hash.trie?.expiringCount == 0 {
      // Few of many: drawing anew what was drawn before is cheaper than to list all.
      var draw = FieldDraw(hash, view)
      var seen: Set<[UInt8]> = []
      while seen.count < wanted {
        guard let (field, value) = draw.next() else { break }
        if seen.insert(field.withBytes { Array($0) }).inserted { all.append((field, value)) }
      }
    } else {
      all = hash.living(at: view.now)
      var generator = view.random
      if wanted < all.count { all = Array(all.shuffled(using: &generator).prefix(wanted)) }
    }
    header(&call, all.count, withValues)
    for (field, value) in all { write(&call, field, value, withValues) }
  }

  private static func header(_ call: inout Call, _ count: Int, _ withValues: Bool) {
    call.reply.arrayHeader(withValues && call.reply.version == .resp2 ? 2 * count : count)
  }

  private static func write(_ call: inout Call, _ field: StoredValue, _ value: StoredValue, _ withValues: Bool) {
    if withValues && call.reply.version == .resp3 { call.reply.arrayHeader(2) }
    call.reply.bulk(field)
    if withValues { call.reply.bulk(value) }
  }
}

/// Draws fields of a hash at random, each that has not expired equally likely.
private struct FieldDraw {
  private let hash: HashReader
  private let view: ReadView
  private var generator: SharedRandom
  /// All that have not expired, once drawing has met so many others that it is better to know them: readers on a replica,
  /// and those of an old version, may meet a million expired fields and a single living one.
  private var living: [(StoredValue, StoredValue)]?

  /// Draws in a row that may meet what has expired.
  private static let patience = 100

  init(_ hash: HashReader, _ view: ReadView) {
    self.hash = hash
    self.view = view
    generator = view.random
  }

  mutating func next() -> (field: StoredValue, value: StoredValue)? {
    if let living { return living.randomElement(using: &generator) }
    guard let trie = hash.trie, trie.expiringCount > 0 else { return hash.random(using: &generator) }
    for _ in 0..<Self.patience {
      if let entry = trie.randomEntry(using: &generator), !entry.hasExpired(view.now) {
        return (.bytes(entry.key), entry.value)
      }
    }
    let all = hash.living(at: view.now)
    living = all
    return all.randomElement(using: &generator)
  }
}

extension HashReader {
  /// All fields that have not expired, with their values, where they are stored.
  fileprivate func living(at now: Int64) -> [(StoredValue, StoredValue)] {
    var living: [(StoredValue, StoredValue)] = []
    forEach { field, value, expiry in
      if expiry.map({ $0 > now }) ?? true { living.append((field, value)) }
      return true
    }
    return living
  }
}
