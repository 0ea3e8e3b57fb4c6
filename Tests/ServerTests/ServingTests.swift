import Foundation
import RESP
import TestSupport
import Testing

/// A running server, seen through its sockets.
struct ServingTests {
  @Test func configCommandsReachTheServer() throws {
    let server = try ServerProcess(.cambium, directives: ["# kept", "maxmemory 1mb"])
    let client = try server.connect()
    #expect(try client.command("CONFIG", "GET", "MAXMEMORY") == .array([.bulk("MAXMEMORY"), .bulk("1048576")]))
    #expect(try client.command("CONFIG", "SET", "maxmemory", "3mb", "hz", "11") == .simple("OK"))
    #expect(
      try client.command("CONFIG", "SET", "hz") == .error("ERR wrong number of arguments for 'config|set' command"))
    #expect(try client.command("CONFIG", "SET", "hz", "1", "x") == .error("ERR syntax error"))
    #expect(try client.command("CONFIG", "REWRITE") == .simple("OK"))
    #expect(try client.command("CONFIG", "RESETSTAT") == .simple("OK"))
    let file = try String(contentsOf: server.directory.appendingPathComponent("server.conf"), encoding: .utf8)
    #expect(file.contains("# kept\nmaxmemory 3mb\n"))
    #expect(file.contains("hz 11\n"))
  }

  @Test func aNewPortIsServedAndTheOldOneIsNot() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect()
    let port = try ServerProcess.freePort()
    #expect(try client.command("CONFIG", "SET", "port", "\(port)") == .simple("OK"))
    #expect(try Client(port: port).command("PING") == .simple("PONG"))
    #expect(throws: ClientError.self) { try Client(port: server.port) }
    #expect(try client.command("PING") == .simple("PONG"))
    #expect(try client.command("CONFIG", "SET", "bind", "127.0.0.1 -::1") == .simple("OK"))
    #expect(try Client(port: port).command("PING") == .simple("PONG"))
    #expect(
      try client.command("CONFIG", "SET", "bind", "192.0.2.1")
        == .error(
          "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses."))
    #expect(try Client(port: port).command("PING") == .simple("PONG"))
  }

  /// `echo PING | nc`: the client closes its side at once and still wants its answers.
  @Test func answersAClientThatHasFinishedSending() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect()
    try client.send("PING\r\nPING\r\n")
    client.finishSending()
    #expect(try String(decoding: client.readToEnd(), as: UTF8.self) == "+PONG\r\n+PONG\r\n")
  }

  /// What answers later has no place among the replies of EXEC.
  @Test func transactionsDoNotWait() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect()
    #expect(try client.command("MULTI") == .simple("OK"))
    #expect(
      try client.command("VERSION", "LOAD", "dump.rdb") == .error("ERR Command not allowed inside a transaction"))
    #expect(
      try client.command("EXEC") == .error("EXECABORT Transaction discarded because of previous errors."))
    #expect(try client.command("MULTI") == .simple("OK"))
    #expect(try client.command("REPLICAOF", "127.0.0.1", "1", "VERIFY") == .simple("QUEUED"))
    #expect(try client.command("PING") == .simple("QUEUED"))
    guard case .array(let replies) = try client.command("EXEC") else { return #expect(Bool(false)) }
    #expect(replies.count == 2 && replies.last == .simple("PONG"))
  }

  @Test func refusesMoreThanMaxclients() throws {
    let server = try ServerProcess(.cambium, directives: ["maxclients 2"])
    // The connection that saw the server start may still be on its way out.
    let clients = try (0..<2).map { _ in try connected(server) }
    let third = try server.connect()
    #expect(try String(decoding: third.readToEnd(), as: UTF8.self) == "-ERR max number of clients reached\r\n")
    #expect(try clients.map { try $0.command("PING") } == [.simple("PONG"), .simple("PONG")])
  }

  private func connected(_ server: ServerProcess) throws -> Client {
    var client = try server.connect()
    let isAnswered = try ServerProcess.wait(milliseconds: 5000) {
      if try client.command("PING") == .simple("PONG") { return true }
      client = try server.connect()
      return false
    }
    #expect(isAnswered)
    return client
  }

  @Test func servesAUnixSocket() throws {
    let server = try ServerProcess(.cambium, directives: ["unixsocket s.sock", "unixsocketperm 700"])
    let path = server.directory.appendingPathComponent("s.sock").path
    #expect(try Client(unixPath: path).command("PING") == .simple("PONG"))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    #expect(server.stop())
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  /// More than the kernel takes at once, to a client that reads late; then a close that waits for it.
  @Test func sendsWhatASlowClientReadsLater() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect(timeoutMilliseconds: 20_000)
    let value = [UInt8](repeating: UInt8(ascii: "v"), count: 8 << 20)
    #expect(try client.command([Array("SET".utf8), Array("k".utf8), value]) == .simple("OK"))
    for _ in 0..<4 { try client.sendCommand([Array("GET".utf8), Array("k".utf8)]) }
    try client.sendCommand([Array("QUIT".utf8)])
    usleep(200_000)
    for _ in 0..<4 { #expect(try client.readReply() == .bulk(value)) }
    #expect(try client.readReply() == .simple("OK"))
    #expect(try client.readToEnd().isEmpty)
  }

  @Test func dropsAClientThatDoesNotRead() throws {
    let server = try ServerProcess(.cambium, directives: ["client-output-buffer-limit normal 1mb 0 0"])
    let client = try server.connect()
    let value = [UInt8](repeating: UInt8(ascii: "v"), count: 4 << 20)
    try client.command([Array("SET".utf8), Array("k".utf8), value])
    for _ in 0..<8 { try? client.sendCommand([Array("GET".utf8), Array("k".utf8)]) }
    #expect(server.log.waitFor("for overcoming of output buffer limits."))
    #expect(try server.connect().command("PING") == .simple("PONG"))
  }

  @Test func dropsAnIdleClient() throws {
    let server = try ServerProcess(.cambium, directives: ["timeout 1", "loglevel verbose"])
    let client = try server.connect()
    #expect(try client.readToEnd().isEmpty)
    #expect(server.log.text.contains("Closing idle client"))
  }

  @Test func shutdownEndsTheServer() throws {
    let server = try ServerProcess(.cambium)
    try server.connect().sendCommand([Array("SHUTDOWN".utf8), Array("NOSAVE".utf8)])
    #expect(server.waitForExit(milliseconds: 10_000))
    #expect(server.exitCode == 0)
  }

  @Test func manyClientsAtOnce() throws {
    let server = try ServerProcess(.cambium)
    let clients = try (0..<300).map { _ in try server.connect() }
    for (number, client) in clients.enumerated() {
      try client.sendCommand(["SET", "k\(number)", "v"].map { Array($0.utf8) })
    }
    for client in clients { #expect(try client.readReply() == .simple("OK")) }
    #expect(try clients[0].command("DBSIZE") == .integer(300))
  }
}
