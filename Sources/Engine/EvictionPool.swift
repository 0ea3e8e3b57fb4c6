internal import VersionedStore

/// The best candidates for eviction met so far: a few keys, each with a score; the highest goes first.
///
/// Every eviction looks at a handful of keys chosen at random and keeps the good ones for the evictions that follow, so
/// that samples of five come close to an exact order. After Redis's pool, see
/// https://redis.io/docs/reference/eviction/.
struct EvictionPool {
  struct Candidate {
    var score: UInt64
    var database: Int
    var key: [UInt8]
  }

  static let capacity = 16
  /// By ascending score.
  private(set) var candidates: [Candidate] = []

  /// Keeps a key if there is room, or if it is better than the worst one here.
  mutating func offer(_ key: Bytes, _ database: Int, score: UInt64) {
    let index = candidates.firstIndex { $0.score >= score } ?? candidates.count
    if candidates.count == Self.capacity {
      guard index > 0 else { return }
      candidates.insert(Candidate(score: score, database: database, key: Array(key)), at: index)
      candidates.removeFirst()
    } else {
      candidates.insert(Candidate(score: score, database: database, key: Array(key)), at: index)
    }
  }

  mutating func takeBest() -> Candidate? { candidates.popLast() }

  mutating func removeAll() { candidates.removeAll() }
}
