import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct CronTests {
  private func pass(_ harness: EngineHarness, milliseconds: Int, step: Int = 100) {
    for _ in 0..<milliseconds / step {
      harness.clock.advance(milliseconds: step)
      harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    }
  }

  @Test func silentClientsAreDropped() throws {
    let settings = Settings()
    settings.timeout = 3
    let harness = EngineHarness(settings: settings)
    let silent = harness.open()
    let waiting = harness.open()
    waiting.isWaiting = true
    let primary = harness.open()
    primary.isPrimary = true
    pass(harness, milliseconds: 2000)
    try harness.run("PING")
    pass(harness, milliseconds: 2500)
    #expect(silent.isClosing)
    #expect(!harness.session.isClosing && !waiting.isClosing && !primary.isClosing)
    settings.timeout = 0
    pass(harness, milliseconds: 10_000, step: 1000)
    #expect(!harness.session.isClosing)
  }

  @Test func softLimitEndsAClientThatStaysAboveIt() throws {
    let settings = Settings()
    settings.outputLimits.normal = .init(hard: 0, soft: 20_000, softSeconds: 5)
    let harness = EngineHarness(settings: settings)
    let slow = harness.open()
    let patient = harness.open()
    slow.unsentByteCount = 40_000
    patient.unsentByteCount = 18_000
    pass(harness, milliseconds: 4000)
    #expect(!slow.isClosing)
    pass(harness, milliseconds: 4000)
    #expect(slow.isClosing && !patient.isClosing)
    #expect(harness.engine.statistics.outputBufferLimitDisconnections == 1)
  }

  @Test func operationsPerSecondAreAMeanOverSamples() throws {
    let harness = EngineHarness()
    let fifty = Transcript.request(Array(repeating: "PING", count: 50))
    pass(harness, milliseconds: 100)
    for _ in 0..<16 {
      _ = harness.send(fifty)
      pass(harness, milliseconds: 100)
    }
    let text = try harness.run("INFO", "stats").text ?? ""
    #expect(text.contains("\r\ninstantaneous_ops_per_sec:500\r\n"))
    pass(harness, milliseconds: 1600)
    #expect(try harness.run("INFO", "stats").text?.contains("\r\ninstantaneous_ops_per_sec:0\r\n") == true)
  }
}
