import RESP
import TestSupport
import Testing

/// Random commands to redis-server and to cambium-server, over sockets: equal replies, byte for byte.
@Suite struct RandomCommandsTests {
  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func repliesAreEqual(_ version: ProtocolVersion) throws {
    let (redis, cambium) = (try connect(.redis, version), try connect(.cambium, version))
    let differential = Differential(reference: redis, subject: cambium)
    var mix = CommandMix(SeededGenerator())
    do {
      for _ in 0..<3000 {
        let command = mix.next()
        if CommandMix.isUnordered(command) {
          let (expected, actual) = (try redis.command(command), try cambium.command(command))
          #expect(expected.inOrder == actual.inOrder, "\(mix.generator): \(command)")
        } else {
          try differential.check(command)
        }
      }
    } catch let mismatch as Mismatch {
      Issue.record("\(mix.generator): \(mismatch)")
    }
  }

  /// The same in batches, where one turn of the server executes many commands and looks up many keys at once.
  @Test func repliesToPipelinesAreEqual() throws {
    let (redis, cambium) = (try connect(.redis, .resp2), try connect(.cambium, .resp2))
    var mix = CommandMix(SeededGenerator())
    for _ in 0..<60 {
      let commands = (0..<100).map { _ in mix.next() }
      let (expected, actual) = (try redis.pipeline(commands), try cambium.pipeline(commands))
      for (index, command) in commands.enumerated() where expected[index].inOrder != actual[index].inOrder {
        Issue.record("\(mix.generator): \(command): \(expected[index]) became \(actual[index])")
        return
      }
    }
  }

  private func connect(_ program: ServerProcess.Program, _ version: ProtocolVersion) throws -> Client {
    let client = try ServerProcess(program, directives: ["save ''", "enable-debug-command yes"]).connect()
    // Keys that have expired are to stay until they are met.
    try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    if version == .resp3 { try client.useRESP3() }
    return client
  }
}

extension Reply {
  /// The reply with its arrays of strings put into one order.
  fileprivate var inOrder: Reply {
    guard case .array(let elements) = self else { return self }
    return .array(elements.map(\.inOrder).sorted { ($0.text ?? "") < ($1.text ?? "") })
  }
}
