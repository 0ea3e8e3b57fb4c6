import Engine
import Values

/// `user <name> <rule> ...` lines of redis.conf. They are no directive that CONFIG GET and SET know: users are changed by
/// ACL SETUSER, and written back by CONFIG REWRITE.
struct ConfiguredUsers {
  static let keyword = "user"

  private(set) var declarations: [(name: [UInt8], rules: [[UInt8]])] = []
  /// The lines of all users as they are now, for CONFIG REWRITE. None where a file of its own keeps them.
  var lines: () -> [[UInt8]] = { [] }

  /// Takes the words behind `user`. What can be said of them before the commands of the server are known is said here.
  mutating func add(_ words: [[UInt8]]) throws(BadValue) {
    let (name, rules) = (words[0], Array(words.dropFirst()))
    if declarations.contains(where: { $0.name == name }) {
      throw Self.refusal(name, "Duplicate user found. A user can only be defined once in config files")
    }
    if let refusal = Users.objection(to: rules) { throw Self.refusal(refusal.rule, refusal.reason) }
    declarations.append((name, rules))
  }

  /// A user's line with those words quoted that would not be read back as they are.
  static func quoted(_ line: [UInt8]) -> [UInt8] {
    let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { word in
      let word = Array(word)
      return ConfigurationArguments.split(word) == [word] ? word : ConfigurationArguments.quoted(word)
    }
    return Array(words.joined(separator: [UInt8(ascii: " ")]))
  }

  private static func refusal(_ word: [UInt8], _ reason: String) -> BadValue {
    BadValue(reason: "Error in user declaration '\(String(decoding: word, as: UTF8.self))': \(reason)")
  }
}
