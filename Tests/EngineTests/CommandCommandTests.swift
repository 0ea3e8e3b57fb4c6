import Engine
import RESP
import TestSupport
import Testing
import VersionedStore

@Suite struct CommandCommandTests {
  /// What COMMAND INFO and DOCS say of every command that redis-server has too, the tips and all texts for people aside.
  @Test func everyCommandIsDescribedAsByRedis() throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    var compared = 0
    for record in harness.engine.commands.all {
      let name = "\(record.value.command.name)"
      guard let expected = CommandFacts(try redis.command("COMMAND", "INFO", name), at: 0) else { continue }
      let actual = CommandFacts(try harness.run("COMMAND", "INFO", name), at: 0)
      // MULTI takes an option that Redis does not know.
      if name != "multi" { #expect(actual?.withoutSubcommands == expected.withoutSubcommands) }
      let known = Dictionary(uniqueKeysWithValues: expected.subcommands.map { ($0.name, $0) })
      for subcommand in actual?.subcommands ?? [] where known[subcommand.name] != nil {
        #expect(subcommand == known[subcommand.name])
      }
      try expectSameDocs(name, redis, harness)
      compared += 1
    }
    #expect(compared > 50)
  }

  private func expectSameDocs(_ name: String, _ redis: Client, _ harness: EngineHarness) throws {
    let expected = docs(try redis.command("COMMAND", "DOCS", name))
    let actual = docs(try harness.run("COMMAND", "DOCS", name))
    for (field, value) in expected where actual[field] != nil { #expect(actual[field] == value, "\(name): \(field)") }
    #expect(actual.count >= 2)
  }

  /// `since` and `group` of a command and its subcommands, by full name.
  private func docs(_ reply: Reply) -> [String: String] {
    var found: [String: String] = [:]
    func walk(_ reply: Reply) {
      guard case .array(let pairs) = reply else { return }
      for index in stride(from: 0, to: pairs.count - 1, by: 2) {
        guard let name = pairs[index].text, case .array(let fields) = pairs[index + 1] else { continue }
        for field in stride(from: 0, to: fields.count - 1, by: 2) {
          switch fields[field].text {
          case "since", "group": found["\(name) \(fields[field].text ?? "")"] = fields[field + 1].text
          case "subcommands": walk(fields[field + 1])
          default: break
          }
        }
      }
    }
    walk(reply)
    return found
  }

  @Test func keysAreFoundAsByRedis() throws {
    let transcript = try Transcript()
    try transcript.isSame(
      [
        "GET a", "SET a b", "SET a b EX 3 GET", "SET a b XX", "SET a", "MSET a 1 b 2 c 3", "MSET a", "MGET a b c",
        "DEL a b", "COPY a b DB 3", "RENAME a b", "OBJECT ENCODING a", "OBJECT HELP", "MEMORY USAGE a", "PING x",
        "NOSUCH a", "CLIENT ID", "CLIENT nosuch", "LCS a b LEN", "GETEX a PERSIST", "EXISTS a",
      ].flatMap { ["COMMAND GETKEYS \($0)", "COMMAND GETKEYSANDFLAGS \($0)"] })
  }

  /// Keys whose places the specifications do not tell, or that stand behind a number that is none of theirs.
  @Test func keysThatOptionsNameAreFoundAsByRedis() throws {
    try Transcript().isSame(
      [
        "SORT abc", "SORT abc STORE def", "SORT abc STORE invalid STORE stillbad STORE def", "SORT abc STORE",
        "SORT abc GET STORE BY STORE LIMIT STORE 1 DESC store def", "SORT_RO abc", "SORT_RO abc BY w*",
        "GEORADIUS g 1 1 1 m STORE a", "GEORADIUS g 1 1 1 m STOREDIST b STORE a", "GEORADIUS g 1 1 1 m ASC",
        "GEORADIUSBYMEMBER g a 1 m STORE b", "GEOSEARCHSTORE a b FROMMEMBER c BYRADIUS 1 m", "ZUNIONSTORE d 2 a b",
        "ZUNIONSTORE d 3 a b", "ZUNIONSTORE d 0 a b", "ZUNIONSTORE d x a b", "ZINTER 2 a b WITHSCORES", "ZDIFF 1x a b",
        "ZINTERSTORE d 1x a b", "SINTERCARD 2 a b LIMIT 1", "SINTERCARD -1 a", "LMPOP 1 a LEFT", "LMPOP +2 a b LEFT",
        "ZMPOP 4294967297 a MIN", "XREAD STREAMS a b 1 2", "XREAD COUNT 2 STREAMS a 1", "XREAD STREAMS a b 1",
        "XREADGROUP GROUP g c STREAMS a b > >", "XREADGROUP GROUP streams c STREAMS a >", "BITFIELD a GET u8 0",
        "BITFIELD a SET u8 0 1", "BITFIELD a OVERFLOW SAT GET u8 0", "BITFIELD a GET u8", "BITFIELD a",
        "BITOP AND a b c",
        "PFCOUNT a b", "PFMERGE a b c", "XGROUP CREATE s g 0", "XINFO STREAM s", "SINTERSTORE a b c", "SMOVE a b c",
        "LMOVE a b LEFT LEFT", "ZRANGESTORE a b 0 1", "HSET h a 1", "PFDEBUG ENCODING a",
      ].flatMap { ["COMMAND GETKEYS \($0)", "COMMAND GETKEYSANDFLAGS \($0)"] })
  }

  @Test func errorsEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "COMMAND INFO nosuch", "COMMAND INFO client|nosuch get|x", "COMMAND DOCS nosuch", "COMMAND LIST x",
      "COMMAND LIST FILTERBY", "COMMAND LIST FILTERBY PATTERN", "COMMAND LIST FILTERBY what x",
      "COMMAND LIST FILTERBY MODULE x", "COMMAND LIST FILTERBY ACLCAT x", "COMMAND LIST FILTERBY PATTERN x y",
      "COMMAND LIST FILTERBY PATTERN getset", "COMMAND COUNT x", "COMMAND GETKEYS get", "COMMAND GETKEYS",
      "COMMAND LIST FILTERBY PATTERN CLIENT|GETN*", "HELLO 3 SETNAME x y", "COMMAND DOCS nosuch",
    ])
  }

  @Test(arguments: [ProtocolVersion.resp2, .resp3])
  func formEqualsThatOfRedis(_ version: ProtocolVersion) throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    if version == .resp3 { try redis.useRESP3() }
    harness.session.version = version
    // Of those that have no tips.
    for name in ["get", "append", "client|id", "echo"] {
      try redis.sendCommand([Array("COMMAND".utf8), Array("INFO".utf8), Array(name.utf8)])
      #expect(
        String(decoding: harness.raw(["COMMAND", "INFO", name]), as: UTF8.self)
          == String(decoding: try redis.readRawReply().bytes, as: UTF8.self))
    }
  }

  @Test func listNamesWhatCountCounts() throws {
    let harness = EngineHarness()
    guard case .array(let names) = try harness.run("COMMAND", "LIST"),
      case .integer(let count) = try harness.run("COMMAND", "COUNT"),
      case .array(let all) = try harness.run("COMMAND"), case .array(let infos) = try harness.run("COMMAND", "INFO")
    else {
      Issue.record("a reply of the wrong form")
      return
    }
    #expect(names.filter { $0.text?.contains("|") == false }.count == count)
    #expect(all == infos && all.count == count)
    guard case .array(let fast) = try harness.run("COMMAND", "LIST", "FILTERBY", "ACLCAT", "FAST") else { return }
    #expect(fast.contains(.bulk("get")) && !fast.contains(.bulk("keys")))
  }
}

/// One command as COMMAND INFO describes it, lists that have no order put into one.
private struct CommandFacts: Equatable {
  let name: String
  let arity: Reply
  let flags: [String]
  let range: [Reply]
  let categories: [String]
  let keys: Reply
  var subcommands: [CommandFacts]

  init?(_ reply: Reply) {
    guard case .array(let fields) = reply, fields.count == 10 else { return nil }
    name = fields[0].text ?? ""
    arity = fields[1]
    flags = Self.words(fields[2])
    range = Array(fields[3...5])
    categories = Self.words(fields[6])
    keys = fields[8]
    subcommands = Self.list(fields[9]).compactMap { CommandFacts($0) }
  }

  init?(_ reply: Reply, at index: Int) { self.init(Self.list(reply)[index]) }

  var withoutSubcommands: CommandFacts {
    var copy = self
    copy.subcommands = []
    return copy
  }

  static func list(_ reply: Reply) -> [Reply] {
    if case .array(let elements) = reply { elements } else { [] }
  }

  private static func words(_ reply: Reply) -> [String] { list(reply).compactMap(\.text).sorted() }
}
