import Values
import VersionedStore

/// SplitMix64. Prints as its first state, so that a failure can be run again: `Seeded(seed)`.
struct Seeded: RandomNumberGenerator, CustomStringConvertible {
  private let seed: UInt64
  private var state: UInt64

  init(_ seed: UInt64 = .random(in: 0 ... .max)) {
    self.seed = seed
    state = seed
  }

  var description: String { "seed \(seed)" }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// Up to `limit` characters of `alphabet`.
  mutating func text(over alphabet: String, upTo limit: Int) -> String {
    let alphabet = Array(alphabet)
    let count = Int.random(in: 0...limit, using: &self)
    return String((0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &self)] })
  }
}

func printed<let capacity: Int>(_ text: InlineText<capacity>) -> String {
  text.withBytes { String(decoding: $0, as: UTF8.self) }
}

func printed(human value: Float80) -> String {
  value.withHumanText { String(decoding: $0, as: UTF8.self) }
}

func double(_ text: String) -> Double? { Array(text.utf8).withBytes { Double(text: $0) } }

func extended(_ text: String) -> Float80? { Array(text.utf8).withBytes { Float80(text: $0) } }
