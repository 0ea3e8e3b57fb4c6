import TestSupport
import VersionedStore

/// A history of collections under random edits, seals, rollbacks and drops, beside plain dictionaries and arrays for each
/// state that must still be readable.
final class CollectionModel {
  struct State: Equatable {
    var fields: [[UInt8]: Field] = [:]
    var elements: [UInt16] = []
    var words = [UInt64](repeating: 0, count: 2)
    var inner: [[UInt8]: State] = [:]
  }
  struct Field: Equatable {
    var bytes: [UInt8]
    var expiry: Int64?
  }
  typealias Keys = [[UInt8]: State]

  static let databases = 2
  var generator: SeededGenerator
  let hashKey: HashKey
  let history: History
  var live = [Keys](repeating: [:], count: databases)
  var kept: [Int: [Keys]] = [:]
  /// Versions that a reader has claimed, dropped meanwhile or not, and states that are no versions for anybody else.
  var pinned: [(pin: VersionPin, state: [Keys])] = []
  var log: [String] = []
  var failures: [String] = []
  private var isInside = false
  private var lineages = 1

  init(_ generator: SeededGenerator, mask: UInt64) {
    self.generator = generator
    hashKey = HashKey(k0: 1, k1: 2, mask: mask)
    history = History(live: Dataset(databases: Self.databases, lineage: 1, hashKey: hashKey))
  }

  func step() {
    switch Int.random(in: 0..<100, using: &generator) {
    case 0..<72: edit()
    case 72..<75: remove()
    case 75..<78: rename()
    case 78..<81: copy()
    case 81..<82: flush()
    case 82..<83: swap()
    case 83..<84: commit()
    case 84..<89: seal()
    case 89..<91: pin()
    case 91..<93: unpin()
    case 93..<96: rollback()
    default: drop()
    }
  }

  private var database: Int { Int.random(in: 0..<Self.databases, using: &generator) }
  private var key: [UInt8] { name("key", 4) }

  private func name(_ kind: String, _ count: Int) -> [UInt8] {
    Array("\(kind):\(Int.random(in: 0..<count, using: &generator))".utf8)
  }

  private var dataset: Dataset { history.live }

  // MARK: Edits

  private func edit() {
    let (database, key) = (database, key)
    key.withBytes { bytes in
      let hash = dataset.hash(bytes)
      let open =
        dataset.openCollection(database, bytes, hash)
        ?? dataset.putCollection(database, bytes, hash, tag: 1, expiry: nil, accessClock: 0, words: 2)
      var state = live[database][key] ?? State()
      for _ in 0..<Int.random(in: 1...6, using: &generator) { edit(open, &state, depth: 0) }
      live[database][key] = state
    }
  }

