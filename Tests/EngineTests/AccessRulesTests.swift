import Engine
import RESP
import TestSupport
import Testing

/// Users are made, shown and refused as by redis-server, reply for reply.
@Suite struct AccessRulesTests {
  private static let hash = "34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6"

  @Test(arguments: [
    ["ACL WHOAMI", "ACL USERS", "ACL LIST", "ACL GETUSER default", "ACL GETUSER nobody"],
    ["ACL SETUSER a", "ACL GETUSER a", "ACL LIST", "ACL USERS", "ACL DELUSER a b a", "ACL USERS"],
    ["ACL SETUSER a on >secret >secret >other <secret nopass >third", "ACL GETUSER a", "ACL LIST"],
    [
      "ACL SETUSER a <secret", "ACL SETUSER a !\(hash)", "ACL SETUSER a #\(hash)", "ACL GETUSER a",
      "ACL SETUSER a !\(hash)",
    ],
    ["ACL SETUSER a #123", "ACL SETUSER a !123", "ACL SETUSER a #\(hash.uppercased())", "ACL GETUSER a"],
    ["ACL SETUSER a ON NoPass AllKeys ALLCHANNELS +@ALL", "ACL LIST", "ACL SETUSER a RESET", "ACL LIST"],
    ["ACL SETUSER a ~a ~b* %R~a %R~c %W~d %W~c %RW~e %wr~f %R", "ACL GETUSER a", "ACL LIST"],
    ["ACL SETUSER a %X~a", "ACL SETUSER a %RR~a", "ACL SETUSER a allkeys ~a", "ACL SETUSER a allkeys %R~a"],
    ["ACL SETUSER a &a &b* &a", "ACL GETUSER a", "ACL SETUSER a allchannels &c", "ACL SETUSER a &* &*", "ACL LIST"],
    [
      "ACL SETUSER a +get +GET -get +client|id", "ACL GETUSER a", "ACL SETUSER a -client +memory|USAGE",
      "ACL GETUSER a",
    ],
    ["ACL SETUSER a +nosuch", "ACL SETUSER a -nosuch", "ACL SETUSER a +@nosuch", "ACL SETUSER a +client|nosuch"],
    ["ACL SETUSER a +client|id|x", "ACL SETUSER a +get|a|b", "ACL SETUSER a -get|a", "ACL SETUSER a +debug|"],
    [
      "ACL SETUSER a +select|0 +select|0 +SELECT|1", "ACL GETUSER a", "ACL SETUSER b +debug|Object +debug|object",
      "ACL LIST",
    ],
    [
      "ACL SETUSER a -restore-asking +readonly", "ACL SETUSER b +@all -cluster +cluster|info", "ACL LIST",
      "ACL SETUSER b +module|x",
    ],
    ["ACL SETUSER a +@all -select +select|0", "ACL GETUSER a", "ACL SETUSER a +select", "ACL GETUSER a"],
    ["ACL SETUSER a what", "ACL SETUSER a )", "ACL SETUSER a (", "ACL SETUSER a (~a +get", "ACL SETUSER a () (+get)"],
    [
      "ACL SETUSER a (~a +get ) ( ~b ) (&c &d %R~e -@all) ()", "ACL GETUSER a", "ACL LIST",
      "ACL SETUSER a clearselectors",
    ],
    ["ACL SETUSER a (this)", "ACL SETUSER a (&* &x)", "ACL SETUSER a (+nosuch)", "ACL SETUSER a (on)", "ACL USERS"],
    ["ACL SETUSER a (~a (~b +get)", "ACL GETUSER a"],
    ["ACL SETUSER a sanitize-payload", "ACL LIST", "ACL SETUSER a skip-sanitize-payload", "ACL GETUSER a"],
    ["ACL SETUSER a ''", "ACL SETUSER a on '' off", "ACL LIST", "ACL SETUSER ''", "ACL USERS"],
    ["ACL SETUSER a on +get nonsense ~k", "ACL GETUSER a", "ACL SETUSER b", "ACL SETUSER b on nonsense", "ACL LIST"],
    ["ACL SETUSER default >pw", "ACL LIST", "AUTH pw", "AUTH wrong", "AUTH default pw", "ACL SETUSER default nopass"],
    ["ACL DELUSER default", "ACL DELUSER nobody default", "ACL DELUSER nobody"],
    ["ACL CAT nosuch", "ACL CAT a b", "ACL GENPASS 0", "ACL GENPASS 4097", "ACL GENPASS x", "ACL GENPASS 1 2"],
    [
      "ACL LOG", "ACL LOG -1", "ACL LOG x", "ACL LOG RESET", "ACL LOG 1 2", "ACL HELP x", "ACL NOSUCH", "ACL",
      "ACL SETUSER",
    ],
    ["ACL LOAD", "ACL SAVE", "ACL WHOAMI x", "ACL LIST x", "ACL GETUSER"],
    // A pattern of stars does not match the empty key, as `allkeys` does, though both are written `~*`.
    [
      "ACL SETUSER a %RW~* +@fast", "ACL LIST", "ACL DRYRUN a TOUCH ''", "ACL DRYRUN a TOUCH b",
      "ACL SETUSER a resetkeys ~*", "ACL LIST", "ACL DRYRUN a TOUCH ''",
    ],
    [
      "ACL DRYRUN nobody GET a", "ACL DRYRUN default NOSUCH a", "ACL DRYRUN default GET", "ACL DRYRUN default CLIENT x",
    ],
    ["ACL DRYRUN default GET a", "ACL SETUSER a +@all ~a* %R~r %W~w", "ACL DRYRUN a GET b", "ACL DRYRUN a COPY r w"],
    ["ACL SETUSER a +@all (+get ~x) ~y", "ACL DRYRUN a MGET y x", "ACL DRYRUN a MGET y y", "ACL DRYRUN a GET x"],
    [
      "ACL SETUSER a +get (+mget ~a) (+mget ~a ~b)", "ACL DRYRUN a MGET a b c", "ACL DRYRUN a MGET c a",
      "ACL DRYRUN a SET a b",
    ],
  ])
  func repliesEqualThoseOfRedis(_ script: [String]) throws {
    try Transcript().isSame(script)
  }

