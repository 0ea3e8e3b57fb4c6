// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The arrows of the house, and no more (`swift build --explicit-target-dependency-import-check error`):
//   VersionedStore <- Values <- Engine <- { Snapshots, Journal, Replication, Scripting } <- Server,   RESP <- Engine
// (Scripting needs Snapshots too, for the payloads of FUNCTION DUMP; Journal does, for the base of the log.)

/// Every target states its unsafe uses and keeps its imports out of its own interface.
let careful: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Release builds inline across modules and may use `popcnt` (x86-64-v2 is the floor; `main` checks it):
/// a step down the trie took 6 to 8 ns without, 1.3 to 2.6 with.
let fast: [SwiftSetting] =
  careful + [
    .unsafeFlags(
      ["-cross-module-optimization", "-enforce-exclusivity=unchecked", "-Xcc", "-msse4.2", "-Xcc", "-mpopcnt"],
      .when(configuration: .release))
  ]

/// `CAMBIUM_PLAIN_MALLOC=1` takes every stored object from plain malloc, so that a sanitizer sees each one.
let plainMalloc = ProcessInfo.processInfo.environment["CAMBIUM_PLAIN_MALLOC"] == "1"
let store: [SwiftSetting] = fast + (plainMalloc ? [.define("PLAIN_MALLOC")] : [])

