/// Commands on hashes, lists and sets.
extension CommandMix {
  mutating func onHashes() -> [String] {
    let key = key(.hash)
    switch pick(0...19) {
    case 0...4: return [pick(["HSET", "hset", "HMSET"]), key] + pairs(1...3)
    case 5: return ["HSET", key] + pairs(1...12)
    case 6: return ["HSETNX", key, element(), element()]
    case 7: return ["HGET", key, element()]
    case 8: return ["HMGET", key] + elements(1...4)
    case 9...10: return ["HDEL", key] + elements(1...4)
    case 11: return [pick(["HLEN", "HKEYS", "HVALS", "HGETALL"]), key]
    case 12: return ["HGETALL", key]
    case 13: return [pick(["HSTRLEN", "HEXISTS"]), key, element()]
    case 14...15: return ["HINCRBY", key, element(), number()]
    case 16: return ["HINCRBYFLOAT", key, element(), float()]
    case 17: return ["HSCAN", key, "0"] + scanOptions()
    case 18: return ["HRANDFIELD", key] + drawing("WITHVALUES")
    default: return ["HDEL", key] + (0...14).map(String.init)
    }
  }

  private mutating func pairs(_ count: ClosedRange<Int>) -> [String] {
    some(count) { [$0.element(), generatorValue(&$0)] }.flatMap { $0 }
  }

  /// A count, perhaps, and an option behind it. No count far below zero: it asks for so many elements.
  mutating func drawing(_ option: String) -> [String] {
    switch pick(0...3) {
    case 0: []
    case 1: [pick(["0", "1", "2", "5", "100", "-1", "-5", "-30"])]
    case 2: [pick(["1", "3", "50", "-4", "x", "9223372036854775807"]), option]
    default: [pick(["1", "-9223372036854775808", "", "1.5"]), pick([option, option.lowercased(), "WHAT"])]
    }
  }

  mutating func onLists() -> [String] {
    let key = key(.list)
    switch pick(0...22) {
    case 0...3: return [pick(["LPUSH", "RPUSH"]), key] + elements(1...4)
    case 4: return [pick(["LPUSH", "RPUSH"]), key] + elements(5...20)
    case 5: return [pick(["LPUSHX", "RPUSHX"]), key] + elements(1...2)
    case 6: return [pick(["LPOP", "RPOP"]), key]
    case 7: return [pick(["LPOP", "RPOP"]), key, small()]
    case 8: return ["LLEN", key]
    case 9: return ["LINDEX", key, small()]
    case 10...11: return ["LRANGE", key, small(), small()]
    case 12: return ["LRANGE", key, "0", "-1"]
    case 13: return ["LTRIM", key, pick(["0", "1", "-20", "-3", small()]), pick(["-1", "-2", "20", small()])]
    case 14...15: return ["LSET", key, small(), element()]
    case 16: return ["LINSERT", key, pick(["BEFORE", "after", "AFTER", "between"]), element(), element()]
    case 17: return ["LREM", key, small(), element()]
    case 18...19: return ["LPOS", key, element()] + some(0...3) { $0.positionOption() }.flatMap { $0 }
    case 20: return ["LMOVE", key, self.key(.list), side(), side()]
    case 21: return ["RPOPLPUSH", key, self.key(.list)]
    default:
      let keys = some(1...3) { $0.key(.list) }
      return ["LMPOP", keyCount(keys.count)] + keys + [side()] + (generator.oneIn(2) ? ["COUNT", small()] : [])
    }
  }

  private mutating func positionOption() -> [String] {
    pick([["RANK", small()], ["COUNT", small()], ["MAXLEN", small()], ["rank", "-1"], ["count", "0"], ["RANK"]])
  }

  private mutating func side() -> String { generator.oneIn(15) ? "MIDDLE" : pick(["LEFT", "RIGHT", "left"]) }

  /// The number of keys that follow, mostly the right one.
  mutating func keyCount(_ count: Int) -> String {
    generator.oneIn(15) ? pick(["0", "-1", "\(count + 1)", "\(max(count - 1, 0))", wrongNumber()]) : "\(count)"
  }

  mutating func onSets() -> [String] {
    let key = key(.set)
    switch pick(0...21) {
    case 0...3: return ["SADD", key] + elements(1...4)
    // Mostly integers alone, in their own encoding.
    case 4...5: return ["SADD", key] + some(1...9) { "\($0.pick(0...30))" }
    case 6...7: return ["SREM", key] + elements(1...5)
    case 8: return ["SMOVE", key, self.key(.set), element()]
    case 9: return ["SISMEMBER", key, element()]
    case 10: return ["SMISMEMBER", key] + elements(1...4)
    case 11: return ["SCARD", key]
    case 12: return ["SMEMBERS", key]
    case 13: return ["SSCAN", key, "0"] + scanOptions()
    case 14...15: return [pick(["SINTER", "SUNION", "SDIFF"])] + some(1...3) { $0.key(.set) }
    case 16...17: return [pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), key] + some(1...3) { $0.key(.set) }
    case 18:
      let keys = some(1...3) { $0.key(.set) }
      return ["SINTERCARD", keyCount(keys.count)] + keys + some(0...1) { ["LIMIT", $0.small()] }.flatMap { $0 }
    case 19: return ["SPOP", key] + some(0...1) { $0.pick(["0", "1", "2", "5", "100", "-1", "x", ""]) }
    case 20: return ["SRANDMEMBER", key] + drawing("X").prefix(1)
    default: return ["SREM", key] + (0...30).map(String.init)
    }
  }
}

/// A value: an element, or what counting commands make of one.
private func generatorValue(_ mix: inout CommandMix) -> String {
  mix.pick(0...3) == 0 ? mix.float() : mix.element()
}
