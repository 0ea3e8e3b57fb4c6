internal import Values
internal import VersionedStore

/// The elements of a list that may be missing, to be walked.
struct ListElements {
  private let list: ListReader?

  /// `entry` must hold a list, if there is one.
  init(_ entry: Entry?) { list = entry.map { ListReader($0) } }

  var count: Int { list?.count ?? 0 }

  /// Those of a range, which stand where they are stored.
  func elements(in range: Range<Int>) -> [StoredValue] {
    var elements: [StoredValue] = []
    list?.forEach(in: range) {
      elements.append($0)
      return true
    }
    return elements
  }

  /// A walk that begins with element number `index`.
  func cursor(at index: Int) -> Cursor { Cursor(list: list, index: index) }

  /// Goes through the elements either way, a leaf at a time.
  struct Cursor {
    private let list: ListReader?
    private var run: (elements: PackedElements, start: Int, count: Int)?
    private var offset = 0
    /// The number of the next element.
    private(set) var index: Int

    fileprivate init(list: ListReader?, index: Int) {
      self.list = list
      self.index = index
    }

    /// The element at the cursor, which moves behind it; nil at the end.
    mutating func next() -> StoredValue? {
      if run.map({ index >= $0.start + $0.count }) ?? true, !enterRun(around: index) { return nil }
      guard let run else { return nil }
      let (value, next) = run.elements.element(at: offset)
      (offset, index) = (next, index + 1)
      return value
    }

    /// The element before the cursor, which moves before it; nil at the beginning.
    mutating func previous() -> StoredValue? {
      if run.map({ index <= $0.start }) ?? true {
        guard enterRun(around: index - 1), let run else { return nil }
        offset = run.elements.next(after: offset)
      }
      guard let run, let before = run.elements.previous(before: offset) else { return nil }
      (offset, index) = (before, index - 1)
      return run.elements.element(at: before).value
    }

    private mutating func enterRun(around index: Int) -> Bool {
      run = list?.run(at: index)
      guard let run else { return false }
      offset = run.elements.offset(ofIndex: index - run.start, count: run.count)
      return true
    }
  }
}

extension StoredValue {
  /// Whether both are the same text: a number may be kept as such or as its digits.
  func isSame(as other: StoredValue) -> Bool {
    switch (self, other) {
    case (.word(let a), .word(let b)): a == b
    case (.bytes(let a), .bytes(let b)): a == b
    case (.word, .bytes(let text)): isSame(as: text)
    case (.bytes(let text), .word): other.isSame(as: text)
    }
  }
}
