import Engine
import Foundation
import RESP
import TestSupport
import VersionedStore

/// A redis-server and an engine that are sent the same commands, and what both tell of them.
final class Witnesses {
  let harness: PropagationHarness
  let server: ServerProcess
  let redis: Client
  private let directives: [String]
  private let control: Client
  private let stream: RedisStream
  private var clients: [Int: Client] = [:]
  private var sessions: [Int: Session] = [:]
  private var markers = 0
  /// The databases in which the two streams are.
  private var databases = (theirs: [UInt8](), ours: [UInt8]())
  /// All that the engine has told.
  private(set) var told: [UInt8] = []
  private(set) var history: [String] = []

  struct Difference: Error, CustomStringConvertible {
    let description: String
  }

  init(directives: [String] = [], settings: Settings = Settings()) throws {
    self.directives =
      ["save ''", "enable-debug-command yes", "repl-diskless-sync no", "rdbcompression no"] + directives
    server = try ServerProcess(.redis, directives: self.directives)
    redis = try server.connect(timeoutMilliseconds: 20_000)
    control = try server.connect(timeoutMilliseconds: 20_000)
    try redis.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    stream = try RedisStream(server)
    settings.rdbCompression = false
    harness = PropagationHarness(settings: settings)
    harness.listen()
    clients[1] = redis
    sessions[1] = harness.session
  }

  /// Sends a command to both. The replies are nobody's concern but for the kind: that both have done it or neither.
  func send(_ words: [[UInt8]]) throws {
    history.append(words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " "))
    // SORT of Redis takes an error of another command, left in `errno`, for one of its own. To read this id clears it.
    let isSorting = words.prefix(4).contains { String(decoding: $0, as: UTF8.self).hasPrefix("SORT") }
    if isSorting { try redis.command("XRANGE", "missing", "+1", "-") }
    let (theirs, ours) = (try redis.command(words), try harness.run(words))
    if theirs.isError != (ours?.isError ?? false) {
      throw difference("replies", "\(theirs)", "\(String(describing: ours))")
    }
  }

  func send(_ words: [String]) throws { try send(words.map(CommandMix.bytes)) }

  /// Sends a command that waits, from another client, and returns when it does.
  func wait(_ number: Int, _ words: [String]) throws {
    history.append("\(number): " + words.joined(separator: " "))
    let client = try clients[number] ?? server.connect(timeoutMilliseconds: 20_000)
    let session = sessions[number] ?? harness.open()
    (clients[number], sessions[number]) = (client, session)
    let before = try blockedClients
    try client.sendCommand(words.map { Array($0.utf8) })
    _ = try ServerProcess.wait(milliseconds: 20_000) { try blockedClients > before }
    try harness.run(words.map { Array($0.utf8) }, from: session)
  }

  private var blockedClients: Int {
    get throws {
      let text = try control.command("INFO", "clients").text ?? ""
      let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("blocked_clients:") }
      return line.flatMap { Int($0.dropFirst("blocked_clients:".count)) } ?? 0
    }
  }

  /// Lets what lives for a millisecond end its life.
  func pass() { usleep(10_000) }

  /// Compares what both have told since the last time.
  func compare(_ isSame: (ToldCommand, ToldCommand) -> Bool = { $0.says(same: $1) }) throws {
    markers += 1
    let marker = "\(markers)"
    try send(["PUBLISH", "told so far", marker])
    let theirs = try stream.commands { $0.name == "PUBLISH" && $0.words.last == Array(marker.utf8) }
    let bytes = harness.takeReplicaBytes()
    told += bytes
    let ours = try ToldCommand.all(in: bytes)
    let theirUnits = ToldUnits(theirs, in: &databases.theirs)
    var ourUnits = ToldUnits(ours, in: &databases.ours)
    if ours.contains(where: \.isOfGroups) {
      ourUnits.leaveOut(unknownTo: theirUnits, isSame)
      if ourUnits.isSame(as: theirUnits, isSame) { return history.removeAll() }
    }
    for index in 0..<max(theirs.count, ours.count) {
      guard index < theirs.count, index < ours.count, isSame(theirs[index], ours[index]) else {
        throw difference(
          "what is told, from command \(index)", "\(theirs.dropFirst(max(index - 3, 0)).prefix(12))",
          "\(ours.dropFirst(max(index - 3, 0)).prefix(12))")
      }
    }
    history.removeAll()
  }

  private func difference(_ what: String, _ expected: String, _ actual: String) -> Difference {
    Difference(
      description: "\(what)\n  redis:   \(expected)\n  cambium: \(actual)\nafter\n  "
        + history.suffix(60).map(\.debugDescription).joined(separator: "\n  "))
  }

  /// Has what was told done by another engine, and by another redis-server, and compares the datasets.
  func checkFollowers() throws {
    // A client, other than a primary, cannot tell a redis-server of a key that has expired already.
    try harness.meetAllKeys()
    told += harness.takeReplicaBytes()
    let expected = try harness.digest
    let follower = try Follower.engine(told, harness.engine.settings)
    if follower.digest != expected, let engine = follower.engine {
      throw Difference(description: "an engine has followed to\n\(engine.differences(from: harness))")
    }
    try follower.expect(expected)
    let details = try harness.details(withFields: true)
    if let engine = follower.engine {
      engine.clock = harness.clock
      try Self.compare(engine.details(withFields: true), details, "an engine")
    }
    let follow = try ServerProcess(.redis, directives: directives).connect(timeoutMilliseconds: 20_000)
    try follow.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    let other = try Follower.apply(told, to: follow)
    if other.digest != expected {
      throw Difference(description: "a redis-server has followed to\n\(try harness.differences(from: follow))")
    }
    try other.expect(expected)
    let theirs = try DatasetDetails(databases: harness.engine.keyspace.live.databaseCount, withFields: false) {
      try follow.command($0)
    }
    try Self.compare(theirs, harness.details(withFields: false), "a redis-server")
  }

  private static func compare(_ follower: DatasetDetails, _ expected: DatasetDetails, _ kind: String) throws {
    let differences = follower.differences(from: expected)
    guard !differences.isEmpty else { return }
    throw Difference(description: "\(kind) has followed to\n\(differences.prefix(5).joined(separator: "\n"))")
  }
}

