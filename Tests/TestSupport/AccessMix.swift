/// Random access rules, most of them good, and commands to hold against them.
public enum AccessMix {
  private static let categories = [
    "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream",
    "admin", "fast", "slow", "dangerous", "connection", "transaction", "nosuch",
  ]
  private static let commandNames = [
    "get", "SET", "mget", "sort", "del", "config", "client", "client|id", "config|get", "object", "object|encoding",
    "xinfo|stream", "xinfo", "zunionstore", "ping", "select", "debug", "info", "nosuch", "client|nosuch",
  ]
  private static let firstArguments = [
    "select|0", "select|1", "debug|object", "get|x", "config|get", "client|nosuch", "config|get|x", "nosuch|x",
    "debug|",
  ]
  private static let patterns = ["*", "a*", "r?", "w[1-3]", "x", "", "a*", "[^a]*"]
  private static let words = [
    "on", "off", "nopass", "resetpass", ">one", ">two", "<one", "<two", "allkeys", "resetkeys", "allchannels",
    "resetchannels", "allcommands", "nocommands", "clearselectors", "sanitize-payload", "skip-sanitize-payload",
    "reset",
    "#34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6",
    "!34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6", "#12", "nonsense", "(", "%X~a", "%RR~a",
  ]

  /// A few rules for one ACL SETUSER.
  public static func rules(_ generator: inout SeededGenerator) -> [String] {
    (0..<Int.random(in: 1...4, using: &generator)).map { _ in rule(&generator) }
  }

  private static func rule(_ generator: inout SeededGenerator) -> String {
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<2: return words.randomElement(using: &generator)!
    case 2: return "resetkeys"
    case 3: return "resetchannels"
    case 4:
      let inner = (0..<Int.random(in: 0...3, using: &generator)).map { _ in selectorRule(&generator) }
      return "(" + inner.joined(separator: " ") + ")"
    default: return selectorRule(&generator)
    }
  }

  private static func selectorRule(_ generator: inout SeededGenerator) -> String {
    let sign = Bool.random(using: &generator) ? "+" : "-"
    let pattern = patterns.randomElement(using: &generator)!
    switch Int.random(in: 0..<12, using: &generator) {
    case 0..<3: return sign + "@" + categories.randomElement(using: &generator)!
    case 3..<6: return sign + commandNames.randomElement(using: &generator)!
    case 6: return "+" + firstArguments.randomElement(using: &generator)!
    case 7: return sign + "@all"
    case 8: return "~" + pattern
    case 9: return "&" + pattern
    case 10:
      // Every key for both is shown as `~*`, which Redis forgets in reading: here it stands where it can be read back.
      let isEveryKey = pattern.allSatisfy { $0 == "*" }
      return (isEveryKey ? ["%R~", "%W~"] : ["%R~", "%W~", "%RW~", "%wr~"]).randomElement(using: &generator)! + pattern
    default: return ["resetkeys", "allkeys", "resetchannels", "nocommands"].randomElement(using: &generator)!
    }
  }

  /// Commands to ask about.
  public static let questions: [[String]] =
    [
      "GET a1", "GET r1", "SET w1 v", "SET w1 v GET", "SET w9 v EX 3", "MSET a1 1 w2 2", "MGET a1 r1 x", "DEL a1 w1",
      "COPY r1 w1",
      "SORT r1 STORE w1", "SORT r1", "SORT_RO r1", "CONFIG GET x", "CONFIG SET x y", "CLIENT ID", "SELECT 0",
      "SELECT 1",
      "DEBUG object", "DEBUG digest", "ZUNIONSTORE w1 2 r1 a1", "ZUNIONSTORE w1 3 r1 a1", "XREAD STREAMS r1 a1 0 0",
      "BITFIELD r1 GET u8 0", "BITFIELD r1 SET u8 0 1", "OBJECT ENCODING a1", "OBJECT HELP", "EXISTS a1 r1", "PING",
      "AUTH x",
      "INFO", "XINFO STREAM a1", "HEXISTS w1 f", "STRLEN r1", "GEORADIUS r1 0 0 1 m STORE w1", "LMPOP 1 a1 LEFT",
      "RENAME a1 w1",
      "SINTERCARD 2 r1 a1", "TOUCH ''", "COMMAND", "FLUSHALL", "KEYS *", "MULTI", "PFCOUNT a1", "LPUSH w2 e",
    ].map { $0.split(separator: " ").map { $0 == "''" ? "" : String($0) } }
}
