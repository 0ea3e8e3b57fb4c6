import RESP
import TestSupport
import Testing

/// cjson, bit, cmsgpack and struct, as scripts use them.
@Suite struct LuaLibrariesTests {
  enum Library: String, CaseIterable {
    case cjson, bit, cmsgpack, `struct`

    var oddCalls: String {
      switch self {
      case .cjson: OddCalls.json
      case .bit: OddCalls.bits
      case .cmsgpack: OddCalls.messagePack
      case .struct: OddCalls.structures
      }
    }
  }

  @Test(arguments: Library.allCases)
  func oddCallsAnswerAsInRedis(_ library: Library) throws {
    try LuaTwins().check([library.oddCalls])
  }

  @Test func randomValuesAnswerAsInRedis() throws {
    let twins = try LuaTwins()
    var lua = RandomLua(SeededGenerator())
    for _ in 0..<200 {
      try twins.check((0..<25).map { _ in lua.statement() }, "CAMBIUM_SEED=\(lua.generator.seed)")
    }
  }

  private func evaluate(_ client: Client, _ script: String) throws -> Reply {
    try client.command("EVAL", script, "0")
  }

  @Test func whatOnceOverranABuffer() throws {
    let server = try ServerProcess(.cambium)
    let client = try server.connect(timeoutMilliseconds: 60_000)
    // CVE-2024-31449: the negation of the least integer is negative.
    #expect(try evaluate(client, "return bit.tohex(1, -2147483648)") == .bulk("00000001"))
    // CVE-2022-24834: text that grows past what an int holds, had a length that did not fit.
    let grown = "return #cjson.encode(string.rep('\\1', 64 * 1024 * 1024))"
    #expect(try evaluate(client, grown) == .integer(6 * 64 * 1024 * 1024 + 2))
    // CVE-2018-11218: values of unpack past what the stack holds, and nesting without end.
    for payload in ["string.rep('\\145', 1000000)", "string.rep('\\129\\1', 1000000)", "string.rep('\\1', 1000000)"] {
      guard case .error(let text) = try evaluate(client, "return cmsgpack.unpack(\(payload))") else {
        Issue.record("\(payload) is unpacked")
        continue
      }
      #expect(text.contains("stack overflow"))
    }
    // CVE-2018-11219: sizes whose sum wraps around.
    for call in [
      "struct.pack('c2147483648', 'a')", "struct.unpack('c2147483647', 'a')", "struct.unpack('bc2147483647', 'aa')",
      "struct.unpack('I8c0', string.rep('\\255', 7) .. '\\127a')", "struct.unpack('i4', 'aaaa', -3)",
      "struct.pack('i2147483647', 1)", "struct.unpack('!8bi8', 'a', 9223372036854775807)",
    ] {
      guard case .error = try evaluate(client, "return \(call)") else {
        Issue.record("\(call) is no error")
        continue
      }
    }
    // Depths that a script may set, and what holds itself.
    let deep = "cjson.decode_max_depth(2^31 - 1) local ok, e = pcall(cjson.decode, string.rep('[', 10000000)) return e"
    #expect(try evaluate(client, deep).text?.hasPrefix("Found too many nested data structures (") == true)
    let own = "cjson.encode_max_depth(2^31 - 1) local t = {} t[1] = t local ok, e = pcall(cjson.encode, t) return e"
    #expect(try evaluate(client, own).text?.hasPrefix("Cannot serialise, excessive nesting (") == true)
    #expect(try client.command("PING") == .simple("PONG"))
  }

  /// Where Redis answers what undefined behaviour or the order of a table makes of it.
  @Test func whereRedisIsNotFollowed() throws {
    let client = try ServerProcess(.cambium).connect()
    #expect(try evaluate(client, "return struct.unpack('i9', string.rep('\\0', 8) .. '\\1')") == .integer(0))
    #expect(try evaluate(client, "return struct.unpack('<i9', '\\128' .. string.rep('\\0', 8))") == .integer(128))
    let both = """
      local t = cjson.decode(cjson.encode({[10000000000] = 'b', [14965] = 'a'}))
      return {t['14965'], t['10000000000']}
      """
    #expect(try evaluate(client, both) == .array([.bulk("a"), .bulk("b")]))
  }

  /// Settings of cjson last for later scripts, as long as the interpreter does; a table of one's own has its own.
  @Test func settingsOfJSONLast() throws {
    let client = try ServerProcess(.cambium).connect()
    #expect(try evaluate(client, "return cjson.encode_max_depth(2)") == .integer(2))
    #expect(
      try evaluate(client, "return {cjson.encode_max_depth(), cjson.new().encode_max_depth()}")
        == .array([.integer(2), .integer(1000)]))
    #expect(try client.command("SCRIPT", "FLUSH", "SYNC") == .simple("OK"))
    #expect(try evaluate(client, "return cjson.encode_max_depth()") == .integer(1000))
  }

  /// A library's table belongs to all scripts: none may change it.
  @Test(arguments: Library.allCases)
  func librariesAreReadOnly(_ library: Library) throws {
    let name = library.rawValue
    let client = try ServerProcess(.cambium).connect()
    for script in ["\(name).extra = 1", "rawset(\(name), 'extra', 1)", "setmetatable(\(name), {})"] {
      guard case .error(let text) = try evaluate(client, script) else {
        Issue.record("\(script) is no error")
        continue
      }
      #expect(text.contains("Attempt to modify a readonly table"), "\(script)")
    }
    #expect(try evaluate(client, "return type(\(name)) .. type(\(name).extra)") == .bulk("tablenil"))
  }
}