/// A server that has done what a stream says.
struct Follower {
  let kind: String
  let digest: String
  let failures: [String]
  var engine: PropagationHarness?

  /// An engine as a replica.
  static func engine(_ bytes: [UInt8], _ settings: Settings = Settings()) throws -> Follower {
    let harness = PropagationHarness(settings: settings)
    let session = harness.openPrimary()
    harness.send(bytes, from: session)
    return Follower(
      kind: "engine", digest: try harness.digest, failures: session.failure.map { [$0.line] } ?? [],
      engine: harness)
  }

  /// A redis-server that takes it from a client, which may tell it nearly all that a primary may.
  static func apply(_ bytes: [UInt8], to client: Client) throws -> Follower {
    let commands = try ToldCommand.all(in: bytes).map(\.asFromClient)
    var failures: [String] = []
    for first in stride(from: 0, to: commands.count, by: 500) {
      let some = commands[first..<min(first + 500, commands.count)]
      for (command, reply) in zip(some, try client.pipeline(some.map(\.words))) {
        let errors = ([reply] + reply.elements).filter(\.isError)
        if !errors.isEmpty { failures.append("\(command): \(errors)") }
      }
    }
    return Follower(kind: "redis", digest: try client.command("DEBUG", "DIGEST").text ?? "none", failures: failures)
  }

  func expect(_ expected: String) throws {
    guard failures.isEmpty else { throw Witnesses.Difference(description: "\(kind) refuses \(failures.prefix(5))") }
    guard digest == expected else {
      throw Witnesses.Difference(description: "\(kind) has another dataset: \(digest) for \(expected)")
    }
  }
}

extension Reply {
  var isError: Bool { if case .error = self { true } else { false } }
}
