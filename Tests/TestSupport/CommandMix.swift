/// Random commands on strings and on keys of any kind, or of all families, to be sent to two servers that should answer
/// alike.
///
/// Times are absolute and far away, and nothing is asked whose answer depends on the moment. The keys are so few that most
/// commands meet one that is there.
public struct CommandMix {
  public enum Breadth: Sendable {
    /// Strings and keys of any kind, in form.
    case strings
    /// Every family, also with arguments that are wrong in any way.
    case allFamilies
  }

  public var generator: SeededGenerator
  let breadth: Breadth
  /// The last time in an id of a stream.
  var streamTime = 0

  public init(_ generator: SeededGenerator, _ breadth: Breadth = .strings) {
    self.generator = generator
    self.breadth = breadth
  }

  public mutating func next() -> [String] {
    breadth == .strings ? onStrings() : ofAnyFamily()
  }

  mutating func onStrings() -> [String] {
    switch Int.random(in: 0..<100, using: &generator) {
    case 0..<18: reading()
    case 18..<38: setting()
    case 38..<52: counting()
    case 52..<64: writing()
    case 64..<78: expiring()
    case 78..<90: moving()
    case 90..<94: database()
    default: asking()
    }
  }

  /// Whether the order of the elements of a command's reply is the server's own affair.
  public static func isUnordered(_ command: [String]) -> Bool {
    ["KEYS", "SCAN"].contains(command[0])
  }

  // MARK: Families

  private mutating func reading() -> [String] {
    switch pick(0...5) {
    case 0: ["GET", key()]
    case 1: ["MGET"] + some(1...4) { $0.key() }
    case 2: ["STRLEN", key()]
    case 3: [pick(["GETRANGE", "SUBSTR"]), key(), offset(), offset()]
    case 4: ["LCS", key(), key()] + some(0...2) { $0.subsequenceOption() }.flatMap { $0 }
    default: ["OBJECT", "ENCODING", key()]
    }
  }

  private mutating func setting() -> [String] {
    switch pick(0...10) {
    case 0...3: ["SET", key(), value()]
    case 4...5: ["SET", key(), value()] + some(0...3) { $0.setOption() }.flatMap { $0 }
    case 6: ["SETNX", key(), value()]
    case 7: [pick(["SETEX", "PSETEX"]), key(), badTime(), value()]
    case 8: ["MSET"] + some(1...3) { [$0.key(), $0.value()] }.flatMap { $0 } + some(0...1) { $0.key() }
    case 9: ["MSETNX"] + some(1...3) { [$0.key(), $0.value()] }.flatMap { $0 }
    default: pick([["GETSET", key(), value()], ["GETDEL", key()], ["GETEX", key()] + getexOption()])
    }
  }

  private mutating func counting() -> [String] {
    switch pick(0...3) {
    case 0: [pick(["INCR", "DECR"]), key()]
    case 1: ["INCRBY", key(), number()]
    case 2: ["DECRBY", key(), number()]
    default: ["INCRBYFLOAT", key(), float()]
    }
  }

  private mutating func writing() -> [String] {
    pick(0...1) == 0
      ? ["APPEND", key(), value()]
      : [
        "SETRANGE", key(), pick(["0", "1", "5", "44", "200", "-1", "x", "536870912", "9223372036854775807"]), value(),
      ]
  }

  private mutating func expiring() -> [String] {
    switch pick(0...5) {
    case 0...1:
      ["EXPIREAT", key(), time(seconds: true)] + some(0...2) { $0.pick(["NX", "XX", "gt", "LT", "YY"]) }
    case 2: ["PEXPIREAT", key(), time(seconds: false)] + some(0...1) { $0.pick(["NX", "xx", "GT", "lt"]) }
    case 3: [pick(["EXPIRE", "PEXPIRE"]), key(), badTime()]
    case 4: [pick(["EXPIRETIME", "PEXPIRETIME"]), key()]
    default: ["PERSIST", key()]
    }
  }

  private mutating func moving() -> [String] {
    switch pick(0...4) {
    case 0: ["RENAME", key(), key()]
    case 1: ["RENAMENX", key(), key()]
    case 2: ["MOVE", key(), databaseNumber()]
    case 3:
      ["COPY", key(), key()] + some(0...2) { $0.pick([["REPLACE"], ["DB", $0.databaseNumber()]]) }.flatMap { $0 }
    default: [pick(["DEL", "UNLINK"])] + some(1...2) { $0.key() }
    }
  }

