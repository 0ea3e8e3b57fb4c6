import RESP
import TestSupport
import Testing

/// DEBUG RELOAD with its options: what is read takes the place of all, or is added to what is there.
@Suite struct ReloadTests {
  private static let directives = ["save ''", "enable-debug-command yes"]

  private static func library(_ name: String, answering text: String = "hello") -> String {
    "#!lua name=\(name)\nredis.register_function('\(name)', function() return '\(text)' end)"
  }

  private let client: Client
  private static let failure = Reply.error("ERR Error trying to load the RDB dump")

  init() throws { client = try ServerProcess(.cambium, directives: Self.directives).connect() }

  private func expectOK(_ words: String...) throws {
    #expect(try client.command(words) == .simple("OK"), "\(words)")
  }

  @Test(arguments: [ServerProcess.Program.redis, .cambium])
  func whatIsThereStaysWithoutFlushing(_ program: ServerProcess.Program) throws {
    let client = try ServerProcess(program, directives: Self.directives).connect()
    try client.command("FUNCTION", "LOAD", Self.library("one"))
    #expect(try client.command("DEBUG", "RELOAD", "NOFLUSH") == Self.failure)
    #expect(try client.command("FCALL", "one", "0") == .bulk(Array("hello".utf8)))
    #expect(try client.command("DEBUG", "RELOAD", "NOFLUSH", "MERGE") == .simple("OK"))
    try client.command("FUNCTION", "LOAD", Self.library("two"))
    try client.command(["MSET", "a", "1", "b", "2"])
    try client.command("SELECT", "3")
    try client.command("RPUSH", "l", "x", "y")
    #expect(try client.command("DEBUG", "RELOAD") == .simple("OK"))
    // What is written behind the save is lost where the file has it, and stays where it has not.
    try client.command("RPUSH", "l", "z")
    try client.command("SET", "m", "new")
    try client.command("FUNCTION", "DELETE", "one")
    try client.command("FUNCTION", "LOAD", "REPLACE", Self.library("two", answering: "changed"))
    try client.command("FUNCTION", "LOAD", Self.library("three"))
    #expect(try client.command("DEBUG", "RELOAD", "nosave", "noflush", "merge") == .simple("OK"))
    #expect(try client.command("LRANGE", "l", "0", "-1") == .array(["x", "y"].map { .bulk(Array($0.utf8)) }))
    #expect(try client.command("GET", "m") == .bulk(Array("new".utf8)))
    for name in ["one", "two", "three"] {
      #expect(try client.command("FCALL", name, "0") == .bulk(Array("hello".utf8)), "\(name)")
    }
    try client.command("SELECT", "0")
    #expect(try client.command("DBSIZE") == .integer(2))
    // And with flushing, merging or not, all is as the file has it.
    for options in [["NOSAVE"], ["NOSAVE", "MERGE"]] {
      try client.command("SET", "c", "3")
      #expect(try client.command(["DEBUG", "RELOAD"] + options) == .simple("OK"))
      #expect(try client.command("DBSIZE") == .integer(2))
    }
    #expect(
      try client.command("DEBUG", "RELOAD", "x")
        == .error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."))
  }

  /// Redis ends itself over such a key.
  @Test func aKeyThatIsThereAlreadyFailsTheWholeLoad() throws {
    try client.command(["MSET", "a", "1", "b", "2", "c", "3"])
    try client.command("FUNCTION", "LOAD", Self.library("one"))
    try expectOK("SAVE")
    try expectOK("FLUSHALL")
    try expectOK("FUNCTION", "FLUSH")
    try expectOK("SET", "b", "mine")
    #expect(try client.command("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH") == Self.failure)
    #expect(try client.command("DBSIZE") == .integer(1))
    #expect(try client.command("GET", "b") == .bulk(Array("mine".utf8)))
    #expect(try client.command("FUNCTION", "LIST") == .array([]))
    // One that has expired is not there.
    try expectOK("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    #expect(try client.command("PEXPIRE", "b", "1") == .integer(1))
    #expect(ServerProcess.wait(milliseconds: 5000) { (try? client.command("EXISTS", "b")) == .integer(0) })
    try expectOK("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH")
    #expect(try client.command("GET", "b") == .bulk(Array("2".utf8)))
    #expect(try client.command("DBSIZE") == .integer(3))
    #expect(try client.command("FCALL", "one", "0") == .bulk(Array("hello".utf8)))
  }

  /// A function's name may be taken by another library: then no key of the file is taken either.
  @Test func aLibraryThatCollidesFailsTheWholeLoad() throws {
    try client.command("SET", "a", "1")
    try client.command("FUNCTION", "LOAD", Self.library("one"))
    try expectOK("SAVE")
    try expectOK("FLUSHALL")
    try expectOK("FUNCTION", "FLUSH")
    let other = "#!lua name=other\nredis.register_function('one', function() return 'other' end)"
    try client.command("FUNCTION", "LOAD", other)
    for options in [["NOFLUSH"], ["NOFLUSH", "MERGE"]] {
      #expect(try client.command(["DEBUG", "RELOAD", "NOSAVE"] + options) == Self.failure)
      #expect(try client.command("DBSIZE") == .integer(0))
      #expect(try client.command("FCALL", "one", "0") == .bulk(Array("other".utf8)))
    }
  }

  @Test func aFileThatIsNotThereLosesNothing() throws {
    try client.command("SET", "a", "1")
    for options in [["NOSAVE"], ["NOSAVE", "NOFLUSH"], ["NOSAVE", "MERGE"]] {
      #expect(try client.command(["DEBUG", "RELOAD"] + options) == Self.failure)
      #expect(try client.command("GET", "a") == .bulk(Array("1".utf8)))
    }
  }

  /// What is added belongs to the live dataset as if it had been written there: versions before it do not have it.
  @Test func versionsAreUntouched() throws {
    try client.command(["HSET", "h"] + (0..<700).flatMap { ["f\($0)", "v"] })
    try expectOK("SAVE")
    try client.command("HSET", "h", "f1", "new")
    try client.command("VERSION", "CREATE", "v1")
    let digest = try client.command("DEBUG", "DIGEST")
    try expectOK("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")
    #expect(try client.command("HGET", "h", "f1") == .bulk(Array("v".utf8)))
    #expect(try client.command("VERSION", "READ", "v1", "HGET", "h", "f1") == .bulk(Array("new".utf8)))
    try client.command("VERSION", "ROLLBACK", "v1")
    #expect(try client.command("DEBUG", "DIGEST") == digest)
  }
}
