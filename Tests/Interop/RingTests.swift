import RESP
import TestSupport
import Testing

/// Servers of two kinds behind one another, and each of them primary in turn.
@Suite struct RingTests {
  /// A server with a client of its own.
  private struct Member {
    let server: ServerProcess
    let client: Client

    init(_ program: ServerProcess.Program) throws {
      server = try ServerProcess(
        program,
        directives: [
          "repl-diskless-sync-delay 0", "repl-ping-replica-period 600", "enable-debug-command yes", "save ''",
          "repl-backlog-size 16mb",
        ])
      client = try server.connect(timeoutMilliseconds: 20_000)
    }

    func field(_ name: String, of section: String) throws -> String? {
      try client.information(section)[name]
    }

    func follow(_ other: Member?) throws {
      guard let other else { return _ = try client.command("REPLICAOF", "NO", "ONE") }
      _ = try client.command("REPLICAOF", "127.0.0.1", "\(other.server.port)")
    }

    func fullSyncs() throws -> Int { Int(try field("sync_full", of: "stats") ?? "") ?? -1 }
  }

  @Test func `each of ours, redis and ours is primary in turn`() throws {
    let generator = SeededGenerator()
    let seed = generator.description
    var mix = CommandMix(generator, .allFamilies)
    let members = try [Member(.cambium), Member(.redis), Member(.cambium)]
    for round in 0..<6 {
      // The primary, then those behind it, each following the one before.
      let chain = (0..<3).map { members[(round + $0) % 3] }
      try chain[0].follow(nil)
      try chain[1].follow(chain[0])
      try chain[2].follow(chain[1])
      for member in chain[1...] { try expectLink(member, seed, round) }
      for _ in 0..<20 {
        _ = try chain[0].client.pipeline((0..<20).map { _ in Self.harmless(mix.next()) })
        _ = try chain[0].client.pipeline([["MULTI"], Self.harmless(mix.next()), ["INCR", "transactions"], ["EXEC"]])
        _ = try chain[0].client.command(
          "EVAL", "redis.call('INCR', KEYS[1]) return redis.call('SPOP', KEYS[2])", "2", "scripts", "drawn")
        _ = try chain[0].client.command("SADD", "drawn", "a\(round)", "b", "c", "d")
      }
      try expectEqual(chain, seed, round)
    }
    // The first round has to bring the dataset to two of them. After that each goes on from where it was.
    let fullSyncs = try members.map { try $0.fullSyncs() }.reduce(0, +)
    #expect(fullSyncs == 2, "\(seed)\n\(members.map(\.server.log.text).joined(separator: "\n=====\n"))")
  }

  /// Of the commands in the mix, those that say something about the connection are left out: the three go on with theirs.
  private static func harmless(_ command: [String]) -> [String] {
    ["SELECT", "RESET", "QUIT", "HELLO", "MULTI", "EXEC", "DISCARD", "SWAPDB"].contains(command[0].uppercased())
      ? ["INCR", "counter"] : command
  }

  private func expectLink(_ member: Member, _ seed: String, _ round: Int) throws {
    let isUp = try ServerProcess.wait(milliseconds: 20_000) {
      try member.field("master_link_status", of: "replication") == "up"
    }
    #expect(isUp, "\(seed), round \(round)\n\(member.server.log.text)")
  }

  private func expectEqual(_ chain: [Member], _ seed: String, _ round: Int) throws {
    var digests: [String] = []
    let areEqual = try ServerProcess.wait(milliseconds: 20_000) {
      let offsets = try chain.map { try $0.field("master_repl_offset", of: "replication") }
      digests = try chain.map { try $0.client.command("DEBUG", "DIGEST").text ?? "" }
      return Set(digests).count == 1 && Set(offsets).count == 1
    }
    #expect(
      areEqual, "\(seed), round \(round): \(digests)\n\(chain.map(\.server.log.text).joined(separator: "\n=====\n"))")
  }
}
