import RESP
import TestSupport
import Testing

extension Tag {
  @Tag static var drill: Self
}

/// The link breaks before a full sync has begun.
@Suite(.tags(.drill), .serialized) struct HandshakeDrills {
  @Test func refusedConnection() throws {
    let drill = try Drill()
    try drill.replicate(port: try ServerProcess.freePort())
    try drill.waitForError("Error condition on socket for SYNC: Connection refused")
    try drill.finish()
  }

  @Test func aHostThatIsNotThere() throws {
    let drill = try Drill()
    let reply = try drill.operatorClient.command("REPLICAOF", "no-such-host.invalid", "6379")
    #expect(reply == .simple("OK"))
    try drill.waitForError("Error condition on socket for SYNC: can't resolve no-such-host.invalid")
    try drill.finish()
  }

  @Test func acceptsAndNeverAnswers() throws {
    let primary = try FaultyPrimary { try $0.waitForEnd() }
    let drill = try Drill()
    #expect(try drill.operatorClient.command("CONFIG", "SET", "repl-timeout", "1") == .simple("OK"))
    try drill.replicate(port: primary.port)
    try drill.waitForError("Timeout connecting to the MASTER...")
    try drill.finish()
  }

  @Test func wrongPasswordThenTheRightOne() throws {
    let primary = try ServerProcess(.redis, directives: ["requirepass secret", "repl-diskless-sync-delay 0"])
    let drill = try Drill(["masterauth wrong"])
    try drill.replicate(port: primary.port)
    try drill.waitForError("Unable to AUTH to MASTER: -WRONGPASS")
    // What CONFIG SET mends is tried without a new REPLICAOF. The primary is empty, and that is refused in its turn.
    #expect(try drill.operatorClient.command("CONFIG", "SET", "masterauth", "secret") == .simple("OK"))
    try drill.waitForError("MASTER is empty and this server is not")
    try drill.finish()
  }

  @Test func noPassword() throws {
    let primary = try ServerProcess(.redis, directives: ["requirepass secret"])
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.waitForError("Unable to AUTH to MASTER: -NOAUTH")
    try drill.finish()
  }

  /// `(request, answer, what the log and INFO say)`
  @Test(arguments: [
    ("PING", "-ERR no", "Error reply to PING from master: '-ERR no'"),
    ("PSYNC", "-ERR no", "Master does not support PSYNC or is in error state (reply: -ERR no)"),
    ("PSYNC", "-LOADING busy", "Master is currently unable to PSYNC but should be in the future: -LOADING busy"),
    ("PSYNC", "-NOMASTERLINK no", "Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK no"),
    ("PSYNC", "+HELLO", "Unexpected reply to PSYNC from master: +HELLO"),
    ("PSYNC", "+FULLRESYNC short 0", "Unexpected reply to PSYNC from master: +FULLRESYNC short 0"),
  ]) func badAnswer(request: String, answer: String, error: String) throws {
    let primary = try FaultyPrimary { conversation in
      try conversation.shakeHands { $0[0] == request ? answer + "\r\n" : nil }
    }
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.waitForError(error)
    try drill.finish()
  }

  /// Redis goes on without REPLCONF, and so do we: up to what comes after it.
  @Test func errorToReplconf() throws {
    let primary = try FaultyPrimary { conversation in
      try conversation.shakeHands {
        switch $0[0] {
        case "REPLCONF": "-ERR no\r\n"
        case "PSYNC": "-ERR not that either\r\n"
        default: nil
        }
      }
    }
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.waitForError("not that either")
    #expect(drill.server.log.text.contains("(Non critical) Master does not understand REPLCONF capa: -ERR no"))
    try drill.finish()
  }

  @Test func replicationFromOneself() throws {
    let drill = try Drill()
    try drill.replicate(port: drill.server.port)
    try drill.waitForError("MASTER is this server itself")
    try drill.finish()
  }

  @Test func verifyChangesNothingWhenItFails() throws {
    let primary = try ServerProcess(.redis, directives: ["requirepass secret"])
    let drill = try Drill()
    let port = "\(primary.port)"
    for (arguments, error) in [
      (["127.0.0.1", "\(try ServerProcess.freePort())"], "Connection refused"),
      (["127.0.0.1", "\(drill.server.port)"], "MASTER is this server itself"),
      (["127.0.0.1", port], "-NOAUTH"),
    ] {
      for mode in ["VERIFY", "DRYRUN"] where error != "MASTER is this server itself" || mode == "VERIFY" {
        let reply = try drill.operatorClient.command(["REPLICAOF"] + arguments + [mode])
        guard case .error(let text) = reply else {
          Issue.record("\(reply)")
          continue
        }
        #expect(text.contains(error))
      }
      #expect(try drill.field("role") == "master")
    }
    try drill.operatorClient.command("CONFIG", "SET", "masterauth", "secret")
    let found = try drill.operatorClient.command("REPLICAOF", "127.0.0.1", port, "DRYRUN")
    guard case .array(let fields) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(fields.count == 14)
    #expect(fields[6] == .bulk("role"))
    #expect(fields[7] == .bulk("master"))
    #expect(try drill.field("role") == "master")
    try drill.finish()
  }
}
