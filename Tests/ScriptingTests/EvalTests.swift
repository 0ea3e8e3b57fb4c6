import Engine
import Testing

/// EVAL and its like on an engine without sockets.
struct EvalTests {
  let server = ScriptHarness()

  @Test func valuesBecomeReplies() {
    #expect(server.eval("return 'hello'") == "$5\r\nhello\r\n")
    #expect(server.eval("return 3.99") == ":3\r\n")
    #expect(server.eval("return {1, {2, 'a'}, true, false}") == "*4\r\n:1\r\n*2\r\n:2\r\n$1\r\na\r\n:1\r\n$-1\r\n")
    #expect(server.eval("return {ok = 'fine'}") == "+fine\r\n")
    #expect(server.eval("return {err = 'My code'}") == "-My code\r\n")
    #expect(server.eval("return nil") == "$-1\r\n")
    #expect(server.eval("return {double = 0.5}") == "$3\r\n0.5\r\n")
    #expect(server.eval("return {ok = 'a\\r\\nb'}") == "+a  b\r\n")
  }

  @Test func repliesBecomeValues() {
    #expect(server.eval("return redis.call('set', 'k', ARGV[1])", "v") == "+OK\r\n")
    #expect(server.eval("return redis.call('get', 'k')") == "$1\r\nv\r\n")
    #expect(server.eval("return type(redis.call('get', 'nothing'))") == "$7\r\nboolean\r\n")
    #expect(server.eval("redis.setresp(3) return type(redis.call('get', 'nothing'))") == "$3\r\nnil\r\n")
    #expect(
      server.eval("redis.call('hset', 'h', 'f', 'v') redis.setresp(3) return redis.call('hgetall', 'h').map.f")
        == "$1\r\nv\r\n")
    #expect(
      server.eval("return redis.pcall('incr', 'k').err") == "$43\r\nERR value is not an integer or out of range\r\n")
  }

  /// What a script reads does not go to a client.
  @Test func noOutputLimitCutsWhatScriptsRead() {
    server.engine.settings.outputLimits.normal = .init(hard: 100_000, soft: 0, softSeconds: 0)
    #expect(
      server.eval("redis.call('hset', 'h', 'f', 'v') return #redis.call('hrandfield', 'h', -100000)") == ":100000\r\n")
    #expect(
      server.eval("return redis.pcall('hrandfield', 'h', -999999999).err") == "$25\r\nERR value is out of range\r\n")
  }

  @Test func whileReplicasAreMissingScriptsDoNotWrite() {
    server.engine.settings.minReplicasToWrite = 1
    server.engine.updateGoodReplicas()
    let refusal = "NOREPLICAS Not enough good replicas to write."
    #expect(server.eval("return redis.call('set', 'k', 'v')").hasPrefix("-\(refusal)"))
    #expect(server.eval("return redis.pcall('set', 'k', 'v').err") == "$\(refusal.utf8.count)\r\n\(refusal)\r\n")
    #expect(server.eval("return redis.call('get', 'k')") == "$-1\r\n")
    #expect(server.eval("#!lua\nreturn 1") == "-\(refusal)\r\n")
    #expect(server.eval("#!lua flags=no-writes\nreturn 1") == ":1\r\n")
    server.engine.settings.minReplicasToWrite = 0
    server.engine.updateGoodReplicas()
    #expect(server.eval("return redis.call('set', 'k', 'v')") == "+OK\r\n")
  }

  @Test func scriptsAreFoundByDigest() {
    let digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
    #expect(server.text("evalsha", digest, "0") == "-NOSCRIPT No matching script. Please use EVAL.\r\n")
    #expect(server.text("script", "load", "return 1") == "$40\r\n\(digest)\r\n")
    #expect(server.text("evalsha", digest.uppercased(), "0") == ":1\r\n")
    #expect(server.text("script", "exists", digest, "abc") == "*2\r\n:1\r\n:0\r\n")
    #expect(server.text("script", "flush") == "+OK\r\n")
    #expect(server.text("evalsha", digest, "0").hasPrefix("-NOSCRIPT"))
    #expect(server.text("eval", "return 1", "0") == ":1\r\n")
    #expect(server.text("evalsha", digest, "0") == ":1\r\n")
  }

  @Test func callsAreChecked() {
    #expect(
      server.eval("return redis.pcall('nosuch').err") == "$44\r\nERR Unknown Redis command called from script\r\n")
    #expect(
      server.eval("return redis.call('get')").hasPrefix("-ERR Wrong number of args calling Redis command from script"))
    #expect(server.eval("return redis.call('multi')").hasPrefix("-ERR This Redis command is not allowed from script"))
    #expect(
      server.eval("return redis.call('eval', 'return 1', 0)").hasPrefix(
        "-ERR This Redis command is not allowed from script"))
    #expect(
      server.text("eval_ro", "return redis.call('set', 'k', 'v')", "0")
        .hasPrefix("-ERR Write commands are not allowed from read-only scripts."))
    #expect(
      server.eval("#!lua flags=no-writes\nreturn redis.call('set', 'k', 'v')")
        .hasPrefix("-ERR Write commands are not allowed from read-only scripts."))
    #expect(server.text("exists", "k") == ":0\r\n")
  }

  @Test func selectIsForTheScriptAlone() {
    #expect(server.eval("redis.call('select', 5) redis.call('set', 'k', 'v') return 1") == ":1\r\n")
    #expect(server.text("get", "k") == "$-1\r\n")
    #expect(server.text("select", "5") == "+OK\r\n")
    #expect(server.text("get", "k") == "$1\r\nv\r\n")
  }

  @Test func aScriptThatFailsLeavesItsWrites() {
    #expect(
      server.eval("redis.call('set', 'k', 'v') redis.call('incr', 'k')").hasPrefix("-ERR value is not an integer"))
    #expect(server.text("get", "k") == "$1\r\nv\r\n")
  }

  @Test func aScriptThatFailsLeavesNoTraceIfAskedFor() {
    let settings = Settings()
    settings.transactionRollback = true
    let server = ScriptHarness(settings: settings)
    #expect(server.text("set", "k", "old") == "+OK\r\n")
    #expect(
      server.eval("redis.call('set', 'k', 'new') redis.call('incr', 'k')").hasPrefix("-ERR value is not an integer"))
    #expect(server.text("get", "k") == "$3\r\nold\r\n")
    #expect(server.eval("return redis.call('set', 'k', 'new')") == "+OK\r\n")
    #expect(server.text("get", "k") == "$3\r\nnew\r\n")
  }

  @Test func scriptsReadAtTheVersionOfTheirClient() {
    #expect(server.text("set", "k", "old") == "+OK\r\n")
    #expect(server.text("version", "create", "before") == ":1\r\n")
    #expect(server.text("set", "k", "new") == "+OK\r\n")
    #expect(server.text("version", "use", "before") == "+OK\r\n")
    #expect(server.eval("return redis.call('get', 'k')") == "$3\r\nold\r\n")
    #expect(server.eval("return redis.call('set', 'k', 'x')").hasPrefix("-READONLY This connection reads at a version"))
    #expect(server.text("version", "use", "live") == "+OK\r\n")
    #expect(server.eval("return redis.call('get', 'k')") == "$3\r\nnew\r\n")
  }

  @Test func errorsAreCountedOnce() {
    let before = server.engine.statistics.errorReplies
    #expect(server.eval("return redis.call('incr', 'k', 'x')").hasPrefix("-ERR Wrong number"))
    #expect(server.engine.statistics.errorReplies == before + 1)
    #expect(server.eval("redis.pcall('nosuch') return 1") == ":1\r\n")
    #expect(server.engine.statistics.errorReplies == before + 2)
    #expect(server.eval("error('x')").hasPrefix("-ERR user_script:1: x script: "))
    #expect(server.engine.statistics.errorReplies == before + 3)
  }

  @Test func scriptsRunWithinTransactions() {
    #expect(server.text("multi") == "+OK\r\n")
    #expect(server.eval("return redis.call('incr', 'n')") == "+QUEUED\r\n")
    #expect(server.eval("return redis.call('incr', 'n')") == "+QUEUED\r\n")
    #expect(server.text("exec") == "*2\r\n:1\r\n:2\r\n")
  }

  @Test func shebangsAreRead() {
    #expect(server.eval("#!lua\nreturn 1") == ":1\r\n")
    #expect(server.eval("#!lua flags=no-writes,allow-oom\nreturn 1") == ":1\r\n")
    #expect(server.eval("#!python\nreturn 1") == "-ERR Unexpected engine in script shebang: #!python\r\n")
    #expect(server.eval("#!lua flags=what\nreturn 1") == "-ERR Unexpected flag in script shebang: what\r\n")
    #expect(server.eval("#!lua badger=1\nreturn 1") == "-ERR Unknown lua shebang option: badger=1\r\n")
    #expect(server.eval("#!lua") == "-ERR Invalid script shebang\r\n")
    #expect(server.eval("#!lua \"flags\nreturn 1") == "-ERR Invalid engine in script shebang\r\n")
  }
}

