public import VersionedStore

/// What sorted sets know about scores.
enum Score {
  /// A number that compares as the score does. Both zeros are equal.
  @inline(__always)
  static func order(_ score: Double) -> UInt64 {
    let bits = (score == 0 ? 0 : score).bitPattern
    return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
  }

  /// The integer that a packed score is kept as, where Redis keeps it so; nil for one that is kept as text.
  static func integer(_ score: Double) -> Int64? {
    guard score.magnitude <= 4_611_686_018_427_387_904, score == score.rounded(.towardZero) else { return nil }
    return Int64(score)
  }

  /// The score that a packed element is.
  @inline(__always)
  static func value(_ element: StoredValue) -> Double {
    switch element {
    case .word(let word): Double(word)
    case .bytes(let bytes): Double(text: bytes) ?? 0
    }
  }

  /// Calls `body` with the packed form of a score.
  static func withPacked<R>(_ score: Double, _ body: (Bytes) -> R) -> R {
    if let integer = integer(score) { return Packed.withEncoded(.word(integer), body) }
    return FloatText(score).withBytes { Packed.withEncoded($0, body) }
  }
}

/// A leaf of a large sorted set: members in order, each as
///
///     score: 8 bytes (the bits of a double, little-endian), member: a packed element
@safe
struct ScoredMembers {
  let bytes: Bytes

  @inline(__always)
  init(_ bytes: Bytes) { self.bytes = bytes }

  @inline(__always)
  var end: Int { bytes.count }

  @inline(__always)
  func score(at offset: Int) -> Double {
    Double(bitPattern: bytes.littleEndian(at: offset, as: UInt64.self))
  }

  /// The member whose score stands at `offset`, and where the next one's stands.
  @inline(__always)
  func member(at offset: Int) -> (value: StoredValue, next: Int) {
    PackedElements(bytes).element(at: offset &+ 8)
  }

  @inline(__always)
  func next(after offset: Int) -> Int { PackedElements(bytes).next(after: offset &+ 8) }

  /// Where the member before `offset` begins; nil at the start.
  func previous(before offset: Int) -> Int? { PackedElements(bytes).previous(before: offset).map { $0 - 8 } }

  /// Where member number `index` of `count` begins.
  func offset(ofIndex index: Int, count: Int) -> Int {
    if index <= count / 2 {
      var at = 0
      for _ in 0..<index { at = next(after: at) }
      return at
    }
    var at = end
    for _ in index..<count { at = previous(before: at) ?? 0 }
    return at
  }

  /// Where the first member stands that `isBefore` is false for, and how many stand before it.
  @inline(__always)
  func lowerBound(_ isBefore: (Double, StoredValue) -> Bool) -> (offset: Int, index: Int) {
    var (at, index) = (0, 0)
    while at < end {
      let (member, next) = member(at: at)
      guard isBefore(score(at: at), member) else { break }
      at = next
      index &+= 1
    }
    return (at, index)
  }
}

/// A place between the members of a sorted set: what stands before it is told by score, by member, or by both.
public enum SortedSetBound {
  /// Before the first.
  case start
  /// Before all that have this score or a higher one; `after` it: behind all that have it.
  case score(Double, after: Bool)
  /// The same by member, for sets whose scores are all equal.
  case member(Bytes, after: Bool)
  /// Behind the last.
  case end

  /// Whether a member stands before this place.
  @inline(__always)
  func isBehind(_ score: Double, _ member: StoredValue) -> Bool {
    switch self {
    case .start: false
    case .end: true
    case .score(let bound, let after): after ? score <= bound : score < bound
    case .member(let bound, let after):
      member.withBytes { after ? !(bound < $0) : $0 < bound }
    }
  }
}
