/// What is to happen, in the order of its time; what is due at the same time happens in the order in which it was asked for.
struct EventQueue {
  private struct Event {
    let time: Int64
    let number: Int
    let action: () -> Void

    func comesBefore(_ other: Event) -> Bool { (time, number) < (other.time, other.number) }
  }

  /// A binary heap.
  private var heap: [Event] = []
  private var lastNumber = 0

  mutating func add(at time: Int64, _ action: @escaping () -> Void) {
    lastNumber += 1
    heap.append(Event(time: time, number: lastNumber, action: action))
    var index = heap.count - 1
    while index > 0, heap[index].comesBefore(heap[(index - 1) / 2]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// Takes out the next event if it is due until `end`.
  mutating func take(until end: Int64) -> (time: Int64, action: () -> Void)? {
    guard let first = heap.first, first.time <= end else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].comesBefore(heap[least]) {
        least = child
      }
      if least == index { return (first.time, first.action) }
      heap.swapAt(index, least)
      index = least
    }
  }
}
