import TestSupport
import VersionedStore

/// A history under random edits, seals, rollbacks and drops, beside a plain dictionary for each state that must still be
/// readable.
final class StoreModel {
  struct Value: Equatable {
    var bytes: [UInt8]?
    var word: Int64 = 0
    var expiry: Int64?
  }
  typealias Database = [[UInt8]: Value]

  static let databases = 3
  var generator: SeededGenerator
  let hashKey: HashKey
  let history: History
  var live = [Database](repeating: [:], count: databases)
  var kept: [Int: [Database]] = [:]
  /// Versions that a reader has claimed, dropped meanwhile or not.
  var pinned: [(pin: VersionPin, state: [Database])] = []
  var log: [String] = []
  private var lineages = 1

  init(_ generator: SeededGenerator, mask: UInt64) {
    self.generator = generator
    hashKey = HashKey(k0: 1, k1: 2, mask: mask)
    history = History(live: Dataset(databases: Self.databases, lineage: 1, hashKey: hashKey))
  }

  // MARK: Steps

  func step() {
    switch Int.random(in: 0..<100, using: &generator) {
    case 0..<30: put()
    case 30..<40: remove()
    case 40..<48: expire()
    case 48..<56: rename()
    case 56..<66: edit()
    case 66..<68: flush()
    case 68..<70: swap()
    case 70..<72: reap()
    case 72..<79: seal()
    case 79..<85: rollback()
    case 85..<86: commit()
    case 86..<87: adopt()
    case 87..<89: pin()
    case 89..<91: unpin()
    default: drop()
    }
  }

  private var database: Int { Int.random(in: 0..<Self.databases, using: &generator) }

  private var key: [UInt8] {
    // Now and then a key that is too long for the short length.
    let number = Int.random(in: 0..<40, using: &generator)
    let text = Array("key:\(number)".utf8)
    return number == 7 ? text + [UInt8](repeating: 0x6b, count: 300) : text
  }

  private var value: Value {
    let expiry: Int64? = generator.oneIn(4) ? Int64.random(in: 1...1_000_000, using: &generator) : nil
    if generator.oneIn(5) {
      return Value(bytes: nil, word: Int64.random(in: .min ... .max, using: &generator), expiry: expiry)
    }
    let count =
      generator.oneIn(4) ? Int.random(in: 0..<1500, using: &generator) : Int.random(in: 0..<40, using: &generator)
    return Value(bytes: generator.bytes(count: count), expiry: expiry)
  }

  private func put() {
    let (database, key, value) = (database, key, value)
    log.append(
      "put \(database) \(String(decoding: key, as: UTF8.self)) \(value.bytes?.count ?? -1) \(value.expiry ?? 0)")
    store(value, key, database, history.live)
    live[database][key] = value
  }

  private func store(_ value: Value, _ key: [UInt8], _ database: Int, _ dataset: Dataset) {
    key.withBytes { key in
      let hash = dataset.hash(key)
      guard let bytes = value.bytes else {
        return dataset.put(database, key, hash, .word(value.word), tag: 1, expiry: value.expiry, accessClock: 9)
      }
      bytes.withBytes { dataset.put(database, key, hash, .bytes($0), tag: 2, expiry: value.expiry, accessClock: 9) }
    }
  }

  private func remove() {
    let (database, key) = (database, key)
    log.append("remove \(database) \(String(decoding: key, as: UTF8.self))")
    let removed = key.withBytes { history.live.remove(database, $0, history.live.hash($0)) }
    assertSame(removed, live[database].removeValue(forKey: key) != nil, "remove")
  }

  private func expire() {
    let (database, key) = (database, key)
    let expiry: Int64? = generator.oneIn(3) ? nil : Int64.random(in: 1...1_000_000, using: &generator)
    log.append("expire \(database) \(String(decoding: key, as: UTF8.self)) \(expiry ?? 0)")
    let found = key.withBytes { history.live.setExpiry(database, $0, history.live.hash($0), expiry) }
    assertSame(found, live[database][key] != nil, "expire")
    live[database][key]?.expiry = expiry
  }

  private func rename() {
    let (from, to, key, new) = (database, database, key, key)
    log.append("rename \(from) \(String(decoding: key, as: UTF8.self)) \(to) \(String(decoding: new, as: UTF8.self))")
    let dataset = history.live
    let moved = key.withBytes { key in
      new.withBytes { dataset.move(from, key, dataset.hash(key), to: to, $0, dataset.hash($0)) }
    }
    let value = live[from].removeValue(forKey: key)
    assertSame(moved, value != nil, "rename")
    if let value { live[to][new] = value }
  }

  /// Appends bytes or overwrites some in place.
  private func edit() {
    let (database, key) = (database, key)
    if let value = live[database][key], value.bytes == nil { return }
    var value = live[database][key] ?? Value(bytes: [])
    let count = value.bytes!.count + Int.random(in: 0..<(generator.oneIn(3) ? 300 : 10), using: &generator)
    log.append("edit \(database) \(String(decoding: key, as: UTF8.self)) to \(count)")
    value.bytes! += [UInt8](repeating: 0, count: count - value.bytes!.count)
    key.withBytes { key in
      let bytes = history.live.editBytes(
        database, key, history.live.hash(key), count: count, tag: 2, accessClock: 0)
      assertSame(bytes.count, count, "length to edit")
      if count > 0 {
        bytes[count / 2] = 0x2a
        value.bytes![count / 2] = 0x2a
      }
    }
    live[database][key] = value
  }

  private func flush() {
    let database = database
    log.append("flush \(database)")
    history.live.flush(database)
    live[database] = [:]
  }

  private func swap() {
    let (first, second) = (database, database)
    log.append("swap \(first) \(second)")
    history.live.swap(first, second)
    live.swapAt(first, second)
  }