  private func edit(_ open: OpenCollection, _ state: inout State, depth: Int) {
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<6: putField(open, &state)
    case 6..<8: removeField(open, &state)
    case 8: expireField(open, &state)
    case 9:
      let index = Int.random(in: 0..<2, using: &generator)
      state.words[index] &+= 1
      open.setWord(index, state.words[index])
    case 10..<13: splice(open, &state)
    case 13..<15: insertLeaf(open, &state)
    case 15: removeLeaf(open, &state)
    case 16: splitLeaf(open, &state)
    case 17: overwrite(open, &state)
    default: if depth == 0 { editInner(open, &state) }
    }
  }

  private func putField(_ open: OpenCollection, _ state: inout State) {
    let field = name("field", 60)
    let count =
      generator.oneIn(6) ? Int.random(in: 0..<600, using: &generator) : Int.random(in: 0..<30, using: &generator)
    let expiry: Int64? = generator.oneIn(5) ? Int64.random(in: 1...1000, using: &generator) : nil
    let value = generator.bytes(count: count)
    log.append("put \(String(decoding: field, as: UTF8.self)) \(count)")
    let isNew = field.withBytes { name in
      value.withBytes { open.put(name, dataset.hash(name), .bytes($0), expiry: expiry) }
    }
    let former = state.inner.removeValue(forKey: field) != nil || state.fields[field] != nil
    assertSame(isNew, !former, "put")
    state.fields[field] = Field(bytes: value, expiry: expiry)
  }

  private func removeField(_ open: OpenCollection, _ state: inout State) {
    // Not the one that a handle is open for.
    let field = generator.oneIn(5) && !isInside ? name("inner", 3) : name("field", 60)
    log.append("remove \(String(decoding: field, as: UTF8.self))")
    let removed = field.withBytes { open.remove($0, dataset.hash($0)) }
    let wasField = state.fields.removeValue(forKey: field) != nil
    let wasInner = state.inner.removeValue(forKey: field) != nil
    assertSame(removed, wasField || wasInner, "remove field")
  }

  private func expireField(_ open: OpenCollection, _ state: inout State) {
    let field = name("field", 60)
    let expiry: Int64? = generator.oneIn(2) ? 77 : nil
    let found = field.withBytes { open.setExpiry($0, dataset.hash($0), expiry) }
    assertSame(found, state.fields[field] != nil, "expire field")
    state.fields[field]?.expiry = expiry
  }

  private func editInner(_ open: OpenCollection, _ state: inout State) {
    let field = name("inner", 3)
    log.append("inner \(String(decoding: field, as: UTF8.self))")
    isInside = true
    defer { isInside = false }
    field.withBytes { name in
      let hash = dataset.hash(name)
      let inner = open.openCollection(name, hash) ?? open.putCollection(name, hash, words: 2)
      var below = state.inner[field] ?? State()
      for _ in 0..<4 {
        edit(inner, &below, depth: 1)
        // Both handles are to stay good.
        if generator.oneIn(3) { edit(open, &state, depth: 1) }
      }
      state.inner[field] = below
    }
  }

  // MARK: The sequence

  private func elements(_ count: Int) -> [UInt16] {
    (0..<count).map { _ in UInt16.random(in: 0...UInt16.max, using: &generator) }
  }

  private func bytes(_ elements: [UInt16]) -> [UInt8] { elements.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } }

  private func randomIndex(_ state: State) -> Int? { state.elements.indices.randomElement(using: &generator) }

  /// Replaces some elements of one leaf by others, at least one of which is left.
  private func splice(_ open: OpenCollection, _ state: inout State) {
    guard let index = randomIndex(state), let leaf = open.collection.leaf(at: index) else { return }
    let place = index - leaf.start
    let gone = Int.random(in: 0...min(3, leaf.weight - place), using: &generator)
    let new = elements(
      Int.random(in: gone == leaf.weight ? 1...5 : 0...(generator.oneIn(4) ? 60 : 5), using: &generator))
    log.append("splice \(index) -\(gone) +\(new.count) of \(leaf.weight)")
    bytes(new).withBytes {
      open.splice(at: index, 2 * place..<2 * (place + gone), with: $0, weight: new.count - gone)
    }
    state.elements.replaceSubrange(index..<index + gone, with: new)
  }

  private func insertLeaf(_ open: OpenCollection, _ state: inout State) {
    // Many leaves now and then, so that the tree gets branches above branches.
    for _ in 0..<(generator.oneIn(6) ? 80 : 1) {
      let new = elements(Int.random(in: 1...4, using: &generator))
      var index = generator.oneIn(3) ? state.elements.count : 0
      if generator.oneIn(2), let inside = randomIndex(state) { index = open.collection.leaf(at: inside)!.start }
      log.append("leaf of \(new.count) at \(index)")
      bytes(new).withBytes { open.insertLeaf(at: index, $0, weight: new.count) }
      state.elements.insert(contentsOf: new, at: index)
    }
  }

  private func removeLeaf(_ open: OpenCollection, _ state: inout State) {
    for _ in 0..<(generator.oneIn(4) ? 60 : 1) {
      guard let index = randomIndex(state), let leaf = open.collection.leaf(at: index) else { return }
      log.append("remove leaf at \(leaf.start)")
      open.removeLeaf(at: index)
      state.elements.removeSubrange(leaf.start..<leaf.start + leaf.weight)
    }
  }

  private func splitLeaf(_ open: OpenCollection, _ state: inout State) {
    guard let index = randomIndex(state), let leaf = open.collection.leaf(at: index), leaf.weight > 1 else { return }
    let weight = Int.random(in: 1..<leaf.weight, using: &generator)
    log.append("split \(leaf.start) of \(leaf.weight) at \(weight)")
    open.splitLeaf(at: index, byteOffset: 2 * weight, weight: weight)
  }

  private func overwrite(_ open: OpenCollection, _ state: inout State) {
    guard let index = randomIndex(state), let leaf = open.collection.leaf(at: index) else { return }
    log.append("overwrite \(index)")
    let place = index - leaf.start
    let bytes = open.editLeaf(at: index)
    bytes[2 * place] = 0x2a
    bytes[2 * place + 1] = 0
    state.elements[index] = 0x2a
  }
}

