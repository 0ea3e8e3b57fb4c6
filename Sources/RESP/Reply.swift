/// A reply as a client sees it.
public indirect enum Reply: Equatable, Sendable {
  case simple(String)
  /// The text begins with the error's code.
  case error(String)
  case integer(Int)
  case bulk([UInt8])
  /// Any of the three absent values.
  case null
  case array([Reply])
  case map([ReplyPair])
  case set([Reply])
  case double(Double)
  case boolean(Bool)
  /// The digits of an integer of any size.
  case bigNumber(String)
  /// A text and the three characters that name its format.
  case verbatim(format: String, [UInt8])
  /// A message that answers no request.
  case push([Reply])
  /// A reply, and what the server has to tell about it.
  case attributed([ReplyPair], Reply)

  /// A bulk string of the text's bytes.
  public static func bulk(_ text: String) -> Reply {
    .bulk(Array(text.utf8))
  }

  /// The bytes of a simple, bulk or verbatim string.
  public var bytes: [UInt8]? {
    switch self {
    case .simple(let text): Array(text.utf8)
    case .bulk(let bytes), .verbatim(_, let bytes): bytes
    case .error, .integer, .null, .array, .map, .set, .double, .boolean, .bigNumber, .push, .attributed: nil
    }
  }

  /// The text of a simple, bulk or verbatim string.
  public var text: String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// One key of a map and its value.
public struct ReplyPair: Equatable, Sendable {
  public let key: Reply
  public let value: Reply

  public init(_ key: Reply, _ value: Reply) {
    self.key = key
    self.value = value
  }
}
