// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that building and testing the server needs nothing of this.
//
//     swift package --package-path Benchmarks benchmark
let package = Package(
  name: "cambium-benchmarks",
  dependencies: [
    .package(name: "cambium", path: ".."),
    // Without its traits, which put an allocator of their own under the one that is measured.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(name: "load", path: "Load", swiftSettings: [.strictMemorySafety()]),
    .executableTarget(
      name: "StoreBenchmarks",
      dependencies: [
        .product(name: "VersionedStore", package: "cambium"), .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Store",
      swiftSettings: [
        .strictMemorySafety(), .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
      ],
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ],
  swiftLanguageModes: [.v6]
)
