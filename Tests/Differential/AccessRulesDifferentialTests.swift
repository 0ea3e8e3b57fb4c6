import RESP
import TestSupport
import Testing

/// Random rules to redis-server and to the server: the same rules are refused, in the same words, and users may do the same
/// afterwards.
///
/// Of descriptions the commands are compared by what they mean: categories hold other commands here than there, where one
/// of the two does not have a command, and redis-server lists single commands in an order of its own.
@Suite struct AccessRulesDifferentialTests {
  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func randomRulesMeanTheSame(_ version: ProtocolVersion) throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    if version == .resp3 { try redis.useRESP3() }
    let cambium = try ServerProcess(.cambium, directives: ["save ''"]).connect()
    if version == .resp3 { try cambium.useRESP3() }
    var generator = SeededGenerator()
    let seed = generator.seed
    let common = Set(names(try redis.command("COMMAND", "LIST"))).intersection(
      names(try cambium.command("COMMAND", "LIST")))
    var history: [[String]] = []
    for round in 0..<1500 {
      let user = "u\(Int.random(in: 0..<3, using: &generator))"
      let command = ["ACL", "SETUSER", user] + AccessMix.rules(&generator)
      history.append(command)
      let context = { "seed \(seed), round \(round): \(history.suffix(8))" }
      let (expected, actual) = try both(command, redis, cambium)
      try #require(actual == expected, "\(context())")
      let (theirs, ours) = try both(["ACL", "GETUSER", user], redis, cambium)
      try #require(masked(ours) == masked(theirs), "\(context())")
      for _ in 0..<6 {
        let question = ["ACL", "DRYRUN", user] + AccessMix.questions.randomElement(using: &generator)!
        let (expected, actual) = try both(question, redis, cambium)
        try #require(actual == expected, "\(context()): \(question)")
      }
      guard round % 25 == 0 else { continue }
      try checkDescription(of: user, theirs, common, cambium, context())
      let (list, own) = try both(["ACL", "LIST"], redis, cambium)
      #expect(names(own).map(withoutCommands) == names(list).map(withoutCommands), "\(context())")
    }
  }

  private func both(_ command: [String], _ redis: Client, _ cambium: Client) throws -> (Reply, Reply) {
    (try redis.command(command), try cambium.command(command))
  }

  /// What redis-server says of a user's commands makes the same user here.
  private func checkDescription(
    of user: String, _ reply: Reply, _ common: Set<String>, _ cambium: Client, _ context: String
  ) throws {
    let rules = commands(reply).split(separator: " ").map(String.init).filter { rule in
      guard !rule.contains("@"), !common.contains(String(rule.dropFirst())) else { return true }
      // A command and a first argument of it, not a subcommand.
      let name = rule.dropFirst().prefix { $0 != "|" }
      return common.contains(String(name)) && !common.contains { $0.hasPrefix(name + "|") }
    }
    let made = try cambium.command(["ACL", "SETUSER", "copy", "reset", "allkeys", "allchannels"] + rules)
    try #require(made == .simple("OK"), "\(context): \(rules)")
    let own = commands(try cambium.command("ACL", "GETUSER", user)).split(separator: " ").map(String.init)
    try cambium.command(["ACL", "SETUSER", "original", "reset", "allkeys", "allchannels"] + own)
    defer { _ = try? cambium.command("ACL", "DELUSER", "copy", "original") }
    for question in AccessMix.questions {
      let copy = try cambium.command(["ACL", "DRYRUN", "copy"] + question)
      let original = try cambium.command(["ACL", "DRYRUN", "original"] + question)
      #expect(copy == original, "\(context): \(rules) \(question)")
    }
  }

  private func names(_ reply: Reply) -> [String] {
    if case .array(let elements) = reply { elements.compactMap(\.text) } else { [] }
  }

  /// The commands of the root selector.
  private func commands(_ reply: Reply) -> String {
    switch reply {
    case .array(let elements):
      let index = elements.firstIndex(of: .bulk("commands"))
      return index.flatMap { elements[$0 + 1].text } ?? ""
    case .map(let pairs): return pairs.first { $0.key == .bulk("commands") }?.value.text ?? ""
    default: return ""
    }
  }

  /// The reply without what it says of commands.
  private func masked(_ reply: Reply) -> Reply {
    switch reply {
    case .array(var elements):
      for index in elements.indices.dropFirst() where elements[index - 1] == .bulk("commands") {
        elements[index] = .bulk("")
      }
      return .array(elements.map(masked))
    case .map(let pairs):
      return .map(
        pairs.map { ReplyPair($0.key, $0.key == .bulk("commands") ? .bulk("") : masked($0.value)) })
    default: return reply
    }
  }

  /// A line of ACL LIST without its words on commands, in no order: one key pattern is written last here.
  private func withoutCommands(_ line: String) -> [String] {
    line.split(separator: " ").compactMap { word in
      guard word.hasPrefix("+") || word.hasPrefix("-") else { return String(word) }
      return word.hasSuffix(")") ? ")" : nil
    }.sorted()
  }
}
