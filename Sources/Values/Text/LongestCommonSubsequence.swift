public import VersionedStore

/// The longest common subsequence of two strings, for the LCS command.
///
/// The textbook table has a number L(i, j) for every pair of prefixes: the length for the first i bytes of `a` and the
/// first j of `b`. Along a row it rises by one or stays, and so a row is one bit per byte of `b`:
///
///     a = "ABCD", b = "ACXD"          A C X D          A C X D
///     L after  "A"                    1 1 1 1    rises 1 . . .
///     L after  "AB"                   1 1 1 1          1 . . .
///     L after  "ABC"                  1 2 2 2          1 1 . .
///     L after  "ABCD"                 1 2 2 3          1 1 . 1
///
/// A row follows from the one before with one addition, 64 cells at a time (Crochemore et al. 2001, in the form of
/// Hyyrö 2004; the words hold a 0 where L rises). The length is the number of rises in the last row and needs no other.
/// The way back through the table needs only to know at a cell whose bytes differ whether the better neighbour lies in
/// the row above, and that is so exactly where L rises. So all rows together take about 1/32 of a table of 32-bit
/// numbers, and never more than it. Its size is nevertheless what the limit is about: clients know the error, and the
/// time grows with it.
public struct LongestCommonSubsequence {
  /// A run of equal bytes on the way back through the table; both ranges have the same length.
  public struct Match: Equatable, Sendable {
    public let first: Range<Int>
    public let second: Range<Int>
  }

  /// Why nothing was computed. The strings are the client's.
  public enum Failure: Error {
    /// A string has 4,294,967,294 bytes or more.
    case stringTooLong
    /// The table of 32-bit numbers would exceed the limit.
    case exceedsLimit
    /// The size of the table has no 64-bit number.
    case cannotAllocate
  }

  /// The matches from the last to the first, as LCS with IDX lists them.
  public private(set) var matches: [Match] = []

  /// Finds the matches. `tableLimit` bounds the bytes of the plain table, as `proto-max-bulk-len` does.
  public init(of a: Bytes, and b: Bytes, tableLimit: Int) throws(Failure) {
    try Self.check(a.count, b.count, tableLimit: tableLimit)
    let masks = MatchMasks(of: b, for: a)
    var row = masks.emptyRow
    var rows: [UInt64] = []
    rows.reserveCapacity(a.count * masks.wordCount)
    for byte in a {
      masks.advance(&row, by: byte)
      rows.append(contentsOf: row)
    }
    walkBack(a, b) { i, j in rows[(i - 1) * masks.wordCount + (j - 1) >> 6] >> UInt64((j - 1) & 63) & 1 == 0 }
  }

  /// Number of bytes in the subsequence.
  public var length: Int { matches.reduce(0) { $0 + $1.first.count } }

  /// The subsequence itself; `a` is the first string again.
  public func bytes(from a: Bytes) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(length)
    for match in matches.reversed() { bytes.append(contentsOf: a[match.first]) }
    return bytes
  }

  /// The length alone, without the rows.
  public static func length(of a: Bytes, and b: Bytes, tableLimit: Int) throws(Failure) -> Int {
    try check(a.count, b.count, tableLimit: tableLimit)
    let masks = MatchMasks(of: b, for: a)
    var row = masks.emptyRow
    for byte in a { masks.advance(&row, by: byte) }
    return row.reduce(0) { $0 + (~$1).nonzeroBitCount }
  }

  /// Throws what the subsequence of strings of so many bytes would be refused with.
  public static func check(_ first: Int, _ second: Int, tableLimit: Int) throws(Failure) {
    let longest = Int(UInt32.max) - 2
    guard first <= longest, second <= longest else { throw .stringTooLong }
    let cells = UInt64(first + 1) * UInt64(second + 1)
    let (byteCount, overflow) = cells.multipliedReportingOverflow(by: 4)
    guard !overflow else { throw .cannotAllocate }
    guard byteCount <= UInt64(max(tableLimit, 0)) else { throw .exceedsLimit }
  }

  /// Goes from the end of both strings to the beginning of one, and collects the runs of matches. `rises(i, j)` says
  /// whether L(i, j) is greater than L(i, j - 1).
  private mutating func walkBack(_ a: Bytes, _ b: Bytes, rises: (Int, Int) -> Bool) {
    var i = a.count
    var j = b.count
    var runLength = 0
    func endRun() {
      if runLength > 0 { matches.append(Match(first: i..<i + runLength, second: j..<j + runLength)) }
      runLength = 0
    }
    while i > 0, j > 0 {
      if a[i - 1] == b[j - 1] {
        i -= 1
        j -= 1
        runLength += 1
      } else {
        endRun()
        if rises(i, j) { i -= 1 } else { j -= 1 }
      }
    }
    endRun()
  }
}

/// For each byte of one string, where it occurs in another: one bit per place.
private struct MatchMasks {
  /// Words in a row.
  let wordCount: Int
  /// The first word of a byte's mask in `words`, or -1.
  private var starts = InlineArray<256, Int>(repeating: -1)
  private var words: [UInt64]

  /// Masks over `b` for the bytes that occur in `a`.
  init(of b: Bytes, for a: Bytes) {
    wordCount = (b.count + 63) / 64
    var size = 0
    for byte in a where starts[Int(byte)] < 0 {
      starts[Int(byte)] = size
      size += wordCount
    }
    words = [UInt64](repeating: 0, count: size)
    for place in 0..<b.count {
      let start = starts[Int(b[place])]
      if start >= 0 { words[start + place >> 6] |= 1 << UInt64(place & 63) }
    }
  }

  /// The row before the first byte: no rise.
  var emptyRow: [UInt64] { [UInt64](repeating: .max, count: wordCount) }

  /// Turns the row for a prefix of `a` into the row for that prefix and `byte`. Bits beyond the string stay 1, since
  /// nothing matches there.
  func advance(_ row: inout [UInt64], by byte: UInt8) {
    let start = starts[Int(byte)]
    var carry: UInt64 = 0
    for index in 0..<wordCount {
      let old = row[index]
      let matching = old & words[start + index]
      let (partial, first) = old.addingReportingOverflow(matching)
      let (sum, second) = partial.addingReportingOverflow(carry)
      carry = first || second ? 1 : 0
      row[index] = sum | (old & ~words[start + index])
    }
  }
}
