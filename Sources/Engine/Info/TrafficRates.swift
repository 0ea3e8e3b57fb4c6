/// How much goes on at present, as `instantaneous_ops_per_sec` and its like in INFO tell it.
struct TrafficRates {
  private(set) var commands = SampledRate()
  private(set) var inputBytes = SampledRate()
  private(set) var outputBytes = SampledRate()
  private(set) var primaryBytes = SampledRate()
  private(set) var replicaBytes = SampledRate()
  private var sampledAt: Int64?

  /// Looks at the counters if a tenth of a second has gone by since the last look. Time is in milliseconds.
  mutating func sample(_ statistics: EngineStatistics, now: Int64) {
    let elapsed = now - (sampledAt ?? now)
    guard sampledAt == nil || elapsed >= 100 else { return }
    sampledAt = now
    commands.sample(statistics.commandsProcessed, elapsedMilliseconds: elapsed)
    inputBytes.sample(statistics.bytesReceived, elapsedMilliseconds: elapsed)
    outputBytes.sample(statistics.bytesSent, elapsedMilliseconds: elapsed)
    primaryBytes.sample(statistics.primaryBytesReceived, elapsedMilliseconds: elapsed)
    replicaBytes.sample(statistics.replicaBytesSent, elapsedMilliseconds: elapsed)
  }

  mutating func reset() { self = TrafficRates() }
}

/// The rate at which a counter rises: the mean of the last 16 samples.
struct SampledRate {
  private var samples = [Int](repeating: 0, count: 16)
  private var next = 0
  private var last = 0

  /// Units a second.
  var perSecond: Int { samples.reduce(0, +) / samples.count }

  mutating func sample(_ counter: Int, elapsedMilliseconds: Int64) {
    let rise = max(counter - last, 0)
    last = counter
    guard elapsedMilliseconds > 0 else { return }
    samples[next] = rise * 1000 / Int(elapsedMilliseconds)
    next = (next + 1) % samples.count
  }
}
