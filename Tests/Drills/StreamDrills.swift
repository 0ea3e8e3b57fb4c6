import Foundation
import Glibc
import RESP
import TestSupport
import Testing

/// The link breaks in the stream, or the stream has what cannot be followed.
@Suite(.tags(.drill), .serialized) struct StreamDrills {
  private let primary: ServerProcess
  private let client: Client
  private let drill: Drill

  init() throws {
    primary = try ServerProcess(
      .redis, directives: ["repl-diskless-sync-delay 0", "repl-backlog-size 1mb", "enable-debug-command yes"])
    client = try primary.connect(timeoutMilliseconds: 30_000)
    try OldDataset().write(client)
    drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.wait(for: "master_link_status") { $0 == "up" }
  }

  private func waitForWrites() throws {
    #expect(try client.command("WAIT", "1", "20000") == .integer(1))
  }

  @Test func aBrokenConnectionIsTakenUpWhereItBroke() throws {
    let former = try drill.operatorClient.command("VERSION", "LIST")
    for (index, database) in ["0", "3", "5"].enumerated() {
      try client.command("SELECT", database)
      try client.command("SET", "counter", "\(index)")
      try client.command("CLIENT", "KILL", "TYPE", "replica")
      try client.command("INCR", "counter")
      try waitForWrites()
      try drill.operatorClient.command("SELECT", database)
      #expect(try drill.operatorClient.command("GET", "counter") == .bulk("\(index + 1)"))
    }
    // No full sync was needed, so no dataset was exchanged.
    #expect(try drill.operatorClient.command("VERSION", "LIST") == former)
    #expect(drill.server.log.text.contains("Successful partial resynchronization with master."))
  }

  @Test func aTransactionIsSeenWholeOrNotAtAll() throws {
    let reader = try drill.server.connect()
    try client.command("MSET", "left", "0", "right", "0")
    try waitForWrites()
    for index in 1...200 {
      _ = try client.pipeline([
        ["MULTI"], ["SET", "left", "\(index)"], ["SET", "right", "\(index)"], ["EXEC"],
      ])
      let pair = try #require(try reader.command("MGET", "left", "right").items)
      #expect(pair.count == 2 && pair[0] == pair[1])
    }
    try waitForWrites()
    #expect(try reader.command("MGET", "left", "right") == .array([.bulk("200"), .bulk("200")]))
  }

  @Test func anOlderStateOfTheSameHistoryIsNotKept() throws {
    // The backlog is overrun while the link is down, so that everything has to be sent again.
    try client.command("CONFIG", "SET", "repl-backlog-size", "16384")
    let former = try drill.operatorClient.command("VERSION", "LIST")
    drill.server.halt()
    try client.command("CLIENT", "KILL", "TYPE", "replica")
    _ = try client.pipeline((0..<200).map { ["SET", "fill:\($0)", String(repeating: "x", count: 1000)] })
    drill.server.signal(SIGCONT)
    try drill.wait(for: "slave_repl_offset") { $0 == (try? masterOffset()) }
    try drill.wait(for: "master_link_status") { $0 == "up" }
    #expect(try drill.operatorClient.command("GET", "fill:199") == .bulk(String(repeating: "x", count: 1000)))
    #expect(drill.server.log.text.components(of: "Finished with success") == 2)
    #expect(try drill.operatorClient.command("VERSION", "LIST") == former)
  }

  private func masterOffset() throws -> String {
    let text = try client.command("INFO", "replication").text ?? ""
    return text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("master_repl_offset:") }
      .map { String($0.dropFirst("master_repl_offset:".count)) } ?? ""
  }

  @Test func keysExpireWhenThePrimarySaysSo() throws {
    try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    try client.command("SET", "short", "1", "PX", "50")
    try waitForWrites()
    #expect(try ServerProcess.wait(milliseconds: 5000) { try drill.operatorClient.command("GET", "short") == .null })
    let keys = try client.command("DBSIZE")
    #expect(try drill.operatorClient.command("DBSIZE") == keys)
    // INCR of a key that has expired here, but not yet there, must not begin anew.
    try client.command("PEXPIREAT", "short", "99999999999999")
    try client.command("GET", "short")
    try waitForWrites()
    #expect(try drill.operatorClient.command("EXISTS", "short") == (try client.command("EXISTS", "short")))
    #expect(try drill.operatorClient.command("DBSIZE") == (try client.command("DBSIZE")))
  }

  @Test func theRoleIsToldAsRedisTellsIt() throws {
    #expect(
      try drill.operatorClient.command("REPLICAOF", "127.0.0.1", "\(primary.port)")
        == .simple("OK Already connected to specified master"))
    #expect(
      try drill.operatorClient.command("SET", "a", "1")
        == .error("READONLY You can't write against a read only replica."))
    let role = try #require(try drill.operatorClient.command("ROLE").items)
    #expect(role.prefix(4) == [.bulk("slave"), .bulk("127.0.0.1"), .integer(primary.port), .bulk("connected")])
    try drill.operatorClient.command("REPLICAOF", "NO", "ONE")
    let master = try #require(try drill.operatorClient.command("ROLE").items)
    #expect(master.count == 3 && master[0] == .bulk("master") && master[2] == .array([]))
    #expect(try drill.field("role") == "master")
    #expect(try drill.field("master_replid2") == (try masterID()))
  }

  private func masterID() throws -> String {
    let text = try client.command("INFO", "replication").text ?? ""
    return text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("master_replid:") }
      .map { String($0.dropFirst("master_replid:".count)) } ?? ""
  }
}

extension String {
  /// How often `part` stands in this text.
  fileprivate func components(of part: String) -> Int {
    var count = 0
    var rest = self[...]
    while let range = rest.range(of: part) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
