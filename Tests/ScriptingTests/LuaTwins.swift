import RESP
import TestSupport
import Testing

/// redis-server and this server side by side, to which the same Lua is sent.
struct LuaTwins {
  let redis: Client
  let cambium: Client

  init() throws {
    redis = try ServerProcess(.redis, directives: ["save ''"]).connect(timeoutMilliseconds: 60_000)
    cambium = try ServerProcess(.cambium, directives: ["save ''"]).connect(timeoutMilliseconds: 60_000)
  }

  /// What stands before the statements: `p(f, ...)` notes what a call returns or which error it raises, in a text that
  /// shows every byte of a string and every digit of a number, and the keys of a table in order.
  static let prelude = #"""
    local function show(value, depth)
      local kind = type(value)
      if kind == 'number' then return value ~= value and 'nan' or string.format('%.17g', value) end
      if kind == 'string' then
        return '"' .. value:gsub('[^%w %p]', function(c) return string.format('\\%03d', c:byte()) end) .. '"'
      end
      if kind == 'userdata' then return value == cjson.null and 'null' or kind end
      if kind == 'function' then return kind end
      if kind ~= 'table' then return tostring(value) end
      if depth > 60 then return '...' end
      local parts = {}
      for k, v in pairs(value) do parts[#parts + 1] = show(k, depth + 1) .. '=' .. show(v, depth + 1) end
      table.sort(parts)
      return '{' .. table.concat(parts, ',') .. '}'
    end
    local function show_all(...)
      local parts = {}
      for index = 1, select('#', ...) do parts[index] = show((select(index, ...)), 0) end
      return table.concat(parts, ' ')
    end
    local out = {}
    local function p(f, ...) out[#out + 1] = show_all(pcall(f, ...)) end

    """#

  /// The statements as one script.
  static func script(_ statements: [String]) -> String {
    prelude + statements.joined(separator: "\n") + "\nreturn out\n"
  }

  /// Has both run the statements, and records each note that differs.
  func check(_ statements: [String], _ comment: String = "", _ location: SourceLocation = #_sourceLocation) throws {
    let command = ["EVAL", Self.script(statements), "0"]
    let (expected, actual) = (try redis.command(command), try cambium.command(command))
    if expected == actual {
      #expect(!expected.elements.isEmpty, "\(expected)", sourceLocation: location)
      return
    }
    let pairs = zip(expected.elements, actual.elements).filter { $0 != $1 }.prefix(5)
    let shown = pairs.map { "redis:   \(Self.text($0))\ncambium: \(Self.text($1))" }.joined(separator: "\n")
    Issue.record(
      """
      \(comment) \(expected.elements.count) notes of redis, \(actual.elements.count) of cambium
      \(shown.isEmpty ? "redis:   \(Self.text(expected))\ncambium: \(Self.text(actual))" : shown)
      after
      \(String(statements.joined(separator: "\n").prefix(8000)))
      """, sourceLocation: location)
  }

  private static func text(_ reply: Reply) -> String {
    String((reply.text ?? "\(reply)").prefix(1000))
  }
}
