internal import Synchronization

/// Where numbers that are drawn at random come from: the system, or, within `withSeed`, a seed, so that a simulation of
/// several servers can be had again.
///
/// It is asked for seeds, names and keys, never on the way of a command.
public enum Randomness {
  /// The numbers of a seed, SplitMix64.
  private final class Numbers: Sendable {
    private let state: Mutex<UInt64>
    let hashKey: HashKey

    init(seed: UInt64) {
      var seed = seed
      hashKey = HashKey(k0: Self.next(&seed), k1: Self.next(&seed))
      state = Mutex(seed)
    }

    func next() -> UInt64 { state.withLock { Self.next(&$0) } }

    private static func next(_ state: inout UInt64) -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  @TaskLocal private static var numbers: Numbers?

  /// Has everything that `body` draws on this thread follow from a seed.
  public static func withSeed<Result, Failure: Error>(
    _ seed: UInt64, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // `withValue` would forget the type of the error.
    var result: Swift.Result<Result, Failure>?
    $numbers.withValue(Numbers(seed: seed)) {
      result = Swift.Result { () throws(Failure) in try body() }
    }
    guard let result else { preconditionFailure("the body was not run") }
    return try result.get()
  }

  public static func next() -> UInt64 { numbers?.next() ?? .random(in: 0...UInt64.max) }

  /// The key of the hashes of datasets that are begun now.
  public static var hashKey: HashKey { numbers?.hashKey ?? .process }

  /// The same numbers, for what takes a generator.
  public struct Generator: RandomNumberGenerator {
    public init() {}

    public func next() -> UInt64 { Randomness.next() }
  }
}
