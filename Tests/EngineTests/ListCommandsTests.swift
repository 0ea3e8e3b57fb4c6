import Engine
import RESP
import TestSupport
import Testing
import Values
import VersionedStore

@Suite struct ListCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "RPUSH l a b c", "LPUSH l z 1 2", "LRANGE l 0 -1", "LRANGE l 1 2", "LRANGE l -2 -1", "LRANGE l 5 2",
      "LRANGE l -99 99",
      "LRANGE l x 1", "LRANGE l 99 100", "LRANGE none 0 1", "LLEN l", "LLEN none", "LINDEX l 0", "LINDEX l -1",
      "LINDEX l 99",
      "LINDEX l -99", "LINDEX l x", "LINDEX none x", "LINDEX l -9223372036854775808", "LSET l 0 q", "LSET l -1 r",
      "LSET l 99 x", "LSET l x x", "LSET none 0 x", "LRANGE l 0 -1", "OBJECT ENCODING l", "TYPE l", "LPOP l", "RPOP l",
      "LPOP l 0", "LPOP l 2", "RPOP l 99", "LPOP l", "LPOP l 2", "RPOP none 0", "LPOP none -1", "LPOP none x",
      "LPOP none 1 2", "EXISTS l", "LPUSHX l a", "RPUSHX l a", "RPUSH l a b a c a", "RPUSHX l d e", "LREM l 1 a",
      "LREM l -1 a", "LRANGE l 0 -1", "LREM l 0 a", "LREM l 0 none", "LREM none 0 a", "LREM l x a",
      "LINSERT l BEFORE b x",
      "LINSERT l AFTER b y", "LINSERT l AFTER none y", "LINSERT none AFTER a y", "LINSERT l BESIDE a y",
      "LRANGE l 0 -1",
      "LTRIM l 1 -2", "LRANGE l 0 -1", "LTRIM l 5 1", "EXISTS l", "LTRIM none 0 1", "LTRIM l x 1", "RPUSH l 1 2 3",
      "RPOPLPUSH l m", "RPOPLPUSH l l", "RPOPLPUSH none l", "LMOVE l m LEFT RIGHT", "LMOVE l m LEFT UP",
      "LRANGE m 0 -1",
      "LRANGE l 0 -1", "SET s 1", "LPUSH s 1", "RPUSHX s 1", "LPOP s", "LLEN s", "LRANGE s 0 1", "LINDEX s 0",
      "LSET s 0 1",
      "LREM s 0 1", "LTRIM s 0 1", "LINSERT s BEFORE a b", "RPOPLPUSH l s", "RPOPLPUSH s l", "EXPIRE l 100",
      "RPUSH l x",
      "TTL l", "GET l", "STRLEN l", "RPUSH p a b c a b c", "LPOS p a", "LPOS p a RANK 0",
      "LPOS p a RANK -9223372036854775808", "LPOS p a RANK x", "LPOS p a COUNT -1", "LPOS p a MAXLEN -1",
      "LPOS p a COUNT x", "LPOS p a FOO", "LPOS none a", "LPOS none a COUNT 1", "LPOS p a RANK 2 COUNT 0",
      "LPOS p a RANK -1 COUNT 2 MAXLEN 3", "LPOS p z", "LPOS p z COUNT 0", "LPOS p a RANK", "LPOS p b RANK 2",
      "LPOS p b RANK -2", "LPOS p b RANK 3", "LPOS p b COUNT 0", "LPOS s a", "LMPOP 0 p LEFT", "LMPOP x p LEFT",
      "LMPOP 1 p UP", "LMPOP 2 p LEFT", "LMPOP 1 p LEFT COUNT 0", "LMPOP 1 p LEFT COUNT x", "LMPOP 1 p LEFT FOO 1",
      "LMPOP 1 none LEFT", "LMPOP 1 p LEFT COUNT 2", "LMPOP 2 none p RIGHT COUNT 9", "EXISTS p", "LMPOP 1 s LEFT",
      "LMPOP 9223372036854775807 p LEFT", "LMPOP 1 p LEFT COUNT 0 x", "LMPOP 1 p LEFT COUNT 2 x",
      "LMPOP 1 p LEFT COUNT",
    ])
  }

  /// The only element of a list that goes back to where it comes from never leaves it, nor does the key.
  @Test func anElementMovedWithinItsListKeepsTheTimeToLive() throws {
    var commands: [String] = []
    for move in ["RPOPLPUSH l l", "LMOVE l l LEFT LEFT", "LMOVE l l LEFT RIGHT", "LMOVE l l RIGHT LEFT"] {
      commands += ["DEL l", "RPUSH l a", "EXPIRE l 1000", move, "TTL l", "LRANGE l 0 -1"]
      commands += ["RPUSH l b", move, "TTL l", "LRANGE l 0 -1", "TYPE l"]
    }
    try Transcript().isSame(commands)
  }

  @Test(arguments: ["8", "-1"])
  func randomCommandsAnswerAsRedis(size: String) throws {
    try TypeDifferential().run { generator in Self.command(&generator, long: size == "-1") }
  }

  /// Elements of so many bytes in leaves of their own.
  @Test func randomCommandsWithPlainElementsAnswerAsRedis() throws {
    var differential = TypeDifferential()
    differential.directives.append("enable-debug-command yes")
    try differential.run { generator in
      guard generator.oneIn(50) else { return Self.command(&generator, long: false) }
      let size = ["1b", "2b", "10b", "60b", "0"].randomElement(using: &generator)!
      return ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", size]
    }
  }

  private static func command(_ generator: inout SeededGenerator, long: Bool) -> [String] {
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var key: String { "list:\(number(3))" }
    var element: String {
      switch number(long ? 4 : 12) {
      case 0: String(repeating: "e", count: number(long ? 3000 : 80))
      case 1..<4: "x\(number(6))"
      default: "\(number(9) - 4)"
      }
    }
    var elements: [String] { (0..<1 + number(6)).map { _ in element } }
    var index: String { "\(number(60) - 30)" }
    switch number(22) {
    case 0..<5: return ["RPUSH", key] + elements
    case 5..<9: return ["LPUSH", key] + elements
    case 9: return [["LPUSHX", "RPUSHX"][number(2)], key, element]
    case 10: return [["LPOP", "RPOP"][number(2)], key]
    case 11: return [["LPOP", "RPOP"][number(2)], key, "\(number(12))"]
    case 12: return ["LINDEX", key, index]
    case 13: return ["LSET", key, index, element]
    case 14: return ["LRANGE", key, index, index]
    case 15: return ["LRANGE", key, "0", "-1"]
    case 16: return number(4) == 0 ? ["LTRIM", key, index, index] : ["LTRIM", key, "1", "-2"]
    case 17: return ["LREM", key, "\(number(7) - 3)", element]
    case 18: return ["LINSERT", key, ["BEFORE", "AFTER"][number(2)], element, element]
    case 19: return ["RPOPLPUSH", key, key]
    case 20: return ["LMOVE", key, key, ["LEFT", "RIGHT"][number(2)], ["LEFT", "RIGHT"][number(2)]]
    default: return [["RENAME", "COPY"][number(2)], key, key]
    }
  }

  @Test(arguments: [5, 5000])
  func versionsKeepTheirElements(count: Int) throws {
    let harness = EngineHarness()
    try harness.run(["RPUSH", "l"] + (0..<count).map { "element:\($0)" })
    try harness.run("VERSION", "CREATE")
    try harness.run("LSET", "l", "3", "new")
    try harness.run("LPOP", "l", "2")
    #expect(try harness.run("LINDEX", "l", "1") == .bulk(Array("new".utf8)))
    #expect(try harness.run("VERSION", "READ", "1", "LINDEX", "l", "3") == .bulk(Array("element:3".utf8)))
    #expect(try harness.run("VERSION", "READ", "1", "LLEN", "l") == .integer(count))
    try harness.run("VERSION", "ROLLBACK", "1")
    #expect(try harness.run("LINDEX", "l", "0") == .bulk(Array("element:0".utf8)))
    #expect(try harness.run("LLEN", "l") == .integer(count))
  }

  // MARK: Leaves

  private func nodes(_ harness: EngineHarness) throws -> (count: Int, byteCount: Int) {
    let dataset = harness.engine.keyspace.live
    let entry = Array("l".utf8).withBytes { dataset.head.find(0, $0, dataset.hash($0)) }
    return ListReader(try #require(entry)).nodes
  }

  /// What is left of a list that lost most of its elements stands in few leaves, wherever they were taken from.
  @Test(arguments: [16, -1])
  func smallLeavesAreJoined(size: Int) throws {
    let harness = EngineHarness()
    let generator = SeededGenerator()
    var random = generator
    harness.engine.settings.encodingLimits.listSize = size
    let count = 4000
    var model = (0..<count).map { "element:\($0)" }
    try harness.run(["RPUSH", "l"] + model)
    let perLeaf = count / (try nodes(harness).count)
    try harness.run("VERSION", "CREATE", "v")
    while model.count > 300 {
      let index = Int.random(in: 0..<model.count, using: &random)
      switch Int.random(in: 0..<20, using: &random) {
      case 0:
        let (first, last) = (Int.random(in: 0..<9, using: &random), model.count - Int.random(in: 1..<9, using: &random))
        try harness.run("LTRIM", "l", "\(first)", "\(last)")
        model = Array(model[first...last])
      case 1:
        try harness.run("LINSERT", "l", "BEFORE", model[index], "new")
        model.insert("new", at: index)
        try harness.run("LREM", "l", "0", "new")
        model.removeAll { $0 == "new" }
      default:
        try harness.run("LREM", "l", "1", model[index])
        model.remove(at: index)
      }
    }
    #expect(try harness.run("LRANGE", "l", "0", "-1").elements.compactMap(\.text) == model, "\(generator)")
    // Of two leaves side by side at least one is filled to a quarter, or both together are to a half.
    #expect(try nodes(harness).count <= 4 * model.count / perLeaf * 2 + 2, "\(generator)")
    #expect(try harness.run("VERSION", "READ", "v", "LLEN", "l") == .integer(count))
    // Long elements that become short ones.
    try harness.run("DEL", "l")
    try harness.run(["RPUSH", "l"] + (0..<200).map { _ in String(repeating: "x", count: 5000) })
    #expect(try nodes(harness).count == 200)
    for index in 0..<200 { try harness.run("LSET", "l", "\(index)", "\(index)") }
    #expect(try nodes(harness).count <= (size == 16 ? 60 : 8))
    #expect(try harness.run("LRANGE", "l", "0", "-1").elements.compactMap(\.text) == (0..<200).map(String.init))
  }

  /// DEBUG QUICKLIST-PACKED-THRESHOLD: long elements have a leaf each, short ones beside each other share one.
  @Test func plainElementsStandAlone() throws {
    let settings = Settings()
    settings.enableDebugCommand = .yes
    let harness = EngineHarness(settings: settings)
    try harness.run("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "5b")
    for (commands, count) in [
      ([["RPUSH", "l", "a", "b", "long1", "c", "d"]], 3), ([["LINSERT", "l", "BEFORE", "d", "long2"]], 5),
      ([["LSET", "l", "0", "long0"]], 6), ([["LSET", "l", "2", "e"]], 4), ([["LPUSH", "l", "x", "y"]], 5),
    ] {
      for command in commands { #expect(try harness.run(command).errorText == nil) }
      #expect(try nodes(harness).count == count, "\(commands)")
    }
    #expect(
      try harness.run("LRANGE", "l", "0", "-1").elements.compactMap(\.text)
        == ["y", "x", "long0", "b", "e", "c", "long2", "d"])
    try harness.run("LREM", "l", "0", "b")
    try harness.run("LREM", "l", "0", "e")
    #expect(try nodes(harness).count == 5)
  }
}
