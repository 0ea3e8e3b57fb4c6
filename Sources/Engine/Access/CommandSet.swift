/// A set of commands, by id: a bit for each.
struct CommandSet: Equatable {
  private var words: [UInt64]

  init(idLimit: Int) { words = [UInt64](repeating: 0, count: (idLimit + 63) / 64) }

  func contains(_ id: Int) -> Bool { words[id / 64] >> UInt64(id % 64) & 1 == 1 }

  mutating func insert(_ id: Int) { words[id / 64] |= 1 << UInt64(id % 64) }

  mutating func remove(_ id: Int) { words[id / 64] &= ~(1 << UInt64(id % 64)) }

  mutating func set(_ id: Int, _ isIn: Bool) {
    if isIn { insert(id) } else { remove(id) }
  }

  mutating func set(_ others: CommandSet, _ areIn: Bool) {
    for index in words.indices {
      if areIn { words[index] |= others.words[index] } else { words[index] &= ~others.words[index] }
    }
  }

  /// Puts in, or takes out, all that there are, those of unused ids among them.
  mutating func setAll(_ areIn: Bool) {
    for index in words.indices { words[index] = areIn ? .max : 0 }
  }

  /// Whether nothing was taken out since all were put in.
  var isFull: Bool { words.allSatisfy { $0 == .max } }

  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  func intersectionCount(_ others: CommandSet) -> Int {
    zip(words, others.words).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
  }
}
