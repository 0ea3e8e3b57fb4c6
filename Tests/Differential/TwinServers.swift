import Foundation
import RESP
import TestSupport

/// redis-server and this server side by side, in one state as far as a client can see, and the commands that led there.
///
/// Beside the replies it compares what every command leaves: encodings and times to live of the keys it names, how many
/// changes it counts as, and how many keys it found or missed.
final class TwinServers {
  let redis: Client
  let cambium: Client
  /// Has versions of the server made and dropped meanwhile, so that much of what is written is sealed.
  private let keeper: Client
  private let generator: SeededGenerator
  private var choices: SeededGenerator
  private(set) var history: [[String]] = []
  /// What differs in the counters, by command.
  private(set) var wrongCounters: [String: Difference] = [:]
  private var formerCounters: (redis: [String: Int], cambium: [String: Int]) = ([:], [:])
  private var versions: [Int] = []

  /// Keys that have expired stay until they are met, and payloads are not compressed, since their bytes might differ.
  private static let directives = ["save ''", "enable-debug-command yes", "rdbcompression no"]

  /// Small limits, so that values change their encodings all the time.
  static let smallLimits = [
    "hash-max-listpack-entries 8", "hash-max-listpack-value 16", "set-max-intset-entries 8",
    "zset-max-listpack-entries 8", "zset-max-listpack-value 16", "list-max-listpack-size 8",
    "stream-node-max-entries 5",
    "hll-sparse-max-bytes 300",
  ]

  init(_ version: ProtocolVersion, _ generator: SeededGenerator, directives: [String] = []) throws {
    let all = Self.directives + directives
    redis = try ServerProcess(.redis, directives: all).connect(timeoutMilliseconds: 20_000)
    let server = try ServerProcess(.cambium, directives: all)
    cambium = try server.connect(timeoutMilliseconds: 20_000)
    keeper = try server.connect(timeoutMilliseconds: 20_000)
    self.generator = generator
    choices = SeededGenerator(seed: generator.seed &+ 1)
    for client in [redis, cambium] {
      try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0")
      if version == .resp3 { try client.useRESP3() }
    }
  }

  /// Something that differs.
  struct Difference: Error, CustomStringConvertible {
    let description: String
  }

  private func difference(_ what: String, _ expected: some Any, _ actual: some Any) -> Difference {
    let shown = history.suffix(40).map { "  " + $0.map(\.debugDescription).joined(separator: " ") }
    return Difference(
      description: """
        \(generator), command \(history.count): \(what) differs
          redis:   \("\(expected)".prefix(3000))
          cambium: \("\(actual)".prefix(3000))
        after
        \(shown.joined(separator: "\n"))
        """)
  }

  // MARK: Commands

  /// Has both execute a command, and compares replies and what is left.
  func check(_ command: [String]) throws {
    history.append(command)
    keepVersions()
    let bytes = command.map(CommandMix.bytes)
    if command[0].hasPrefix("SORT") { try clearError() }
    switch CommandMix.comparison(of: command) {
    case .popped: try checkPopping(command)
    case .drawn: try checkDrawing(command)
    case let comparison:
      try redis.sendCommand(bytes)
      try cambium.sendCommand(bytes)
      try compare(command, comparison, try redis.readRawReply(), try cambium.readRawReply())
    }
    try undoConversion(by: command)
    try checkTraces(of: [command])
  }

  /// The same for commands that come at once.
  func checkTogether(_ commands: [[String]]) throws {
    let commands = commands.filter {
      ![.popped, .drawn].contains(CommandMix.comparison(of: $0)) && !$0[0].hasPrefix("SORT")
    }
    var request: [UInt8] = []
    for command in commands { request.command(command.map(CommandMix.bytes)) }
    try redis.send(request)
    try cambium.send(request)
    for command in commands {
      history.append(command)
      try compare(command, CommandMix.comparison(of: command), try redis.readRawReply(), try cambium.readRawReply())
    }
    keepVersions()
    try checkTraces(of: commands)
  }

  private typealias Raw = (reply: Reply, bytes: [UInt8])

