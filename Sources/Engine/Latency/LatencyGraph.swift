/// LATENCY GRAPH: the samples of one event as columns of characters, the oldest at the left, each with its age below it.
struct LatencyGraph {
  private static let columns = 80
  private static let rows = 4
  /// What a row is filled with, from hardly to all of it.
  private static let levels = Array("_o#".utf8)
  private static let full = UInt8(ascii: "|")
  private static let blank = UInt8(ascii: " ")

  let event: String
  let series: LatencySeries
  /// Seconds since 1970.
  let now: Int64

  var text: String {
    let values = series.samples.map(\.milliseconds)
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let head = "\(event) - high \(high) ms, low \(low) ms (all time high \(series.worst) ms)\n"
    let parts = stride(from: 0, to: values.count, by: Self.columns).map { first in
      part(series.samples[first..<min(first + Self.columns, values.count)], low, high)
    }
    return head + String(repeating: "-", count: Self.columns) + "\n" + parts.joined(separator: "\n")
  }

  /// As many samples as fit beside each other.
  private func part(_ samples: ArraySlice<LatencySeries.Sample>, _ low: Int64, _ high: Int64) -> String {
    let steps = Self.levels.count * Self.rows
    let heights = samples.map { sample in
      min(Int(Double((sample.milliseconds - low) * Int64(steps)) / Double(max(high - low, 1))), steps - 1)
    }
    let ages = samples.map { Array(Self.age($0.second, now).utf8) }
    var lines = (0..<Self.rows).map { row in
      heights.map { height in
        let level = height - (Self.rows - row - 1) * Self.levels.count
        return level < 0 ? Self.blank : level < Self.levels.count ? Self.levels[level] : Self.full
      }
    }
    lines.append([UInt8](repeating: Self.blank, count: samples.count))
    for index in 0..<(ages.map(\.count).max() ?? 0) {
      lines.append(ages.map { index < $0.count ? $0[index] : Self.blank })
    }
    return lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
  }

  private static func age(_ second: Int64, _ now: Int64) -> String {
    switch now - second {
    case ..<60: "\(now - second)s"
    case ..<3600: "\((now - second) / 60)m"
    case ..<86_400: "\((now - second) / 3600)h"
    case let age: "\(age / 86_400)d"
    }
  }
}