let package = Package(
  name: "cambium",
  products: [
    .executable(name: "cambium-server", targets: ["cambium-server"]),
    .executable(name: "cambium-inspect", targets: ["cambium-inspect"]),
    // For the package in Benchmarks/.
    .library(name: "VersionedStore", targets: ["VersionedStore"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CJemalloc", providers: [.apt(["libjemalloc-dev"])]),
    .target(name: "VersionedStore", dependencies: ["CJemalloc"], swiftSettings: store),
    .target(name: "Values", dependencies: ["VersionedStore"], swiftSettings: fast),
    .target(name: "RESP", swiftSettings: fast),
    .target(
      name: "Engine",
      dependencies: ["VersionedStore", "Values", "RESP", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: fast),
    .target(name: "Snapshots", dependencies: ["VersionedStore", "Values", "Engine"], swiftSettings: fast),
    .target(
      name: "Journal", dependencies: ["VersionedStore", "Values", "Engine", "RESP", "Snapshots"], swiftSettings: fast),
    .target(
      name: "Replication", dependencies: ["VersionedStore", "Values", "Engine", "RESP", "Snapshots"],
      swiftSettings: fast),
    .target(name: "CLua", linkerSettings: [.linkedLibrary("lua5.1")]),
    .target(
      name: "Scripting",
      dependencies: [
        "VersionedStore", "Values", "Engine", "RESP", "Snapshots", "CLua",
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: fast),
    .target(
      name: "Server",
      dependencies: [
        "VersionedStore", "Values", "Engine", "RESP", "Snapshots", "Journal", "Replication", "Scripting",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: fast),
    .executableTarget(name: "cambium-server", dependencies: ["Server"], swiftSettings: fast),
    .executableTarget(
      name: "cambium-inspect",
      dependencies: ["RESP", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tools/cambium-inspect", swiftSettings: careful),

    .target(name: "TestSupport", dependencies: ["RESP"], path: "Tests/TestSupport", swiftSettings: careful),
    .testTarget(
      name: "VersionedStoreTests", dependencies: ["VersionedStore", "CJemalloc", "TestSupport"], swiftSettings: careful),
    .testTarget(
      name: "ValuesTests", dependencies: ["Values", "VersionedStore", "TestSupport"], swiftSettings: careful),
    .testTarget(
      name: "EngineTests", dependencies: ["Engine", "RESP", "VersionedStore", "Values", "TestSupport"],
      swiftSettings: careful),
    .testTarget(
      name: "Fuzzing",
      dependencies: ["Engine", "Snapshots", "Journal", "Scripting", "RESP", "Values", "VersionedStore", "TestSupport"],
      path: "Tests/Fuzzing", swiftSettings: careful),
    // These start the server, which is built for them.
    .testTarget(
      name: "Differential", dependencies: ["RESP", "TestSupport", "cambium-server"], path: "Tests/Differential",
      swiftSettings: careful),
    .testTarget(
      name: "Drills", dependencies: ["RESP", "TestSupport", "cambium-server"], path: "Tests/Drills",
      swiftSettings: careful),
    .testTarget(
      name: "Interop", dependencies: ["RESP", "TestSupport", "cambium-server"], path: "Tests/Interop",
      exclude: ["Sessions"], swiftSettings: careful),
    .testTarget(name: "RESPTests", dependencies: ["RESP", "TestSupport"], swiftSettings: careful),
    .testTarget(
      name: "SnapshotsTests",
      dependencies: ["Snapshots", "RESP", "VersionedStore", "Values", "Engine", "TestSupport"],
      swiftSettings: careful),
    .testTarget(
      name: "JournalTests",
      dependencies: ["Journal", "Snapshots", "RESP", "VersionedStore", "Values", "Engine", "TestSupport"],
      swiftSettings: careful),
    .testTarget(
      name: "ReplicationTests",
      dependencies: ["Replication", "Snapshots", "RESP", "VersionedStore", "Values", "Engine", "TestSupport"],
      swiftSettings: careful),
    .testTarget(
      name: "Simulation",
      dependencies: [
        "Journal", "Replication", "Scripting", "Snapshots", "RESP", "VersionedStore", "Values", "Engine", "TestSupport",
      ], path: "Tests/Simulation", swiftSettings: careful),
    .testTarget(
      name: "ScriptingTests",
      dependencies: ["Scripting", "RESP", "VersionedStore", "Engine", "TestSupport", "cambium-server"],
      swiftSettings: careful),
    .testTarget(
      name: "PropagationTests",
      dependencies: [
        "Scripting", "Snapshots", "RESP", "VersionedStore", "Values", "Engine", "TestSupport", "cambium-server",
      ],
      swiftSettings: careful),
    .testTarget(
      name: "ServerTests",
      dependencies: ["Server", "Engine", "RESP", "VersionedStore", "TestSupport", "cambium-server"],
      swiftSettings: careful),
    .testTarget(
      name: "InspectTests", dependencies: ["cambium-inspect", "cambium-server", "RESP", "TestSupport"],
      swiftSettings: careful),
  ],
  swiftLanguageModes: [.v6]
)

/// Leaves those targets and packages, so that a build under a sanitizer takes a minute or two.
@MainActor
func keep(_ targets: Set<String>, packages: Set<String> = []) {
  package.targets.removeAll { !targets.contains($0.name) }
  package.products = []
  package.dependencies.removeAll { dependency in
    guard case .sourceControl(_, let location, _) = dependency.kind else { return true }
    return !packages.contains { location.hasSuffix("/\($0)") }
  }
}

// `CAMBIUM_STORE_ONLY=1` leaves the store and its tests, `CAMBIUM_FUZZ_ONLY=1` the engine and its fuzzer,
// `CAMBIUM_SIMULATION_ONLY=1` all that does no I/O and its simulation.
if ProcessInfo.processInfo.environment["CAMBIUM_STORE_ONLY"] == "1" {
  keep(["CJemalloc", "VersionedStore", "RESP", "TestSupport", "VersionedStoreTests"])
} else if ProcessInfo.processInfo.environment["CAMBIUM_SIMULATION_ONLY"] == "1" {
  keep(
    [
      "CJemalloc", "CLua", "VersionedStore", "Values", "RESP", "Engine", "Snapshots", "Journal", "Replication",
      "Scripting",
      "TestSupport", "Simulation",
    ],
    packages: ["swift-crypto"])
} else if ProcessInfo.processInfo.environment["CAMBIUM_FUZZ_ONLY"] == "1" {
  keep(
    [
      "CJemalloc", "CLua", "VersionedStore", "Values", "RESP", "Engine", "Snapshots", "Journal", "Scripting",
      "TestSupport", "Fuzzing",
    ],
    packages: ["swift-crypto"])
}
