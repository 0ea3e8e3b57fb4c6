/// Waiting commands that have a deadline, the earliest first: a binary heap.
///
/// One that is over before its time stays where it is until it comes to the top, or until half of the heap are such.
struct DeadlineHeap {
  private var items: [(deadline: Int64, wait: Wait)] = []
  /// Those that still wait.
  private(set) var count = 0

  mutating func insert(_ wait: Wait) {
    items.append((wait.deadline, wait))
    count += 1
    rise(from: items.count - 1)
  }

  /// To be called when one that was inserted is over.
  mutating func noteEnd() {
    count -= 1
    guard items.count > 2 * count + 64 else { return }
    items.removeAll { $0.wait.isOver }
    for index in stride(from: items.count / 2 - 1, through: 0, by: -1) { sink(from: index) }
  }

  /// The one whose deadline comes first.
  var first: Wait? {
    mutating get {
      while let top = items.first, top.wait.isOver { removeTop() }
      return items.first?.wait
    }
  }

  private mutating func removeTop() {
    let last = items.removeLast()
    guard !items.isEmpty else { return }
    items[0] = last
    sink(from: 0)
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (items[a].deadline, items[a].wait.number) < (items[b].deadline, items[b].wait.number)
  }

  private mutating func rise(from index: Int) {
    var index = index
    while index > 0, isBefore(index, (index - 1) / 2) {
      items.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func sink(from index: Int) {
    var index = index
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < items.count && isBefore(child, least) { least = child }
      if least == index { return }
      items.swapAt(index, least)
      index = least
    }
  }
}
