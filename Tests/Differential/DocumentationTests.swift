import RESP
import TestSupport
import Testing

/// What COMMAND and COMMAND DOCS say of every command that redis-server has too.
@Suite struct DocumentationTests {
  private let redis: Client
  private let cambium: Client

  init() throws {
    redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    cambium = try ServerProcess(.cambium, directives: ["save ''"]).connect()
    try redis.useRESP3()
    try cambium.useRESP3()
  }

  /// These have arguments that Redis does not know.
  private static let extended: Set = ["multi", "replicaof", "slaveof"]

  @Test func commandsAreDocumentedAsByRedis() throws {
    let expected = documents(try redis.command("COMMAND", "DOCS"))
    let actual = documents(try cambium.command("COMMAND", "DOCS"))
    var compared = 0
    for (name, document) in actual where expected[name] != nil {
      let other = expected[name] ?? [:]
      compared += 1
      for field in ["since", "group", "doc_flags", "deprecated_since"] {
        #expect(document[field] == other[field], "\(name): \(field)")
      }
      #expect(document["summary"] != nil && document["complexity"] != nil)
      #expect((document["replaced_by"] == nil) == (other["replaced_by"] == nil), "\(name)")
      #expect(versions(document["history"]) == versions(other["history"]), "\(name)")
      if Self.extended.contains(name) { continue }
      #expect(document["arguments"] == other["arguments"], "\(name)")
    }
    #expect(compared > 250)
  }

  @Test func commandsAreDescribedAsByRedis() throws {
    let expected = descriptions(try redis.command("COMMAND"))
    let actual = descriptions(try cambium.command("COMMAND"))
    var compared = 0
    for (name, description) in actual where expected[name] != nil {
      let other = expected[name] ?? []
      compared += 1
      // All but the subcommands, which are compared by themselves, in whatever order sets are.
      for place in 1..<9 where !(place == 1 && Self.extended.contains(name)) {
        #expect(plain(description[place]) == plain(other[place]), "\(name): part \(place)")
      }
    }
    #expect(compared > 250)
  }

  /// Redis says nothing of what these take.
  private static let undescribed: Set = ["debug", "command|getkeys", "command|getkeysandflags"]

  /// redis-cli builds its hints from what COMMAND DOCS says when it starts.
  @Test func everyCommandHasWhatHintsAreMadeOf() throws {
    let documents = documents(try cambium.command("COMMAND", "DOCS"))
    for (name, description) in descriptions(try cambium.command("COMMAND")) {
      guard case .integer(let arity) = description[1], case .array(let subcommands) = listed(description[9]) else {
        continue
      }
      // One word for the name, two for a subcommand; whoever takes more has said what.
      let own = name.contains("|") ? 2 : 1
      let takesMore = abs(arity) > own
      if takesMore, subcommands.isEmpty, !Self.undescribed.contains(name) {
        #expect(documents[name]?["arguments"] != nil, "\(name)")
      }
    }
  }

  // MARK: Replies

  private func listed(_ reply: Reply) -> Reply {
    if case .set(let elements) = reply { .array(elements) } else { reply }
  }

  /// Sets as sorted texts.
  private func plain(_ reply: Reply) -> Reply {
    if case .set(let elements) = reply { .array(elements.sorted { "\($0)" < "\($1)" }) } else { reply }
  }

  private func versions(_ history: Reply?) -> [String?] {
    guard case .set(let changes)? = history else { return [] }
    return changes.map { if case .array(let parts) = $0 { parts.first?.text } else { nil } }
  }

  /// The fields of each command and subcommand, by full name.
  private func documents(_ reply: Reply) -> [String: [String: Reply]] {
    var found: [String: [String: Reply]] = [:]
    func walk(_ reply: Reply) {
      guard case .map(let commands) = reply else { return }
      for command in commands {
        guard let name = command.key.text, case .map(let fields) = command.value else { continue }
        found[name] = Dictionary(uniqueKeysWithValues: fields.map { ($0.key.text ?? "", $0.value) })
        if let subcommands = found[name]?["subcommands"] { walk(subcommands) }
      }
    }
    walk(reply)
    return found
  }

  private func descriptions(_ reply: Reply) -> [String: [Reply]] {
    var found: [String: [Reply]] = [:]
    func walk(_ reply: Reply) {
      guard case .array(let commands) = listed(reply) else { return }
      for case .array(let parts) in commands {
        guard let name = parts.first?.text else { continue }
        found[name] = parts
        walk(parts[9])
      }
    }
    walk(reply)
    return found
  }
}