  private mutating func database() -> [String] {
    switch pick(0...9) {
    case 0...5: ["SELECT", databaseNumber()]
    case 6...7: ["SWAPDB", databaseNumber(), databaseNumber()]
    case 8 where breadth == .strings || generator.oneIn(20):
      ["FLUSHDB"] + some(0...1) { $0.pick(["SYNC", "async", "later"]) }
    // With all families there is more to lose.
    case _ where breadth == .allFamilies: ["SELECT", "0"]
    default: ["FLUSHALL"] + some(0...1) { $0.pick(["SYNC", "async", "later"]) }
    }
  }

  private mutating func asking() -> [String] {
    switch pick(0...6) {
    case 0: ["EXISTS"] + some(1...3) { $0.key() }
    case 1: ["TOUCH"] + some(1...3) { $0.key() }
    case 2: ["TYPE", key()]
    case 3: ["DBSIZE"]
    case 4: ["KEYS", pick(["*", "k*", "k[0-3]", "?1", "none", ""])]
    case 5:
      ["SCAN", pick(["0", "0", "", "x", " 0"]), "COUNT", "1000"]
        + some(0...1) { _ in ["MATCH", "k[12]*"] }.flatMap { $0 }
    default:
      pick([["TTL", "missing"], ["PTTL", "missing"], ["OBJECT", "FREQ", key()], ["OBJECT", "what", key()], ["GET"]])
    }
  }

  // MARK: Arguments

  mutating func key() -> String {
    breadth == .allFamilies && generator.oneIn(4) ? anyKey() : "k\(pick(0...6))"
  }

  mutating func value() -> String {
    switch pick(0...7) {
    case 0: ""
    case 1...2: number()
    case 3: float()
    case 4: text(44)
    case 5: text(pick(43...46))
    case 6: text(pick(180...220))
    default: text(pick(0...12))
    }
  }

  mutating func text(_ count: Int) -> String {
    String((0..<count).map { _ in pick(["a", "b", "c", "d", "x", "\r", "\n", "\0"] as [Character]) })
  }

  mutating func number() -> String {
    pick([
      "0", "1", "-1", "7", "9999", "10000", "-123", "9223372036854775807", "-9223372036854775808",
      "9223372036854775808", "00", "+1", " 1", "1 ", "", "1.0", "abc", String(pick(-1000...1000)),
    ])
  }

  mutating func float() -> String {
    pick([
      "0.1", "-0.1", "1e5", "1.5e-3", "3", "-3", "inf", "-inf", "nan", "1e400", "3.0", ".5", "5.", "0x10", "abc", "",
      " 1", "17179869184.25", "1e18", "\(pick(-100...100)).\(pick(0...9999))",
    ])
  }

  mutating func offset() -> String {
    pick(["0", "-1", "1", "3", "-3", "50", "-50", "9223372036854775807", "-9223372036854775808", "x"])
  }

  mutating func time(seconds: Bool) -> String {
    // Years from now, or long ago.
    let far = Int.random(in: 10_000_000_000...10_000_000_010, using: &generator)
    return pick([
      "\(seconds ? far : far * 1000 + 499)", "\(seconds ? far : far * 1000 + 500)", "1", "0", "-1",
      "9223372036854775807", "-9223372036854775808", "9223372036854775", "x",
    ])
  }

  /// A relative time that is refused, or that is over at once.
  mutating func badTime() -> String {
    pick(["0", "-1", "-100000", "9223372036854775807", "9223372036854775000", "-9223372036854775808", "x", ""])
  }

  mutating func databaseNumber() -> String {
    pick(["0", "0", "1", "1", "2", "15", "16", "-1", "x", "2147483648"])
  }

  mutating func setOption() -> [String] {
    pick([
      ["NX"], ["xx"], ["GET"], ["keepttl"], ["EX"], ["EX", badTime()], ["px", badTime()],
      ["EXAT", time(seconds: true)],
      ["pxat", time(seconds: false)], ["PERSIST"], ["what"],
    ])
  }

  mutating func getexOption() -> [String] {
    pick([
      [], ["PERSIST"], ["EX", badTime()], ["PX", badTime()], ["exat", time(seconds: true)],
      ["PXAT", time(seconds: false)], ["KEEPTTL"], ["PERSIST", "EX", "10"],
    ])
  }

  mutating func subsequenceOption() -> [String] {
    pick([
      ["LEN"], ["IDX"], ["idx", "WITHMATCHLEN"], ["MINMATCHLEN", pick(["0", "2", "-1", "x"])], ["MINMATCHLEN"], ["?"],
    ])
  }

  // MARK: Choice

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &generator)]
  }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func some<Element>(_ count: ClosedRange<Int>, _ element: (inout CommandMix) -> Element) -> [Element] {
    (0..<pick(count)).map { _ in element(&self) }
  }
}
