import RESP
import TestSupport
import Testing

/// The clients that people have, unchanged, against the server.
@Suite struct StockClientTests {
  private func cli(_ server: ServerProcess, _ arguments: String...) throws -> String {
    let outcome = try Tool.run(["/usr/bin/redis-cli", "-p", "\(server.port)"] + arguments)
    #expect(outcome.exitCode == 0, "redis-cli \(arguments): \(outcome.output)")
    return outcome.output
  }

  @Test func redisCli() throws {
    let server = try ServerProcess(.cambium)
    #expect(try cli(server, "SET", "greeting", "hello world") == "OK\n")
    #expect(try cli(server, "GET", "greeting") == "hello world\n")
    #expect(try cli(server, "-3", "HELLO").contains("proto"))
    #expect(try cli(server, "EXPIRE", "greeting", "100") == "1\n")
    #expect(try cli(server, "--scan", "--pattern", "greet*") == "greeting\n")
    #expect(try cli(server, "--bigkeys").contains("Sampled 1 keys in the keyspace"))
    #expect(try cli(server, "--memkeys").contains("Sampled 1 keys in the keyspace"))
    #expect(try cli(server, "VERSION", "CREATE", "tour") == "1\n")
    #expect(try cli(server, "FLUSHALL") == "OK\n")
    #expect(try cli(server, "VERSION", "ROLLBACK", "tour").isEmpty == false)
    #expect(try cli(server, "GET", "greeting") == "hello world\n")
    #expect(try cli(server, "NOSUCHCOMMAND").hasPrefix("ERR unknown command 'NOSUCHCOMMAND'"))
  }

  @Test func redisBenchmark() throws {
    let server = try ServerProcess(.cambium)
    let outcome = try Tool.run([
      "/usr/bin/redis-benchmark", "-p", "\(server.port)", "-t", "ping,set,get,incr,mset", "-n", "5000", "-r", "1000",
      "-d", "16", "-P", "16", "--csv",
    ])
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(!outcome.output.contains("rror"), "\(outcome.output)")
    let client = try server.connect()
    guard case .integer(let keys) = try client.command("DBSIZE") else {
      Issue.record("DBSIZE does not answer with a number")
      return
    }
    #expect(keys > 900)
  }

  /// redis-py as Debian has it: pools, pipelines, scanning, expiry, errors, and Cambium's own commands.
  @Test func python() throws {
    let server = try ServerProcess(.cambium, directives: ["requirepass secret"])
    let script = """
      import redis
      r = redis.Redis(port=\(server.port), password="secret", decode_responses=True)
      assert r.ping()
      assert r.set("a", "1", ex=100) and r.ttl("a") > 90
      assert r.incrby("a", 41) == 42
      p = r.pipeline(transaction=False)
      for i in range(1000): p.set(f"key:{i}", i)
      assert all(p.execute())
      assert sorted(r.scan_iter("key:99*", count=17)) == sorted(f"key:{i}" for i in range(1000) if str(i).startswith("99"))
      assert r.mget("key:1", "missing", "key:2") == ["1", None, "2"]
      assert r.info("keyspace")["db0"]["keys"] == 1001
      assert r.client_setname("tester") and r.client_getname() == "tester"
      try:
        r.execute_command("INCR", "key:1", "2"); assert False
      except redis.ResponseError as e:
        assert "wrong number of arguments" in str(e)
      version = r.execute_command("VERSION", "CREATE", "before")
      r.flushall()
      assert r.dbsize() == 0
      r.execute_command("VERSION", "ROLLBACK", "before")
      assert r.dbsize() == 1001 and r.get("key:999") == "999"
      print("all well")
      """
    let outcome = try Tool.run(["/usr/bin/python3", "-c", script])
    #expect(outcome.output == "all well\n")
    #expect(outcome.exitCode == 0)
  }
}
