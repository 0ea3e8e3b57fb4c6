public import RESP

/// Sends every command to a reference server and to the server under test, and compares the replies byte for byte.
public final class Differential {
  private let reference: Client
  private let subject: Client
  private var history: [[String]] = []

  public init(reference: Client, subject: Client) {
    self.reference = reference
    self.subject = subject
  }

  /// The reply that both gave. Throws a `Mismatch` when they differ.
  @discardableResult
  public func check(_ arguments: String...) throws -> Reply {
    try check(arguments)
  }

  @discardableResult
  public func check(_ arguments: [String]) throws -> Reply {
    history.append(arguments)
    let command = arguments.map { Array($0.utf8) }
    try reference.sendCommand(command)
    try subject.sendCommand(command)
    let expected = try reference.readRawReply()
    let actual = try subject.readRawReply()
    guard expected.bytes == actual.bytes else {
      throw Mismatch(expected: expected.bytes, actual: actual.bytes, history: history)
    }
    return expected.reply
  }

  /// Sends to both, compares nothing: for commands whose replies cannot be equal, and for setting up.
  public func run(_ arguments: String...) throws {
    history.append(arguments)
    try reference.command(arguments)
    try subject.command(arguments)
  }
}

/// Two replies that should be equal, and the commands that led there.
public struct Mismatch: Error, CustomStringConvertible {
  public let expected: [UInt8]
  public let actual: [UInt8]
  /// All commands, the last one being that of the replies.
  public let history: [[String]]

  public var description: String {
    let shown = history.suffix(50).map { "  " + $0.map(\.debugDescription).joined(separator: " ") }
    let left = history.count > shown.count ? "  (\(history.count - shown.count) more before)\n" : ""
    return """
      replies differ
        reference: \(Self.quoted(expected))
        subject:   \(Self.quoted(actual))
      after
      \(left)\(shown.joined(separator: "\n"))
      """
  }

  private static func quoted(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix(2000), as: UTF8.self).debugDescription
  }
}