  private func compare(
    _ command: [String], _ comparison: CommandMix.Comparison, _ expected: Raw, _ actual: Raw
  ) throws {
    if expected.bytes == actual.bytes { return }
    let (texts, kind) = (
      [expected, actual].map { String(decoding: $0.bytes, as: UTF8.self).debugDescription }, "reply"
    )
    switch comparison {
    case .unordered(let groups) where expected.bytes.first == actual.bytes.first:
      if expected.reply.ordered(inGroupsOf: groups) == actual.reply.ordered(inGroupsOf: groups) { return }
    case .timed:
      if expected.reply.withoutTimes == actual.reply.withoutTimes { return }
    default: break
    }
    throw difference(kind, texts[0], texts[1])
  }

  /// What one server pops is removed from the other's set by name, and counts alike.
  private func checkPopping(_ command: [String]) throws {
    let words = command.map(CommandMix.bytes)
    if command.count == 3, let wanted = Int(command[2]), try isWhole(words[1], wanted) {
      try redis.sendCommand(words)
      try cambium.sendCommand(words)
      return try compare(command, .unordered(groups: 1), try redis.readRawReply(), try cambium.readRawReply())
    }
    let (leader, follower) = choices.oneIn(2) ? (redis, cambium) : (cambium, redis)
    let popped = try leader.command(words)
    let members = popped.elements.isEmpty ? [popped].compactMap(\.bytes) : popped.elements.compactMap(\.bytes)
    if members.isEmpty {
      let other = try follower.command(words)
      if other != popped { throw difference("reply", popped, other) }
      return
    }
    let removed = try follower.command([Array("SREM".utf8), words[1]] + members)
    if removed != .integer(members.count) { throw difference("what was popped", members.count, removed) }
  }

  /// SORT of Redis takes an error of another command, left in `errno`, for one of its own. To read this id clears it.
  private func clearError() throws {
    for client in [redis, cambium] { try client.command("XRANGE", "missing", "+1", "-") }
  }

  /// Whether both have a set of at most so many members.
  private func isWhole(_ key: [UInt8], _ wanted: Int) throws -> Bool {
    let counts = try [redis, cambium].map { try $0.command([Array("SCARD".utf8), key]) }
    guard case .integer(let count) = counts[0], counts[0] == counts[1] else { return false }
    return count > 0 && wanted >= count
  }

  /// SORT leaves a sorted set in Redis's large encoding, read command or not, which here no reader may do: the set is
  /// stored anew.
  private func undoConversion(by command: [String]) throws {
    guard ["SORT", "SORT_RO"].contains(command[0]), command.count > 1 else { return }
    let key = CommandMix.bytes(of: command[1])
    let encodings = try [redis, cambium].map {
      try $0.command([Array("OBJECT".utf8), Array("ENCODING".utf8), key]).text
    }
    guard encodings[0] == "skiplist", encodings[1] == "listpack" else { return }
    for client in [redis, cambium] {
      let payload = try client.command([Array("DUMP".utf8), key]).bytes ?? []
      guard case .integer(let expiry) = try client.command([Array("PEXPIRETIME".utf8), key]) else { return }
      let words = [Array("RESTORE".utf8), key, Array("\(max(expiry, 0))".utf8), payload]
      try client.command(words + ["ABSTTL", "REPLACE"].map { Array($0.utf8) })
    }
  }

  private func checkDrawing(_ command: [String]) throws {
    let words = command.map(CommandMix.bytes)
    let (expected, actual) = (try redis.command(words), try cambium.command(words))
    if expected == actual { return }
    if case .error = expected {
      if expected != actual { throw difference("reply", expected, actual) }
      return
    }
    let isPaired = command.count > 3
    let drawn = [expected, actual].map { Self.drawn($0, isPaired: isPaired) }
    guard drawn[0].count == drawn[1].count, (expected == .null) == (actual == .null) else {
      throw difference("number of elements", expected, actual)
    }
    // What SORT takes of a set that it does not sort.
    if command[0].hasPrefix("SORT") { return }
    let content = try [redis, cambium].map { try Self.content($0, command, words[1], isPaired: isPaired) }
    for (index, elements) in drawn.enumerated() where !elements.allSatisfy({ content[index].contains($0) }) {
      throw difference("what may be drawn", content[index], elements)
    }
    let isRepeating = command.count > 2 && command[2].hasPrefix("-")
    if !isRepeating, Set(drawn[1]).count != drawn[1].count {
      throw difference("what is drawn once", drawn[0], drawn[1])
    }
  }

