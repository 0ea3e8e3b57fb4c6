import RESP
import TestSupport
import Testing

/// Scripts may do what whoever runs them may do.
@Suite struct AccessScriptsTests {
  @Test func scriptsAskAsRedisDoes() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let cambium = try ServerProcess(.cambium, directives: ["save ''"]).connect()
    let both = Differential(reference: redis, subject: cambium)
    try both.check(
      "ACL", "SETUSER", "u", "on", "nopass", "+eval", "+get", "+set", "+publish", "+acl|whoami", "~a*", "&c")
    try both.check("AUTH", "u", "x")
    for call in [
      "'set', 'a1', 'x'", "'get', 'a1'", "'get', 'b'", "'del', 'a1'", "'publish', 'c', 'm'", "'publish', 'd', 'm'",
      "'incr', 'b'",
    ] {
      try both.check("EVAL", "return redis.pcall(\(call))", "0")
      try both.check("EVAL", "return {redis.acl_check_cmd(\(call)), 1}", "0")
    }
    try both.check("EVAL", "return redis.pcall('get', KEYS[1])", "1", "b")
    try both.check("EVAL", "return redis.acl_check_cmd('nosuch')", "0")
    try both.run("AUTH", "default", "")
    let log = try cambium.command("ACL", "LOG")
    guard case .array(let entries) = log, case .array(let newest)? = entries.dropFirst().first else {
      Issue.record("\(log)")
      return
    }
    #expect(newest.contains(.bulk("lua")) && newest.contains(.bulk("incr")) && newest.contains(.bulk("u")))
  }
}
