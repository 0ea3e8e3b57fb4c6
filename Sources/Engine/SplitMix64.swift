internal import VersionedStore

/// Random numbers for choices that nobody can gain by foreseeing, such as which keys to look at for eviction: the system's
/// own generator costs a system call a number. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64 = Randomness.next()) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// The keyspace's own random numbers, drawn by its commands one after another.
struct SharedRandom: RandomNumberGenerator {
  private let hot: Fixed<HotState>

  init(_ hot: Fixed<HotState>) { self.hot = hot }

  func next() -> UInt64 { hot.value.random.next() }
}
