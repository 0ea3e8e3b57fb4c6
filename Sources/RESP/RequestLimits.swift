/// What a session lets its client claim in a request, as in Redis 7.0.
public struct RequestLimits: Equatable, Sendable {
  /// Longest argument in bytes: `proto-max-bulk-len`, or `unbounded` for the command stream of a primary.
  public let maxBulkLength: Int
  /// Before `AUTH`, a client that has to authenticate gets few and small arguments only.
  public let authenticated: Bool

  /// `proto-max-bulk-len` unless configured otherwise.
  public static let defaultBulkLength = 512 * 1024 * 1024
  /// No limit that a stream could reach; far enough from `Int.max` that position plus length cannot overflow.
  public static let unbounded = Int.max / 4

  public init(maxBulkLength: Int = defaultBulkLength, authenticated: Bool = true) {
    self.maxBulkLength = min(max(maxBulkLength, 0), Self.unbounded)
    self.authenticated = authenticated
  }

  @usableFromInline static let maxCount = Int(Int32.max)
  @usableFromInline static let maxUnauthenticatedCount = 10
  @usableFromInline static let maxUnauthenticatedBulkLength = 16384
  /// A line whose end is not in sight after this many bytes is refused.
  static let maxLineLength = 64 * 1024

  /// Most arguments of one command.
  @inlinable var countLimit: Int { authenticated ? Self.maxCount : Self.maxUnauthenticatedCount }

  /// Most bytes of one argument.
  @inlinable var bulkLengthLimit: Int {
    authenticated ? maxBulkLength : min(maxBulkLength, Self.maxUnauthenticatedBulkLength)
  }
}
