internal import VersionedStore

/// The reply to INFO as it comes in: `$length`, the text, CR LF; or an error in a line.
struct InformationReply: Sendable {
  enum Outcome: Sendable {
    case text([UInt8], isWhole: Bool)
    case refused(String)
  }

  /// No reply is longer.
  static let lengthLimit = 512 << 20
  /// So much of the text is kept. All that matters stands in its first sections; what makes it longer is behind them, such as
  /// the texts of all errors (`errorstats`).
  static let keptLength = 1 << 20

  private(set) var outcome: Outcome?
  private var line = LineBuffer()
  private var text: [UInt8] = []
  /// Of the text with its CR LF, once its length is known.
  private var bytesLeft: Int?

  /// Takes bytes up to the end of the reply, and returns how many. An error is one too long to be one.
  mutating func take(_ bytes: Bytes) throws(LineBuffer.TooLong) -> Int {
    var taken = 0
    while outcome == nil, taken < bytes.count {
      if let missing = bytesLeft {
        let part = bytes[taken..<taken + min(missing, bytes.count - taken)]
        text.append(contentsOf: part.prefix(Self.keptLength - text.count))
        taken += part.count
        bytesLeft = missing - part.count
        // The CR LF behind it is an empty line of it.
        if bytesLeft == 0 { outcome = .text(text, isWhole: text.count < Self.keptLength) }
      } else {
        let (count, line) = try line.take(bytes[taken..<bytes.count])
        taken += count
        if let line, !line.isEmpty { try begin(line) }
      }
    }
    return taken
  }

  private mutating func begin(_ line: [UInt8]) throws(LineBuffer.TooLong) {
    let reply = String(decoding: line, as: UTF8.self)
    guard reply.hasPrefix("$"), let length = Int(reply.dropFirst()), length >= 0 else {
      outcome = .refused(reply)
      return
    }
    guard length <= Self.lengthLimit else { throw LineBuffer.TooLong() }
    bytesLeft = length + 2
  }
}
