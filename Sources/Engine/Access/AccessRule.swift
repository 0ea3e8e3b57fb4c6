internal import Values
internal import VersionedStore

/// How the words of access rules are read.
///
/// Redis treats them as C strings but for passwords: a word ends at its first zero byte, and what it quotes of one too.
enum AccessRule {
  /// The part of a word that counts.
  static func text(_ rule: [UInt8]) -> [UInt8] { Array(rule.prefix { $0 != 0 }) }

  static func isWord(_ rule: [UInt8], _ word: StaticString) -> Bool {
    rule.withBytes { $0.equalsIgnoringCase(word) }
  }

  /// Whether a name or a pattern has a character that the written form of rules could not carry.
  static func hasBlanks(_ name: some Sequence<UInt8>) -> Bool {
    name.contains { $0 == 0 || $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
  }

  static func line(_ words: [[UInt8]]) -> [UInt8] { Array(words.joined(separator: [UInt8(ascii: " ")])) }

  /// A word of a selector's written form. That is read with quotes, as a configuration file is: one that holds a quote itself
  /// would come back without it.
  static func quotedIfNeeded(_ word: [UInt8]) -> [UInt8] {
    let isPlain = word.allSatisfy { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
    return isPlain ? word : ConfigurationArguments.quoted(word)
  }

  /// Puts the words of a selector together that was written as several arguments: `(~a +get)` came as `(~a` and `+get)`.
  static func merge(_ rules: some Sequence<[UInt8]>) throws(OpenSelector) -> [[UInt8]] {
    let (open, close) = (UInt8(ascii: "("), UInt8(ascii: ")"))
    var merged: [[UInt8]] = []
    var selector: (words: [UInt8], first: [UInt8])?
    for rule in rules {
      if rule.first == open, rule.last != close {
        selector = (rule, rule)
      } else if let begun = selector {
        let words = begun.words + [UInt8(ascii: " ")] + text(rule)
        if rule.last == close {
          merged.append(words)
          selector = nil
        } else {
          selector = (words, begun.first)
        }
      } else {
        merged.append(rule)
      }
    }
    if let selector { throw OpenSelector(rule: selector.first) }
    return merged
  }
}
