internal import Values
internal import VersionedStore

/// A range of the members of a sorted set, by rank, by score or by member, as two arguments say it.
enum MemberRange {
  enum Kind { case rank, score, member }

  /// Both ends belong to it; negative ones count from the end.
  case rank(Int64, Int64)
  case bounds(SortedSetBound, SortedSetBound)

  init(_ call: borrowing Call, _ kind: Kind, _ low: Int, _ high: Int) throws(CommandError) {
    switch kind {
    case .rank: self = .rank(try call.integer(low), try call.integer(high))
    case .score:
      guard let min = Self.score(call[low], isHigh: false), let max = Self.score(call[high], isHigh: true) else {
        throw .notScoreRange
      }
      self = .bounds(min, max)
    case .member:
      guard let min = Self.member(call[low], isHigh: false), let max = Self.member(call[high], isHigh: true) else {
        throw .notMemberRange
      }
      self = .bounds(min, max)
    }
  }

  /// The ranks that it covers, in ascending order; `isReversed` counts ranks from the end.
  func ranks(in set: SortedSetReader, isReversed: Bool) -> Range<Int> {
    switch self {
    case .rank(let first, let last):
      let count = Int64(set.count)
      let start = first < 0 ? max(first + count, 0) : first
      let end = min(last < 0 ? last + count : last, count - 1) + 1
      guard start < end else { return 0..<0 }
      return isReversed ? Int(count - end)..<Int(count - start) : Int(start)..<Int(end)
    case .bounds(let min, let max):
      let start = set.rank(of: min)
      return start..<Swift.max(start, set.rank(of: max))
    }
  }

  /// `5`, `(5`, `-inf`: read as C's `strtod` reads it, which takes no text for 0.
  private static func score(_ text: Bytes, isHigh: Bool) -> SortedSetBound? {
    let isOpen = text.first == UInt8(ascii: "(")
    let digits = isOpen ? text[1..<text.count] : text
    guard let score = Double(text: digits) ?? CNumber(digits)?.value else { return nil }
    return .score(score, after: isHigh != isOpen)
  }

  /// `[member`, `(member`, `-` or `+`.
  private static func member(_ text: Bytes, isHigh: Bool) -> SortedSetBound? {
    switch text.first {
    case UInt8(ascii: "-") where text.count == 1: .start
    case UInt8(ascii: "+") where text.count == 1: .end
    case UInt8(ascii: "["): .member(text[1..<text.count], after: isHigh)
    case UInt8(ascii: "("): .member(text[1..<text.count], after: !isHigh)
    default: nil
    }
  }
}
