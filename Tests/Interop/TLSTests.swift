import Foundation
import RESP
import TestSupport
import Testing

/// Clients that come by TLS: redis-cli, redis-py, and hand-made ones that break off in the middle.
@Suite struct TLSTests {
  private let certificates: Certificates
  private let port: Int

  init() throws {
    certificates = try Certificates()
    port = try ServerProcess.freePort()
  }

  private func start(_ directives: [String] = []) throws -> ServerProcess {
    try ServerProcess(.cambium, directives: certificates.directives + ["tls-port \(port)"] + directives)
  }

  /// What redis-cli prints; with the certificate of that name, if there is one.
  private func cli(_ arguments: [String], as name: String? = nil, authority: String = "ca", port: Int? = nil) throws
    -> String
  {
    var command = [
      "/usr/bin/redis-cli", "-p", "\(port ?? self.port)", "--tls", "--cacert", certificates.path("\(authority).crt"),
    ]
    if let name { command += ["--cert", certificates.path("\(name).crt"), "--key", certificates.path("\(name).key")] }
    return try Tool.run(command + arguments).output
  }

  /// A script of Python that prints "all well". It has `redis`, `ssl`, `socket`, the port `PORT` and the directory `DIR`, and
  /// `context(certificate)`, which trusts the authority.
  private func python(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let prelude = """
      import redis, socket, ssl, time
      PORT, DIR = \(port), "\(certificates.directory.path)/"
      def context(name="client"):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname = False
        c.load_verify_locations(DIR + "ca.crt")
        if name: c.load_cert_chain(DIR + name + ".crt", DIR + name + ".key")
        return c
      def connect(name="client"):
        return context(name).wrap_socket(socket.create_connection(("127.0.0.1", PORT), timeout=30))
      def readall(s):
        data = bytearray()
        while True:
          try: part = s.recv(65536)
          except ssl.SSLEOFError: return bytes(data)
          if not part: return bytes(data)
          data += part

      """
    let outcome = try Tool.run(["/usr/bin/python3", "-c", prelude + script + "\nprint('all well')"])
    #expect(outcome.output == "all well\n", sourceLocation: sourceLocation)
  }

  // MARK: Who may come

  @Test func certificatesOfClients() throws {
    let server = try start()
    #expect(try cli(["SET", "k", "v"], as: "client") == "OK\n")
    #expect(try cli(["GET", "k"]).contains("Error: Server closed the connection"))
    #expect(try !cli(["GET", "k"], as: "stranger").contains("v\n"))
    #expect(server.log.waitFor("Error accepting a client connection: error:"))
    #expect(server.log.text.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE"))
    #expect(server.log.waitFor("CERTIFICATE_VERIFY_FAILED"))

    let client = try server.connect()
    #expect(try client.command("CONFIG", "SET", "tls-auth-clients", "optional") == .simple("OK"))
    #expect(try cli(["GET", "k"]) == "v\n")
    #expect(try cli(["GET", "k"], as: "client") == "v\n")
    #expect(try !cli(["GET", "k"], as: "stranger").contains("v\n"))

    #expect(try client.command("CONFIG", "SET", "tls-auth-clients", "no") == .simple("OK"))
    #expect(try cli(["GET", "k"]) == "v\n")
    #expect(try cli(["GET", "k"], as: "stranger") == "v\n")

    // A client that trusts somebody else does not go on.
    #expect(try cli(["GET", "k"], authority: "other").contains("certificate verify failed"))
    #expect(try client.command("CONFIG", "SET", "tls-auth-clients", "yes") == .simple("OK"))
    #expect(try cli(["GET", "k"]).contains("Error: Server closed the connection"))
    // None of those that failed has cost a session, and the plain port is as it was.
    #expect(try client.command("CLIENT", "LIST").text?.split(separator: "\n").count == 1)
  }