  /// The elements of a reply, an element with its value or score as one.
  private static func drawn(_ reply: Reply, isPaired: Bool) -> [String] {
    guard !reply.elements.isEmpty else { return reply.bytes == nil ? [] : ["\(reply)"] }
    let flat = reply.elements.flatMap { $0.elements.isEmpty ? [$0] : $0.elements }
    guard isPaired else { return flat.map { "\($0)" } }
    return stride(from: 0, to: flat.count - 1, by: 2).map { "\(flat[$0]) \(flat[$0 + 1])" }
  }

  private static func content(
    _ client: Client, _ command: [String], _ key: [UInt8], isPaired: Bool
  ) throws -> Set<String> {
    let name = command[0].uppercased()
    let question: [String]
    switch name {
    case "SRANDMEMBER": question = ["SMEMBERS"]
    case "HRANDFIELD": question = [isPaired ? "HGETALL" : "HKEYS"]
    default: question = ["ZRANGE", "0", "-1"] + (isPaired ? ["WITHSCORES"] : [])
    }
    var words = question.map { Array($0.utf8) }
    words.insert(key, at: 1)
    return Set(drawn(try client.command(words), isPaired: isPaired))
  }

  // MARK: Traces

  /// Compares the keys that commands have named, and the counters.
  private func checkTraces(of commands: [[String]]) throws {
    let keys = Set(commands.flatMap { $0.dropFirst().filter(CommandMix.isKey) }).sorted()
    var questions = keys.flatMap { [["OBJECT", "ENCODING", $0], ["PEXPIRETIME", $0]] }
    questions.append(["INFO", "stats"])
    questions.append(["INFO", "persistence"])
    let (expected, actual) = (try redis.pipeline(questions), try cambium.pipeline(questions))
    for index in 0..<2 * keys.count where expected[index] != actual[index] {
      throw difference("\(questions[index])", expected[index], actual[index])
    }
    compareCounters(of: commands, Self.counters(expected.suffix(2)), Self.counters(actual.suffix(2)))
  }

  /// Nothing follows from a wrong counter, so that it is noted, once for each command, and the run goes on.
  private func compareCounters(of commands: [[String]], _ expected: [String: Int], _ actual: [String: Int]) {
    defer { formerCounters = (expected, actual) }
    let (changes, ours) = (Self.change(expected, formerCounters.redis), Self.change(actual, formerCounters.cambium))
    if changes == ours { return }
    let name = commands.count == 1 ? commands[0].prefix(1).joined() : "several commands"
    if wrongCounters[name] == nil { wrongCounters[name] = difference("change of counters", changes, ours) }
  }

  private static func change(_ counters: [String: Int], _ former: [String: Int]) -> [String: Int] {
    counters.merging(former) { $0 - $1 }.filter { $0.value != 0 }
  }

  private static func counters(_ sections: ArraySlice<Reply>) -> [String: Int] {
    let wanted: Set = ["keyspace_hits", "keyspace_misses", "rdb_changes_since_last_save", "expired_keys"]
    var counters: [String: Int] = [:]
    for line in sections.flatMap({ ($0.text ?? "").split(whereSeparator: \.isNewline) }) {
      let parts = line.split(separator: ":").map(String.init)
      if parts.count == 2, wanted.contains(parts[0]) { counters[parts[0]] = Int(parts[1]) }
    }
    return counters
  }

  private func keepVersions() {
    guard choices.oneIn(30) else { return }
    if case .integer(let version)? = try? keeper.command("VERSION", "CREATE") { versions.append(version) }
    if versions.count > 4 {
      _ = try? keeper.command("VERSION", "DROP", "\(versions.remove(at: choices.oneIn(2) ? 0 : 2))")
    }
  }

