/// What the head holds, in bytes, by birth and by database: a row for each part of its dead list, in the same order.
///
/// It is what makes flushing a database of any size constant in time: the bytes that leave are known without a walk.
struct HeldBytes {
  /// Databases, and one column more for the root block.
  let columns: Int
  private var cells: [Int] = []

  init(databases: Int) { columns = databases + 1 }

  var rowCount: Int { cells.count / columns }
  var total: Int { cells.reduce(0, +) }

  @inline(__always)
  subscript(row: Int, column: Int) -> Int {
    get { cells[row * columns + column] }
    set { cells[row * columns + column] = newValue }
  }

  func sum(_ row: Int) -> Int { cells[row * columns..<(row + 1) * columns].reduce(0, +) }

  func isZero(_ row: Int) -> Bool { cells[row * columns..<(row + 1) * columns].allSatisfy { $0 == 0 } }

  mutating func insertRow(at row: Int) {
    cells.insert(contentsOf: repeatElement(0, count: columns), at: row * columns)
  }

  mutating func removeRow(_ row: Int) { cells.removeSubrange(row * columns..<(row + 1) * columns) }

  /// Adds up the rows of a range in its first.
  mutating func mergeRows(_ range: Range<Int>) {
    guard range.count > 1 else { return }
    for row in range.dropFirst() {
      for column in 0..<columns { self[range.lowerBound, column] += self[row, column] }
    }
    cells.removeSubrange((range.lowerBound + 1) * columns..<range.upperBound * columns)
  }

  mutating func swapColumns(_ first: Int, _ second: Int) {
    for row in 0..<rowCount { cells.swapAt(row * columns + first, row * columns + second) }
  }

  /// A cell that is not zero, as sealed versions keep them: most versions hold little of most births.
  struct Cell {
    var key: Generation
    var column: Int
    var byteCount: Int
  }

  /// Makes the keys after `lower` and up to and with `upper` one, `upper`, in cells by ascending key.
  static func coalesce(_ cells: inout [Cell], after lower: Generation, through upper: Generation) {
    guard let first = cells.firstIndex(where: { $0.key > lower }), cells[first].key <= upper else { return }
    let end = cells.firstIndex { $0.key > upper } ?? cells.count
    var sums: [Int: Int] = [:]
    for cell in cells[first..<end] { sums[cell.column, default: 0] += cell.byteCount }
    let merged = sums.sorted { $0.key < $1.key }.map { Cell(key: upper, column: $0.key, byteCount: $0.value) }
    cells.replaceSubrange(first..<end, with: merged)
  }

  /// The cells that are not zero, by ascending key.
  func sparse(_ keys: [Generation]) -> [Cell] {
    var sparse: [Cell] = []
    for (row, key) in keys.enumerated() {
      for column in 0..<columns where self[row, column] != 0 {
        sparse.append(Cell(key: key, column: column, byteCount: self[row, column]))
      }
    }
    return sparse
  }

  /// The rows that `sparse` gave, and their keys.
  static func rows(_ sparse: [Cell], databases: Int) -> (keys: [Generation], held: HeldBytes) {
    var keys: [Generation] = []
    var held = HeldBytes(databases: databases)
    for cell in sparse {
      if keys.last != cell.key {
        held.insertRow(at: keys.count)
        keys.append(cell.key)
      }
      held[keys.count - 1, cell.column] = cell.byteCount
    }
    return (keys, held)
  }
}
