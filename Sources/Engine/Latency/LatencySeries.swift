/// The latest times at which one kind of event took long: at most one a second, the worst of it.
struct LatencySeries {
  struct Sample: Equatable {
    /// Seconds since 1970.
    var second: Int64
    var milliseconds: Int64
  }

  /// Seconds that are kept.
  private static let capacity = 160

  /// The oldest first.
  private(set) var samples: [Sample] = []
  /// The worst of all times.
  private(set) var worst: Int64 = 0

  mutating func add(_ milliseconds: Int64, second: Int64) {
    worst = max(worst, milliseconds)
    if let last = samples.last, last.second == second {
      samples[samples.count - 1].milliseconds = max(last.milliseconds, milliseconds)
      return
    }
    if samples.count == Self.capacity { samples.removeFirst() }
    samples.append(Sample(second: second, milliseconds: milliseconds))
  }

  var mean: Int64 { samples.isEmpty ? 0 : samples.reduce(0) { $0 + $1.milliseconds } / Int64(samples.count) }

  /// How far samples lie from their mean, on average.
  var deviation: Int64 {
    let mean = mean
    return samples.isEmpty ? 0 : samples.reduce(0) { $0 + abs($1.milliseconds - mean) } / Int64(samples.count)
  }
}
