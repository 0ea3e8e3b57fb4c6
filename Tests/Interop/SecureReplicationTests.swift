import RESP
import TestSupport
import Testing

/// Links to a primary by TLS.
@Suite struct SecureReplicationTests {
  private let certificates: Certificates
  private let port: Int
  private let primary: ServerProcess

  init() throws {
    certificates = try Certificates()
    port = try ServerProcess.freePort()
    primary = try ServerProcess(
      .redis, directives: certificates.directives + ["tls-port \(port)", "repl-diskless-sync-delay 0"])
    try primary.connect().command("SET", "k", "v")
  }

  private func isUp(_ server: ServerProcess) throws -> Bool {
    let client = try server.connect()
    return try ServerProcess.wait(milliseconds: 20_000) {
      try client.command("INFO", "replication").text?.contains("master_link_status:up") == true
    }
  }

  private func expectStream(_ replica: ServerProcess, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try isUp(replica), "\(replica.log.text)", sourceLocation: sourceLocation)
    let (writer, reader) = (try primary.connect(), try replica.connect())
    #expect(try reader.command("GET", "k") == .bulk("v"), sourceLocation: sourceLocation)
    try writer.command("SETRANGE", "large", "20000000", "x")
    try writer.command("INCR", "counter")
    #expect(try writer.command("WAIT", "1", "10000") == .integer(1), sourceLocation: sourceLocation)
    #expect(try reader.command("STRLEN", "large") == .integer(20_000_001), sourceLocation: sourceLocation)
    #expect(try reader.command("GET", "counter") == .bulk("1"), sourceLocation: sourceLocation)
  }

  @Test func followsWithItsOwnCertificate() throws {
    let replica = try ServerProcess(
      .cambium, directives: certificates.directives + ["tls-replication yes", "replicaof localhost \(port)"])
    try expectStream(replica)
  }

  @Test func followsWithACertificateForClients() throws {
    let replica = try ServerProcess(
      .cambium,
      directives: [
        "tls-cert-file \(certificates.path("stranger.crt"))", "tls-key-file \(certificates.path("stranger.key"))",
        "tls-client-cert-file \(certificates.path("client.crt"))",
        "tls-client-key-file \(certificates.path("client.key"))", "tls-ca-cert-file \(certificates.path("ca.crt"))",
        "tls-replication yes",
      ])
    let client = try replica.connect()
    #expect(try client.command("REPLICAOF", "127.0.0.1", "\(port)", "VERIFY") == .simple("OK"))
    try expectStream(replica)
  }

  /// What goes wrong is told in the log, and mended by a change of the configuration alone. The dataset stays.
  @Test func failsUntilItIsToldWhomToTrust() throws {
    let replica = try ServerProcess(.cambium, directives: certificates.directives + ["tls-auth-clients no"])
    let client = try replica.connect(timeoutMilliseconds: 20_000)
    try client.command("SET", "own", "1")
    #expect(try client.command("CONFIG", "SET", "tls-replication", "yes") == .simple("OK"))
    #expect(
      try client.command("CONFIG", "SET", "tls-ca-cert-file", certificates.path("other.crt")) == .simple("OK"))
    guard case .error = try client.command("REPLICAOF", "127.0.0.1", "\(port)", "VERIFY") else {
      Issue.record("a primary that nobody vouches for")
      return
    }
    #expect(try client.command("REPLICAOF", "127.0.0.1", "\(port)") == .simple("OK"))
    #expect(replica.log.waitFor("Error condition on socket for SYNC: error:"), "\(replica.log.text)")
    #expect(replica.log.text.contains("CERTIFICATE_VERIFY_FAILED"))
    #expect(try client.command("GET", "own") == .bulk("1"))
    #expect(try client.command("CONFIG", "SET", "tls-ca-cert-file", certificates.path("ca.crt")) == .simple("OK"))
    try expectStream(replica)
  }

  /// TLS to a port that does not speak it, until the replica is told.
  @Test func differentLanguages() throws {
    let replica = try ServerProcess(
      .cambium, directives: certificates.directives + ["tls-replication yes", "repl-timeout 2"])
    let client = try replica.connect(timeoutMilliseconds: 20_000)
    #expect(try client.command("REPLICAOF", "127.0.0.1", "\(primary.port)") == .simple("OK"))
    #expect(replica.log.waitFor("MASTER <-> REPLICA sync started"))
    #expect(try client.command("INFO", "replication").text?.contains("master_link_status:down") == true)
    #expect(try client.command("CONFIG", "SET", "tls-replication", "no") == .simple("OK"))
    try expectStream(replica)
  }

  /// A primary that accepts and then says nothing: the connection is given up, and another one tried.
  @Test func aHandshakeThatNeverEnds() throws {
    let replica = try ServerProcess(
      .cambium, directives: certificates.directives + ["tls-replication yes", "repl-timeout 2"])
    let script = """
      import redis, socket
      s = socket.create_server(("127.0.0.1", 0)); s.settimeout(30)
      r = redis.Redis(port=\(replica.port))
      r.execute_command("REPLICAOF", "127.0.0.1", s.getsockname()[1])
      c, _ = s.accept(); c.settimeout(30)
      data = b""
      while True:
        part = c.recv(4096)
        if not part: break
        data += part
      assert data[:1] == bytes([22]), data
      s.accept()
      assert r.info("replication")["master_link_status"] == "down"
      print("all well")
      """
    let outcome = try Tool.run(["/usr/bin/python3", "-c", script])
    #expect(outcome.output == "all well\n")
    #expect(replica.log.waitFor("Timeout connecting to the MASTER..."), "\(replica.log.text)")
  }
}
