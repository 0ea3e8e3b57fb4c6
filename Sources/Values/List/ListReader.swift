public import VersionedStore

/// A list, to be read: of the live dataset or of a sealed version, on any thread.
@safe
public struct ListReader {
  private let packed: PackedValue?
  private let collection: Collection?

  /// `entry` must hold a list.
  @inline(__always)
  public init(_ entry: Entry) {
    collection = entry.collection
    packed = collection == nil ? PackedValue(entry) : nil
  }

  @inline(__always)
  public var count: Int { collection?.weight ?? packed?.count ?? 0 }

  /// How many nodes hold the elements, and with how many bytes, as Redis counts them in a quicklist of listpacks.
  public var nodes: (count: Int, byteCount: Int) {
    var (nodes, byteCount, index) = (0, 0, 0)
    while let run = run(at: index) {
      nodes += 1
      byteCount += run.elements.end - run.elements.start + 7
      index = run.start + run.count
    }
    return (nodes, byteCount)
  }

  /// The elements around number `index`, and the numbers that they have: of one leaf, or all of a small list.
  @inline(__always)
  public func run(at index: Int) -> (elements: PackedElements, start: Int, count: Int)? {
    if let collection {
      return collection.leaf(at: index).map { (PackedElements($0.bytes), $0.start, $0.weight) }
    }
    guard let packed, index >= 0, index < packed.count else { return nil }
    return (packed.elements, 0, packed.count)
  }

  /// Element number `index`, from 0 on; nil outside.
  public func element(at index: Int) -> StoredValue? {
    guard let run = run(at: index) else { return nil }
    return run.elements.element(at: run.elements.offset(ofIndex: index - run.start, count: run.count)).value
  }

  /// Meets the elements of a range, in order, until `visit` returns false.
  @inline(__always)
  public func forEach<E: Error>(
    in range: Range<Int>, _ visit: (StoredValue) throws(E) -> Bool
  ) throws(E) {
    var index = range.lowerBound
    while index < range.upperBound, let run = run(at: index) {
      var at = run.elements.offset(ofIndex: index - run.start, count: run.count)
      let end = min(range.upperBound, run.start + run.count)
      while index < end {
        let (value, next) = run.elements.element(at: at)
        guard try visit(value) else { return }
        at = next
        index &+= 1
      }
    }
  }

  /// Meets all elements, in order, until `visit` returns false.
  public func forEach<E: Error>(_ visit: (StoredValue) throws(E) -> Bool) throws(E) {
    try forEach(in: 0..<count, visit)
  }

  /// Meets all elements from the last to the first, with their numbers, until `visit` returns false.
  public func forEachReversed(_ visit: (_ index: Int, _ element: StoredValue) -> Bool) {
    var index = count - 1
    while let run = run(at: index) {
      var at = run.elements.end
      while let before = run.elements.previous(before: at) {
        guard visit(index, run.elements.element(at: before).value) else { return }
        at = before
        index -= 1
      }
    }
  }
}