// MARK: Keys and versions

extension CollectionModel {
  private func remove() {
    let (database, key) = (database, key)
    log.append("remove key \(database) \(String(decoding: key, as: UTF8.self))")
    let removed = key.withBytes { dataset.remove(database, $0, dataset.hash($0)) }
    assertSame(removed, live[database].removeValue(forKey: key) != nil, "remove")
  }

  private func rename() {
    let (from, to, key, new) = (database, database, key, key)
    log.append("rename \(from) \(String(decoding: key, as: UTF8.self)) \(to) \(String(decoding: new, as: UTF8.self))")
    let moved = key.withBytes { key in
      new.withBytes { dataset.move(from, key, dataset.hash(key), to: to, $0, dataset.hash($0)) }
    }
    let value = live[from].removeValue(forKey: key)
    assertSame(moved, value != nil, "rename")
    if let value { live[to][new] = value }
  }

  /// From the live dataset or from a version.
  private func copy() {
    let (from, to, key, new) = (database, database, key, key)
    let id = generator.oneIn(2) ? kept.keys.sorted().randomElement(using: &generator) : nil
    let root = id.map { try! history.root(of: $0) } ?? dataset.head
    guard id != nil || from != to || key != new else { return }
    guard let entry = key.withBytes({ root.find(from, $0, root.hash($0)) }) else { return }
    log.append("copy \(id ?? 0) \(from) \(String(decoding: key, as: UTF8.self)) \(to)")
    new.withBytes { dataset.copy(entry, to: to, $0, dataset.hash($0), expiry: nil, accessClock: 0) }
    live[to][new] = id.map { kept[$0]![from][key] } ?? live[from][key]
  }

  private func flush() {
    let database = database
    log.append("flush \(database)")
    dataset.flush(database)
    live[database] = [:]
  }

  private func swap() {
    log.append("swap")
    dataset.swap(0, 1)
    live.swapAt(0, 1)
  }

  /// A dataset of another lineage goes live, with copies of what is here, some of them written again.
  private func commit() {
    lineages += 1
    let staged = Dataset(databases: Self.databases, lineage: lineages, hashKey: hashKey)
    var state = [Keys](repeating: [:], count: Self.databases)
    log.append("commit")
    for _ in 0..<4 {
      let (from, to, key, new) = (database, database, key, key)
      let id = generator.oneIn(2) ? kept.keys.sorted().randomElement(using: &generator) : nil
      let root = id.map { try! history.root(of: $0) } ?? dataset.head
      guard let entry = key.withBytes({ root.find(from, $0, root.hash($0)) }) else { continue }
      new.withBytes { bytes in
        staged.copy(entry, to: to, bytes, staged.hash(bytes), expiry: nil, accessClock: 0)
        var copied = id.map { kept[$0]![from][key]! } ?? live[from][key]!
        if generator.oneIn(2), let open = staged.openCollection(to, bytes, staged.hash(bytes)) {
          edit(open, &copied, depth: 0)
        }
        state[to][new] = copied
      }
    }
    let former = history.commit(staged, reason: "replicaof", atMilliseconds: 0)
    kept[former.id] = live
    live = state
  }

