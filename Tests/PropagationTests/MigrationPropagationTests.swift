import RESP
import TestSupport
import Testing

/// What both ends of MIGRATE tell their replicas is what two redis-servers tell theirs.
struct MigrationPropagationTests {
  /// A server that sends keys away and one that takes them in, and what each of them tells.
  private final class Ends {
    private let servers: [ServerProcess]
    private let clients: [Client]
    private let streams: [RedisStream]

    init(_ program: ServerProcess.Program) throws {
      let directives = [
        "save ''", "repl-diskless-sync no", "repl-diskless-sync-delay 0", "rdbcompression no",
      ]
      servers = try (0..<2).map { _ in try ServerProcess(program, directives: directives) }
      clients = try servers.map { try $0.connect(timeoutMilliseconds: 20_000) }
      streams = try servers.map(RedisStream.init)
    }

    /// A command for the source. HERE is the address of the target.
    func run(_ line: String) throws -> Reply {
      try clients[0].command(
        line.split(separator: " ").flatMap { word in
          switch word {
          case "HERE": ["127.0.0.1", "\(servers[1].port)"]
          case "''": [""]
          default: [String(word)]
          }
        })
    }

    /// What the source has told, and what the target has.
    func told() throws -> [[ToldCommand]] {
      try zip(clients, streams).map { client, stream in
        try client.command("PUBLISH", "told so far", "")
        return try stream.commands { $0.name == "PUBLISH" }
      }
    }
  }

  @Test func `keys that move are removed here and restored there`() throws {
    let (ours, theirs) = (try Ends(.cambium), try Ends(.redis))
    let lines = [
      "SET a 1", "SET b text PX 1000000", "RPUSH list x y", "SET c 1", "SET d 1", "SET e 1", "SADD numbers 1 2 3",
      "MIGRATE HERE a 0 10000", "MIGRATE HERE b 3 10000", "MIGRATE HERE none 0 10000",
      "MIGRATE HERE c 0 10000 COPY", "MIGRATE HERE c 0 10000", "MIGRATE HERE c 0 10000 REPLACE",
      "MULTI", "SET f 1", "MIGRATE HERE d 0 10000", "SET g 1", "EXEC",
      "SET a 2", "PEXPIREAT e 9999999999999",
      "MIGRATE HERE '' 0 10000 KEYS a e none list", "MIGRATE HERE '' 0 10000 COPY REPLACE KEYS a numbers",
    ]
    for line in lines {
      let (our, their) = (try ours.run(line), try theirs.run(line))
      #expect(our == their, "\(line)")
    }
    let (our, their) = (try ours.told(), try theirs.told())
    for (end, (our, their)) in zip(["source", "target"], zip(our, their)) {
      #expect(our.count == their.count, "\(end): \(our) for \(their)")
      for (our, their) in zip(our, their) { #expect(our.says(same: their), "\(end): \(our) for \(their)") }
    }
    #expect(our[0].filter { $0.name == "DEL" }.count == 5, "\(our[0])")
  }
}
