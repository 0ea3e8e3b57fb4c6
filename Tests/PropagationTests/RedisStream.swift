import RESP
import TestSupport

/// What a redis-server tells its replicas: a client that has asked for it with SYNC, and forgets the file that comes first.
final class RedisStream {
  private let client: Client
  private var parser = ReplyParser()

  init(_ server: ServerProcess) throws {
    client = try server.connect(timeoutMilliseconds: 20_000)
    try client.send("SYNC\r\n")
    var bytes: [UInt8] = []
    var body: (start: Int, count: Int)?
    while body.map({ bytes.count < $0.start + $0.count }) ?? true {
      bytes += try client.readRaw()
      // Until the file is there, empty lines say that it will be.
      if let dollar = bytes.firstIndex(of: UInt8(ascii: "$")), let end = bytes.firstIndex(of: 13), bytes.count > end + 1
      {
        body = (end + 2, Int(String(decoding: bytes[(dollar + 1)..<end], as: UTF8.self)) ?? 0)
      }
    }
    let rest = Array(bytes[((body?.start ?? 0) + (body?.count ?? 0))...])
    unsafe parser.append(rest.span.bytes)
  }

  /// The commands up to the one that `isLast`.
  func commands(until isLast: (ToldCommand) -> Bool) throws -> [ToldCommand] {
    var commands: [ToldCommand] = []
    while true {
      while let reply = try parser.next() {
        let command = ToldCommand(reply)
        if command.name == "PING" { continue }
        commands.append(command)
        if isLast(command) { return commands }
      }
      let bytes = try client.readRaw()
      if bytes.isEmpty { throw ClientError.closed }
      unsafe parser.append(bytes.span.bytes)
    }
  }
}
