import Foundation
import Testing

@testable import Server

struct InvocationTests {
  private func options(_ arguments: String...) -> String {
    guard case .run(_, _, let options) = Invocation(arguments) else { return "not a run" }
    return String(decoding: options, as: UTF8.self)
  }

  @Test func optionsBecomeLines() {
    #expect(options("--port", "7000", "--save", "60", "1") == "port \"7000\" \nsave \"60\" \"1\" ")
    #expect(options("--save") == "save \"\"")
    #expect(options("--save", "--port", "1") == "save \"\"\nport \"1\" ")
    #expect(options("--requirepass", "--x") == "requirepass \"--x\" ")
    #expect(options("--port 7000", "--hz", "5") == "port 7000 \nhz \"5\" ")
    #expect(options("my.conf", "--dir", "a \"b") == "dir \"a \\\"b\" ")
  }

  @Test func fileAndStandardInput() {
    #expect(Invocation([]) == .run(file: nil, readsStandardInput: false, options: []))
    #expect(Invocation(["-"]) == .run(file: nil, readsStandardInput: true, options: []))
    #expect(Invocation(["a.conf", "-"]) == .run(file: "a.conf", readsStandardInput: true, options: []))
    #expect(Invocation(["--version"]) == .version)
    #expect(Invocation(["-h"]) == .help)
  }

  /// The same command lines, to the same end: redis-server names the same line and the same reason.
  @Test(arguments: [
    ["--port", "x"], ["--nonsense", "1"], ["--port"], ["--save", "1"], ["--port", "1", "2"], ["word", "--port", "1"],
    ["--maxmemory", "1mb", "--hz", "z"], ["--bind", "1", "--timeout"], ["--appendfsync", "loud", "-"],
  ])
  func failsAsRedisDoes(_ arguments: [String]) throws {
    let redis = try run("/usr/bin/redis-server", arguments)
    guard case .run(let file, _, let options) = Invocation(arguments), file == nil else {
      #expect(redis.output.contains("can't open config file"))
      return
    }
    let error = #expect(throws: ConfigurationFile.Failure.self) {
      try ConfigurationFile.load(nil, then: options, into: Configuration())
    }
    #expect(redis.code == 1)
    #expect(redis.error == error?.report)
  }
}
