/// Bytes by birth: how many were born in the generations up to each key and after the next lower one. Keys ascend.
struct Ledger: Equatable {
  private(set) var keys: [Generation] = []
  private(set) var byteCounts: [Int] = []

  init() {}

  init(keys: [Generation], byteCounts: [Int]) {
    self.keys = keys
    self.byteCounts = byteCounts
  }

  var total: Int { byteCounts.reduce(0, +) }

  /// Bytes of the keys after `lower` and up to and with `upper`.
  func sum(after lower: Generation, through upper: Generation) -> Int {
    var sum = 0
    for (key, byteCount) in zip(keys, byteCounts) where key > lower && key <= upper { sum += byteCount }
    return sum
  }

  /// Bytes of the keys after `lower`.
  func sum(after lower: Generation) -> Int {
    zip(keys, byteCounts).reduce(0) { $1.0 > lower ? $0 + $1.1 : $0 }
  }

  /// Empties the keys after `lower` and up to and with `upper`.
  mutating func clear(after lower: Generation, through upper: Generation) {
    for index in keys.indices where keys[index] > lower && keys[index] <= upper { byteCounts[index] = 0 }
  }

  /// Makes the keys after `lower` and up to and with `upper` one, `upper`: no version tells their births apart any more.
  mutating func coalesce(after lower: Generation, through upper: Generation) {
    guard let first = keys.firstIndex(where: { $0 > lower }), keys[first] <= upper else { return }
    let end = keys.firstIndex { $0 > upper } ?? keys.count
    let byteCount = byteCounts[first..<end].reduce(0, +)
    keys.replaceSubrange(first..<end, with: CollectionOfOne(upper))
    byteCounts.replaceSubrange(first..<end, with: CollectionOfOne(byteCount))
  }

  mutating func add(_ other: Ledger) {
    var at = 0
    for (key, byteCount) in zip(other.keys, other.byteCounts) {
      while at < keys.count, keys[at] < key { at += 1 }
      if at == keys.count || keys[at] != key {
        keys.insert(key, at: at)
        byteCounts.insert(byteCount, at: at)
      } else {
        byteCounts[at] += byteCount
      }
    }
  }
}
