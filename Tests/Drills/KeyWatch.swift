import Foundation
import RESP
import Synchronization
import TestSupport

/// A client on a thread of its own that reads every old key, again and again, and remembers each answer that is not the
/// old value.
final class KeyWatch: Sendable {
  private struct Found {
    var rounds = 0
    var wrong: [String] = []
    var isEnding = false
    var hasEnded = false
  }

  private let found = Mutex(Found())

  init(_ server: ServerProcess, _ dataset: OldDataset) throws {
    let client = try Confined(server.connect(timeoutMilliseconds: 10_000))
    Thread { [self] in
      while !found.withLock({ $0.isEnding }) {
        let wrong = dataset.missing(client.value)
        found.withLock {
          $0.rounds += 1
          $0.wrong += wrong.prefix(3)
        }
        usleep(1000)  // the server has others to serve
      }
      found.withLock { $0.hasEnded = true }
    }.start()
  }

  /// Ends the watch. The rounds that were read, and what was wrong in them.
  func end() -> (rounds: Int, wrong: [String]) {
    // On a busy machine the drill may be over before the first round is.
    _ = ServerProcess.wait(milliseconds: 20_000) { found.withLock { $0.rounds > 0 || !$0.wrong.isEmpty } }
    found.withLock { $0.isEnding = true }
    _ = ServerProcess.wait(milliseconds: 20_000) { found.withLock { $0.hasEnded } }
    return found.withLock { ($0.rounds, Array($0.wrong.prefix(10))) }
  }

  /// Hands the client to the one thread that uses it.
  private struct Confined: @unchecked Sendable {
    let value: Client
    init(_ value: Client) { self.value = value }
  }
}

/// The keys that were there before: 50 in each of two databases.
struct OldDataset: Sendable {
  private static let databases = ["0", "3"]
  private static let keys = (0..<50).map { "old:\($0)" }

  func write(_ client: Client) throws {
    for database in Self.databases {
      try client.command("SELECT", database)
      for key in Self.keys { try client.command("SET", key, "value of \(key)") }
    }
    try client.command("SELECT", "0")
  }

  /// What is not as it was, in words. Leaves database 0 selected.
  func missing(_ client: Client) -> [String] {
    do {
      var missing: [String] = []
      for database in Self.databases {
        try client.command("SELECT", database)
        let reply = try client.command(["MGET"] + Self.keys)
        let expected = Reply.array(Self.keys.map { .bulk("value of \($0)") })
        if reply != expected { missing.append("database \(database): \(reply)") }
      }
      try client.command("SELECT", "0")
      return missing
    } catch {
      return ["\(error)"]
    }
  }
}
