internal import Values
internal import VersionedStore

/// Which arguments of a command are secrets: passwords, and what else may tell them. Logs and MONITOR show other text in
/// their place.
enum Redaction {
  static let text = Array("(redacted)".utf8)

  private static let secretDirectives: [StaticString] = [
    "masteruser", "masterauth", "requirepass", "tls-key-file-pass", "tls-client-key-file-pass",
  ]

  /// The positions of the secrets, the command's name being at 0.
  static func positions(_ record: Fixed<CommandRecord>, _ arguments: BytesList, first: Int, count: Int) -> Set<Int> {
    switch record.value.fullName {
    case "auth": Set(1..<count)
    case "acl|setuser": Set(2..<count)
    case "hello":
      Set(
        (1..<count).filter { arguments[first + $0].equalsIgnoringCase("auth") && $0 + 2 < count }
          .flatMap { [$0 + 1, $0 + 2] })
    case "config|set":
      Set(
        stride(from: 3, to: count, by: 2).filter { value in
          secretDirectives.contains { arguments[first + value - 1].equalsIgnoringCase($0) }
        })
    case "migrate": migrationPasswords(arguments, first: first, count: count)
    default: []
    }
  }

  /// What stands behind AUTH and AUTH2 of a MIGRATE, up to its keys.
  private static func migrationPasswords(_ arguments: BytesList, first: Int, count: Int) -> Set<Int> {
    var (found, index) = (Set<Int>(), 6)
    while index < count {
      let word = arguments[first + index]
      if word.equalsIgnoringCase("keys") { break }
      let secrets = word.equalsIgnoringCase("auth") ? 1 : word.equalsIgnoringCase("auth2") ? 2 : 0
      if index + secrets < count { found.formUnion(index + 1..<index + 1 + secrets) }
      index += 1 + secrets
    }
    return found
  }
}