  // MARK: Whole datasets

  /// Compares every key by digest, and sends each by DUMP and RESTORE to the other server.
  func checkDataset() throws {
    for database in ["0", "1", "2", "15"] {
      for client in [redis, cambium] { try client.command("SELECT", database) }
      let (expected, actual) = (try keys(redis), try keys(cambium))
      if expected != actual { throw difference("keys of database \(database)", expected, actual) }
      for key in expected { try exchange(key) }
    }
    history.append(["SELECT", "0"])
    for client in [redis, cambium] { try client.command("SELECT", "0") }
    try checkTraces(of: [])
  }

  private func keys(_ client: Client) throws -> [[UInt8]] {
    try client.command("KEYS", "*").elements.compactMap(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func same(_ what: String, _ key: [UInt8], _ words: [String]) throws -> Reply {
    let question = words.map { $0 == "KEY" ? key : Array($0.utf8) }
    let (expected, actual) = (try redis.command(question), try cambium.command(question))
    if expected != actual { throw difference("\(what) of \(String(decoding: key, as: UTF8.self))", expected, actual) }
    return expected
  }

  /// A sorted set forgets the sign of a zero while it is small, also on its way to become a large one.
  private func compareScores(of copy: [UInt8], like key: [UInt8]) throws {
    let ranges = try [redis, cambium].flatMap { client in
      try [copy, key].map { key in
        let words = [Array("ZRANGE".utf8), key, Array("0".utf8), Array("-1".utf8), Array("WITHSCORES".utf8)]
        return "\(try client.command(words))".replacing("bulk([45, 48])", with: "bulk([48])").replacing(
          "-0.0", with: "0.0")
      }
    }
    if Set(ranges).count != 1 { throw difference("restored scores", ranges[0], ranges) }
  }

  private func exchange(_ key: [UInt8]) throws {
    let type = try same("type", key, ["TYPE", "KEY"])
    let encoding = try same("encoding", key, ["OBJECT", "ENCODING", "KEY"])
    let digest = try same("digest", key, ["DEBUG", "DIGEST-VALUE", "KEY"])
    guard case .integer(let expiry) = try same("expiry", key, ["PEXPIRETIME", "KEY"]) else { return }
    let dump = [Array("DUMP".utf8), key]
    let payloads = (redis: try redis.command(dump), cambium: try cambium.command(dump))
    let isLaidDown = type.text == "string" || encoding.text == "listpack" || encoding.text == "intset"
    if isLaidDown, payloads.redis != payloads.cambium {
      throw difference("payload of \(String(decoding: key, as: UTF8.self))", payloads.redis, payloads.cambium)
    }
    let copy = Array("exchanged".utf8)
    for (payload, target) in [(payloads.redis, cambium), (payloads.cambium, redis)] {
      let words = ["RESTORE", "exchanged", "\(max(expiry, 0))"].map { Array($0.utf8) }
      let reply = try target.command(
        words + [payload.bytes ?? []] + ["ABSTTL", "REPLACE"].map { Array($0.utf8) })
      if reply != .simple("OK") {
        let name = String(decoding: key, as: UTF8.self)
        throw difference("restored \(type) \(name)", "OK \(payload.bytes ?? [])", reply)
      }
    }
    if type.text == "zset" {
      try compareScores(of: copy, like: key)
    } else if try same(
      "digest of restored \(String(decoding: key, as: UTF8.self)) as", copy, ["DEBUG", "DIGEST-VALUE", "KEY"])
      != digest
    {
      throw difference("digest of restored \(String(decoding: key, as: UTF8.self))", digest, "another")
    }
    _ = try same("encoding", copy, ["OBJECT", "ENCODING", "KEY"])
    // What the digest leaves out, such as groups. The times come from the payloads, which are each other's.
    if type.text == "stream" {
      let states = try [redis, cambium].map { try $0.command("XINFO", "STREAM", "exchanged", "FULL", "COUNT", "0") }
      if states[0].withoutTimes != states[1].withoutTimes { throw difference("restored stream", states[0], states[1]) }
    }
    _ = try same("removal", copy, ["DEL", "KEY"])
  }
}
