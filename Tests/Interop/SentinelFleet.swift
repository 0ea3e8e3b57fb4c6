import Foundation
import RESP
import Synchronization
import TestSupport
import Testing

/// A primary, two replicas, and three sentinels that watch them.
final class SentinelFleet {
  let servers: [ServerProcess]
  private(set) var sentinels: [ServerProcess] = []
  private static let patience = 90_000
  private static let directives = ["save ''", "repl-diskless-sync-delay 0", "enable-debug-command yes"]

  init(_ programs: [ServerProcess.Program]) throws {
    let primary = try ServerProcess(programs[0], directives: Self.directives)
    let replicas = try programs.dropFirst().map {
      try ServerProcess($0, directives: Self.directives + ["replicaof 127.0.0.1 \(primary.port)"])
    }
    servers = [primary] + replicas
    try primary.connect().command("SET", "first", "1")
    for replica in replicas { try waitUntil(replica, follows: primary) }
    sentinels = try (0..<3).map { _ in
      try ServerProcess(
        .sentinel,
        directives: [
          "sentinel monitor mymaster 127.0.0.1 \(primary.port) 2", "sentinel down-after-milliseconds mymaster 1000",
          "sentinel failover-timeout mymaster 6000", "sentinel parallel-syncs mymaster 2",
        ])
    }
    for sentinel in sentinels {
      try wait("the sentinels know each other and the replicas") {
        let state = try self.state(sentinel)
        return state["num-slaves"] == "2" && state["num-other-sentinels"] == "2" && state["flags"] == "master"
      }
    }
  }

  func wait(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: () throws -> Bool
  ) throws {
    // A server that is being killed or started does not answer.
    let isSo = ServerProcess.wait(milliseconds: Self.patience) { (try? condition()) == true }
    let logs =
      isSo ? "" : (servers + sentinels).map { "\($0.port):\n\($0.log.text.suffix(3000))" }.joined(separator: "\n")
    try #require(isSo, "\(what)\n\(logs)", sourceLocation: sourceLocation)
  }

  /// What a sentinel knows of the primary.
  private func state(_ sentinel: ServerProcess) throws -> [String: String] {
    guard case .array(let words) = try sentinel.connect().command("SENTINEL", "MASTER", "mymaster") else { return [:] }
    var state: [String: String] = [:]
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      state[words[index].text ?? ""] = words[index + 1].text
    }
    return state
  }

  /// The primary, by what all sentinels say; nil while they do not agree.
  func primary() throws -> ServerProcess? {
    let ports = try sentinels.map {
      guard case .array(let address) = try $0.connect().command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"),
        address.count == 2
      else { return -1 }
      return Int(address[1].text ?? "") ?? -1
    }
    guard Set(ports).count == 1 else { return nil }
    return servers.first { $0.port == ports[0] }
  }

  static func field(_ name: String, _ server: ServerProcess) throws -> String {
    try server.connect().information("replication")[name] ?? ""
  }

  func waitUntil(_ replica: ServerProcess, follows primary: ServerProcess) throws {
    try wait("\(replica.port) follows \(primary.port)") {
      try Self.field("master_port", replica) == "\(primary.port)"
        && Self.field("master_link_status", replica) == "up"
    }
  }

  /// Waits until another server than `former` is the primary, for itself as for the sentinels.
  func waitForPromotion(insteadOf former: ServerProcess) throws -> ServerProcess {
    var promoted: ServerProcess?
    try wait("another primary than \(former.port)") {
      guard let primary = try primary(), primary !== former, try Self.field("role", primary) == "master" else {
        return false
      }
      promoted = primary
      return true
    }
    return try #require(promoted)
  }

  /// Waits until all servers hold the same.
  func expectSameDataset() throws {
    try wait("all servers hold the same") {
      Set(try servers.map { "\(try $0.connect().command("DEBUG", "DIGEST"))" }).count == 1
    }
  }
}

/// A client on a thread of its own that writes until it is told to stop: see `Sessions/redis_py_sentinel.py`.
final class SentinelClient: Sendable {
  private let outcome = Mutex<(exitCode: Int32?, output: String)?>(nil)
  private let directory: URL
  private var stopFile: URL { directory.appendingPathComponent("stop") }

  init(_ fleet: SentinelFleet) throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("sentinel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Sessions/redis_py_sentinel.py")
    let arguments = ["/usr/bin/python3", script.path, stopFile.path] + fleet.sentinels.map { "\($0.port)" }
    Thread { [self] in
      let ended = try? Tool.run(arguments, milliseconds: 400_000)
      outcome.withLock { $0 = (ended?.exitCode, ended?.output ?? "it does not run") }
    }.start()
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// Has the client stop, and look whether all is there that was acknowledged. Returns what it says.
  func finish() throws -> String {
    try Data().write(to: stopFile)
    _ = ServerProcess.wait(milliseconds: 120_000) { outcome.withLock { $0 != nil } }
    let ended = outcome.withLock { $0 }
    #expect(ended?.exitCode == 0)
    return ended?.output ?? "it does not end"
  }
}
