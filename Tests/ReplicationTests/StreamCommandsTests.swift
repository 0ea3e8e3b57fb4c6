import Engine
import Testing

@testable import Replication

/// What a link makes of commands by their names.
@Suite struct StreamCommandsTests {
  @Test func commandsAreKnownByAllTheirNames() throws {
    let table = try CommandTable(
      StandardCommands.families,
      renamings: [("DEL", ""), ("SET", "put"), ("SHUTDOWN", "")].map { .init(Array($0.0.utf8), to: Array($0.1.utf8)) })
    let commands = StreamCommands(table)
    for name in ["del", "set", "put", "xgroup", "publish", "select"] {
      #expect(commands[Array(name.utf8)[...]] == .execute, "\(name)")
    }
    for name in ["shutdown", "none", "config"] { #expect(commands[Array(name.utf8)[...]] == nil, "\(name)") }
    #expect(commands[Array("ping".utf8)[...]] == .leaveOut)
  }
}
