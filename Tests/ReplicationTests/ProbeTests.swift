import Replication
import Testing

/// VERIFY and DRYRUN: find out, and change nothing.
@Suite struct ProbeTests {
  static func probe() -> ScriptedLink {
    var script = ScriptedLink { $0.purpose = .probe }
    script.start()
    script.connect()
    script.receive("+PONG\r\n")
    return script
  }

  @Test func reportsWhatInfoSays() {
    var script = Self.probe()
    script.receive(
      ScriptedLink.bulk(
        """
        # Server\r
        redis_version:7.0.15\r
        run_id:0123456789012345678901234567890123456789\r
        # Replication\r
        role:slave\r
        master_link_status:up\r
        master_replid:\(SnapshotText.id)\r
        master_repl_offset:4711\r
        # Keyspace\r
        db0:keys=3,expires=0,avg_ttl=0\r
        db15:keys=40,expires=1,avg_ttl=5\r

        """))
    #expect(script.lastRequest == "PSYNC")
    script.receive("-ERR wrong number of arguments for 'psync' command\r\n")
    var expected = PrimaryFindings()
    expected.version = "7.0.15"
    expected.runID = "0123456789012345678901234567890123456789"
    expected.role = "slave"
    expected.isLinkUp = true
    expected.replicationID = SnapshotText.id
    expected.offset = 4711
    expected.keyCount = 43
    #expect(script.reports == [.reached(expected)])
    #expect(expected.obstacle == nil)
    #expect(script.actions.suffix(2).first == .close)
    #expect(script.link.state == .idle)
  }

  @Test func knowsItself() {
    var script = Self.probe()
    script.receive(ScriptedLink.bulk("run_id:\(ScriptedLink.runID)\r\n"))
    script.receive("-ERR wrong number of arguments for 'psync' command\r\n")
    guard case .reached(let findings) = script.reports.first else {
      Issue.record("\(script.reports)")
      return
    }
    #expect(findings.isSelf)
    #expect(findings.obstacle == .isSelf)
    #expect(findings.keyCount == 0)
  }

  @Test func withoutInfoAndPsync() {
    var script = Self.probe()
    script.receive("-NOPERM no\r\n-ERR unknown command 'PSYNC'\r\n")
    var expected = PrimaryFindings()
    expected.synchronizationRefusal = "-ERR unknown command 'PSYNC'"
    #expect(script.reports == [.reached(expected)])
    #expect(expected.obstacle == .synchronizationRefused(reply: "-ERR unknown command 'PSYNC'"))
  }

  @Test func aReplicaWithoutPrimary() {
    var script = Self.probe()
    script.receive(ScriptedLink.bulk("role:slave\r\nmaster_link_status:down\r\n"))
    script.receive("-ERR wrong number of arguments for 'psync' command\r\n")
    guard case .reached(let findings) = script.reports.first, case .unableYet = findings.obstacle else {
      Issue.record("\(script.reports)")
      return
    }
  }

  @Test func failureIsReportedOnce() {
    var script = ScriptedLink { $0.purpose = .probe }
    script.start()
    script.close("Connection refused")
    #expect(script.reports == [.failed(.unreachable(reason: "Connection refused"))])
    script.pass(milliseconds: 1_000_000)
    #expect(script.reports.count == 1)
    #expect(script.link.nextTick == nil)
  }
}
