public import RESP

/// How two servers' replies to one command are to be compared.
extension CommandMix {
  public enum Comparison: Equatable, Sendable {
    /// Byte for byte.
    case exact
    /// As multisets of groups of so many elements: the order is the server's own affair.
    case unordered(groups: Int)
    /// Elements are drawn at random: so many, and out of the same ones.
    case drawn
    /// Members are drawn at random and removed.
    case popped
    /// With times of the present in it, which are left out.
    case timed
  }

  public static func comparison(of command: [String]) -> Comparison {
    let words = command.map { $0.uppercased() }
    switch words[0] {
    case "KEYS", "SCAN", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SSCAN", "HKEYS", "HVALS":
      return .unordered(groups: 1)
    case "HGETALL", "HSCAN", "ZSCAN": return .unordered(groups: 2)
    case "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER": return .drawn
    case "SPOP": return .popped
    case "SORT", "SORT_RO":
      guard words.contains("BY"), value(of: "STORE", in: words, command) == nil else { return .exact }
      let isByKeys = !words.indices.dropLast().contains { words[$0] == "BY" && !words[$0 + 1].contains("*") }
      if isByKeys { return words.contains("ALPHA") ? .unordered(groups: 1) : .exact }
      return words.contains("LIMIT") ? .drawn : .unordered(groups: 1)
    case "XPENDING" where command.count > 3: return .timed
    case "XINFO" where command.count > 2: return .timed
    default: return .exact
    }
  }

  /// What follows the last of an option's keywords.
  private static func value(of option: String, in words: [String], _ command: [String]) -> String? {
    words.lastIndex(of: option).flatMap { $0 + 1 < command.count ? command[$0 + 1] : nil }
  }

  /// Whether the answer to `command`, and what it stores, is laid down: equal weights of SORT are in no order, and a range
  /// of members is one only where all scores are equal.
  static func isDefined(_ command: [String]) -> Bool {
    let words = command.map { $0.uppercased() }
    if words[0] == "COMMAND" { return true }
    if dependsOnClock(words) { return false }
    // Where few are left, Redis makes a new set of them, and its encoding depends on which they are.
    if words[0] == "SPOP", words.count == 3, let count = Int(words[2]), count > 4 { return false }
    if words[0] == "SORT" || words[0] == "SORT_RO" {
      let isByKeys = command.contains { $0.contains("*") } && words.contains("BY") && words.contains("ALPHA")
      // What GET looks up of elements that are drawn is drawn too.
      let isDrawn = words.contains("BY") && words.contains("LIMIT") && words.contains("GET")
      return !isDrawn && !(isByKeys && (words.contains("LIMIT") || words.contains("STORE")))
    }
    // Redis stores at the last key that is named, and we at no more than one.
    if words[0].hasPrefix("GEORADIUS"), words.count(where: { $0 == "STORE" || $0 == "STOREDIST" }) > 1 { return false }
    // Where a page of a scan ends is a server's own affair.
    if ["SCAN", "HSCAN", "SSCAN", "ZSCAN"].contains(words[0]) {
      let cursor = words.dropFirst(words[0] == "SCAN" ? 1 : 2).first
      // What begins with a sign or a blank may be read as a number too.
      let isNumber = cursor?.first.map { $0.isNumber || "+- ".contains($0) } ?? false
      let isFirst = cursor == nil || cursor == "0" || !isNumber
      return isFirst && words.count { $0 == "COUNT" } == 1 && (words.contains("1000") || words.contains("500"))
    }
    if words[0].hasSuffix("BYLEX") || words[0] == "ZLEXCOUNT" || words.contains("BYLEX") {
      return words.count < 2 || command[words[0] == "ZRANGESTORE" ? min(2, words.count - 1) : 1].hasPrefix("y")
    }
    return true
  }

  /// Whether a time to live begins now, which is another millisecond for each server, or is asked for. Times are meant that
  /// are not refused because the sum would run over.
  private static func dependsOnClock(_ words: [String]) -> Bool {
    func lasts(_ index: Int) -> Bool {
      index < words.count && Int(words[index]).map { (1...9_223_370_000_000_000_000).contains($0) } ?? false
    }
    switch words[0] {
    case "EXPIRE", "PEXPIRE", "SETEX", "PSETEX": return lasts(2)
    case "SET", "GETEX": return words.indices.contains { ["EX", "PX"].contains(words[$0]) && lasts($0 + 1) }
    case "RESTORE": return lasts(2) && !words.contains("ABSTTL")
    case "TTL", "PTTL": return words.count == 2
    default: return false
    }
  }

  /// The bytes of a word: each of its characters is one.
  public static func bytes(of word: String) -> [UInt8] {
    word.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }
}

extension Reply {
  /// A reply's elements, however deep, maps and sets as arrays.
  public var elements: [Reply] {
    switch self {
    case .array(let elements), .set(let elements), .push(let elements): elements
    case .map(let pairs): pairs.flatMap { [$0.key, $0.value] }
    default: []
    }
  }

  /// The reply with the elements of its innermost arrays put into one order, in groups of `size`.
  public func ordered(inGroupsOf size: Int) -> Reply {
    switch self {
    case .array(let elements) where elements.contains { !$0.elements.isEmpty }:
      return .array(elements.map { $0.ordered(inGroupsOf: size) })
    case .array, .set, .map:
      let all = elements
      let groups = stride(from: 0, to: all.count, by: size).map { Array(all[$0..<min($0 + size, all.count)]) }
      let sorted = groups.sorted { "\($0)" < "\($1)" }.flatMap { $0 }
      if case .set = self { return .set(sorted) }
      if case .map = self {
        return .map(stride(from: 0, to: sorted.count - 1, by: 2).map { .init(sorted[$0], sorted[$0 + 1]) })
      }
      return .array(sorted)
    default: return self
    }
  }

  /// The reply without the times that XPENDING and XINFO tell, and without the nodes of Redis's own tree.
  public var withoutTimes: Reply {
    switch self {
    case .array(let elements):
      // What is pending: an id, a consumer perhaps, a time, a number of deliveries.
      if (3...4).contains(elements.count), case .bulk(let id) = elements[0], id.contains(UInt8(ascii: "-")),
        case .integer = elements[elements.count - 1], case .integer = elements[elements.count - 2]
      {
        var rest = elements
        rest.remove(at: elements.count - 2)
        return .array(rest)
      }
      return .array(Self.withoutTimes(elements))
    case .map(let pairs):
      return .array(Self.withoutTimes(pairs.flatMap { [$0.key, $0.value] }))
    default: return self
    }
  }

  private static func withoutTimes(_ elements: [Reply]) -> [Reply] {
    var (rest, index) = ([Reply](), 0)
    while index < elements.count {
      if ["idle", "seen-time", "radix-tree-keys", "radix-tree-nodes"].contains(elements[index].text) {
        index += 2
      } else {
        rest.append(elements[index].withoutTimes)
        index += 1
      }
    }
    return rest
  }
}
