import Engine
import RESP
import TestSupport
import Testing

/// One connection's conversation, held with redis-server and with the engine: a script of commands sent at once, and all
/// bytes that come back until the connection ends.
final class Transcript {
  private let redis: ServerProcess
  private let settings: () -> Settings

  /// `directives` configure redis-server, `settings` the engine, to the same effect.
  init(directives: [String] = [], settings: @escaping () -> Settings = { Settings() }) throws {
    redis = try ServerProcess(.redis, directives: ["save ''", "enable-debug-command yes"] + directives)
    self.settings = settings
  }

  /// Whether both answer the script with the same bytes. Each line is a command, its words divided by blanks; `''` is an
  /// empty word.
  func isSame(_ script: [String], _ location: SourceLocation = #_sourceLocation) throws {
    let request = Self.request(script)
    let client = try redis.connect()
    try client.command("FLUSHALL")
    try client.send(request)
    client.finishSending()
    let expected = try client.readToEnd()
    let actual = EngineHarness(settings: settings()).send(request)
    #expect(
      String(decoding: actual, as: UTF8.self) == String(decoding: expected, as: UTF8.self),
      "\(script)", sourceLocation: location)
  }

  static func request(_ script: [String]) -> [UInt8] {
    var request: [UInt8] = []
    for line in script {
      let words = line.split(separator: " ").map { $0 == "''" ? [] : Array($0.utf8) }
      request.command(words)
    }
    return request
  }
}
