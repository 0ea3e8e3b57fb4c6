import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

/// SLOWLOG and LATENCY, by a clock that goes on by so much each time it is read.
@Suite struct SlowLogTests {
  private final class Stepper {
    var now: Int64 = 0
    var step: Int64 = 0
  }

  private let stepper = Stepper()
  private let settings = Settings()
  private let harness: EngineHarness

  init() {
    settings.enableDebugCommand = .yes
    harness = EngineHarness(
      settings: settings,
      monotonicNanoseconds: { [stepper] in
        stepper.now += stepper.step
        return stepper.now
      })
  }

  private func words(_ reply: Reply) -> [String] {
    if case .array(let elements) = reply { elements.compactMap(\.text) } else { [] }
  }

  private func entries() throws -> [[Reply]] {
    stepper.step = 0
    guard case .array(let entries) = try harness.run("SLOWLOG", "GET", "-1") else { return [] }
    return entries.map { if case .array(let parts) = $0 { parts } else { [] } }
  }

  /// The arguments of what was logged, the newest first.
  private func logged() throws -> [[String]] { try entries().map { words($0[3]) } }

  @Test func whatTakesAsLongAsTheThresholdIsLogged() throws {
    stepper.step = 9_999_000
    try harness.run("GET", "a")
    stepper.step = 10_000_000
    try harness.run("CLIENT", "SETNAME", "me")
    try harness.run("GET", "b")
    let entries = try entries()
    #expect(entries.map { words($0[3]) } == [["GET", "b"], ["CLIENT", "SETNAME", "me"]])
    let newest = entries[0]
    #expect(newest[0] == .integer(1))
    #expect(newest[2] == .integer(10_000))
    #expect(newest[4].text == "127.0.0.1:50000")
    #expect(newest[5].text == "me")
    #expect(try harness.run("SLOWLOG", "LEN") == .integer(2))
    #expect(try harness.run("SLOWLOG", "RESET") == .simple("OK"))
    #expect(try logged().isEmpty)
    // Numbers go on.
    stepper.step = 10_000_000
    try harness.run("GET", "c")
    #expect(try self.entries()[0][0] == .integer(2))
  }

  @Test func lengthIsBounded() throws {
    settings.slowlogLogSlowerThan = 0
    settings.slowlogMaxLen = 10
    for number in 0..<100 { try harness.run("GET", "\(number)") }
    settings.slowlogLogSlowerThan = -1
    #expect(try logged().map { $0[1] } == (90..<100).reversed().map { "\($0)" })
    #expect(try harness.run("SLOWLOG", "LEN") == .integer(10))
    settings.slowlogMaxLen = 3
    settings.slowlogLogSlowerThan = 1_000_000
    #expect(try harness.run("SLOWLOG", "LEN") == .integer(3))
    #expect(try logged().map { $0[1] } == ["99", "98", "97"])
    settings.slowlogMaxLen = 0
    #expect(try logged().isEmpty)
  }

  @Test func argumentsAreCutAndSecretsHidden() throws {
    settings.slowlogLogSlowerThan = 0
    try harness.run(["SADD", "set"] + (3...33).map { "\($0)" })
    try harness.run("SET", "k", String(repeating: "x", count: 200))
    try harness.run("AUTH", "secret")
    try harness.run("AUTH", "user", "secret")
    try harness.run("HELLO", "2", "AUTH", "default", "secret", "SETNAME", "n")
    settings.slowlogLogSlowerThan = -1
    let logged = try logged()
    #expect(logged[0] == ["HELLO", "2", "AUTH", "(redacted)", "(redacted)", "SETNAME", "n"])
    #expect(logged[1] == ["AUTH", "(redacted)", "(redacted)"])
    #expect(logged[2] == ["AUTH", "(redacted)"])
    #expect(logged[3][2] == String(repeating: "x", count: 128) + "... (72 more bytes)")
    #expect(logged[4].count == 32)
    #expect(logged[4].last == "... (2 more arguments)")
    #expect(logged[4][30] == "31")
  }

  /// Of those measured together none is logged; those that may take long are measured by themselves.
  @Test func batchesAreMeasuredByTheirParts() throws {
    stepper.step = 20_000_000
    settings.latencyMonitorThreshold = 15
    _ = harness.send(
      Transcript.request(["SET a 1", "GET a", "KEYS *", "GET b", "GET c", "LRANGE l 0 -1", "DEBUG LOG x", "GET d"]))
    let alone = try logged()
    #expect(alone == [["GET", "d"], ["DEBUG", "LOG", "x"], ["LRANGE", "l", "0", "-1"], ["KEYS", "*"]])
    #expect(try harness.run("LATENCY", "HISTORY", "command") != .array([]))
    #expect(try harness.run("LATENCY", "HISTORY", "fast-command") != .array([]))
    // Below a millisecond each is measured.
    settings.slowlogLogSlowerThan = 999
    stepper.step = 1_000_000
    _ = harness.send(Transcript.request(["GET a", "GET b", "GET c"]))
    settings.slowlogLogSlowerThan = 10_000
    #expect(try logged().prefix(3).map { $0[1] } == ["c", "b", "a"])
  }

  /// A long argument or a long reply takes its time, whatever the command.
  @Test func lengthMakesACommandLong() throws {
    try harness.run("SET", "long", String(repeating: "x", count: 1 << 20))
    stepper.step = 20_000_000
    let long = String(repeating: "y", count: 20_000)
    _ = harness.send(Transcript.request(["GET a", "GET long", "GET b", "GET c", "SET s " + long]))
    let logged = try logged().map { $0[1] }
    #expect(logged == ["s", "long"])
  }

