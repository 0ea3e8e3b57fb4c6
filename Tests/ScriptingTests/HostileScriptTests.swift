import Testing

/// Scripts that try to get out, to stay, or to bring the server down: each ends with an error or its due reply, and the
/// next one is served.
struct HostileScriptTests {
  /// Little memory, so that it runs out soon.
  let server = ScriptHarness(memoryLimit: 64 << 20)

  @Test(arguments: [
    "_G.x = 1", "x = 1", "rawset(_G, 'x', 1)", "redis.call = 1", "redis.extra = 1", "string.rep = nil",
    "table.insert(redis, 1)", "table.insert(redis, 1, 2)", "setmetatable(_G, {})", "setmetatable(redis, nil)",
    "getmetatable(_G).__index = nil", "getmetatable('').__index = nil", "getmetatable('').__index.x = 1",
    "coroutine.wrap = nil", "_G._G = {}", "KEYS = {}", "rawset(math, 'pi', 3)", "cjson.encode = nil", "bit.bor = nil",
  ])
  func globalsAreReadOnly(_ script: String) {
    #expect(server.eval(script).contains("Attempt to modify a readonly table"))
    #expect(
      server.eval("return {type(redis.call), type(string.rep), math.pi > 3.1, type(getmetatable('').__index)}")
        == "*4\r\n$8\r\nfunction\r\n$8\r\nfunction\r\n:1\r\n$5\r\ntable\r\n")
  }

  @Test(arguments: [
    "debug", "os", "io", "package", "require", "dofile", "loadfile", "print", "getfenv", "setfenv", "newproxy",
    "nothing",
  ])
  func whatIsUnsafeIsNotThere(_ name: String) {
    #expect(server.eval("return \(name)").contains("Script attempted to access nonexistent global variable '\(name)'"))
  }

  @Test func protectedTablesCanBeWalked() {
    #expect(server.eval("local n = 0 for k, v in pairs(redis) do n = n + 1 end return n > 15") == ":1\r\n")
    #expect(server.eval("local n = 0 for k in next, string do n = n + 1 end return n > 10") == ":1\r\n")
    #expect(server.eval("local n = 0 table.foreach(math, function() n = n + 1 end) return n > 20") == ":1\r\n")
    #expect(server.eval("return rawget(redis, 'REDIS_VERSION')") == "$6\r\n7.0.15\r\n")
  }

  @Test(arguments: [
    "return loadstring(string.dump(function() return 1 end))()",
    "return load(function() return '\\27Lua' end)()",
    "local n = 0 return load(function() n = n + 1 return n == 1 and string.dump(function() end) or nil end)()",
  ])
  func bytecodeIsRefused(_ script: String) { #expect(server.eval(script).contains("attempt to call a nil value")) }

  @Test func bytecodeAsAScriptIsRefused() {
    let reply = server.eval("\u{1b}LuaQ")
    #expect(reply.hasPrefix("-ERR Error compiling script (new function): user_script:1: unexpected symbol near"))
  }

  @Test(arguments: [
    ("local function f() return f() + 1 end return f()", "stack overflow"),
    ("return unpack({}, 1, 1e7)", "too many results to unpack"),
    ("return unpack({}, -2147483648, 2147483647)", "too many results to unpack"),
    ("return #string.rep('x', 2147483647)", ""),
    ("return #string.rep('abcdefgh', 2147483647)", "resulting string too large"),
    ("return string.rep('', 2147483647)", ""),
    ("return string.find(string.rep('a', 100000), string.rep('a?', 100000))", "pattern too complex"),
    ("return string.gsub('x', string.rep('(', 100000), '')", "pattern too complex"),
    ("local s = string.rep('(', 300) return loadstring('return ' .. s)", ""),
    ("return loadstring(string.rep('a..', 100000) .. 'a')", ""),
    ("local t = {} t[1] = t return t", "reached lua stack limit"),
    ("local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x", "stack overflow"),
    ("return coroutine.wrap(function() return coroutine.wrap(function() error('deep') end)() end)()", "deep"),
    ("error(setmetatable({}, {__index = function() error('x') end}))", "unknown error"),
    ("error({})", "unknown error"),
    ("error({err = {}})", "unknown error"),
    ("return xpcall(function() error('x') end, function() error('y') end)", ""),
    ("error('a\\r\\nb')", "a  b"),
    ("return table.concat({}, 'x', 1, 2147483647)", "invalid value"),
    ("return setmetatable({}, {__mode = 'k', __gc = function() redis.call('flushall') end})", ""),
    ("for i = 1, 300 do local f = coroutine.create(function() end) end return 1", ":1"),
  ])
  func whatIsTooMuchIsAnError(_ script: String, _ text: String) {
    let reply = server.eval(script)
    #expect(reply.contains(text))
    #expect(reply.hasSuffix("\r\n"))
    #expect(server.eval("return 'alive'") == "$5\r\nalive\r\n")
  }

  @Test(arguments: [
    "local t = {} for i = 1, 1e9 do t[i] = {i} end", "local s = 'x' while true do s = s .. s end",
    "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "local ok, e = pcall(function() local t = {} while true do t = {t} end end) return e",
    "pcall(function() local t = {} while true do t = {t} end end) return {('x'):rep(1000) .. 'not enough memory'}",
  ])
  func memoryThatRunsOutIsGivenBack(_ script: String) {
    let server = ScriptHarness(memoryLimit: 8 << 20)
    for _ in 1...3 {
      #expect(server.eval(script).contains("not enough memory"))
      #expect(server.eval("return 'alive'") == "$5\r\nalive\r\n")
    }
  }

  @Test func nestedCoroutinesDoNotOverflow() {
    let script = """
      local function nest(n) return coroutine.wrap(function() return nest(n + 1) end)() end
      return nest(1)
      """
    #expect(server.eval(script).contains("C stack overflow"))
    #expect(server.eval("return 1") == ":1\r\n")
  }

  @Test func aReplyThatWouldNeverEndIsRefused() {
    // 2^30 elements, none of which takes memory of Lua's.
    let script = "local t = {} for i = 1, 30 do t = {t, t} end return t"
    #expect(server.eval(script).hasPrefix("-ERR Error running script"))
    #expect(server.eval("return 1") == ":1\r\n")
  }

  @Test func theParserMayCallAScriptThatCollects() {
    let script = """
      local n = 0
      return load(function()
        n = n + 1
        for i = 1, 100 do local s = ('x'):rep(i * 100) end
        collectgarbage()
        return n == 1 and 'return' or n == 2 and ' 42' or nil
      end, 'a name that is nowhere else ' .. KEYS[1])()
      """
    #expect(server.text("eval", script, "1", "k") == ":42\r\n")
  }
}
