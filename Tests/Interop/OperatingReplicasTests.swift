import Foundation
import RESP
import TestSupport
import Testing

/// What operators do with a primary and its replicas, between this server and redis-server.
@Suite struct OperatingReplicasTests {
  private static let primaryDirectives = ["repl-diskless-sync-delay 0", "repl-ping-replica-period 1"]

  /// A primary and a replica of it, which is in sync.
  private func pair(
    _ first: ServerProcess.Program, _ second: ServerProcess.Program, _ directives: [String] = []
  ) throws -> (ServerProcess, ServerProcess) {
    let primary = try ServerProcess(first, directives: Self.primaryDirectives + directives)
    let replica = try ServerProcess(
      second, directives: Self.primaryDirectives + ["replicaof 127.0.0.1 \(primary.port)"])
    try waitForReplica(primary)
    return (primary, replica)
  }

  private func field(_ name: String, of server: ServerProcess) throws -> String? {
    try server.connect(timeoutMilliseconds: 20_000).information()[name]
  }

  private func waitForReplica(_ primary: ServerProcess, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let isOnline = try ServerProcess.wait(milliseconds: 20_000) {
      try field("slave0", of: primary)?.contains("state=online") == true
    }
    #expect(isOnline, "\(primary.log.text)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [ServerProcess.Program.redis, .cambium]) func `an acknowledged write is on the replica`(
    program: ServerProcess.Program
  ) throws {
    let (primary, replica) = try pair(.cambium, program)
    let (writer, reader) = (try primary.connect(timeoutMilliseconds: 20_000), try replica.connect())
    for number in 1...20 {
      let replies = try writer.pipeline([["SET", "k", "\(number)"], ["WAIT", "1", "10000"]])
      #expect(replies == [.simple("OK"), .integer(1)])
      #expect(try reader.command("GET", "k") == .bulk("\(number)"))
    }
    replica.halt()
    #expect(try writer.command("SET", "k", "last") == .simple("OK"))
    #expect(try writer.command("WAIT", "1", "50") == .integer(0))
    replica.signal(SIGCONT)
    #expect(try writer.command("WAIT", "1", "10000") == .integer(1))
    #expect(try reader.command("GET", "k") == .bulk("last"))
  }

  /// The one that had the role is a replica of the other in the end, without a full sync and without a write lost.
  @Test(arguments: [
    (ServerProcess.Program.cambium, ServerProcess.Program.redis), (.redis, .cambium), (.cambium, .cambium),
  ]) func `the role of the primary is handed over`(first: ServerProcess.Program, second: ServerProcess.Program) throws {
    let (primary, replica) = try pair(first, second)
    let writer = try primary.connect(timeoutMilliseconds: 20_000)
    for number in 0..<100 { try writer.command("SET", "key:\(number)", "\(number)") }
    let syncs = try field("sync_full", of: replica)
    #expect(try writer.command("FAILOVER", "TO", "127.0.0.1", "\(replica.port)") == .simple("OK"))
    // Is put off until the other has the role, and refused then.
    guard case .error(let refusal) = try writer.command("SET", "late", "1") else {
      Issue.record("a write was taken during a failover")
      return
    }
    #expect(refusal.hasPrefix("READONLY"))
    let isDone = try ServerProcess.wait(milliseconds: 20_000) {
      try field("master_failover_state", of: primary) == "no-failover" && field("role", of: primary) == "slave"
        && field("role", of: replica) == "master"
    }
    #expect(isDone, "\(primary.log.text)\n\(replica.log.text)")
    try waitForReplica(replica)
    #expect(try field("sync_partial_ok", of: replica) == "1")
    #expect(try field("sync_full", of: replica) == syncs)
    let promoted = try replica.connect(timeoutMilliseconds: 20_000)
    #expect(try promoted.command("DBSIZE") == .integer(100))
    #expect(try promoted.command("SET", "after", "1") == .simple("OK"))
    #expect(try promoted.command("WAIT", "1", "10000") == .integer(1))
    #expect(try writer.command("GET", "after") == .bulk("1"))
    #expect(try writer.command("DBSIZE") == .integer(101))
  }

  @Test func `the end waits for a replica that lags`() throws {
    let (primary, replica) = try pair(.cambium, .redis, ["shutdown-timeout 60", "save ''"])
    let writer = try primary.connect(timeoutMilliseconds: 20_000)
    replica.halt()
    #expect(try writer.command("SET", "k", "last") == .simple("OK"))
    primary.signal(SIGTERM)
    #expect(primary.log.waitFor("Waiting for replicas before shutting down."))
    #expect(try field("shutdown_in_milliseconds", of: primary) != nil)
    replica.signal(SIGCONT)
    #expect(primary.waitForExit(milliseconds: 20_000))
    #expect(primary.exitCode == 0)
    #expect(primary.log.text.contains("1 of 1 replicas are in sync when shutting down."))
    #expect(try replica.connect().command("GET", "k") == .bulk("last"))
  }

