import Foundation
import Logging
import Testing

@testable import Server

struct LogFileTests {
  private let path = FileManager.default.temporaryDirectory.path + "/cambium-\(UUID().uuidString).log"

  private func lines() throws -> [String] {
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test func writesLinesAsRedisDoes() throws {
    let log = LogFile(path: path, level: .debug)
    let logger = log.logger()
    logger.debug("one")
    logger.info("two")
    log.setRole(.replica)
    logger.notice("three", metadata: ["b": "2", "a": "1"])
    logger.error("four")
    let lines = try lines()
    let expected = [("M", ".", "one"), ("M", "-", "two"), ("S", "*", "three a=1 b=2"), ("S", "#", "four")]
    try #require(lines.count == expected.count)
    for (line, (role, mark, message)) in zip(lines, expected) {
      let pattern = #"^[0-9]+:([A-Z]) [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} (.) (.*)$"#
      let match = try #require(try Regex(pattern).wholeMatch(in: line), "\(line)")
      #expect(match.output[1].substring == Substring(role))
      #expect(match.output[2].substring == Substring(mark))
      #expect(match.output[3].substring == Substring(message))
    }
  }

  @Test(arguments: [
    (LogThreshold.debug, 4), (.verbose, 3), (.notice, 2), (.warning, 1), (.nothing, 0),
  ])
  func dropsWhatIsBelowItsLevel(_ example: (level: LogThreshold, count: Int)) throws {
    let log = LogFile(path: path)
    let logger = log.logger()
    log.write(raw: "\n", at: .critical)
    log.setLevel(example.level)
    logger.debug("a")
    logger.info("b")
    logger.notice("c")
    logger.critical("d")
    #expect(try lines().count == example.count)
  }

  /// A log that was moved away is followed by a new one.
  @Test func followsRotation() throws {
    let log = LogFile(path: path)
    log.logger().notice("old")
    try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
    log.logger().notice("new")
    try FileManager.default.removeItem(atPath: path + ".1")
    #expect(try lines().count == 1)
  }
}
