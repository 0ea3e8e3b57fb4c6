internal import Values
internal import VersionedStore

/// The commands that wait for one key, in order of arrival.
///
/// One that leaves is found by its number, since these rise, and leaves a gap, which is closed when there are many: ten
/// thousand clients that wait for one key and leave together cost no more than each its search.
final class WaitQueue {
  let database: Int
  let key: [UInt8]
  /// By the hash that all queues are found by.
  let hash: UInt64
  /// In order of making.
  let number: Int
  /// The next queue with the same hash.
  var next: WaitQueue?
  /// Something has happened to the key: it is on the list of those to be looked at.
  var isReady = false
  /// The type of what the key held when it was last looked at; nil for nothing.
  var lastType: ValueType?
  private(set) var count = 0
  private(set) var counts = WaitCounts()
  private var items: [(number: Int, wait: Wait?)] = []
  /// Before it there are gaps only.
  private var head = 0

  init(database: Int, key: [UInt8], hash: UInt64, number: Int) {
    self.database = database
    self.key = key
    self.hash = hash
    self.number = number
  }

  func append(_ wait: Wait) {
    items.append((wait.number, wait))
    count += 1
    counts.add(wait, 1)
  }

  func remove(_ wait: Wait) {
    let index = position(after: wait.number - 1)
    guard index < items.count, items[index].number == wait.number, items[index].wait != nil else { return }
    items[index].wait = nil
    count -= 1
    counts.add(wait, -1)
    while head < items.count, items[head].wait == nil { head += 1 }
    if items.count > 2 * count + 16 {
      items.removeAll { $0.wait == nil }
      head = 0
    }
  }

  /// The first one that came after number `number`. One may leave, or come, between two of these calls.
  func first(after number: Int) -> Wait? {
    var index = position(after: number)
    while index < items.count {
      if let wait = items[index].wait { return wait }
      index += 1
    }
    return nil
  }

  /// The first place that belongs to a greater number.
  private func position(after number: Int) -> Int {
    var (low, high) = (head, items.count)
    while low < high {
      let middle = (low + high) / 2
      if items[middle].number <= number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether one of them may have an answer when the key holds a value of `type`, or nothing.
  func concerns(_ type: ValueType?) -> Bool {
    // A consumer group goes with its stream.
    counts[type] > 0 || type != .stream && counts.groupReaders > 0
  }
}

/// Numbers of waiting commands by what they wait for.
struct WaitCounts {
  private var lists = 0
  private var sortedSets = 0
  private var streams = 0
  /// Those of them that wait for a consumer group.
  private(set) var groupReaders = 0

  mutating func add(_ wait: Wait, _ number: Int) {
    switch wait.aim {
    case .list: lists += number
    case .sortedSet: sortedSets += number
    case .stream: streams += number
    case .replicas: break
    }
    if wait.isOfGroup { groupReaders += number }
  }

  /// Those that wait for a value of a type.
  subscript(type: ValueType?) -> Int {
    switch type {
    case .list: lists
    case .sortedSet: sortedSets
    case .stream: streams
    case .string, .set, .hash, nil: 0
    }
  }
}
