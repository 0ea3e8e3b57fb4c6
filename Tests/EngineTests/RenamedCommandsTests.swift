import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// `rename-command`.
struct RenamedCommandsTests {
  private func harness(_ renamings: (String, String)...) throws -> EngineHarness {
    let table = try CommandTable(
      StandardCommands.families,
      renamings: renamings.map { CommandTable.Renaming(Array($0.0.utf8), to: Array($0.1.utf8)) })
    return EngineHarness(commands: table)
  }

  @Test func aCommandAnswersToItsNewNameAlone() throws {
    let harness = try harness(("SET", "put-b840"), ("FLUSHALL", ""))
    #expect(try harness.run("PUT-B840", "k", "1") == .simple("OK"))
    #expect(try harness.run("GET", "k") == .bulk([49]))
    #expect(try harness.run("SET", "k", "1").isUnknownCommand)
    #expect(try harness.run("FLUSHALL").isUnknownCommand)
    try harness.run("MULTI")
    #expect(try harness.run("put-b840", "k", "2") == .simple("QUEUED"))
    #expect(try harness.run("EXEC") == .array([.simple("OK")]))
    #expect(try harness.run("COMMAND", "GETKEYS", "put-b840", "k", "1") == .array([.bulk(Array("k".utf8))]))
    // What is said of a command, its statistics among it, goes by the name that it has by itself.
    #expect(try harness.run("CLIENT", "LIST").text?.contains("cmd=client|list") == true)
    #expect(try harness.run("INFO", "commandstats").text?.contains("cmdstat_set:calls=2") == true)
  }

  @Test func whatIsTakenAwayIsNotListed() throws {
    let plain = EngineHarness()
    let harness = try harness(("SET", "put"), ("FLUSHALL", ""))
    guard case .integer(let all) = try plain.run("COMMAND", "COUNT"),
      case .integer(let fewer) = try harness.run("COMMAND", "COUNT")
    else { return #expect(Bool(false)) }
    #expect(fewer == all - 1)
    #expect(try harness.run("COMMAND", "INFO", "flushall", "set") == .array([.null, .null]))
  }

  @Test func namesThatWereSetFreeMayBeTaken() throws {
    let harness = try harness(("GET", "old-get"), ("SET", "get"))
    #expect(try harness.run("GET", "k", "1") == .simple("OK"))
    #expect(try harness.run("OLD-GET", "k") == .bulk([49]))
  }

  @Test func whatCannotBeIsRefused() throws {
    #expect(throws: CommandTable.RenameFailure.noSuchCommand(0)) { try harness(("NOSUCH", "x")) }
    #expect(throws: CommandTable.RenameFailure.nameIsTaken(0)) { try harness(("GET", "set")) }
    #expect(throws: CommandTable.RenameFailure.noSuchCommand(1)) { try harness(("GET", "x"), ("get", "y")) }
  }

  /// What a primary tells of by itself, that a key has expired, say, it calls by the name that was declared.
  @Test func thePrimaryIsUnderstoodByDeclaredNames() throws {
    let harness = try harness(("DEL", ""), ("XGROUP", "streams"), ("SET", "put"))
    let primary = harness.open()
    primary.isPrimary = true
    harness.engine.keyspace.leavesExpiryToPrimary = true
    for command in [
      ["PUT", "a", "1"], ["SET", "b", "1"], ["DEL", "a"], ["XGROUP", "CREATE", "x", "g", "0", "MKSTREAM"],
      ["STREAMS", "DESTROY", "x", "g"],
    ] {
      #expect(harness.raw(command, from: primary).isEmpty)
    }
    #expect(primary.failure == nil)
    #expect(try harness.run("EXISTS", "a", "b", "x") == .integer(2))
    #expect(try harness.run("DEL", "b").isUnknownCommand)
  }

  @Test func rulesGoByDeclaredNames() throws {
    let table = try CommandTable(StandardCommands.families, renamings: [.init(Array("SET".utf8), to: [])])
    Array("set".utf8).withBytes { #expect(table.findDeclared($0)?.value.fullName == "set") }
    Array("set".utf8).withBytes { #expect(table.find($0)?.value.fullName == nil) }
  }
}

extension Reply {
  fileprivate var isUnknownCommand: Bool {
    if case .error(let text) = self { text.hasPrefix("ERR unknown command") } else { false }
  }
}
