internal import VersionedStore

/// How long the calls of one command took: a count for each of 3072 intervals of nanoseconds, from one nanosecond to a
/// second, each no wider than a 128th of what it stands for.
///
/// The intervals are those of HdrHistogram with two significant digits (http://hdrhistogram.org), as Redis has it, so that
/// percentiles read the same. A trivial handle, as `FixedArray`: recording counts no reference.
struct LatencyHistogram {
  private static let intervalsPerDoubling = 128
  private static let count = 24 * intervalsPerDoubling
  private static let longest: Int64 = 1_000_000_000

  private let counts = FixedArray([Int](repeating: 0, count: Self.count))

  func deallocate() { counts.deallocate() }

  /// The interval of a duration; the same for all histograms.
  @inline(__always)
  static func interval(nanoseconds: Int64) -> Int {
    let value = Int(min(max(nanoseconds, 1), longest))
    let doublings = max(56 - value.leadingZeroBitCount, 0)
    return doublings * intervalsPerDoubling + value >> doublings
  }

  /// The least nanoseconds in an interval, and the most.
  private static func range(_ interval: Int) -> (low: Int, high: Int) {
    let doublings = max(interval / intervalsPerDoubling - 1, 0)
    let low = (interval - doublings * intervalsPerDoubling) << doublings
    return (low, low + 1 << doublings - 1)
  }

  @inline(__always)
  func record(interval: Int) { counts[interval] &+= 1 }

  func reset() { for index in 0..<counts.count { counts[index] = 0 } }

  var callCount: Int { (0..<counts.count).reduce(0) { $0 + counts[$1] } }

  /// The nanoseconds that `percent` of all calls did not exceed.
  func nanoseconds(percent: Double) -> Int {
    let wanted = max(Int(min(percent, 100) / 100 * Double(callCount) + 0.5), 1)
    var sum = 0
    for interval in 0..<counts.count {
      sum += counts[interval]
      guard sum >= wanted else { continue }
      let range = Self.range(interval)
      return percent == 0 ? range.low : range.high
    }
    return 0
  }

  /// For about every doubling of a microsecond, the number of calls that took no longer; where that has not risen, nothing.
  var cumulative: [(microseconds: Int, callCount: Int)] {
    var points: [(microseconds: Int, callCount: Int)] = []
    var (sum, told, next) = (0, 0, 1024)
    for interval in 0..<counts.count {
      sum += counts[interval]
      let range = Self.range(interval)
      guard range.low >= next || interval == counts.count - 1 else { continue }
      next *= 2
      guard sum > told else { continue }
      points.append((range.high / 1000, sum))
      told = sum
    }
    return points
  }
}
