/// One argument of a command as `COMMAND DOCS` describes it, with those that it is made of.
///
/// Clients build hints and checks from it, redis-cli among them. Source: https://redis.io/docs/reference/command-arguments/.
struct CommandArgument: Sendable, Equatable {
  enum Kind: String, Sendable {
    case string, integer, double, key, pattern
    case unixTime = "unix-time"
    /// A fixed word, with nothing behind it.
    case pureToken = "pure-token"
    /// One of `arguments`.
    case oneOf = "oneof"
    /// All of `arguments`, in order.
    case block
  }

  var name: String
  var kind: Kind
  /// The word that stands before it, or that it is.
  var token: String?
  /// Of a key: the number of the specification that finds it.
  var keySpecification: Int?
  /// The version of Redis that brought it, if the command is older.
  var since: String?
  var deprecatedSince: String?
  var isOptional = false
  /// May be given several times.
  var isMultiple = false
  /// Then the token stands before each of them.
  var repeatsToken = false
  var arguments: [CommandArgument] = []
}
