import Foundation

/// The seed that a failed run has printed.
public let environmentSeed: UInt64? = ProcessInfo.processInfo.environment["CAMBIUM_SEED"].flatMap { UInt64($0) }
