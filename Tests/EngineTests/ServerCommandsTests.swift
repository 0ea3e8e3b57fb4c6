import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct ServerCommandsTests {
  @Test func conversationsEqualThoseOfRedis() throws {
    let transcript = try Transcript {
      let settings = Settings()
      settings.enableDebugCommand = .yes
      return settings
    }
    for script in [
      ["TIME x", "INFO nosuch", "SHUTDOWN what", "SHUTDOWN SAVE NOSAVE", "SHUTDOWN ABORT NOW", "SHUTDOWN NOW ABORT"],
      ["SHUTDOWN ABORT", "SHUTDOWN NOSAVE SAVE", "LOLWUT VERSION x"],
      ["DEBUG", "DEBUG NOSUCH", "DEBUG SLEEP 0", "DEBUG SLEEP", "DEBUG OBJECT k", "DEBUG SET-ACTIVE-EXPIRE 0"],
      ["DEBUG SET-ACTIVE-EXPIRE 1", "DEBUG SLEEP 0 0", "DEBUG HELP x", "DEBUG OBJECT"],
      ["MEMORY USAGE", "MEMORY USAGE k", "SET k v", "MEMORY USAGE k SAMPLES", "MEMORY USAGE k SAMPLES x"],
      ["SET k v", "MEMORY USAGE k SAMPLES -1", "MEMORY USAGE k WHAT", "MEMORY PURGE", "MEMORY PURGE x"],
      ["MEMORY STATS x", "MEMORY NOSUCH", "MEMORY", "MEMORY DOCTOR x"],
    ] {
      try transcript.isSame(script)
    }
  }

  @Test func debugIsRefusedUnlessItIsAllowed() throws {
    let settings = Settings()
    let harness = EngineHarness(settings: settings)
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    #expect(try harness.run("DEBUG", "SLEEP", "0") == redis.command("DEBUG", "SLEEP", "0"))
    settings.enableDebugCommand = .local
    #expect(try harness.run("DEBUG", "SLEEP", "0") == .simple("OK"))
    let stranger = harness.engine.open(
      PeerAddress(
        remote: "10.0.0.1:1", local: "10.0.0.2:6379", isUnixSocket: false, isLoopback: false, fileDescriptor: 9), now: 0
    )
    guard case .error(let text) = try harness.run("DEBUG", "SLEEP", "0", from: stranger) else {
      Issue.record("a client from elsewhere may use DEBUG")
      return
    }
    #expect(text.hasPrefix("ERR DEBUG command not allowed."))
  }

  @Test func timeIsThatOfTheTick() throws {
    let harness = EngineHarness()
    harness.clock.advance(milliseconds: 1_234)
    #expect(try harness.run("TIME") == .array([.bulk("1700000001"), .bulk("234000")]))
  }

  @Test func shutdownIsHandedOn() throws {
    var requests: [ShutdownRequest] = []
    func start(succeeds: Bool) -> EngineHarness {
      let harness = EngineHarness()
      harness.engine.shutDown = {
        requests.append($0)
        return succeeds
      }
      return harness
    }
    #expect(start(succeeds: true).raw(["SHUTDOWN", "NOSAVE", "now", "FORCE"]).isEmpty)
    #expect(requests.map(\.saves) == [false] && requests[0].now && requests[0].force && !requests[0].abort)
    #expect(start(succeeds: true).raw(["SHUTDOWN", "SAVE"]).isEmpty)
    #expect(requests.last?.saves == true)
    let harness = start(succeeds: false)
    #expect(try harness.run("SHUTDOWN") == .error("ERR Errors trying to SHUTDOWN. Check logs."))
    #expect(requests.last?.saves == nil)
    #expect(try harness.run("SHUTDOWN", "ABORT") == .error("ERR No shutdown in progress."))
    harness.engine.isShuttingDown = true
    #expect(try harness.run("SHUTDOWN", "ABORT") == .simple("OK"))
    #expect(!harness.engine.isShuttingDown)
    #expect(requests.count == 3)
  }

  @Test func memoryUsageGrowsWithTheValue() throws {
    let harness = EngineHarness()
    try harness.run("SET", "k", "v")
    try harness.run("SET", "l", String(repeating: "v", count: 100_000))
    guard case .integer(let short) = try harness.run("MEMORY", "USAGE", "k"),
      case .integer(let long) = try harness.run("MEMORY", "USAGE", "l", "SAMPLES", "0")
    else {
      Issue.record("MEMORY USAGE gave no number")
      return
    }
    #expect((24...64).contains(short))
    #expect((100_000...140_000).contains(long))
  }

  @Test func memoryStatistics() throws {
    let harness = EngineHarness()
    harness.session.version = .resp3
    for index in 0..<1000 { try harness.run("SET", "key:\(index)", "value") }
    guard case .map(let pairs) = try harness.run("MEMORY", "STATS") else {
      Issue.record("MEMORY STATS gave no map")
      return
    }
    let figures = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key.text ?? "", $0.value) })
    #expect(figures["keys.count"] == .integer(1000))
    guard case .integer(let perKey)? = figures["keys.bytes-per-key"],
      case .integer(let total)? = figures["total.allocated"],
      case .integer(let peak)? = figures["peak.allocated"], case .integer(let data)? = figures["dataset.bytes"]
    else {
      Issue.record("a figure is missing")
      return
    }
    #expect((30...300).contains(perKey))
    #expect(data >= 1000 * perKey && total > data && peak >= total)
    #expect(try harness.run("MEMORY", "DOCTOR").text?.isEmpty == false)
  }

  @Test func lolwutDrawsATree() throws {
    let harness = EngineHarness()
    let picture = try harness.run("LOLWUT").text ?? ""
    #expect(picture.hasSuffix("Redis ver. 7.0.15\n"))
    #expect((20...30).contains(picture.split(separator: "\n").count))
    #expect(picture.contains("@") && picture.contains("#") && picture.contains("o"))
    #expect(try harness.run("LOLWUT", "VERSION", "5").text == picture)
    #expect((7...11).contains(try harness.run("LOLWUT", "VERSION", "5", "4").text?.split(separator: "\n").count ?? 0))
    #expect(try harness.run("LOLWUT", "9223372036854775807").text?.isEmpty == false)
    #expect(try harness.run("LOLWUT", "x") == .error("ERR value is not an integer or out of range"))
  }
}