  @Test func aDirectoryOfAuthorities() throws {
    let server = try start()
    let directory = certificates.path("authorities")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: certificates.path("other.crt"), toPath: directory + "/other.pem")
    try certificates.openssl(["rehash", directory])
    let client = try server.connect()
    #expect(
      try client.command("CONFIG", "SET", "tls-ca-cert-dir", directory, "tls-ca-cert-file", "") == .simple("OK"))
    #expect(try cli(["PING"], as: "stranger") == "PONG\n")
    #expect(try !cli(["PING"], as: "client").contains("PONG"))
    #expect(try client.command("CONFIG", "SET", "tls-ca-cert-file", certificates.path("ca.crt")) == .simple("OK"))
    #expect(try cli(["PING"], as: "stranger") == "PONG\n")
    #expect(try cli(["PING"], as: "client") == "PONG\n")
  }

  @Test func protocolsAndCiphers() throws {
    let server = try start(["tls-auth-clients no", "tls-protocols \"TLSv1.2\"", "tls-ciphers ECDHE+AES128+AESGCM"])
    try python(
      """
      s = connect(None)
      assert s.version() == "TLSv1.2" and s.cipher()[0] == "ECDHE-ECDSA-AES128-GCM-SHA256", s.cipher()
      c = context(None); c.minimum_version = ssl.TLSVersion.TLSv1_3
      try: c.wrap_socket(socket.create_connection(("127.0.0.1", PORT))); assert False
      except (ssl.SSLError, ConnectionError): pass
      """)
    #expect(try server.connect().command("CONFIG", "SET", "tls-protocols", "") == .simple("OK"))
    try python("assert connect(None).version() == 'TLSv1.3'")
  }

  // MARK: What they do

  @Test func pythonClient() throws {
    let server = try start()
    try python(
      """
      r = redis.Redis(port=PORT, ssl=True, ssl_ca_certs=DIR + "ca.crt", ssl_certfile=DIR + "client.crt",
                      ssl_keyfile=DIR + "client.key", ssl_check_hostname=False)
      p = r.pipeline(transaction=False)
      for i in range(20000): p.set(f"key:{i}", i)
      assert all(p.execute())
      assert r.mget("key:1", "missing", "key:19999") == [b"1", None, b"19999"]
      assert len(list(r.scan_iter("key:1*", count=1000))) == 11111
      big = bytes(range(256)) * 4096 * 100
      assert r.set("big", big) and r.strlen("big") == len(big)
      assert r.get("big") == big
      q = r.pipeline(transaction=False)
      for i in range(8): q.get("big")
      assert all(v == big for v in q.execute())
      """)
    #expect(try server.connect().command("STRLEN", "big") == .integer(104_857_600))
  }

  /// The peer may close its side, with a word of TLS or without, and still wants its answers.
  @Test func halfClosedConnections() throws {
    let server = try start()
    try python(
      """
      raw = socket.create_connection(("127.0.0.1", PORT), timeout=30)
      i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
      t = context().wrap_bio(i, o)
      def pump(call):
        while True:
          try: return call()
          except ssl.SSLWantReadError:
            raw.sendall(o.read()); data = raw.recv(65536)
            if data: i.write(data)
            else: i.write_eof()
          finally: raw.sendall(o.read())
      pump(t.do_handshake)
      pump(lambda: t.write(b"SET k v\\r\\nGET k\\r\\n"))
      try: t.unwrap()
      except ssl.SSLWantReadError: pass
      raw.sendall(o.read())
      data = b""
      while True:
        part = raw.recv(65536)
        if not part: break
        i.write(part)
      i.write_eof()
      try:
        while True:
          part = t.read(65536)
          if not part: break
          data += part
      except ssl.SSLError: pass
      assert data == b"+OK\\r\\n$1\\r\\nv\\r\\n", data

      raw = socket.create_connection(("127.0.0.1", PORT), timeout=30)
      i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
      t = context().wrap_bio(i, o)
      pump(t.do_handshake)
      pump(lambda: t.write(b"PING\\r\\nPING\\r\\n"))
      raw.shutdown(socket.SHUT_WR)
      data = b""
      while True:
        part = raw.recv(65536)
        if not part: break
        i.write(part)
      i.write_eof()
      try:
        while True:
          part = t.read(65536)
          if not part: break
          data += part
      except ssl.SSLError: pass
      assert data == b"+PONG\\r\\n+PONG\\r\\n", data
      """)
    #expect(try server.connect().command("GET", "k") == .bulk("v"))
  }

  /// More than the kernel takes at once, to a client that reads late; then a close that waits for it.
  @Test func sendsWhatASlowClientReadsLater() throws {
    let server = try start()
    try python(
      """
      s = connect()
      v = b"v" * (8 << 20)
      s.sendall(b"*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\nk\\r\\n$%d\\r\\n%s\\r\\n" % (len(v), v))
      assert s.recv(5) == b"+OK\\r\\n"
      s.sendall(b"GET k\\r\\n" * 4 + b"QUIT\\r\\n")
      time.sleep(0.3)
      assert readall(s) == (b"$%d\\r\\n%s\\r\\n" % (len(v), v)) * 4 + b"+OK\\r\\n"
      """)
    #expect(server.isRunning)
  }

  @Test func dropsAClientThatDoesNotRead() throws {
    let server = try start(["client-output-buffer-limit normal 1mb 0 0"])
    let client = try server.connect()
    try client.command("SETRANGE", "k", "4000000", "x")
    try python(
      """
      s = connect(); s.sendall(b"GET k\\r\\n" * 8)
      time.sleep(0.5)
      try: data = readall(s)
      except OSError: data = b""
      assert len(data) < 32000000
      """)
    #expect(server.log.waitFor("for overcoming of output buffer limits."))
    #expect(try cli(["PING"], as: "client") == "PONG\n")
  }

  @Test func killedConnectionsGoAtOnce() throws {
    let server = try start()
    let client = try server.connect()
    try python(
      """
      import subprocess
      s = connect(); s.sendall(b"CLIENT ID\\r\\n"); i = s.recv(100)[1:-2].decode()
      out = subprocess.run(["/usr/bin/redis-cli", "-p", "\(server.port)", "CLIENT", "KILL", "ID", i], capture_output=True)
      assert out.stdout == b"1\\n", out
      assert readall(s) == b""
      """)
    let isAlone = try ServerProcess.wait(milliseconds: 5000) {
      try client.command("CLIENT", "LIST").text?.split(separator: "\n").count == 1
    }
    #expect(isAlone)
  }

  // MARK: What goes wrong

  @Test func handshakesThatFail() throws {
    let server = try start(["maxclients 4"])
    let silent = try Client(port: port, timeoutMilliseconds: 60_000)
    let talkative = try Client(port: port, timeoutMilliseconds: 60_000)
    try talkative.send("*1\r\n$4\r\nPING\r\n")
    #expect(((try? talkative.readToEnd()) ?? []).isEmpty)
    #expect(
      server.log.waitFor("Error accepting a client connection: error:0A00010B:SSL routines::wrong version number"))
    do {
      let short = try Client(port: port)
      try short.send([0x16, 0x03, 0x01])
      short.finishSending()
      _ = try? short.readToEnd()
    }
    #expect(server.log.waitFor("Error accepting a client connection: EOF during handshake"))
    // One that says nothing is no client, but it takes the room of one until it has had its time.
    let more = try (0..<2).map { _ in try Client(port: port, timeoutMilliseconds: 60_000) }
    let client = try connected(server)
    #expect(try client.command("CLIENT", "LIST").text?.split(separator: "\n").count == 1)
    let refused = try Client(port: port)
    #expect((try? refused.readToEnd()) ?? [] == [])
    #expect(try client.command("INFO", "stats").text?.contains("rejected_connections:0") == false)
    #expect(try silent.readToEnd() == [])
    #expect(try more.allSatisfy { try $0.readToEnd() == [] })
    #expect(server.log.waitFor("Error accepting a client connection: timeout"))
    #expect(try cli(["PING"], as: "client") == "PONG\n")
  }

  /// A session on the plain port, once there is room for it.
  private func connected(_ server: ServerProcess) throws -> Client {
    var client = try server.connect()
    let isAnswered = try ServerProcess.wait(milliseconds: 5000) {
      if case .simple("PONG")? = try? client.command("PING") { return true }
      client = try server.connect()
      return false
    }
    #expect(isAnswered)
    return client
  }

  @Test func refusesToStartWithoutWhatItNeeds() throws {
    let all = certificates.directives
    let cases: [([String], String)] = [
      (["tls-port \(port)"], "No tls-cert-file configured!"),
      (["tls-port \(port)", all[0]], "No tls-key-file configured!"),
      (["tls-replication yes", all[0], all[1], "tls-auth-clients no"], "Either tls-ca-cert-file or tls-ca-cert-dir"),
      (["tls-port \(port)", all[0], all[1]], "Either tls-ca-cert-file or tls-ca-cert-dir"),
      (
        ["tls-port \(port)", "tls-cert-file /no.crt", all[1], all[2]],
        "Failed to load certificate: /no.crt: No such file"
      ),
      (
        ["tls-port \(port)", all[0], "tls-key-file \(certificates.path("client.key"))", all[2]],
        "Failed to load private key"
      ),
      (["tls-port \(port)", "tls-protocols SSLv3"] + all, "Invalid tls-protocols specified."),
    ]
    for (directives, line) in cases {
      let failure = #expect(throws: ServerProcess.StartError.self) {
        try ServerProcess(.cambium, directives: directives)
      }
      #expect(failure?.description.contains(line) == true, "\(failure as Any)")
      #expect(failure?.description.contains("Failed to configure TLS. Check logs for more info.") == true)
    }
    let first = try start()
    let second = #expect(throws: ServerProcess.StartError.self) { try start() }
    #expect(second?.description.contains("Failed listening on port \(port) (TLS), aborting.") == true)
    #expect(first.isRunning)
  }

  // MARK: Changes

  @Test func onlyTLS() throws {
    let server = try ServerProcess(
      .cambium, directives: certificates.directives + ["port 0", "tls-port \(port)"],
      readiness: .logs("Ready to accept connections"))
    #expect(server.log.text.contains("port=\(port)."))
    #expect(try cli(["INFO", "server"], as: "client").contains("tcp_port:\(port)\r\n"))
    #expect(throws: ClientError.self) { try Client(port: server.port) }
    #expect(server.stop())
  }

  @Test func portsOpenAndClose() throws {
    let server = try ServerProcess(.cambium, directives: certificates.directives + ["tls-auth-clients no"])
    let client = try server.connect()
    #expect(try client.command("CONFIG", "SET", "tls-port", "\(port)") == .simple("OK"))
    #expect(try cli(["PING"]) == "PONG\n")
    let other = try ServerProcess.freePort()
    #expect(try client.command("CONFIG", "SET", "tls-port", "\(other)") == .simple("OK"))
    #expect(try cli(["PING"], port: other) == "PONG\n")
    #expect(throws: ClientError.self) { try Client(port: port) }
    // The same port, first for one and then for the other.
    #expect(try client.command("CONFIG", "SET", "tls-port", "0", "port", "\(other)") == .simple("OK"))
    #expect(try Client(port: other).command("PING") == .simple("PONG"))
    #expect(try client.command("CONFIG", "SET", "port", "0", "tls-port", "\(other)") == .simple("OK"))
    #expect(try cli(["PING"], port: other) == "PONG\n")
    #expect(try client.command("CONFIG", "SET", "bind", "127.0.0.1 -::1") == .simple("OK"))
    #expect(try cli(["PING"], port: other) == "PONG\n")
    #expect(
      try client.command("CONFIG", "SET", "tls-port", "1", "bind", "192.0.2.1")
        == .error(
          "ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to listen on this port. "
            + "Check server logs."))
    #expect(try cli(["PING"], port: other) == "PONG\n")
    #expect(try client.command("PING") == .simple("PONG"))
  }

  @Test func aPortNeedsCertificates() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect()
    let refusal = Reply.error(
      "ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to update TLS configuration. "
        + "Check server logs.")
    #expect(try client.command("CONFIG", "SET", "tls-port", "\(port)") == refusal)
    #expect(server.log.text.contains("No tls-cert-file configured!"))
    #expect(server.log.text.contains("Possibly related to new tls-port setting. Restoring previous settings."))
    #expect(try client.command("CONFIG", "GET", "tls-port") == .array([.bulk("tls-port"), .bulk("0")]))
    let pairs = certificates.directives.flatMap { $0.split(separator: " ").map(String.init) }
    #expect(try client.command(["CONFIG", "SET", "tls-port", "\(port)"] + pairs) == .simple("OK"))
    #expect(try cli(["PING"], as: "client") == "PONG\n")
  }

  @Test func certificatesAreReadAnew() throws {
    let server = try start(["tls-auth-clients no"])
    let client = try server.connect()
    let path = certificates.path("server.crt")
    let subject = """
      import subprocess
      def subject():
        der = connect(None).getpeercert(True)
        return subprocess.run(["/usr/bin/openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, capture_output=True).stdout.decode()

      """
    try python(subject + "assert 'CN = server' in subject(), subject()")
    try certificates.make("second", signedBy: "ca")
    let secondFiles = ["crt", "key"].map { certificates.path("second.\($0)") }
    // Files that do not belong together, or are none, change nothing.
    let before = try client.command("CONFIG", "GET", "tls-*-file")
    for wrong in [["tls-cert-file", secondFiles[0]], ["tls-key-file", "/does/not/exist"]] {
      #expect(
        try client.command(["CONFIG", "SET"] + wrong)
          == .error(
            "ERR CONFIG SET failed (possibly related to argument '\(wrong[0])') - Unable to update TLS "
              + "configuration. Check server logs."))
    }
    #expect(try client.command("CONFIG", "GET", "tls-*-file") == before)
    try python(subject + "assert 'CN = server' in subject(), subject()")
    #expect(
      try client.command("CONFIG", "SET", "tls-cert-file", secondFiles[0], "tls-key-file", secondFiles[1])
        == .simple("OK"))
    try python(subject + "assert 'CN = second' in subject(), subject()")

    // The same names with other contents; an open connection goes on.
    try certificates.make("third", signedBy: "ca")
    try python(
      subject + """
        import shutil
        s = connect(None); s.sendall(b"PING\\r\\n"); assert s.recv(7) == b"+PONG\\r\\n"
        for end in ("crt", "key"): shutil.copyfile(DIR + "third." + end, DIR + "second." + end)
        assert 'CN = second' in subject()
        r = redis.Redis(port=\(server.port))
        assert r.config_set("tls-cert-file", DIR + "second.crt")
        assert 'CN = third' in subject()
        s.sendall(b"PING\\r\\n"); assert s.recv(7) == b"+PONG\\r\\n"
        open(DIR + "second.crt", "w").write("-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n")
        try: r.config_set("tls-cert-file", DIR + "second.crt"); assert False
        except redis.ResponseError as e: assert "Unable to update TLS" in str(e)
        assert 'CN = third' in subject()
        """)
    #expect(FileManager.default.fileExists(atPath: path))
  }
}
