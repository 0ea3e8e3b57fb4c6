/// The commands that took longest lately, newest first.
struct SlowLog {
  struct Entry {
    let id: Int
    /// Seconds since 1970.
    let second: Int64
    let microseconds: Int64
    let arguments: [[UInt8]]
    /// Address and name of the client.
    let client: String
    let name: [UInt8]
  }

  /// The oldest first; what is gone stands before `first`.
  private var entries: [Entry] = []
  private var first = 0
  private var nextID = 0

  var count: Int { entries.count - first }

  /// The newest `limit` entries, newest first.
  func newest(_ limit: Int) -> some Sequence<Entry> { entries[first...].suffix(limit).reversed() }

  mutating func append(
    _ arguments: [[UInt8]], microseconds: Int64, second: Int64, client: String, name: [UInt8], limit: Int
  ) {
    entries.append(
      Entry(id: nextID, second: second, microseconds: microseconds, arguments: arguments, client: client, name: name))
    nextID += 1
    trim(to: limit)
  }

  /// Forgets the oldest. The array is moved together only now and then.
  mutating func trim(to limit: Int) {
    let former = first
    first = max(first, entries.count - limit)
    for index in former..<first { entries[index] = .gone }
    if first > limit {
      entries.removeFirst(first)
      first = 0
    }
  }

  mutating func removeAll() {
    entries = []
    first = 0
  }
}

extension SlowLog.Entry {
  /// Takes no memory.
  fileprivate static let gone = SlowLog.Entry(
    id: 0, second: 0, microseconds: 0, arguments: [], client: "", name: [])
}
