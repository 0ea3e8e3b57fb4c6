public import RESP

/// A blocking client of a server under test.
public final class Client {
  private let socket: Socket
  private var parser = ReplyParser()
  /// What has been received since the last reply began.
  private var received: [UInt8] = []
  /// Where `received` begins in the stream.
  private var receivedStart = 0

  /// Kept alive: a test may hold on to the client alone.
  private let server: ServerProcess?

  public init(
    host: String = "127.0.0.1", port: Int, timeoutMilliseconds: Int = 5000, server: ServerProcess? = nil
  ) throws {
    self.server = server
    socket = try Socket(host: host, port: port, timeoutMilliseconds: timeoutMilliseconds)
  }

  public init(unixPath: String, timeoutMilliseconds: Int = 5000) throws {
    server = nil
    socket = try Socket(unixPath: unixPath, timeoutMilliseconds: timeoutMilliseconds)
  }

  /// Sends one command and waits for its reply. An error reply is returned and not thrown.
  @discardableResult
  public func command(_ arguments: String...) throws -> Reply {
    try command(arguments)
  }

  @discardableResult
  public func command(_ arguments: [String]) throws -> Reply {
    try command(arguments.map { Array($0.utf8) })
  }

  @discardableResult
  public func command(_ arguments: [[UInt8]]) throws -> Reply {
    try sendCommand(arguments)
    return try readReply()
  }

  /// Sends all commands at once, and waits for as many replies.
  public func pipeline(_ commands: [[String]]) throws -> [Reply] {
    try pipeline(commands.map { command in command.map { Array($0.utf8) } })
  }

  public func pipeline(_ commands: [[[UInt8]]]) throws -> [Reply] {
    var request: [UInt8] = []
    for command in commands { request.command(command) }
    try socket.send(request)
    return try commands.map { _ in try readReply() }
  }

  /// Changes to RESP3; the reply is the server's description of itself.
  @discardableResult
  public func useRESP3() throws -> Reply {
    try command("HELLO", "3")
  }

  public func sendCommand(_ arguments: [[UInt8]]) throws {
    var request: [UInt8] = []
    request.command(arguments)
    try socket.send(request)
  }

  public func send(_ bytes: [UInt8]) throws {
    try socket.send(bytes)
  }

  public func send(_ text: String) throws {
    try socket.send(Array(text.utf8))
  }

  /// Tells the server that nothing more comes; replies can still be read.
  public func finishSending() {
    socket.shutdownSending()
  }

  public func readReply() throws -> Reply {
    try readRawReply().reply
  }

  /// The next reply, and the bytes that it came in.
  public func readRawReply() throws -> (reply: Reply, bytes: [UInt8]) {
    while true {
      if let reply = try parser.next() {
        let length = parser.offset - receivedStart
        let bytes = Array(received.prefix(length))
        received.removeFirst(length)
        receivedStart = parser.offset
        return (reply, bytes)
      }
      let bytes = try socket.receive(atMost: 64 * 1024)
      guard !bytes.isEmpty else { throw ClientError.closed }
      received += bytes
      unsafe parser.append(bytes.span.bytes)
    }
  }

  /// Bytes that are no reply, such as those of a replication stream: what is left behind the last reply, or what comes
  /// next. None at the end of the stream.
  public func readRaw(atMost count: Int = 64 * 1024) throws -> [UInt8] {
    let unread = parser.takeUnread()
    received = []
    receivedStart = parser.offset
    return unread.isEmpty ? try socket.receive(atMost: count) : unread
  }

  /// Bytes that have come already and belong to no reply that was read; none if there are none. For a client of which
  /// nothing else is asked than this.
  public func readAvailable() throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      guard let bytes = try socket.receiveAvailable(atMost: 64 * 1024) else { throw ClientError.closed }
      if bytes.isEmpty { return all }
      all += bytes
    }
  }

  /// All bytes until the server closes the connection.
  public func readToEnd() throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let bytes = try readRaw()
      if bytes.isEmpty { return all }
      all += bytes
    }
  }
}
