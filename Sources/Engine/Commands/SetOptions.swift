internal import Values
internal import VersionedStore

/// What may follow the value in SET.
struct SetOptions {
  enum Condition {
    case always, ifMissing, ifPresent
  }

  var condition = Condition.always
  /// GET: answer with the string that was there.
  var answersFormer = false
  /// KEEPTTL.
  var keepsExpiry = false
  var expiry: ExpiryOption?

  init() {}

  /// Reads all arguments from the fourth on.
  init(_ call: borrowing Call) throws(CommandError) {
    var index = 3
    while index < call.count {
      if call.matches(index, "nx"), condition != .ifPresent {
        condition = .ifMissing
      } else if call.matches(index, "xx"), condition != .ifMissing {
        condition = .ifPresent
      } else if call.matches(index, "get") {
        answersFormer = true
      } else if call.matches(index, "keepttl"), expiry == nil {
        keepsExpiry = true
      } else if !keepsExpiry, let option = ExpiryOption(call, at: index, after: expiry) {
        expiry = option
        index += 1
      } else {
        throw .syntax
      }
      index += 1
    }
  }
}
