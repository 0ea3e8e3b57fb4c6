import RESP
import TestSupport
import Testing

/// A server with a dataset, somebody who reads all of it all the time, and an operator who makes it a replica.
final class Drill {
  let server: ServerProcess
  let operatorClient: Client
  let old = OldDataset()
  private let watch: KeyWatch

  init(_ directives: [String] = []) throws {
    server = try ServerProcess(.cambium, directives: directives)
    operatorClient = try server.connect(timeoutMilliseconds: 10_000)
    try old.write(operatorClient)
    watch = try KeyWatch(server, old)
  }

  deinit { _ = watch.end() }

  func replicate(port: Int) throws {
    #expect(try operatorClient.command("REPLICAOF", "127.0.0.1", "\(port)") == .simple("OK"))
  }

  /// A field of INFO replication; empty if it is not there.
  func field(_ name: String) throws -> String {
    try operatorClient.information("replication")[name] ?? ""
  }

  func wait(
    for name: String, milliseconds: Int = 20_000, sourceLocation: SourceLocation = #_sourceLocation,
    until condition: (String) -> Bool
  ) throws {
    let isThere = try ServerProcess.wait(milliseconds: milliseconds) { condition(try field(name)) }
    let now = try field(name)
    #expect(isThere, "\(name) is \(now):\n\(server.log.text)", sourceLocation: sourceLocation)
  }

  /// Waits until the link has failed of this, as INFO and the log tell it.
  func waitForError(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try wait(for: "master_link_last_error", sourceLocation: sourceLocation) { $0.contains(text) }
    #expect(server.log.text.contains(text), sourceLocation: sourceLocation)
    #expect(try field("role") == "slave", sourceLocation: sourceLocation)
    #expect(try field("master_link_status") == "down", sourceLocation: sourceLocation)
  }

  /// Ends the replication: nothing was lost at any moment, and the server takes writes.
  func finish(sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try operatorClient.command("REPLICAOF", "NO", "ONE") == .simple("OK"), sourceLocation: sourceLocation)
    #expect(try operatorClient.command("SET", "own", "write") == .simple("OK"), sourceLocation: sourceLocation)
    #expect(try operatorClient.command("GET", "own") == .bulk("write"), sourceLocation: sourceLocation)
    let (rounds, wrong) = watch.end()
    #expect(rounds > 0, sourceLocation: sourceLocation)
    #expect(wrong.isEmpty, sourceLocation: sourceLocation)
    #expect(old.missing(operatorClient).isEmpty, sourceLocation: sourceLocation)
    #expect(try operatorClient.command("DBSIZE") == .integer(51), sourceLocation: sourceLocation)
  }
}
