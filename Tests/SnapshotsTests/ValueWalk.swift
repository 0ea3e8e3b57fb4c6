import Values
import VersionedStore

/// Touches all that a dataset holds in every way that commands do, and writes to each value: what is wrong in one comes out
/// as a crash or as a broken invariant.
struct ValueWalk {
  let dataset: Dataset
  var limits = EncodingLimits()
  /// So that no work is left out as unused.
  private(set) var sum = 0

  init(_ dataset: Dataset) { self.dataset = dataset }

  mutating func read() {
    var random = SplitMix(state: 7)
    for database in 0..<dataset.databaseCount where dataset.keyCount(database) > 0 {
      dataset.head.forEach(database) { entry in
        sum &+= entry.key.count + (entry.expiry == nil ? 0 : 1)
        switch entry.type {
        case .string: sum &+= entry.value.byteCount
        case .list: read(ListReader(entry), &random)
        case .set:
          let set = SetReader(entry)
          set.forEach { member in
            sum &+= member.withBytes { set.contains($0, dataset.hash($0)) ? 1 : 1 << 40 }
            return true
          }
          sum &+= set.random(using: &random)?.byteCount ?? 0
        case .sortedSet: read(SortedSetReader(entry), &random)
        case .hash:
          let hash = HashReader(entry)
          hash.forEach { field, value, _ in
            sum &+= value.byteCount
            // A field may expire at any time, that of 1970 and before it too.
            let found = field.withBytes { hash.value(of: $0, dataset.hash($0), now: .min)?.byteCount }
            sum &+= found == value.byteCount ? 1 : 1 << 40
            return true
          }
          sum &+= hash.random(using: &random)?.field.byteCount ?? 0
        case .stream: read(StreamReader(entry))
        }
        return true
      }
    }
  }

  /// False if some element was not found again.
  var isConsistent: Bool { sum < 1 << 40 }

  private mutating func read(_ list: ListReader, _ random: inout SplitMix) {
    var (forward, backward) = (0, 0)
    list.forEach { element in
      forward += element.byteCount + 1
      return true
    }
    list.forEachReversed { _, element in
      backward += element.byteCount + 1
      return true
    }
    sum &+= forward == backward ? forward : 1 << 40
    sum &+= list.element(at: Int(random.next() % UInt64(max(list.count, 1))))?.byteCount ?? 1 << 40
  }

  private mutating func read(_ set: SortedSetReader, _ random: inout SplitMix) {
    var (rank, former) = (0, -Double.infinity)
    set.forEach { member, score in
      let isFound = member.withBytes {
        set.score(of: $0, dataset.hash($0)) == score && set.rank(of: $0, score: score) == rank
      }
      sum &+= isFound && former <= score ? 1 : 1 << 40
      (rank, former) = (rank + 1, score)
      return true
    }
    set.forEachReversed(in: 0..<set.count) { _, score in
      sum &+= score <= former ? 1 : 1 << 40
      former = score
      rank -= 1
      return true
    }
    sum &+= rank == 0 ? set.rank(of: .score(0, after: true)) : 1 << 40
    sum &+= set.random(using: &random)?.member.byteCount ?? 0
  }

  private mutating func read(_ stream: StreamReader) {
    var (forward, backward) = (0, 0)
    stream.forEach(from: .least, through: .greatest) { entry in
      forward += 1
      entry.forEachField { sum &+= $0.byteCount + $1.byteCount }
      if !stream.contains(entry.id) { sum &+= 1 << 40 }
      return true
    }
    stream.forEachReversed(from: .least, through: .greatest) { _ in
      backward += 1
      return true
    }
    if forward != stream.count || backward != forward { sum &+= 1 << 40 }
    sum &+= Int(truncatingIfNeeded: (stream.distance(to: stream.lastID) ?? 0) & 1)
    for (_, group) in stream.groups {
      let names = group.names
      var pending = 0
      group.pending.forEach { record in
        if names[record.consumer] == nil || group.pending.find(record.id) == nil { sum &+= 1 << 40 }
        pending += 1
        return true
      }
      for (_, consumer) in group.consumers {
        consumer.pending.forEach { record in
          if group.pending.find(record.id)?.consumer != consumer.number { sum &+= 1 << 40 }
          pending -= 1
          return true
        }
      }
      if pending != 0 { sum &+= 1 << 40 }
    }
  }

