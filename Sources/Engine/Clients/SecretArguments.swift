internal import VersionedStore

/// The arguments of a command that are not for others to read: passwords, in what MONITOR and SLOWLOG show.
public struct SecretArguments {
  /// What is shown in their place.
  public static let substitute = Array("(redacted)".utf8)
  static let quotedSubstitute = Array("\"(redacted)\"".utf8)

  private var indices: Set<Int> = []

  public init(_ call: Call) {
    let name = call.command.value.fullName
    switch name {
    case "auth": hide(1..<call.count)
    case "hello": hideAuthentication(call, from: 2)
    case "acl|setuser": hide(2..<max(call.count, 2))
    case "migrate": hideMigration(call)
    case "config|set": hideDirectives(call)
    default: break
    }
  }

  public func contains(_ index: Int) -> Bool { indices.contains(index) }

  private mutating func hide(_ range: Range<Int>) { indices.formUnion(range) }

  private mutating func hideAuthentication(_ call: Call, from start: Int) {
    var index = start
    while index < call.count {
      if call.matches(index, "auth") {
        hide(index + 1..<max(min(index + 3, call.count), index + 1))
        index += 3
      } else {
        index += call.matches(index, "setname") ? 2 : 1
      }
    }
  }

  private mutating func hideMigration(_ call: Call) {
    var index = 6
    while index < call.count, !call.matches(index, "keys") {
      let count = call.matches(index, "auth") ? 1 : call.matches(index, "auth2") ? 2 : 0
      hide(index + 1..<max(min(index + 1 + count, call.count), index + 1))
      index += 1 + count
    }
  }

  private mutating func hideDirectives(_ call: Call) {
    for index in stride(from: 2, to: call.count - 1, by: 2) {
      let isSecret =
        call.matches(index, "requirepass") || call.matches(index, "masterauth") || call.matches(index, "masteruser")
        || call.matches(index, "tls-key-file-pass") || call.matches(index, "tls-client-key-file-pass")
      if isSecret { indices.insert(index + 1) }
    }
  }
}