  /// Every state that can be read, the live one first.
  var states: [(root: Root, state: [Keys])] {
    [(dataset.head, live)]
      + kept.sorted { $0.key < $1.key }.map { (try! history.root(of: $0.key), $0.value) }
  }

  private func seal() {
    let version = try! history.create(reason: "test", atMilliseconds: 0)
    log.append("seal \(version.id)")
    kept[version.id] = live
  }

  private func pin() {
    guard pinned.count < 4 else { return }
    if generator.oneIn(2) {
      pinned.append((history.pinLive(atMilliseconds: 0), live))
      log.append("pin live as \(pinned[pinned.count - 1].pin.id)")
    } else if let id = kept.keys.sorted().randomElement(using: &generator) {
      log.append("pin \(id)")
      pinned.append((try! history.pin(id), kept[id]!))
    }
  }

  func unpin() {
    guard !pinned.isEmpty else { return }
    let (pin, _) = pinned.remove(at: Int.random(in: 0..<pinned.count, using: &generator))
    log.append("unpin \(pin.id)")
    history.unpin(pin)
  }

  private func rollback() {
    guard let id = kept.keys.sorted().randomElement(using: &generator) else { return }
    let keep = Bool.random(using: &generator)
    log.append("rollback \(id) keep \(keep)")
    let undo = try! history.rollback(to: id, keepCurrent: keep, atMilliseconds: 0)
    if let undo { kept[undo.id] = live }
    live = kept[id]!
  }

  private func drop() {
    let ids = Array(kept.keys.sorted().shuffled(using: &generator).prefix(Int.random(in: 1...3, using: &generator)))
    guard !ids.isEmpty else { return }
    log.append("drop \(ids)")
    let announced = try! history.bytesGivenBack(byDropping: ids)
    assertSame(try! history.drop(ids), announced, "bytes given back")
    ids.forEach { kept[$0] = nil }
  }

  func reclaim() { while !history.reclaim(limit: 1000) {} }

  func reclaimSlice() { _ = history.reclaim(limit: Int.random(in: 0..<40, using: &generator)) }

  // MARK: Checks

  private func assertSame<T: Equatable>(_ got: T, _ wanted: T, _ what: String) {
    if got != wanted { failures.append("\(what): \(got), not \(wanted)") }
  }

  /// Every state that must be readable is held against its model.
  func check() {
    compare(dataset.head, live, "live")
    for (id, state) in kept { compare(try! history.root(of: id), state, "version \(id)") }
    for (pin, state) in pinned { compare(pin.root, state, "pinned version \(pin.id)") }
  }

  private func compare(_ root: Root, _ state: [Keys], _ what: String) {
    for (number, database) in state.enumerated() {
      assertSame(root.keyCount(number), database.count, "\(what): keys")
      for (key, value) in database {
        let entry = key.withBytes { root.find(number, $0, root.hash($0)) }
        if entry?.collection.map(read) != value {
          failures.append("\(what): \(String(decoding: key, as: UTF8.self)) differs")
        }
      }
    }
  }

  func read(_ collection: Collection) -> State {
    var state = State()
    collection.forEach { entry in
      if let inner = entry.collection {
        state.inner[Array(entry.key)] = read(inner)
      } else if case .bytes(let bytes) = entry.value {
        state.fields[Array(entry.key)] = Field(bytes: Array(bytes), expiry: entry.expiry)
      }
      return true
    }
    var next = 0
    while let leaf = collection.leaf(at: next) {
      assertSame(leaf.start, next, "start of a leaf")
      for at in 0..<leaf.weight {
        state.elements.append(UInt16(leaf.bytes[2 * at]) | UInt16(leaf.bytes[2 * at + 1]) << 8)
      }
      next += leaf.weight
    }
    state.words = [collection.word(0), collection.word(1)]
    return state
  }
}