  @Test func wordsEndAtTheirFirstZero() throws {
    let transcript = try Transcript()
    try transcript.isSame([
      "ACL SETUSER z\u{0}", "ACL SETUSER z on\u{0}off +get\u{0}x nopass", "ACL GETUSER z", "ACL SETUSER z ~a\u{0}b",
      "ACL SETUSER z >p\u{0}q", "AUTH z p", "AUTH z p\u{0}q", "ACL SETUSER z odd\u{0}ity",
    ])
  }

  /// What a new user may subscribe to.
  @Test func channelsOfNewUsers() throws {
    try Transcript(directives: ["acl-pubsub-default allchannels"]) {
      let settings = Settings()
      settings.aclPubsubDefault = .allChannels
      return settings
    }.isSame([
      "ACL SETUSER a", "ACL LIST", "ACL SETUSER a &x", "ACL SETUSER a resetchannels &x (~k)", "ACL LIST",
      "ACL SETUSER a reset", "ACL LIST",
    ])
  }

  /// Descriptions make the same user again, quotes and all.
  @Test func descriptionsAreRules() throws {
    let harness = EngineHarness()
    var generator = SeededGenerator()
    let seed = generator.seed
    for _ in 0..<300 {
      let rules = AccessMix.rules(&generator)
      guard try harness.run(["ACL", "SETUSER", "one", "reset"] + rules) == .simple("OK") else { continue }
      guard case .array(let lines) = try harness.run("ACL", "LIST"),
        let line = lines.compactMap(\.text).first(where: { $0.hasPrefix("user one ") })
      else {
        Issue.record("seed \(seed): no line of \(rules)")
        return
      }
      let words = line.split(separator: " ", omittingEmptySubsequences: false).dropFirst(2).map(String.init)
      try harness.run("ACL", "DELUSER", "two")
      #expect(try harness.run(["ACL", "SETUSER", "two"] + words) == .simple("OK"), "seed \(seed): \(line)")
      // A pattern of all keys, written like the permission for all keys, differs from it in the empty key alone.
      let isAmbiguous = line.contains("~*")
      for question in AccessMix.questions where !(isAmbiguous && question.contains("")) {
        let one = try harness.run(["ACL", "DRYRUN", "one"] + question)
        #expect(try harness.run(["ACL", "DRYRUN", "two"] + question) == one, "seed \(seed): \(line) \(question)")
      }
      // Patterns that `~*` makes needless are not kept.
      if line.contains(" ~*"), line.split(separator: " ").count(where: { $0.contains("~") }) > 1 { continue }
      let two = try harness.run("ACL", "GETUSER", "two")
      #expect(two == (try harness.run("ACL", "GETUSER", "one")), "seed \(seed): \(line)")
    }
    try harness.run("ACL", "SETUSER", "q", #"("~it's" +get)"#, #"~say"so"#)
    guard case .array(let lines) = try harness.run("ACL", "LIST"),
      let line = lines.compactMap(\.text).first(where: { $0.hasPrefix("user q ") })
    else { return }
    #expect(line == #"user q off ~say"so resetchannels -@all ("~it's" resetchannels -@all +get)"#)
  }

  @Test func passwordsAreMadeUp() throws {
    let harness = EngineHarness()
    for (bits, length) in [(nil, 64), ("1", 1), ("5", 2), ("4096", 1024)] as [(String?, Int)] {
      let reply = try harness.run(["ACL", "GENPASS"] + (bits.map { [$0] } ?? []))
      let text = try #require(reply.text)
      #expect(text.utf8.count == length)
      #expect(text.allSatisfy { "0123456789abcdef".contains($0) })
    }
    #expect(try harness.run("ACL", "GENPASS") != (try harness.run("ACL", "GENPASS")))
  }

  /// Commands of every category, of those that redis-server has too.
  @Test func categoriesHoldWhatTheyHoldForRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    let theirs = try words(redis.command("COMMAND", "LIST"))
    let ours = try words(harness.run("COMMAND", "LIST"))
    let common = theirs.intersection(ours)
    #expect(common.count > 150)
    let categories = try words(redis.command("ACL", "CAT"))
    #expect(try words(harness.run("ACL", "CAT")) == categories.union(["version"]))
    for category in categories {
      let expected = try words(redis.command("ACL", "CAT", category)).intersection(common)
      let actual = try words(harness.run("ACL", "CAT", category.uppercased())).intersection(common)
      #expect(actual == expected, "\(category)")
    }
  }

  private func words(_ reply: Reply) -> Set<String> {
    if case .array(let elements) = reply { Set(elements.compactMap(\.text)) } else { [] }
  }

  @Test func versionCommandsAreACategoryOfTheirOwn() throws {
    let harness = EngineHarness()
    let version = try words(harness.run("ACL", "CAT", "version"))
    let dangerous = try words(harness.run("ACL", "CAT", "dangerous"))
    #expect(version.isSuperset(of: ["version", "version|create", "version|rollback", "version|read"]))
    #expect(version.allSatisfy { $0.hasPrefix("version") })
    #expect(dangerous.isSuperset(of: ["version|rollback", "version|drop", "version|restore"]))
    #expect(dangerous.isDisjoint(with: ["version|list", "version|info", "version|read"]))
    try harness.run("ACL", "SETUSER", "a", "+@version", "-@dangerous", "+ping")
    #expect(try harness.run("ACL", "DRYRUN", "a", "VERSION", "LIST") == .simple("OK"))
    #expect(
      try harness.run("ACL", "DRYRUN", "a", "VERSION", "ROLLBACK", "1")
        == .bulk("This user has no permissions to run the 'version|rollback' command"))
  }
}
