import VersionedStore

/// Keys of 18 bytes in random order, and a store that holds them all with values of 16 bytes.
final class StoreFixture {
  static let keyCount = 1_000_000
  static let keyLength = 18

  /// All keys, one behind the other: reading the next one costs no cache miss of its own.
  let keys: [UInt8]
  /// Made when it is first asked for, so that no benchmark pays for the fixture of another.
  lazy var history = History(live: Self.load(keys))
  private var next = 0

  init() {
    var keys: [UInt8] = []
    keys.reserveCapacity(Self.keyCount * Self.keyLength)
    for number in Array(0..<Self.keyCount).shuffled() {
      let digits = String(number)
      keys += Array("key:".utf8) + [UInt8](repeating: 0x30, count: Self.keyLength - 4 - digits.utf8.count)
      keys += Array(digits.utf8)
    }
    self.keys = keys
  }

  /// A new dataset with all keys.
  static func load(_ keys: [UInt8]) -> Dataset {
    let dataset = Dataset(databases: 1, lineage: 1)
    keys.withBytes { keys in
      for index in 0..<keyCount { put(dataset, key(index, of: keys)) }
    }
    return dataset
  }

  /// Key number `index`, which begins again behind the last one.
  @inline(__always)
  static func key(_ index: Int, of keys: Bytes) -> Bytes {
    let start = index % keyCount * keyLength
    return keys[start..<start + keyLength]
  }

  @inline(__always)
  static func put(_ dataset: Dataset, _ key: Bytes) {
    dataset.put(0, key, dataset.hash(key), .bytes(Bytes("a 16-byte value!")), tag: 0, accessClock: 0)
  }

  /// Where a benchmark goes on that does not meet all keys in one iteration.
  func take(_ count: Int) -> Int {
    defer { next += count }
    return next
  }
}