  /// Changes every value, then removes all that is in it.
  mutating func write() {
    for database in 0..<dataset.databaseCount where dataset.keyCount(database) > 0 {
      var keys: [(key: [UInt8], type: Values.ValueType)] = []
      dataset.head.forEach(database) { entry in
        keys.append((Array(entry.key), entry.type))
        return true
      }
      for (key, type) in keys {
        key.withBytes { key in
          let place = Place(dataset, database: database, key: key, hash: dataset.hash(key), accessClock: 0)
          write(place, type)
        }
      }
    }
  }

  private func write(_ place: Place, _ type: Values.ValueType) {
    let extra = Array("an element that was not there".utf8)
    extra.withBytes { extra in
      switch type {
      case .string: place.remove()
      case .list:
        let list = ListEditor(place, limits)
        list.pushHead(extra)
        list.pushTail(extra)
        list.insert(extra, at: list.count / 2)
        list.set(extra, at: list.count - 1)
        list.remove(list.count / 2..<list.count)
        list.remove(0..<list.count)
      case .set:
        let set = SetEditor(place, limits)
        set.insert(extra)
        for member in elements(
          place,
          { entry, add in
            SetReader(entry).forEach {
              add($0); return true
            }
          })
        {
          member.withBytes { _ = set.remove($0) }
        }
      case .sortedSet:
        let set = SortedSetEditor(place, limits)
        set.set(extra, 1.5)
        let members = elements(place) { entry, add in
          SortedSetReader(entry).forEach { member, _ in
            add(member); return true
          }
        }
        for member in members { member.withBytes { _ = set.set($0, -3) } }
        for member in members { member.withBytes { _ = set.remove($0) } }
      case .hash:
        let hash = HashEditor(place, limits)
        hash.set(extra, extra)
        let fields = elements(place) { entry, add in
          HashReader(entry).forEach { field, _, _ in
            add(field); return true
          }
        }
        for field in fields { field.withBytes { _ = hash.set($0, extra, expiry: 5) } }
        for field in fields { field.withBytes { _ = hash.remove($0) } }
      case .stream: write(StreamEditor(place, limits), extra)
      }
    }
  }

  private func elements(
    _ place: Place, _ visit: (Entry, (StoredValue) -> Void) -> Void
  ) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    if let entry = place.entry { visit(entry) { elements.append($0.withBytes { Array($0) }) } }
    return elements
  }

  private func write(_ stream: StreamEditor, _ extra: Bytes) {
    if let id = stream.reader.lastID.successor { stream.append(id, fieldCount: 1) { _ in extra } }
    var ids: [StreamID] = []
    stream.reader.forEach(from: .least, through: .greatest) { entry in
      ids.append(entry.id)
      return true
    }
    for (name, group) in stream.reader.groups {
      name.withBytes { name in
        guard let editor = stream.group(name) else { return }
        var pending: [StreamID] = []
        group.pending.forEach { record in
          pending.append(record.id)
          return true
        }
        let consumer = editor.touchConsumer(extra, seen: 1).number
        for id in pending.dropFirst() { editor.setPending(.init(id: id, delivered: 1, count: 1, consumer: consumer)) }
        if let first = pending.first { editor.removePending(first) }
        for (name, _) in editor.reader.consumers { name.withBytes { _ = editor.removeConsumer($0) } }
        _ = stream.removeGroup(name)
      }
    }
    for id in ids.prefix(3) { _ = stream.delete(id) }
    _ = stream.trim(.length(0), isApproximate: false, most: 0)
  }
}

/// Random numbers that need no seed of the run's.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    return mixed ^ (mixed >> 31)
  }
}
