import RESP
import TestSupport
import Testing

/// What counts as a change of a key: random commands of every family, to redis-server and to cambium-server, while clients
/// watch the keys that they name. The same transactions are run, and the same are refused.
///
/// Left out is SPOP, since which members go is drawn at random.
@Suite struct WatchTests {
  @Test func theSameKeysCountAsChanged() throws {
    let directives = ["save ''", "enable-debug-command yes"]
    let servers = try [ServerProcess(.redis, directives: directives), ServerProcess(.cambium, directives: directives)]
    let clients = try servers.map { try $0.connect(timeoutMilliseconds: 20_000) }
    let watchers = try servers.map { server in
      try (0..<3).map { _ in try server.connect(timeoutMilliseconds: 20_000) }
    }
    for client in clients { try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0") }
    var mix = CommandMix(SeededGenerator(), .allFamilies)
    var (history, refused): ([[String]], Int) = ([], 0)
    for _ in 0..<3000 {
      let command = mix.next()
      if CommandMix.comparison(of: command) == .popped { continue }
      history.append(command)
      // Keys are a letter and a digit.
      let keys = command.dropFirst().filter { $0.count == 2 && $0.first!.isLetter && $0.last!.isNumber }.prefix(3)
      var outcomes: [[Reply]] = []
      for (client, watchers) in zip(clients, watchers) {
        for (watcher, key) in zip(watchers, keys) {
          _ = try watcher.pipeline([["WATCH", key], ["MULTI"], ["PING"]])
        }
        try client.command(command.map(CommandMix.bytes))
        // Who watches goes along to the database in which the keys are.
        if command[0] == "SELECT" {
          for watcher in watchers { try watcher.command(command.map(CommandMix.bytes)) }
        }
        outcomes.append(try zip(watchers, keys).map { watcher, _ in try watcher.command("EXEC") })
      }
      refused += outcomes[0].count { $0 == .null }
      guard outcomes[0] != outcomes[1] else { continue }
      Issue.record(
        """
        \(mix.generator): with \(keys) watched, \(command) let EXEC answer
          redis:   \(outcomes[0])
          cambium: \(outcomes[1])
        after
        \(history.suffix(40).map { "\($0)" }.joined(separator: "\n"))
        """)
      return
    }
    #expect(refused > 300)
  }
}