  /// What is queued is logged when it runs, and not EXEC.
  @Test func transactionsAreLoggedByTheirCommands() throws {
    settings.slowlogLogSlowerThan = 0
    for command in ["MULTI", "SET a 1", "GET a", "EXEC"] {
      try harness.run(command.split(separator: " ").map(String.init))
    }
    settings.slowlogLogSlowerThan = -1
    #expect(try logged() == [["GET", "a"], ["SET", "a", "1"], ["MULTI"]])
    #expect(try harness.run("LATENCY", "HISTOGRAM", "set").isCalls("set", 1))
    #expect(try harness.run("LATENCY", "HISTOGRAM", "exec").isCalls("exec", 1))
  }

  /// A command that waits is logged when it is answered, with its own arguments and client.
  @Test func waitingCommandsAreLoggedWhenTheyAreAnswered() throws {
    settings.slowlogLogSlowerThan = 0
    let other = harness.open()
    _ = harness.raw(["BLPOP", "l", "0"], from: other)
    #expect(try harness.run("SLOWLOG", "LEN") == .integer(0))
    try harness.run("SLOWLOG", "RESET")
    try harness.run("LPUSH", "l", "x")
    settings.slowlogLogSlowerThan = -1
    #expect(try logged().contains(["BLPOP", "l", "0"]))
    #expect(try harness.run("LATENCY", "HISTOGRAM", "blpop").isCalls("blpop", 1))
  }

  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "SLOWLOG", "SLOWLOG GET x", "SLOWLOG GET -2", "SLOWLOG GET 1 2", "SLOWLOG LEN x", "SLOWLOG NOSUCH",
      "SLOWLOG RESET",
      "SLOWLOG LEN", "SLOWLOG GET", "SLOWLOG GET 0", "LATENCY", "LATENCY NOSUCH", "LATENCY HISTORY",
      "LATENCY HISTORY command",
      "LATENCY LATEST", "LATENCY LATEST x", "LATENCY GRAPH nosuch", "LATENCY GRAPH", "LATENCY RESET",
      "LATENCY RESET a b",
      "LATENCY HISTOGRAM nosuch", "LATENCY DOCTOR x", "LATENCY HELP x",
    ])
  }

  @Test func eventsAreKeptBySeconds() throws {
    settings.latencyMonitorThreshold = 100
    for milliseconds in [50, 120, 300] {
      stepper.step = Int64(milliseconds) * 1_000_000
      try harness.run("DEBUG", "SLEEP", "0")
    }
    stepper.step = 0
    harness.clock.advance(milliseconds: 5000)
    stepper.step = 200_000_000
    try harness.run("DEBUG", "SLEEP", "0")
    stepper.step = 0
    let second = harness.clock.milliseconds / 1000
    #expect(
      try harness.run("LATENCY", "HISTORY", "command")
        == .array([
          .array([.integer(second - 5), .integer(300)]), .array([.integer(second), .integer(200)]),
        ]))
    #expect(
      try harness.run("LATENCY", "LATEST")
        == .array([.array([.bulk("command"), .integer(second), .integer(200), .integer(300)])]))
    let graph = try harness.run("LATENCY", "GRAPH", "command").text ?? ""
    #expect(
      graph == "command - high 300 ms, low 200 ms (all time high 300 ms)\n" + String(repeating: "-", count: 80)
        + "\n# \n| \n| \n|_\n  \n50\nss\n")
    #expect(try harness.run("LATENCY", "DOCTOR").text?.contains("1. command: 2 times") == true)
    #expect(try harness.run("LATENCY", "RESET", "nosuch") == .integer(0))
    #expect(try harness.run("LATENCY", "RESET", "COMMAND") == .integer(1))
    #expect(try harness.run("LATENCY", "LATEST") == .array([]))
  }

  @Test func histogramsHaveTheIntervalsOfRedis() throws {
    stepper.step = 1_000_000
    try harness.run("GET", "a")
    stepper.step = 5_000
    try harness.run("GET", "a")
    stepper.step = 2_000_000_000
    try harness.run("GET", "a")
    stepper.step = 0
    #expect(
      try harness.run("LATENCY", "HISTOGRAM", "get")
        == .array([
          .bulk("get"),
          .array([
            .bulk("calls"), .integer(3), .bulk("histogram_usec"),
            .array([.integer(8), .integer(1), .integer(1056), .integer(2), .integer(1_073_741), .integer(3)]),
          ]),
        ]))
    let line = "latency_percentiles_usec_get:p50=1003.519,p99=1002438.655,p99.9=1002438.655"
    #expect(try harness.run("INFO", "latencystats").text?.contains(line) == true)
    settings.latencyPercentiles = [0, 33.5]
    #expect(try harness.run("INFO", "latencystats").text?.contains("_get:p0=4.992,p33.5=5.023") == true)
    settings.latencyTracking = false
    #expect(try harness.run("INFO", "latencystats").text == "# Latencystats\r\n")
    try harness.run("GET", "a")
    #expect(try harness.run("LATENCY", "HISTOGRAM", "get").isCalls("get", 3))
    harness.engine.resetStatistics()
    #expect(try harness.run("LATENCY", "HISTOGRAM") == .array([]))
  }
}

extension Reply {
  fileprivate func isCalls(_ name: String, _ count: Int) -> Bool {
    guard case .array(let pair) = self, pair.count == 2, pair[0].text == name, case .array(let fields) = pair[1] else {
      return false
    }
    return fields.count > 1 && fields[1] == .integer(count)
  }
}
