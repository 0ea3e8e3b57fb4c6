/// Bytes that are not a request. The client is at fault; the session answers with the error and closes the
/// connection, since nothing tells where the next request would begin.
public enum ProtocolError: Error, Equatable, Sendable {
  case inlineTooBig
  case unbalancedQuotes
  case countStringTooBig
  case invalidCount
  case unauthenticatedCount
  case bulkCountStringTooBig
  case expectedDollar(got: UInt8)
  case invalidBulkLength
  case unauthenticatedBulkLength

  /// The reply's text after `-ERR Protocol error: `, which clients know. That of `expectedDollar` ends before the byte
  /// that came instead (see `ReplySink.error(_:)`).
  public var text: StaticString {
    switch self {
    case .inlineTooBig: "too big inline request"
    case .unbalancedQuotes: "unbalanced quotes in request"
    case .countStringTooBig: "too big mbulk count string"
    case .invalidCount: "invalid multibulk length"
    case .unauthenticatedCount: "unauthenticated multibulk length"
    case .bulkCountStringTooBig: "too big bulk count string"
    case .expectedDollar: "expected '$', got '"
    case .invalidBulkLength: "invalid bulk length"
    case .unauthenticatedBulkLength: "unauthenticated bulk length"
    }
  }

  /// The reason in the log line `Protocol error (<reason>) from client: ...`.
  public var logReason: StaticString {
    switch self {
    case .inlineTooBig, .countStringTooBig, .bulkCountStringTooBig, .invalidBulkLength: text
    case .unbalancedQuotes: "unbalanced quotes in inline request"
    case .invalidCount: "invalid mbulk count"
    case .unauthenticatedCount: "unauth mbulk count"
    case .expectedDollar: "expected $ but got something else"
    case .unauthenticatedBulkLength: "unauth bulk length"
    }
  }
}
