/// Commands on sorted sets, and on those that hold places.
extension CommandMix {
  mutating func onSortedSets() -> [String] {
    let key = key(.sortedSet)
    switch pick(0...27) {
    case 0...3: return ["ZADD", key] + scored(1...4)
    case 4: return ["ZADD", key] + some(1...3) { $0.addOption() } + scored(1...2)
    case 5: return ["ZADD", key] + scored(5...14)
    case 6: return ["ZADD", key] + some(0...2) { $0.addOption() } + ["INCR"] + scored(1...1)
    case 7: return ["ZINCRBY", key, score(), element()]
    case 8...9: return ["ZREM", key] + elements(1...5)
    case 10: return ["ZREMRANGEBYRANK", key, small(), small()]
    case 11: return ["ZREMRANGEBYSCORE", key, bound(), bound()]
    case 12: return pick([["ZCARD", key], ["ZSCORE", key, element()], ["ZMSCORE", key] + elements(1...4)])
    case 13: return [pick(["ZRANK", "ZREVRANK"]), key, element()]
    case 14: return ["ZCOUNT", key, bound(), bound()]
    case 15: return ["ZSCAN", key, "0"] + scanOptions()
    case 16: return [pick(["ZRANGE", "ZREVRANGE"]), key, "0", "-1"] + some(0...1) { _ in "WITHSCORES" }
    case 17:
      return [pick(["ZRANGE", "ZREVRANGE"]), key, small(), small()] + some(0...2) { $0.rangeOption() }.flatMap { $0 }
    case 18:
      return ["ZRANGE", key, bound(), bound(), "BYSCORE"] + some(0...3) { $0.rangeOption() }.flatMap { $0 }
    case 19:
      return [pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]), key, bound(), bound()]
        + some(0...2) { $0.rangeOption() }.flatMap { $0 }
    case 20:
      return ["ZRANGESTORE", key, self.key(.sortedSet)]
        + pick([[small(), small()], [bound(), bound(), "BYSCORE"], [bound(), bound(), "REV", "BYSCORE"]])
        + some(0...1) { $0.rangeOption() }.flatMap { $0 }
    case 21: return [pick(["ZINTER", "ZUNION", "ZDIFF"])] + sources() + some(0...1) { _ in "WITHSCORES" }
    case 22: return [pick(["ZINTERSTORE", "ZUNIONSTORE", "ZDIFFSTORE"]), key] + sources()
    case 23:
      let keys = some(1...3) { $0.source() }
      return ["ZINTERCARD", keyCount(keys.count)] + keys + some(0...1) { ["LIMIT", $0.small()] }.flatMap { $0 }
    case 24: return [pick(["ZPOPMIN", "ZPOPMAX"]), key] + some(0...1) { $0.small() }
    case 25:
      let keys = some(1...3) { $0.key(.sortedSet) }
      return ["ZMPOP", keyCount(keys.count)] + keys + [pick(["MIN", "max", "MAX", "MED"])]
        + some(0...1) { ["COUNT", $0.small()] }.flatMap { $0 }
    case 26: return ["ZRANDMEMBER", key] + drawing("WITHSCORES")
    default: return ["ZREM", key] + (0...14).map(String.init)
    }
  }

  private mutating func scored(_ count: ClosedRange<Int>) -> [String] {
    some(count) { [$0.generator.oneIn(9) ? $0.score() : "\($0.pick(-3...9))", $0.element()] }.flatMap { $0 }
  }

  private mutating func addOption() -> String { pick(["NX", "XX", "GT", "LT", "CH", "nx", "xx", "gt", "ch", "INCR"]) }

  private mutating func bound() -> String {
    pick([
      "-inf", "+inf", "(", "", "(1", "(inf", "1 ", "[1", "x", "nan", "(nan", "5.5", score(), "(" + score(), score(),
    ])
  }

  private mutating func rangeOption() -> [String] {
    pick([
      ["WITHSCORES"], ["withscores"], ["LIMIT", small(), small()], ["LIMIT", "0", "5"], ["LIMIT", "1", "-1"], ["REV"],
      ["BYSCORE"], ["LIMIT", "1"], ["WHAT"],
    ])
  }

  private mutating func source() -> String { generator.oneIn(4) ? key(.set) : key(.sortedSet) }

  private mutating func sources() -> [String] {
    let keys = some(1...3) { $0.source() }
    return [keyCount(keys.count)] + keys
      + (generator.oneIn(3) ? ["WEIGHTS"] + some(keys.count...keys.count) { $0.score() } : [])
      + (generator.oneIn(3) ? ["AGGREGATE", pick(["SUM", "min", "MAX", "AVG"])] : [])
  }

  /// Ranges of members, in sorted sets where all have one score.
  mutating func lexical() -> [String] {
    let key = "y\(pick(0...1))"
    switch pick(0...8) {
    case 0...2: return ["ZADD", key] + some(1...6) { ["0", $0.element()] }.flatMap { $0 }
    case 3: return ["ZREMRANGEBYLEX", key, edge(), edge()]
    case 4: return ["ZLEXCOUNT", key, edge(), edge()]
    case 5: return ["ZRANGEBYLEX", key, edge(), edge()] + some(0...1) { $0.rangeOption() }.flatMap { $0 }
    case 6: return ["ZREVRANGEBYLEX", key, edge(), edge()] + some(0...1) { $0.rangeOption() }.flatMap { $0 }
    case 7: return ["ZRANGE", key, edge(), edge(), "BYLEX"] + some(0...2) { $0.rangeOption() }.flatMap { $0 }
    default:
      return ["ZRANGESTORE", self.key(.sortedSet), key, edge(), edge(), "BYLEX"] + some(0...1) { _ in "REV" }
    }
  }

  private mutating func edge() -> String {
    pick(["-", "+", "[" + element(), "(" + element(), "[" + element(), "(", "[", "", "a", "-1", "+x"])
  }

  // MARK: Places

  mutating func onPlaces() -> [String] {
    // Other sorted sets hold members that are equally far away, and those are in no order.
    let key = generator.oneIn(12) ? pick(["h0", "l0", "s0", "x0", "b0", "missing"]) : "g\(pick(0...2))"
    switch pick(0...11) {
    case 0...3:
      return ["GEOADD", key] + some(0...1) { $0.pick(["NX", "XX", "CH", "nx"]) }
        + some(1...4) { $0.place() + [$0.name()] }
        .flatMap { $0 }
    case 4: return ["GEOPOS", key] + some(0...3) { $0.name() }
    case 5: return ["GEODIST", key, name(), name()] + some(0...1) { $0.unit() }
    case 6: return ["GEOHASH", key] + some(0...3) { $0.name() }
    case 7:
      return [pick(["GEORADIUS", "GEORADIUS_RO"]), key] + place() + [radius(), unit()]
        + some(0...3) { $0.searchOption(stores: true) }.flatMap { $0 }
    case 8:
      return [pick(["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]), key, name(), radius(), unit()]
        + some(0...3) { $0.searchOption(stores: true) }.flatMap { $0 }
    case 9...10:
      return ["GEOSEARCH", key] + area() + some(0...3) { $0.searchOption(stores: false) }.flatMap { $0 }
    default:
      let storesDistances = generator.oneIn(3)
      return ["GEOSEARCHSTORE", storesDistances ? self.key(.sortedSet) : "g\(pick(0...2))", key] + area()
        + (storesDistances ? ["STOREDIST"] : []) + some(0...2) { $0.searchOption(stores: false) }.flatMap { $0 }
    }
  }

  private mutating func name() -> String { "n\(pick(0...14))" }

  private mutating func unit() -> String {
    generator.oneIn(15) ? pick(["M", "miles", ""]) : pick(["m", "km", "ft", "mi"])
  }

  private mutating func radius() -> String {
    generator.oneIn(10)
      ? pick(["-1", "0", "x", "inf", "nan", "1e300", ""]) : pick(["1", "100", "5000", "200000", "3000.5", "20000000"])
  }

  private mutating func place() -> [String] {
    var place = ["\(pick(-179...179)).\(pick(0...9999))", "\(pick(-84...84)).\(pick(0...9999))"]
    if generator.oneIn(12) {
      place[pick(0...1)] = pick(["181", "-180", "180", "x", "nan", "inf", "0", "86", "-85.05112878", "85.05112879"])
    }
    return place
  }

  private mutating func area() -> [String] {
    let from = generator.oneIn(2) ? ["FROMMEMBER", name()] : ["FROMLONLAT"] + place()
    let by = generator.oneIn(2) ? ["BYRADIUS", radius(), unit()] : ["BYBOX", radius(), radius(), unit()]
    switch pick(0...9) {
    case 0: return by + from
    case 1: return from
    case 2: return from + by + from
    default: return from + by
    }
  }

  private mutating func searchOption(stores: Bool) -> [String] {
    pick([
      ["WITHDIST"], ["WITHHASH"], ["withcoord"], ["ASC"], ["DESC"], ["COUNT", small()], ["COUNT", "3", "ANY"], ["ANY"],
      ["COUNT", "2"], stores ? pick([["STORE", "g\(pick(0...2))"], ["STOREDIST", key(.sortedSet)]]) : ["ASC"],
    ])
  }
}
