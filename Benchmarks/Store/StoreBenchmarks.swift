import Benchmark
import VersionedStore

/// The trie with a million keys: nanoseconds an operation, hashing included.
///
/// What was found is folded into a sum that the compiler must hand out, so that nothing is left out.
let benchmarks: @Sendable () -> Void = {
  let bytesPerKey = BenchmarkMetric.custom("bytes per key", polarity: .prefersSmaller, useScalingFactor: false)
  unsafe Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock], timeUnits: .nanoseconds, warmupIterations: 1, scalingFactor: .mega,
    maxDuration: .seconds(5), maxIterations: 20)
  let fixture = StoreFixture()

  Benchmark("lookup") { benchmark in
    let root = fixture.history.live.head
    var sum = 0
    fixture.keys.withBytes { keys in
      for index in benchmark.scaledIterations {
        let key = StoreFixture.key(index, of: keys)
        sum &+= firstByte(root.find(0, key, root.hash(key)))
      }
    }
    blackHole(sum)
  }

  Benchmark("lookup, 32 at a time") { benchmark in
    let root = fixture.history.live.head
    let batch = ProbeBatch()
    var sum = 0
    fixture.keys.withBytes { keys in
      for start in stride(from: 0, to: benchmark.scaledIterations.upperBound, by: ProbeBatch.capacity) {
        batch.removeAll()
        for index in start..<start + ProbeBatch.capacity {
          batch.append(root, 0, root.hash(StoreFixture.key(index, of: keys)))
        }
        batch.descend()
        for index in 0..<ProbeBatch.capacity {
          sum &+= firstByte(batch.find(index, StoreFixture.key(start + index, of: keys)))
        }
      }
    }
    blackHole(sum)
  }

  Benchmark("overwrite in place") { benchmark in
    let live = fixture.history.live
    fixture.keys.withBytes { keys in
      for index in benchmark.scaledIterations { StoreFixture.put(live, StoreFixture.key(index, of: keys)) }
    }
    blackHole(live.keyCount(0))
  }

  // Each write copies a path from the root to the entry.
  Benchmark(
    "overwrite, a version created before and dropped after",
    configuration: .init(scalingFactor: .kilo, maxIterations: 1000)
  ) { benchmark in
    let history = fixture.history
    let start = fixture.take(benchmark.scaledIterations.count)
    try fixture.keys.withBytes { keys in
      for index in benchmark.scaledIterations {
        let version = try history.create(reason: "benchmark", atMilliseconds: 0)
        StoreFixture.put(history.live, StoreFixture.key(start + index, of: keys))
        try history.drop([version.id])
        while !history.reclaim(limit: 64) {}
      }
    }
    blackHole(history.live.keyCount(0))
  }

  Benchmark(
    "insert into an empty store", configuration: .init(metrics: [.wallClock, bytesPerKey], maxIterations: 5)
  ) { benchmark in
    benchmark.startMeasurement()
    let dataset = StoreFixture.load(fixture.keys)
    benchmark.stopMeasurement()
    benchmark.measurement(bytesPerKey, dataset.referencedBytes / StoreFixture.keyCount)
  }
}

/// One byte of the value, so that its cache line must be there.
@inline(__always)
private func firstByte(_ entry: Entry?) -> Int {
  guard case .bytes(let value)? = entry?.value else { return 0 }
  return Int(value[0])
}
