import RESP
import TestSupport
import Testing
import VersionedStore

@testable import Engine

/// One tick executes all that has come in, however it falls into batches.
@Suite struct TickTests {
  /// What stands behind HELLO is parsed when HELLO is done, even if the batch before ended exactly with the input of the
  /// last session.
  @Test(arguments: [ProbeBatch.capacity - 2, ProbeBatch.capacity - 1, ProbeBatch.capacity, 2 * ProbeBatch.capacity - 1])
  func aSessionThatStopsIsTakenUpAgain(commandsOfTheOther count: Int) {
    let harness = EngineHarness()
    let first = harness.open()
    let second = harness.open()
    request([["HELLO", "2"], ["ECHO", "a"], ["HELLO", "2"], ["ECHO", "b"]])
      .withBytes { harness.engine.receive($0, from: first) }
    request(Array(repeating: ["PING"], count: count)).withBytes { harness.engine.receive($0, from: second) }
    let answer = String(decoding: harness.send([], from: first), as: UTF8.self)
    #expect(answer.contains("$1\r\na\r\n"))
    #expect(answer.hasSuffix("$1\r\nb\r\n"))
    #expect(harness.send([], from: second).count == count * "+PONG\r\n".utf8.count)
    #expect(!harness.engine.hasWork)
  }

  private func request(_ commands: [[String]]) -> [UInt8] {
    var request: [UInt8] = []
    for command in commands { request.command(command.map { Array($0.utf8) }) }
    return request
  }
}
