internal import Values
internal import VersionedStore

/// All commands that wait: by the keys that they wait for, and by their deadlines.
///
/// A change of a key that somebody waits for puts the key on the list of those that are ready, once. When no command is in
/// progress any more, the engine goes through the list and answers whom it can (see `Engine.serveReadyKeys`).
final class Waits {
  /// By the hash of database and key; queues with the same hash are chained.
  private var queues: [UInt64: WaitQueue] = [:]
  private var ready: [WaitQueue] = []
  /// The next of them to be looked at.
  private var readyHead = 0
  private var deadlines = DeadlineHeap()
  private var counts = WaitCounts()
  private var lastNumber = 0

  /// Whether somebody waits for a key.
  var hasKeys: Bool { !queues.isEmpty }
  /// Waiting commands that have a deadline.
  var deadlineCount: Int { deadlines.count }
  /// The earliest deadline, in milliseconds since 1970; nil if there is none.
  var nextDeadline: Int64? { deadlines.count == 0 ? nil : deadlines.first?.deadline }

  /// Has a command wait for the keys that stand at `keys` among its arguments.
  func begin(
    _ call: borrowing Call, for keys: Range<Int>, _ aim: Wait.Aim, until deadline: Int64
  ) -> Wait {
    lastNumber += 1
    let wait = Wait(call, aim, deadline: deadline, number: lastNumber)
    for index in keys {
      let queue = queue(call.session.database, call[index], call.keyspace)
      guard wait.argument(of: queue) == nil else { continue }
      queue.append(wait)
      wait.places.append(.init(queue: queue, argument: index))
    }
    counts.add(wait, 1)
    if deadline != .max { deadlines.insert(wait) }
    return wait
  }

  func end(_ wait: Wait) {
    guard !wait.isOver else { return }
    wait.isOver = true
    counts.add(wait, -1)
    for place in wait.places {
      place.queue.remove(wait)
      if place.queue.count == 0 { forget(place.queue) }
    }
    // A queue and its waits must not keep each other alive.
    wait.places = []
    if wait.deadline != .max { deadlines.noteEnd() }
  }

  /// The first command whose deadline lies before `now`.
  func overdue(at now: Int64) -> Wait? {
    guard deadlines.count > 0, let wait = deadlines.first, wait.deadline < now else { return nil }
    return wait
  }

  // MARK: Queues

  private static func hash(_ database: Int, _ key: Bytes) -> UInt64 {
    HashKey.process.hash(key) &+ UInt64(truncatingIfNeeded: database) &* 0x9E37_79B9_7F4A_7C15
  }

  private func find(_ database: Int, _ key: Bytes) -> WaitQueue? {
    var found = queues[Self.hash(database, key)]
    while let queue = found, queue.database != database || !queue.key.elementsEqual(key) { found = queue.next }
    return found
  }

  /// The queue of a key, made if need be.
  private func queue(_ database: Int, _ key: Bytes, _ keyspace: Keyspace) -> WaitQueue {
    if let queue = find(database, key) { return queue }
    lastNumber += 1
    let hash = Self.hash(database, key)
    let queue = WaitQueue(database: database, key: Array(key), hash: hash, number: lastNumber)
    queue.lastType = type(of: queue, keyspace)
    queue.next = queues[hash]
    queues[hash] = queue
    return queue
  }

  private func forget(_ queue: WaitQueue) {
    guard var former = queues[queue.hash] else { return }
    if former === queue {
      queues[queue.hash] = queue.next
      return
    }
    while let next = former.next {
      if next === queue {
        former.next = queue.next
        return
      }
      former = next
    }
  }

  private var all: [WaitQueue] {
    var all: [WaitQueue] = []
    for var queue in queues.values {
      all.append(queue)
      while let next = queue.next {
        all.append(next)
        queue = next
      }
    }
    return all.sorted { $0.number < $1.number }
  }

  // MARK: Ready keys

  /// Takes note of a change of keys. Whether any is ready now is left in the keyspace's `aftermath`.
  func notice(_ change: KeyChange, _ keyspace: Keyspace) {
    switch change {
    case .key(let database, let key, let event, _):
      guard let queue = find(database, key) else { return }
      let type = type(of: queue, keyspace)
      // Of all that may happen to a stream only a new entry, or the end of a group, is waited for.
      if type == .stream, queue.lastType == .stream, let event, event.kind == .stream, !event.concernsReaders { return }
      note(queue, type, keyspace)
    case .flushed(let database):
      noteAll(in: [database], keyspace)
    case .swapped(let first, let second):
      noteAll(in: [first, second], keyspace)
    case .replaced:
      noteAll(in: nil, keyspace)
    }
  }

  private func noteAll(in databases: [Int]?, _ keyspace: Keyspace) {
    for queue in all where databases?.contains(queue.database) ?? true {
      note(queue, type(of: queue, keyspace), keyspace)
    }
  }

  /// Notes a key as ready if it is. Within one transaction the order in which keys come to be ready decides who is answered
  /// with what, so that it follows Redis: a key is ready from when it first holds a value of a type that is waited for,
  /// though it be by a command that waits elsewhere, or from when it ceases to hold a stream.
  private func note(_ queue: WaitQueue, _ type: ValueType?, _ keyspace: Keyspace) {
    let former = queue.lastType
    queue.lastType = type
    guard !queue.isReady else { return }
    let hasCome = counts[type] > 0 && (type != former || type == .stream)
    let hasGone = former == .stream && type != .stream && counts[.stream] > 0
    guard hasCome || hasGone || queue.concerns(type) else { return }
    queue.isReady = true
    ready.append(queue)
    keyspace.hot.value.aftermath.insert(.readyKeys)
  }

  /// The type of what the key holds, expired or not; nil for nothing.
  private func type(of queue: WaitQueue, _ keyspace: Keyspace) -> ValueType? {
    queue.key.withBytes { keyspace.live.head.find(queue.database, $0, keyspace.live.hash($0))?.type }
  }

  /// The next key to be looked at. It may be noted again from now on.
  func nextReady() -> WaitQueue? {
    guard readyHead < ready.count else {
      ready.removeAll(keepingCapacity: ready.count < 1024)
      readyHead = 0
      return nil
    }
    let queue = ready[readyHead]
    readyHead += 1
    queue.isReady = false
    return queue
  }
}

extension KeyspaceEvent {
  /// Of the events of streams: whether one who waits to read may have an answer now.
  fileprivate var concernsReaders: Bool {
    let name = Bytes(name)
    return name == Bytes("xadd") || name == Bytes("xgroup-destroy")
  }
}
