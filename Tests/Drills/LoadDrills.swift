import Foundation
import RESP
import TestSupport
import Testing

/// VERSION LOAD: files that are whole become versions, others change nothing.
@Suite(.tags(.drill), .serialized) struct LoadDrills {
  private func drill(_ file: [UInt8]) throws -> Drill {
    let drill = try Drill()
    try Data(file).write(to: drill.server.directory.appendingPathComponent("file.rdb"))
    return drill
  }

  @Test func aFileBecomesAVersionBesideTheLiveDataset() throws {
    let drill = try drill(SmallSnapshot.file)
    let client = drill.operatorClient
    #expect(try client.command("VERSION", "LOAD", "file.rdb") == .integer(1))
    #expect(try client.command("VERSION", "READ", "1", "GET", "key:4") == .bulk("new"))
    #expect(try client.command("GET", "key:4") == .null)
    #expect(try client.command("VERSION", "LOAD", drill.server.path(of: "file.rdb")) == .integer(2))
    try drill.finish()
    #expect(try client.command("VERSION", "ROLLBACK", "1") == .integer(3))
    #expect(try client.command("DBSIZE") == .integer(5))
    #expect(try client.command("VERSION", "ROLLBACK", "3") == .integer(4))
    #expect(drill.old.missing(client).isEmpty)
  }

  @Test func withCommitItGoesLive() throws {
    let drill = try drill(SmallSnapshot.file)
    let client = drill.operatorClient
    // What is sent behind the command is executed on the new dataset.
    let replies = try client.pipeline([["VERSION", "LOAD", "file.rdb", "COMMIT"], ["GET", "key:4"], ["DBSIZE"]])
    #expect(replies == [.integer(1), .bulk("new"), .integer(5)])
    #expect(try client.command("SET", "key:4", "newer") == .simple("OK"))
    #expect(try client.command("VERSION", "ROLLBACK", "before-load-1") == .integer(2))
    #expect(drill.old.missing(client).isEmpty)
  }

  @Test func oneVersionTooManyIsRefused() throws {
    let drill = try drill(SmallSnapshot.file)
    let client = drill.operatorClient
    _ = try client.pipeline([[String]](repeating: ["VERSION", "CREATE"], count: 1000))
    let refusal = Reply.error("ERR there are 1000 versions already, DROP some of them first")
    #expect(try client.command("VERSION", "LOAD", "file.rdb") == refusal)
    #expect(try client.command("PING") == .simple("PONG"))
    try drill.finish()
  }

  @Test func aDamagedFileChangesNothing() throws {
    var damaged = SmallSnapshot.file
    damaged[damaged.count / 2] ^= 1
    let drill = try drill(damaged)
    let client = drill.operatorClient
    try Data(SmallSnapshot.file.dropLast(10)).write(to: drill.server.directory.appendingPathComponent("short.rdb"))
    for (file, text) in [
      ("file.rdb", "ERR can't load 'file.rdb': "),
      ("short.rdb", "ERR can't load 'short.rdb': unexpected end of the RDB file"),
      ("nowhere.rdb", "ERR can't load 'nowhere.rdb': No such file or directory"),
      (".", "ERR can't load '.': Is a directory"), ("server.conf", "wrong signature: this is not an RDB file"),
    ] {
      for arguments in [["VERSION", "LOAD", file], ["VERSION", "LOAD", file, "commit"]] {
        let reply = try client.command(arguments)
        guard case .error(let error) = reply else {
          Issue.record("\(reply)")
          continue
        }
        #expect(error.contains(text))
      }
    }
    #expect(try client.command("VERSION", "LOAD", "file.rdb", "now") == .error("ERR syntax error"))
    #expect(try client.command("VERSION", "LIST") == .array([]))
    try drill.finish()
  }
}
