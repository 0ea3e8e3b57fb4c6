/// Rows of cells under a header, in columns that are as wide as their widest cell.
struct Table {
  enum Alignment {
    case left, right
  }

  struct Column {
    let title: String
    let alignment: Alignment

    init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  private let columns: [Column]
  private var rows: [[StyledText]] = []

  init(_ columns: [Column]) {
    self.columns = columns
  }

  /// Adds a row, which has a cell for each column.
  mutating func append(_ cells: [StyledText]) {
    precondition(cells.count == columns.count, "a cell for each column")
    rows.append(cells)
  }

  /// The lines, without blanks at their ends.
  func lines(colour: Bool) -> [String] {
    let header = columns.map { StyledText($0.title, .bold) }
    let all = [header] + rows
    let widths = columns.indices.map { index in all.map { $0[index].width }.max() ?? 0 }
    return all.map { cells in
      var line = ""
      var blanks = 0
      for (index, cell) in cells.enumerated() {
        let padding = widths[index] - cell.width
        if columns[index].alignment == .right { blanks += padding }
        if cell.width > 0 {
          line += String(repeating: " ", count: blanks) + cell.rendered(colour: colour)
          blanks = 0
        }
        if columns[index].alignment == .left { blanks += padding }
        blanks += 2
      }
      return line
    }
  }
}
