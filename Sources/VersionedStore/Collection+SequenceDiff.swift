/// A stretch in which two sequences may differ: what stands in `older` of the one has become what stands in `newer` of
/// the other. Indices count as weights do; each end lies between two leaves, and one of the ranges may be empty.
public struct SequencePart: Equatable, Sendable {
  public var older: Range<Int>
  public var newer: Range<Int>

  public init(older: Range<Int>, newer: Range<Int>) {
    self.older = older
    self.newer = newer
  }
}

extension Collection {
  /// The stretches between what the sequences of two versions share, in order. Outside of them both hold the same leaves in
  /// the same order; inside, no leaf is shared.
  ///
  /// What is shared is never looked into: the cost follows the branches that are not, so that one element changed in a
  /// sequence of any length costs a path. Two sequences that share nothing are one stretch, found in the time that it takes
  /// to visit all branches, and not their leaves.
  public func unsharedParts(to newer: Collection) -> [SequencePart] {
    if unsafe sequenceTop == newer.sequenceTop { return [] }
    var older = SequenceLevel(self)
    var newer = SequenceLevel(newer)
    // An object stands at one level for good: it can only be met again at its own.
    while older.height > newer.height { older.descend() }
    while newer.height > older.height { newer.descend() }
    var height = older.height
    var gaps = [SequenceGap(older: older.pieces, newer: newer.pieces)].flatMap { $0.divided() }
    while height > 0, !gaps.isEmpty {
      gaps = gaps.flatMap { $0.below.divided() }
      height -= 1
    }
    return gaps.map { SequencePart(older: $0.older.range, newer: $0.newer.range) }
  }
}

/// Subtrees of one sequence that stand side by side on one level.
@safe
private struct SequencePieces {
  @safe
  struct Piece {
    let object: UnsafeMutableRawPointer
    let weight: Int
  }

  /// The weight of all that stands before them.
  var start: Int
  var pieces: [Piece] = []

  var range: Range<Int> { start..<start + pieces.reduce(0) { $0 + $1.weight } }

  /// The children of these branches.
  var below: SequencePieces {
    var below = SequencePieces(start: start)
    for piece in pieces {
      let branch = unsafe Branch(base: piece.object)
      for index in 0..<branch.count {
        let slot = branch[index]
        unsafe below.pieces.append(Piece(object: slot.object, weight: slot.weight))
      }
    }
    return below
  }
}

/// All subtrees of a sequence on one level: its top at first.
private struct SequenceLevel {
  private(set) var height: Int
  private(set) var pieces = SequencePieces(start: 0)

  init(_ collection: Collection) {
    height = collection.height
    if let top = unsafe collection.sequenceTop {
      unsafe pieces.pieces.append(.init(object: top, weight: collection.weight))
    }
  }

  mutating func descend() {
    pieces = pieces.below
    height -= 1
  }
}

/// Subtrees of two sequences between two that they share.
private struct SequenceGap {
  var older: SequencePieces
  var newer: SequencePieces

  var below: SequenceGap { SequenceGap(older: older.below, newer: newer.below) }

  /// The gaps that are left when subtrees that both have are taken out. No write changes the order of what stays, so that
  /// they come in the same order on both sides.
  func divided() -> [SequenceGap] {
    var places: [UInt: Int] = [:]
    if !newer.pieces.isEmpty {
      places.reserveCapacity(older.pieces.count)
      for (index, piece) in older.pieces.enumerated() { unsafe places[UInt(bitPattern: piece.object)] = index }
    }
    var gaps: [SequenceGap] = []
    var gap = SequenceGap(older: SequencePieces(start: older.start), newer: SequencePieces(start: newer.start))
    var next = 0
    for piece in newer.pieces {
      guard let place = unsafe places[UInt(bitPattern: piece.object)], place >= next else {
        gap.newer.pieces.append(piece)
        continue
      }
      gap.older.pieces += older.pieces[next..<place]
      gap.close(behind: piece.weight, into: &gaps)
      next = place + 1
    }
    gap.older.pieces += older.pieces[next...]
    gap.close(behind: 0, into: &gaps)
    return gaps
  }

  /// Ends the gap before a shared subtree and begins the next one behind it.
  private mutating func close(behind weight: Int, into gaps: inout [SequenceGap]) {
    if !older.pieces.isEmpty || !newer.pieces.isEmpty { gaps.append(self) }
    older = SequencePieces(start: older.range.upperBound + weight)
    newer = SequencePieces(start: newer.range.upperBound + weight)
  }
}
