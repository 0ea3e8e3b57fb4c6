/// A plain client: sends commands as arrays of bulk strings and reads RESP2 replies.
public final class RedisConnection {
  public enum Reply: Equatable, Sendable {
    case simple(String)
    case error(String)
    case integer(Int)
    case bulk([UInt8])
    case null
    case array([Reply])
  }

  public struct Unexpected: Error { public let reply: Reply }
  /// The server closed the connection, or answered what is not RESP2.
  public struct BrokenReply: Error {}

  private let connection: TCPConnection
  private var input: [UInt8] = []
  private var position = 0

  public init(port: UInt16) throws { connection = try TCPConnection(port: port) }

  public func command(_ arguments: String...) throws -> Reply {
    try pipeline([arguments.map { [UInt8]($0.utf8) }])[0]
  }

  /// Sends all commands before it reads the first reply.
  public func pipeline(_ commands: [[[UInt8]]]) throws -> [Reply] {
    var output: [UInt8] = []
    for command in commands {
      output += "*\(command.count)\r\n".utf8
      for argument in command { output += [UInt8]("$\(argument.count)\r\n".utf8) + argument + [13, 10] }
    }
    try connection.write(output)
    return try commands.map { _ in try readReply() }
  }

  public func expectOK(_ arguments: String...) throws {
    let reply = try pipeline([arguments.map { [UInt8]($0.utf8) }])[0]
    guard reply == .simple("OK") else { throw Unexpected(reply: reply) }
  }

  func isAlive() -> Bool { (try? command("PING")) == .simple("PONG") }

  private func readReply() throws -> Reply {
    let line = try readLine()
    let text = String(decoding: line.dropFirst(), as: UTF8.self)
    switch line.first {
    case UInt8(ascii: "+"): return .simple(text)
    case UInt8(ascii: "-"): return .error(text)
    case UInt8(ascii: ":"): return .integer(try number(text))
    case UInt8(ascii: "$"):
      let count = try number(text)
      guard count >= 0 else { return .null }
      let bulk = try take(count)
      _ = try take(2)
      return .bulk(bulk)
    case UInt8(ascii: "*"):
      let count = try number(text)
      return count < 0 ? .null : .array(try (0..<count).map { _ in try readReply() })
    default: throw BrokenReply()
    }
  }

  private func number(_ text: String) throws -> Int {
    guard let number = Int(text) else { throw BrokenReply() }
    return number
  }

  private func readLine() throws -> [UInt8] {
    var line: [UInt8] = []
    while true {
      let byte = try take(1)[0]
      if byte == 10 { return line.dropLast() }
      line.append(byte)
    }
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while input.count - position < count {
      let more = try connection.read()
      guard !more.isEmpty else { throw BrokenReply() }
      input = Array(input[position...]) + more
      position = 0
    }
    defer { position += count }
    return Array(input[position..<position + count])
  }
}
