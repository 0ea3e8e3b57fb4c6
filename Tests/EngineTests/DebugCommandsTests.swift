import Engine
import RESP
import TestSupport
import Testing

/// DEBUG, as far as tests of servers use it.
@Suite struct DebugCommandsTests {
  private func transcript() throws -> Transcript {
    try Transcript(settings: {
      let settings = Settings()
      settings.enableDebugCommand = .yes
      return settings
    })
  }

  @Test func repliesEqualThoseOfRedis() throws {
    try transcript().isSame([
      "DEBUG LISTPACK none", "HSET h f v", "DEBUG LISTPACK h", "ZADD z 1 m", "DEBUG LISTPACK z", "RPUSH l a",
      "DEBUG LISTPACK l", "SET s 1", "DEBUG LISTPACK s", "DEBUG LISTPACK", "DEBUG OBJECT none",
      "DEBUG QUICKLIST-PACKED-THRESHOLD 1b", "DEBUG QUICKLIST-PACKED-THRESHOLD 0",
      "DEBUG QUICKLIST-PACKED-THRESHOLD 10kb", "DEBUG QUICKLIST-PACKED-THRESHOLD x",
      "DEBUG QUICKLIST-PACKED-THRESHOLD -1", "DEBUG QUICKLIST-PACKED-THRESHOLD 5gb",
      "DEBUG QUICKLIST-PACKED-THRESHOLD 4gb", "DEBUG QUICKLIST-PACKED-THRESHOLD 4294967295",
      "DEBUG QUICKLIST-PACKED-THRESHOLD", "DEBUG QUICKLIST-PACKED-THRESHOLD 1 1",
      "DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ACTIVE-EXPIRE 1", "DEBUG SLEEP 0", "DEBUG RELOAD NOPE",
      "DEBUG STRINGMATCH-LEN", "DEBUG STRINGMATCH-LEN 1",
    ])
  }

  @Test func typesOfTheProtocolEqualThoseOfRedis() throws {
    let all = [
      "string", "integer", "double", "bignum", "null", "array", "set", "map", "attrib", "push", "verbatim", "true",
      "FALSE", "nosuch",
    ].map { "DEBUG PROTOCOL \($0)" }
    try transcript().isSame(all + ["DEBUG PROTOCOL"])
    let redis = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"]).connect()
    let settings = Settings()
    settings.enableDebugCommand = .yes
    let harness = EngineHarness(settings: settings)
    try redis.useRESP3()
    try harness.run("HELLO", "3")
    for command in all where !command.hasSuffix("push") {
      let words = command.split(separator: " ").map(String.init)
      #expect(try harness.run(words) == (try redis.command(words)), "\(command)")
    }
  }

  @Test func fillingAndErrorsEqualThoseOfRedis() throws {
    try transcript().isSame([
      "DEBUG POPULATE 3", "GET key:2", "DEBUG POPULATE 4 p", "GET p:3", "SET q:1 mine", "DEBUG POPULATE 2 q 3",
      "MGET q:0 q:1", "DEBUG POPULATE 2 r 12", "GET r:1", "DBSIZE", "DEBUG POPULATE -1", "DEBUG POPULATE x",
      "DEBUG POPULATE 1 a b", "DEBUG POPULATE 1 a -1", "DEBUG POPULATE", "DEBUG POPULATE 1 2 3 4", "DEBUG ERROR MYERR",
      "DEBUG ERROR", "DEBUG LOG hello", "DEBUG PAUSE-CRON 1", "DEBUG PAUSE-CRON 0",
      "DEBUG REPLYBUFFER PEAK-RESET-TIME 100", "DEBUG REPLYBUFFER PEAK-RESET-TIME never",
      "DEBUG REPLYBUFFER PEAK-RESET-TIME RESET", "DEBUG REPLYBUFFER PEAK-RESET-TIME x", "DEBUG REPLYBUFFER NOSUCH 1",
      "DEBUG REPLYBUFFER RESIZING 0", "DEBUG REPLYBUFFER RESIZING 1", "DEBUG REPLYBUFFER",
      "DEBUG SET-DISABLE-DENY-SCRIPTS 1",
    ])
  }

  /// While the file is being read, the dataset must not be saved over it.
  @Test func nothingIsReloadedWhileAFileIsLoaded() throws {
    let settings = Settings()
    settings.enableDebugCommand = .yes
    let harness = EngineHarness(settings: settings)
    var reloads = 0
    harness.engine.reload = { _ in
      reloads += 1
      return nil
    }
    harness.engine.beginLoading(seconds: 1)
    for options in [[], ["NOSAVE"]] {
      #expect(
        try harness.run(["DEBUG", "RELOAD"] + options) == .error("LOADING Redis is loading the dataset in memory"))
    }
    #expect(reloads == 0)
    harness.engine.persistence.isLoading = false
    #expect(try harness.run("DEBUG", "RELOAD") == .simple("OK"))
    #expect(reloads == 1)
  }

  @Test func digestsEqualThoseOfRedis() throws {
    try transcript().isSame([
      "DEBUG DIGEST", "SET s abc", "SET n 17", "RPUSH l a b 1 2", "SADD i 3 1 2", "SADD t a b 1", "HSET h f v g 1",
      "ZADD z 1 a 2.5 b inf c", "XADD x 1-1 f v g w", "DEBUG DIGEST-VALUE s n l i t h z x none", "DEBUG DIGEST",
      "EXPIRE s 1000", "DEBUG DIGEST-VALUE s", "DEBUG DIGEST", "SELECT 3", "SET s abc", "DEBUG DIGEST",
      "DEBUG DIGEST-VALUE", "DEBUG DIGEST x",
    ])
  }

  /// A pattern against a text of so many characters; a hostile one ends in time.
  @Test func patternsAgainstLongTexts() throws {
    let settings = Settings()
    settings.enableDebugCommand = .yes
    let harness = EngineHarness(settings: settings)
    for (count, pattern, isMatch) in [
      ("0", "", 1), ("3", "AAA", 1), ("3", "AA", 0), ("3", "A*", 1), ("3", "*B", 0), ("3", "[A-C]??", 1),
      ("10000", String(repeating: "*a", count: 1000), 0),
    ] { #expect(try harness.run("DEBUG", "STRINGMATCH-LEN", count, pattern) == .integer(isMatch), "\(pattern)") }
    for count in ["-1", "x", "9223372036854775807"] {
      #expect(try harness.run("DEBUG", "STRINGMATCH-LEN", count, "*").errorText != nil, "\(count)")
    }
  }
}
