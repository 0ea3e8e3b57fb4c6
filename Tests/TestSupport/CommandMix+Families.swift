/// Commands of every family on a few shared keys, so that many of them meet a value of the wrong type; some with arguments
/// that are wrong in one place.
extension CommandMix {
  /// The families, by the letter that the names of their keys begin with.
  enum Family: String, CaseIterable {
    case hash = "h"
    case list = "l"
    case set = "s"
    case sortedSet = "z"
    case stream = "x"
    case bitmap = "b"
    case logLog = "p"
    case geo = "g"
    /// Sorted sets whose scores are all 0: in others a range of members is undefined.
    case lexical = "y"
  }

  mutating func ofAnyFamily() -> [String] {
    var command = wellFormed()
    if generator.oneIn(9) { command = damaged(command) }
    if generator.oneIn(40) { command = ["COMMAND", pick(["GETKEYS", "GETKEYSANDFLAGS"])] + command }
    return Self.isDefined(command) ? command : ["PING"]
  }

  private mutating func wellFormed() -> [String] {
    switch pick(0...19) {
    case 0...2: onHashes()
    case 3...4: onLists()
    case 5...6: onSets()
    case 7...9: onSortedSets()
    case 10: lexical()
    case 11...13: onStreams()
    case 14: onBitmaps()
    case 15: onLogLogs()
    case 16: onPlaces()
    case 17: generator.oneIn(5) ? ["OBJECT", pick(["encoding", "FREQ", "what"]), anyKey()] : sorting()
    default: onStrings()
    }
  }

  // MARK: Keys

  /// Mostly a key of the family, which need not hold a value of its type.
  mutating func key(_ family: Family) -> String {
    generator.oneIn(12) ? anyKey() : family.rawValue + "\(pick(0...2))"
  }

  /// Lexical keys, HyperLogLogs and places are no target of other families.
  mutating func anyKey() -> String {
    switch pick(0...9) {
    case 0: "k\(pick(0...6))"
    case 1: "missing"
    default: pick(["h", "l", "s", "z", "x", "b"]) + "\(pick(0...2))"
    }
  }

  /// Whether `word` is a name that the mix gives to keys.
  public static func isKey(_ word: String) -> Bool {
    guard word.count == 2, let first = word.first, let last = word.last, last.isNumber else { return word == "missing" }
    return "k".contains(first) || Family.allCases.contains { $0.rawValue == String(first) }
  }

  // MARK: Arguments

  /// Elements of collections: few different ones, of every form that an encoding tells apart.
  mutating func element() -> String {
    switch pick(0...19) {
    case 0...7: "\(pick(0...14))"
    case 8...13: pick(["a", "b", "c", "d", "e", "f", "alpha", "beta"])
    case 14: pick(["", "q\0b", "\u{ff}\u{80}\r\n", "007", "-0", "+1", "1.5", " 1"])
    case 15: pick(["127", "128", "-129", "4095", "4096", "32768", "-8388609", "2147483648", "9223372036854775807"])
    case 16: pick(["-9223372036854775808", "9223372036854775808", "99999999999999999999999"])
    case 17: pick(["exactly 16 bytes", "exactly 17 bytes."])
    default: String(repeating: pick(["x", "yz", "\u{e9}"]), count: pick([20, 64, 65, 300]))
    }
  }

  mutating func elements(_ count: ClosedRange<Int>) -> [String] { some(count) { $0.element() } }

  /// A number of elements or an index.
  mutating func small() -> String {
    generator.oneIn(12) ? wrongNumber() : pick(["0", "1", "2", "3", "5", "10", "-1", "-2", "-7", "100"])
  }

  /// Numbers that are refused, or mean all or nothing. None lies where it would take memory or be near in time.
  mutating func wrongNumber() -> String {
    pick([
      "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "", "x", "1.5",
      "+1",
      "01", " 1", "1 ", "-0", "0", "-1", "8589934592", "-8589934592", "1e3", "0x10", "nan", "inf", "-inf",
    ])
  }

  mutating func score() -> String {
    switch pick(0...9) {
    case 0...5: "\(pick(-3...9))"
    case 6: pick(["inf", "-inf", "+inf", "Infinity"])
    case 7: pick(["0.5", "-1.25", "3.0", "1e3", "1e300", "-1e-300", "0.1", "17179869184.25", "9007199254740993"])
    case 8: pick(["nan", "", "x", "1 ", " 1", "0x10", "1e400", "+5", "--1"])
    default: "\(pick(-100...100)).\(pick(0...99))"
    }
  }

  mutating func pattern() -> String {
    pick(["*", "[a-e]", "?", "*1*", "", "x*", "[^a]*", "\\*", "**", "[", "1?"])
  }

  /// What may follow a cursor. All elements come in one page: where a page ends is a server's own affair.
  mutating func scanOptions() -> [String] {
    ["COUNT", "1000"]
      + (generator.oneIn(3) ? pick([["MATCH", pattern()], ["match", pattern()], ["MATCH"], ["x", "1"]]) : [])
  }

  // MARK: Damage

  /// Commands in which a number that is not the mix's own might mean a time that is near, or endless work.
  private static let delicate: Set<String> = [
    "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "SETEX", "PSETEX", "GETEX", "SET", "HRANDFIELD", "SRANDMEMBER",
    "ZRANDMEMBER", "FLUSHALL", "FLUSHDB", "SETRANGE", "SETBIT", "BITFIELD", "PFADD", "PFMERGE",
    "GEOADD", "GEORADIUS", "GEORADIUSBYMEMBER", "GEOSEARCHSTORE",
  ]

  /// `command` with an argument too many or too few, or with another one somewhere.
  private mutating func damaged(_ command: [String]) -> [String] {
    // A server's own choice of an id is known only for the key that the mix has made for it.
    let choosesID = command[0] == "XADD" && command.contains("*")
    guard !choosesID, !Self.delicate.contains(command[0]), !command.dropFirst().contains(where: { $0.hasPrefix("y") })
    else {
      return Array(command.prefix(pick(1...command.count)))
    }
    var command = command
    let index = pick(1...command.count)
    if index == command.count || generator.oneIn(3) {
      command.insert(wrongWord(), at: index)
      return command
    }
    switch pick(0...4) {
    case 0: command.remove(at: index)
    case 1: command[index] = wrongWord()
    case 2: command.swapAt(index, pick(1...command.count - 1))
    case 3: command.append(command[index])
    default: command = Array(command.prefix(index))
    }
    return command
  }

  private mutating func wrongWord() -> String {
    switch pick(0...5) {
    case 0...1: wrongNumber()
    case 2: anyKey()
    case 3: element()
    default:
      pick([
        "NX", "XX", "GT", "LT", "CH", "INCR", "COUNT", "MATCH", "LIMIT", "WITHSCORES", "WITHVALUES", "BYSCORE", "BYLEX",
        "REV", "WEIGHTS", "AGGREGATE", "RANK", "MAXLEN", "MINID", "~", "=", "LEFT", "RIGHT", "BEFORE", "MIN", "MAX",
        "STREAMS", "GROUP", "NOACK", "JUSTID", "FORCE", "IDLE", "LASTID", "NOMKSTREAM", "MKSTREAM", "ENTRIESREAD",
        "FULL", "BY", "GET", "ASC", "DESC", "ALPHA", "STORE", "STOREDIST", "ANY", "WITHDIST", "WITHCOORD", "WITHHASH",
        "FROMMEMBER", "FROMLONLAT", "BYRADIUS", "BYBOX", "km", "BIT", "BYTE", "OVERFLOW", "SAT", "HELP", "REPLACE",
      ])
    }
  }
}
