/// Names a history of writes: 40 characters, drawn at random by the primary that began it.
public struct ReplicationID: Sendable, Hashable, CustomStringConvertible {
  public static let length = 40

  public let description: String

  /// Nil unless `text` is 40 printable characters without a blank.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == Self.length, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
    description = String(text)
  }
}

/// A point in a history, counted in bytes of the command stream.
public struct ReplicationOffset: RawRepresentable, Sendable, Hashable, Comparable {
  public var rawValue: Int64

  /// What no honest primary comes to: beyond it nothing is reckoned with.
  static let limit: Int64 = 1 << 62

  public init(rawValue: Int64) { self.rawValue = rawValue }

  public static func < (a: ReplicationOffset, b: ReplicationOffset) -> Bool { a.rawValue < b.rawValue }

  /// The point `byteCount` bytes later. Wraps rather than traps: a primary may announce any offset.
  func advanced(by byteCount: Int) -> ReplicationOffset {
    ReplicationOffset(rawValue: rawValue &+ Int64(byteCount))
  }
}

/// What a dataset holds: all writes of a history up to an offset.
public struct ReplicationPosition: Sendable, Hashable, CustomStringConvertible {
  public var id: ReplicationID
  public var offset: ReplicationOffset

  public init(id: ReplicationID, offset: ReplicationOffset) {
    self.id = id
    self.offset = offset
  }

  /// As it stands in log lines.
  public var description: String { "\(id):\(offset.rawValue)" }
}
