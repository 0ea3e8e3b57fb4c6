/// Bytes that are not a reply; the server, or whatever it was that answered, is at fault. The connection is of no
/// further use.
public struct ReplyError: Error, Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// No element of the protocol begins with this byte.
    case unknownType(UInt8)
    /// A line without an end, or with a CR that no LF follows.
    case badLine
    /// A count, length or integer that is none.
    case badNumber
    case badDouble
    case badBoolean
    case badBigNumber
    /// A verbatim string without its format.
    case badVerbatim
    /// The bytes of a string are not followed by CR LF.
    case badStringEnd
    /// More than the `ReplyLimits` allow.
    case tooDeep
    case tooLong
    case tooManyElements
  }

  public let kind: Kind
  /// Where the bad element begins, counted from the first byte that the parser was given.
  public let offset: Int

  public init(kind: Kind, offset: Int) {
    self.kind = kind
    self.offset = offset
  }
}

/// What a peer may claim in a reply.
public struct ReplyLimits: Sendable {
  /// Aggregates within each other.
  public var depth = 32
  /// Bytes of one string.
  public var stringLength = 512 * 1024 * 1024
  /// Elements of one reply, at all depths together.
  public var elementCount = 64 * 1024 * 1024
  /// Bytes of a line, the type byte included.
  public var lineLength = 64 * 1024

  public init() {}
}