extension EvalTests {
  @Test func setsAreSortedForScripts() {
    #expect(server.text("sadd", "s", "c", "a", "aa", "b") == ":4\r\n")
    #expect(server.eval("return table.concat(redis.call('sort', 's', 'by', 'nosort'), ' ')") == "$8\r\na aa b c\r\n")
  }
}

extension EvalTests {
  /// The claim on the version is the session's: given back twice, it would let go of what others read.
  @Test func scriptsReadWhatTheirCallerReads() {
    #expect(server.text("set", "k", "old") == "+OK\r\n")
    #expect(server.text("version", "create", "v") == ":1\r\n")
    #expect(server.text("set", "k", "new") == "+OK\r\n")
    #expect(server.text("version", "use", "v") == "+OK\r\n")
    #expect(server.eval("return redis.pcall('version', 'use', 'LIVE')").hasPrefix("-ERR "))
    #expect(server.eval("return redis.call('get', 'k')") == "$3\r\nold\r\n")
    #expect(server.text("version", "use", "LIVE") == "+OK\r\n")
    #expect(server.eval("return redis.pcall('version', 'use', 'v')").hasPrefix("-ERR "))
    #expect(server.eval("return redis.call('get', 'k')") == "$3\r\nnew\r\n")
  }

  @Test func aScriptThatFailsTakesNoVersionWithIt() {
    server.engine.settings.transactionRollback = true
    #expect(server.text("set", "k", "old") == "+OK\r\n")
    #expect(server.text("version", "create", "v") == ":1\r\n")
    #expect(
      server.eval("redis.call('flushall') redis.call('version', 'drop', 'v') return 1").hasPrefix(
        "-ERR what VERSION DROP"))
    #expect(server.text("get", "k") == "$3\r\nold\r\n")
    #expect(server.text("version", "read", "v", "get", "k") == "$3\r\nold\r\n")
  }
}
