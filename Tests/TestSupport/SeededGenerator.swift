/// Random numbers that can be had again: SplitMix64, whose whole state is the seed.
///
/// The seed is `CAMBIUM_SEED` when that is set, and a new one otherwise. A property test names its generator in its
/// expectations (`#expect(a == b, "\(generator)")`), so that a failure says how to see it again.
public struct SeededGenerator: RandomNumberGenerator, CustomStringConvertible, Sendable {
  public let seed: UInt64
  private var state: UInt64

  public init(seed: UInt64 = environmentSeed ?? UInt64.random(in: 1...999_999_999)) {
    self.seed = seed
    state = seed
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  public var description: String { "CAMBIUM_SEED=\(seed)" }

  /// True once in `count` times.
  public mutating func oneIn(_ count: Int) -> Bool {
    Int.random(in: 0..<count, using: &self) == 0
  }

  public mutating func bytes(count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  /// `bytes` cut into pieces at random places.
  public mutating func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
      // Mostly small pieces: they cut where it hurts.
      let longest = oneIn(4) ? bytes.count : 8
      let end = min(bytes.count, start + Int.random(in: 1...longest, using: &self))
      pieces.append(bytes[start..<end])
      start = end
    }
    return pieces
  }
}
