import TestSupport
import Values
import VersionedStore

extension SeededGenerator {
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
