import TestSupport
import Testing

@testable import Server

/// Whatever CONFIG SET is given, the server lives, and what it refuses leaves no trace.
struct HostileConfigurationTests {
  private static let values = [
    "", " ", "0", "1", "-1", "yes", "no", "512", "1gb", "9223372036854775807", "-9223372036854775808",
    "9223372036854775808", "99999999999gb", "1e9", "0x10", "\u{0}", "\n", "\"", "\"a\" \"b", "é", "local", "a b c",
    "900 1 300 10", "normal 0 0 0", "pubsub 1 2", "replica 1gb -1 60", "KEA", "noeviction", "allkeys-lru", "debug",
    "TLSv1.2 TLSv1.3", "/dev/null", "/does/not/exist", "default", "save nosave", "777", "999", "* -::*", "%", "#",
    String(repeating: "x", count: 70_000), String(repeating: "1 ", count: 3000),
  ]

  @Test func anyDirectiveWithAnyValue() throws {
    var generator = SeededGenerator()
    let configuration = Configuration()
    configuration.finishStarting()
    // The working directory is that of all tests.
    let names = Directive.byName.map(\.name).filter { $0 != "dir" }
    for _ in 0..<4000 {
      let before = get(configuration, "*")
      let pairs = (0...Int.random(in: 0...2, using: &generator)).flatMap { _ in
        [names.randomElement(using: &generator) ?? "port", value(&generator)]
      }
      do {
        try set(configuration, pairs, isLocal: generator.oneIn(2))
      } catch {
        #expect(get(configuration, "*") == before, "\(pairs.map { $0.prefix(80) }) \(generator)")
      }
    }
    #expect(get(configuration, "*").count > 150)
  }

  @Test func anyLineOfAFile() throws {
    var generator = SeededGenerator()
    let names = Directive.byName.map(\.name).filter { !["dir", "logfile"].contains($0) }
    for _ in 0..<300 {
      let lines = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        "\(names.randomElement(using: &generator) ?? "port") \(value(&generator)) \(generator.oneIn(3) ? value(&generator) : "")"
      }
      let file = try TemporaryFile(lines.joined(separator: "\n"))
      do throws(ConfigurationFile.Failure) {
        try ConfigurationFile.load(file.path, into: Configuration())
      } catch {
        #expect(error.report.hasPrefix("\n*** FATAL CONFIG FILE ERROR"), "\(generator)")
      }
    }
  }

  private func value(_ generator: inout SeededGenerator) -> String {
    if generator.oneIn(4) { return String(Int.random(in: -10...70_000, using: &generator)) }
    if generator.oneIn(6) { return String(decoding: generator.bytes(count: 6).map { $0 & 0x7F }, as: UTF8.self) }
    return Self.values.randomElement(using: &generator) ?? ""
  }
}
