internal import Values
internal import VersionedStore

/// The file of users (`aclfile`): a line `user <name> <rule> ...` for each.
///
/// All of it is read before anything is changed: one bad line, and the users stay as they are.
struct AccessFile {
  /// By name.
  private(set) var rules: [[UInt8]: UserRules] = [:]
  /// What is wrong with it, in the words of Redis 7.0, each with its line.
  private var complaints: [UInt8] = []
  private let path: String
  private let users: Users

  init(_ content: [UInt8], path: String, _ users: Users) {
    self.path = path
    self.users = users
    let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() { read(Self.trimmed(line), number: index + 1) }
  }

  /// Why nothing of the file is taken; nil if it is good.
  var refusal: [UInt8]? {
    guard !complaints.isEmpty else { return nil }
    return complaints
      + Array("WARNING: ACL errors detected, no change to the previously active ACL rules was performed".utf8)
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == 9 || $0 == 13 }
    var line = line.drop(while: isBlank)
    while let last = line.last, isBlank(last) { line.removeLast() }
    return line
  }

  private mutating func read(_ line: ArraySlice<UInt8>, number: Int) {
    guard !line.isEmpty else { return }
    let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
    guard words[0] == Array("user".utf8), words.count >= 2 else {
      return complain(number, " should start with user keyword followed by the username. ")
    }
    let name = words[1]
    guard !AccessRule.hasBlanks(name) else {
      complaints += Array("'".utf8)
      return complain(number, ": username '", name, "' contains invalid characters. ")
    }
    guard rules[name] == nil else {
      complaints += Array("WARNING: Duplicate user '".utf8) + name + Array("' found on line \(number). ".utf8)
      return
    }
    read(words.dropFirst(2), of: name, number: number)
  }

  private mutating func read(_ words: ArraySlice<[UInt8]>, of name: [UInt8], number: Int) {
    var made = users.emptyRules
    var hasSyntaxError = false
    do throws(OpenSelector) {
      for rule in try AccessRule.merge(words) {
        let rule = Array(Self.withoutTabs(rule))
        do throws(AccessRuleError) { try users.apply(rule, to: &made) } catch {
          if case .unknownCommand = error {
            complain(number, ": Error in applying operation '", AccessRule.text(rule), "': \(error.text). ")
          } else if !hasSyntaxError {
            // What follows the first error of a line may only follow from it.
            complain(number, ": \(error.text). ")
            hasSyntaxError = true
          }
        }
      }
    } catch {
      complain(number, ": Unmatched parenthesis in selector definition.")
    }
    rules[name] = made
  }

  private static func withoutTabs(_ word: [UInt8]) -> ArraySlice<UInt8> {
    var word = word.drop { $0 == 9 || $0 == 13 }
    while word.last == 9 || word.last == 13 { word.removeLast() }
    return word
  }

  private mutating func complain(_ number: Int, _ text: String, _ quoted: [UInt8] = [], _ rest: String = "") {
    complaints += Array("\(path):\(number)\(text)".utf8) + quoted + Array(rest.utf8)
  }
}