  private func seal() {
    let version = try! history.create(reason: "test", atMilliseconds: 0)
    log.append("seal \(version.id)")
    kept[version.id] = live
  }

  private func rollback() {
    guard let id = kept.keys.sorted().randomElement(using: &generator) else { return }
    let keep = Bool.random(using: &generator)
    log.append("rollback \(id) keep \(keep)")
    let undo = try! history.rollback(to: id, keepCurrent: keep, atMilliseconds: 0)
    if let undo { kept[undo.id] = live }
    live = kept[id]!
  }

  /// Removes what expired before some moment, a few keys at a time.
  private func reap() {
    let database = database
    let now = Int64.random(in: 1...400_000, using: &generator)
    log.append("reap \(database) until \(now)")
    var position = HashPosition(0)
    var removed: Set<[UInt8]> = []
    repeat {
      let count = Int.random(in: 1...5, using: &generator)
      (position, _) = history.live.removeExpired(database, from: position, count: count, now: now) {
        removed.insert(Array($0))
      }
    } while position != HashPosition(0)
    let due = Set(live[database].filter { ($0.value.expiry ?? .max) <= now }.keys)
    assertSame(removed, due, "reap")
    due.forEach { live[database][$0] = nil }
  }

  private func staged() -> (dataset: Dataset, state: [Database]) {
    lineages += 1
    let staged = Dataset(databases: Self.databases, lineage: lineages, hashKey: hashKey)
    var state = [Database](repeating: [:], count: Self.databases)
    for _ in 0..<10 {
      let (database, key, value) = (database, key, value)
      store(value, key, database, staged)
      state[database][key] = value
    }
    return (staged, state)
  }

  private func commit() {
    let (dataset, state) = staged()
    let former = history.commit(dataset, reason: "replicaof", atMilliseconds: 0)
    log.append("commit, former \(former.id)")
    kept[former.id] = live
    live = state
  }

  private func adopt() {
    let (dataset, state) = staged()
    let version = try! history.adopt(dataset, reason: "load", atMilliseconds: 0)
    log.append("adopt \(version.id)")
    kept[version.id] = state
  }

  private func pin() {
    guard pinned.count < 4 else { return }
    // As a save does: no version is to be seen.
    if generator.oneIn(2) {
      pinned.append((history.pinLive(atMilliseconds: 0), live))
      log.append("pin live as \(pinned[pinned.count - 1].pin.id)")
      return
    }
    guard let id = kept.keys.sorted().randomElement(using: &generator) else { return }
    log.append("pin \(id)")
    pinned.append((try! history.pin(id), kept[id]!))
  }

  func unpin() {
    guard !pinned.isEmpty else { return }
    let (pin, _) = pinned.remove(at: Int.random(in: 0..<pinned.count, using: &generator))
    log.append("unpin \(pin.id)")
    history.unpin(pin)
  }

  private func drop() {
    let all = kept.keys.sorted()
    let ids = Array(all.shuffled(using: &generator).prefix(Int.random(in: 1...3, using: &generator)))
    guard !ids.isEmpty else { return }
    log.append("drop \(ids)")
    let announced = try! history.bytesGivenBack(byDropping: ids)
    let given = try! history.drop(ids)
    assertSame(announced, given, "bytes given back")
    ids.forEach { kept[$0] = nil }
  }

  func reclaim() { while !history.reclaim(limit: 1000) {} }

  /// A few objects only, so that jobs wait while the history goes on.
  func reclaimSlice() { _ = history.reclaim(limit: Int.random(in: 0..<20, using: &generator)) }

  // MARK: Checks

  var failures: [String] = []

  private func assertSame<T: Equatable>(_ got: T, _ wanted: T, _ what: String) {
    if got != wanted { failures.append("\(what): \(got), not \(wanted)") }
  }

  /// Every state that must be readable is held against its dictionary.
  func check() {
    compare(history.live.head, live, "live")
    for (id, state) in kept { compare(try! history.root(of: id), state, "version \(id)") }
    for (pin, state) in pinned { compare(pin.root, state, "pinned version \(pin.id)") }
  }

  /// What is said about memory agrees with itself.
  func checkBytes() {
    let bytes = history.bytes
    assertSame(bytes.live + bytes.versions + bytes.waiting, history.allocatedBytes, "bytes by use")
    if history.isReclaimed { assertSame(bytes.waiting, 0, "bytes that wait") }
    if pinned.isEmpty { assertSame(history.readerBytes, 0, "bytes of no reader") }
    let sizes = history.allSizes()
    for version in history.versions.suffix(3) {
      assertSame(history.sizes(of: version), sizes[version.id]!, "sizes of version \(version.id)")
    }
  }

  private func compare(_ root: Root, _ state: [Database], _ what: String) {
    for (number, database) in state.enumerated() {
      assertSame(root.keyCount(number), database.count, "\(what): keys")
      assertSame(root.expiringCount(number), database.values.count { $0.expiry != nil }, "\(what): expiring")
      for (key, value) in database {
        let found = key.withBytes { root.find(number, $0, root.hash($0)) }
        assertSame(found.map(Self.value), value, "\(what): \(String(decoding: key, as: UTF8.self))")
      }
    }
  }

  static func value(_ entry: Entry) -> Value {
    switch entry.value {
    case .bytes(let bytes): Value(bytes: Array(bytes), expiry: entry.expiry)
    case .word(let word): Value(bytes: nil, word: word, expiry: entry.expiry)
    }
  }

  static func contents(_ root: Root, _ database: Int) -> Database {
    var contents: Database = [:]
    _ = root.scan(database, from: HashPosition(0), count: .max) { contents[Array($0.key)] = value($0) }
    return contents
  }
}
