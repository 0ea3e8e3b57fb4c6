import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// The end of a server whose replicas lag.
struct ShutdownTests {
  /// What has become of the server, and what it has logged.
  private final class Record {
    var requests: [ShutdownRequest] = []
    var succeeds = true
    var lines: [String] = []
  }

  private let harness = EngineHarness()
  private let table: ReplicaTable
  private let record = Record()
  private let other: Session

  init() throws {
    table = ReplicaTable(harness.engine, count: 2)
    other = harness.open()
    harness.engine.shutDown = { [record] in
      record.requests.append($0)
      return record.succeeds
    }
    harness.engine.log = { [record] in record.lines.append("\($1)") }
    try harness.run("SET", "k", "1")
    table.catchUp(1)
  }

  private func cron() { harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000) }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private let failure = "-ERR Errors trying to SHUTDOWN. Check logs.\r\n"

  @Test func `replicas that lag are waited for, and nothing is written meanwhile`() throws {
    #expect(harness.raw(["SHUTDOWN", "NOSAVE"]).isEmpty)
    #expect(record.requests.isEmpty)
    #expect(record.lines == ["User requested shutdown...", "Waiting for replicas before shutting down."])
    #expect(table.requests == 1)
    #expect(try harness.info("shutdown_in_milliseconds", from: other) == "10000")
    #expect(try harness.info("blocked_clients", from: other) == "1")
    #expect(harness.raw(["SET", "k", "2"], from: other).isEmpty)
    cron()
    table.catchUp(0)
    cron()
    #expect(record.requests.isEmpty)
    table.catchUp(1)
    _ = harness.send([])
    #expect(record.requests.map(\.saves) == [false])
    #expect(record.lines.last == "2 of 2 replicas are in sync when shutting down.")
    #expect(harness.received(other).isEmpty)
  }

  @Test func `they are not waited for longer than is allowed`() throws {
    harness.engine.settings.shutdownTimeout = 1
    table.replicas[0].lagSeconds = 7
    #expect(harness.raw(["SHUTDOWN"]).isEmpty)
    harness.clock.advance(milliseconds: 999)
    cron()
    #expect(record.requests.isEmpty)
    harness.clock.advance(milliseconds: 1)
    cron()
    #expect(record.requests.count == 1)
    let end = harness.engine.effects.replicas.end
    #expect(
      record.lines.contains(
        "Lagging replica 10.0.0.0:6379 reported offset \(end) behind master, lag=7, state=online."))
    #expect(record.lines.last == "0 of 2 replicas are in sync when shutting down.")
  }

  @Test(arguments: [true, false]) func `who need not wait does not`(isNow: Bool) throws {
    if !isNow { harness.engine.settings.shutdownTimeout = 0 }
    #expect(harness.raw(isNow ? ["SHUTDOWN", "NOW"] : ["SHUTDOWN"]).isEmpty)
    #expect(record.requests.count == 1)
    #expect(record.lines.last == "1 of 2 replicas are in sync when shutting down.")
    // What comes then would be in no file.
    #expect(harness.raw(["SET", "k", "2"], from: other).isEmpty)
  }

  @Test func `all who asked are told that nothing comes of it`() throws {
    record.succeeds = false
    let third = harness.open()
    #expect(harness.raw(["SHUTDOWN"]).isEmpty)
    #expect(harness.raw(["SHUTDOWN", "NOW"], from: other).isEmpty)
    #expect(harness.raw(["SET", "k", "2"], from: third).isEmpty)
    table.catchUp(0)
    table.catchUp(1)
    #expect(text(harness.send([])) == failure)
    #expect(text(harness.received(other)) == failure)
    #expect(text(harness.received(third)) == "+OK\r\n")
    #expect(record.requests.count == 1)
    #expect(record.lines.last == "Errors trying to shut down the server. Check the logs for more information.")
    #expect(try harness.run("SHUTDOWN", "ABORT") == .error("ERR No shutdown in progress."))
  }

  @Test func `it can be taken back`() throws {
    #expect(harness.raw(["SHUTDOWN"]).isEmpty)
    #expect(try harness.run("SHUTDOWN", "ABORT", from: other) == .simple("OK"))
    #expect(text(harness.send([])) == failure)
    #expect(record.lines.last == "Shutdown manually aborted.")
    #expect(try harness.run("SET", "k", "2", from: other) == .simple("OK"))
    table.catchUp(0)
    table.catchUp(1)
    cron()
    #expect(record.requests.isEmpty)
  }

  @Test func `a client's pause holds beside that of the end`() throws {
    try harness.run("CLIENT", "PAUSE", "5000", "WRITE", from: other)
    #expect(harness.raw(["SHUTDOWN"]).isEmpty)
    // Asking would make the stream longer, which clients were promised to stand still.
    #expect(table.requests == 0)
    try harness.run("CLIENT", "UNPAUSE", from: other)
    #expect(harness.raw(["SET", "k", "2"], from: other).isEmpty)
    #expect(harness.engine.beginShutdown(ShutdownRequest()) == .waits)
    try harness.run("SHUTDOWN", "ABORT", from: harness.open())
    #expect(text(harness.received(other)) == "+OK\r\n")
  }
}
