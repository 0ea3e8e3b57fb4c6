import RESP
import TestSupport
import Testing

/// A server whose file descriptors are all in use.
struct DescriptorTests {
  /// Snapshots for replicas begin without any: as many may be wanted as there are clients, at the worst of moments.
  @Test func fullSyncsNeedNone() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "repl-diskless-sync no"])
    let client = try server.connect()
    let replicas = try (0..<8).map { _ in try server.connect() }
    for replica in replicas { #expect(try replica.command("PING") == .simple("PONG")) }
    let limiter = ["/usr/bin/prlimit", "--pid", "\(server.processIdentifier)", "--nofile=3"]
    #expect(try Tool.run(limiter).exitCode == 0)
    for replica in replicas {
      try replica.send("SYNC\r\n")
      #expect(try client.command("PING") == .simple("PONG"))
    }
    let areServed = try ServerProcess.wait(milliseconds: 10_000) {
      let lines = try client.command("INFO", "replication").text?.split(whereSeparator: \.isNewline) ?? []
      return lines.count { $0.contains("state=online") } == replicas.count
    }
    #expect(areServed)
    #expect(server.isRunning)
  }
}