  @Test func `a second SIGINT does not wait, and SHUTDOWN ABORT keeps the server`() throws {
    let (primary, replica) = try pair(.cambium, .redis, ["shutdown-timeout 600", "save ''"])
    let writer = try primary.connect(timeoutMilliseconds: 20_000)
    replica.halt()
    defer { replica.signal(SIGCONT) }
    #expect(try writer.command("SET", "k", "1") == .simple("OK"))
    primary.signal(SIGINT)
    #expect(primary.log.waitFor("Waiting for replicas before shutting down."))
    #expect(try writer.command("SHUTDOWN", "ABORT") == .simple("OK"))
    #expect(primary.log.waitFor("Shutdown manually aborted."))
    #expect(try writer.command("SET", "k", "2") == .simple("OK"))
    primary.signal(SIGINT)
    let waits = ServerProcess.wait(milliseconds: 10_000) {
      primary.log.text.components(separatedBy: "Waiting for replicas before shutting down.").count == 3
    }
    #expect(waits, "\(primary.log.text)")
    primary.signal(SIGINT)
    #expect(primary.waitForExit(milliseconds: 10_000))
    #expect(primary.exitCode == 1)
    #expect(primary.log.text.contains("You insist... exiting now."))
  }

  /// What Sentinel, exporters and people read.
  @Test func `INFO, ROLE and CLIENT LIST tell of replicas as Redis does`() throws {
    let (subject, reference) = (try pair(.cambium, .redis), try pair(.redis, .redis))
    for directives in [("min-replicas-to-write", "1"), ("min-replicas-max-lag", "10")] {
      for server in [subject.0, reference.0] {
        #expect(try server.connect().command("CONFIG", "SET", directives.0, directives.1) == .simple("OK"))
      }
    }
    func fields(_ server: ServerProcess, _ section: String) throws -> [String] {
      let text = try server.connect().command("INFO", section).text ?? ""
      return text.split(whereSeparator: \.isNewline).map { String($0.prefix { $0 != ":" }) }
    }
    #expect(try fields(subject.0, "replication") == fields(reference.0, "replication"))
    func shape(_ text: String?) -> String {
      String((text ?? "").map { $0.isNumber ? "0" : $0 }).replacing(/0+/, with: "0")
    }
    #expect(try shape(field("slave0", of: subject.0)) == shape(field("slave0", of: reference.0)))
    #expect(try field("min_slaves_good_slaves", of: subject.0) == "1")
    #expect(try field("mem_clients_slaves", of: subject.0) != nil)
    guard case .array(let role) = try subject.0.connect().command("ROLE"), case .array(let replicas) = role[2],
      case .array(let replica) = replicas.first
    else {
      Issue.record("ROLE tells of no replica")
      return
    }
    #expect(role[0] == .bulk("master"))
    #expect(replica[0...1] == [.bulk("127.0.0.1"), .bulk("\(subject.1.port)")])
    let line = try subject.0.connect().command("CLIENT", "LIST", "TYPE", "replica").text ?? ""
    #expect(line.contains(" flags=S ") && line.contains(" cmd=replconf "), "\(line)")
    #expect(try subject.0.connect().command("CLIENT", "KILL", "TYPE", "replica") == .integer(1))
    try waitForReplica(subject.0)
    #expect(try ServerProcess.wait(milliseconds: 20_000) { try field("sync_partial_ok", of: subject.0) == "1" })
  }

  @Test func `a replica of ours tells of its primary as Redis does`() throws {
    let (subject, reference) = (try pair(.redis, .cambium), try pair(.redis, .redis))
    func fields(_ server: ServerProcess) throws -> [String] {
      let text = try server.connect().command("INFO", "replication").text ?? ""
      return text.split(whereSeparator: \.isNewline).map { String($0.prefix { $0 != ":" }) }
    }
    let own = ["master_link_last_error", "staging_state"]
    #expect(try fields(subject.1).filter { !own.contains($0) } == fields(reference.1))
    let client = try subject.1.connect()
    let line = try client.command("CLIENT", "LIST", "TYPE", "master").text ?? ""
    #expect(line.contains(" flags=M ") && line.contains("addr=127.0.0.1:\(subject.0.port) "), "\(line)")
    // The link is found by its own end, too.
    let ends = line.split(separator: " ").first { $0.hasPrefix("laddr=127.0.0.1:") }?.dropFirst("laddr=".count) ?? ""
    #expect(line.contains(" fd=") && !line.contains(" fd=-1 "), "\(line)")
    #expect(try client.command("CLIENT", "KILL", "LADDR", String(ends)) == .integer(1), "\(line)")
    #expect(try ServerProcess.wait(milliseconds: 20_000) { try field("sync_partial_ok", of: subject.0) == "1" })
  }

  @Test func `a replica is known under what it announces`() throws {
    let (primary, replica) = try pair(.cambium, .cambium)
    let client = try replica.connect()
    for (name, value) in [("replica-announce-ip", "replica.example"), ("replica-announce-port", "7777")] {
      #expect(try client.command("CONFIG", "SET", name, value) == .simple("OK"))
    }
    #expect(try client.command("CLIENT", "KILL", "TYPE", "master") == .integer(1))
    let isKnown = try ServerProcess.wait(milliseconds: 20_000) {
      try field("slave0", of: primary)?.hasPrefix("ip=replica.example,port=7777,state=online") == true
    }
    #expect(isKnown, "\(primary.log.text)")
  }
}
