/// What became of the keys of a snapshot that a dataset was filled from.
public struct LoadOutcome: Sendable, Equatable {
  /// Keys that are in the dataset.
  public internal(set) var loadedKeys = 0
  /// Keys that had expired, or all of whose fields had.
  public internal(set) var expiredKeys = 0
  /// Keys without a single element, which bugs of old servers have left in files. There is no such key.
  public internal(set) var emptyKeys = 0
  /// The first ten of these.
  public internal(set) var namesOfEmptyKeys: [[UInt8]] = []

  /// Those of the expired keys that are in the dataset and have to be deleted in the history that it belongs to.
  public internal(set) var expiredInHistory: [ExpiredKey] = []

  public init() {}

  mutating func noteEmptyKey(_ key: [UInt8]) {
    emptyKeys += 1
    if namesOfEmptyKeys.count < 10 { namesOfEmptyKeys.append(key) }
  }
}

/// A key whose time has come.
public struct ExpiredKey: Sendable, Equatable {
  public let database: Int
  public let name: [UInt8]
}

extension LoadOutcome: CustomStringConvertible {
  /// The end of a line for the log, in Redis's words.
  public var description: String {
    let text = "keys loaded: \(loadedKeys), keys expired: \(expiredKeys)"
    return emptyKeys == 0 ? text : text + ", empty keys skipped: \(emptyKeys)"
  }

  /// Lines for the log about keys that were left out.
  public var warnings: [String] {
    namesOfEmptyKeys.map { "skipping empty key: \(String(decoding: $0.prefix(128), as: UTF8.self))" }
  }
}
