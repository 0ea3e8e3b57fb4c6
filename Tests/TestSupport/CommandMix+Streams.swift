/// Commands on streams, all ids and times given: none of them asks for the present.
extension CommandMix {
  mutating func onStreams() -> [String] {
    let key = key(.stream)
    switch pick(0...31) {
    case 0...6: return ["XADD", key] + (generator.oneIn(4) ? trimming() : []) + [newID()] + fields()
    case 7: return ["XADD", key, "NOMKSTREAM", newID()] + fields()
    // The clock is behind these ids, so that even a server's own choice is known.
    case 8:
      return ["XADD", "future"] + pick([["4000000000000-0"], ["NOMKSTREAM", "*"], ["4000000000000-*"]]) + fields()
    case 9: return ["XTRIM", key] + trimming()
    case 10: return ["XDEL", key] + some(1...4) { $0.id() }
    case 11: return ["XLEN", key]
    case 12: return ["XRANGE", key, interval(), interval()] + some(0...1) { ["COUNT", $0.small()] }.flatMap { $0 }
    case 13: return ["XREVRANGE", key, interval(), interval()] + some(0...1) { ["COUNT", $0.small()] }.flatMap { $0 }
    case 14: return [pick(["XRANGE", "XREVRANGE"]), key] + pick([["-", "+"], ["+", "-"]])
    case 15: return ["XREAD"] + count() + streams { $0.pick([$0.id(), "0", "$", ">"]) }
    case 16: return ["XSETID", key, newID()] + some(0...2) { $0.settingOption() }.flatMap { $0 }
    case 17: return ["XGROUP", "CREATE", key, group(), position()] + some(0...2) { $0.groupOption() }.flatMap { $0 }
    case 18: return ["XGROUP", "SETID", key, group(), position()] + some(0...1) { $0.groupOption() }.flatMap { $0 }
    case 19:
      return pick([
        ["XGROUP", "DESTROY", key, group()], ["XGROUP", "CREATECONSUMER", key, group(), consumer()],
        ["XGROUP", "CREATECONSUMER", key, group(), consumer()], ["XGROUP", "DELCONSUMER", key, group(), consumer()],
      ])
    case 20...23:
      return ["XREADGROUP", "GROUP", group(), consumer()] + count() + some(0...1) { $0.pick(["NOACK", "noack"]) }
        + streams { $0.pick([">", ">", ">", $0.id(), "0", "$"]) }
    case 24: return ["XACK", key, group()] + some(1...4) { $0.id() }
    case 25: return ["XPENDING", key, group()]
    case 26:
      return ["XPENDING", key, group()] + (generator.oneIn(4) ? ["IDLE", pick(["0", "100000000000000", "x"])] : [])
        + [interval(), interval(), small()] + some(0...1) { $0.consumer() }
    case 27:
      return ["XCLAIM", key, group(), consumer(), idle()] + some(1...4) { $0.id() }
        + some(0...3) { $0.claimOption() }.flatMap { $0 }
    case 28:
      return ["XAUTOCLAIM", key, group(), consumer(), idle(), interval()]
        + some(0...2) { $0.pick([["COUNT", $0.small()], ["JUSTID"], ["count", "2"]]) }.flatMap { $0 }
    case 29: return ["XINFO", "STREAM", key] + pick([[], ["FULL"], ["FULL", "COUNT", small()], ["full", "COUNT"]])
    case 30: return pick([["XINFO", "GROUPS", key], ["XINFO", "CONSUMERS", key, group()], ["XINFO", "WHAT", key]])
    default:
      return pick([["DEL", key], ["COPY", key, self.key(.stream)], ["XINFO", "STREAM", key, "FULL", "COUNT", "0"]])
    }
  }

  private mutating func newID() -> String {
    switch pick(0...14) {
    case 0: pick(["0-0", "0-1", "0-*", "x", "", "-", "+", "1-2-3", "1-", "-1", "5-*", "7-*"])
    case 1:
      pick(["18446744073709551615-18446744073709551615", "18446744073709551616", "3-18446744073709551615", "01-01"])
    case 2: id()
    default: "\(newStreamTime())-\(pick(0...3))"
    }
  }

  private mutating func newStreamTime() -> Int {
    streamTime += pick(0...2)
    return streamTime
  }

  private mutating func id() -> String {
    generator.oneIn(20)
      ? pick(["x", "", "-", "+", "$", ">", "18446744073709551616-1", "1-x", "(5"])
      : pick(["\(max(streamTime - pick(0...30), 0))-\(pick(0...3))", "\(max(streamTime - pick(0...30), 0))"])
  }

  private mutating func interval() -> String {
    switch pick(0...9) {
    case 0...1: "-"
    case 2...3: "+"
    case 4: "(" + id()
    case 5: pick(["(", "(-", "(+", "(0-0", "(18446744073709551615-18446744073709551615", "x"])
    default: id()
    }
  }

  private mutating func fields() -> [String] {
    // The same names in a row are stored once.
    generator.oneIn(2)
      ? ["f", element(), "g", element()] : some(1...2) { [$0.pick(["f", "g", ""]), $0.element()] }.flatMap { $0 }
  }

  private mutating func trimming() -> [String] {
    [pick(["MAXLEN", "minid", "MINID", "maxlen"])] + some(0...1) { $0.pick(["~", "=", "~"]) }
      + [pick([small(), id(), "\(pick(0...20))", "\(pick(0...20))"])]
      + (generator.oneIn(4) ? ["LIMIT", pick(["0", "5", "100", small()])] : [])
  }

  private mutating func settingOption() -> [String] {
    pick([["ENTRIESADDED", "\(pick(0...200))"], ["MAXDELETEDID", id()], ["ENTRIESADDED", small()], ["MAXDELETEDID"]])
  }

  private mutating func group() -> String { generator.oneIn(20) ? "none" : "G\(pick(0...1))" }
  private mutating func consumer() -> String { generator.oneIn(20) ? pick(["", "\u{ff}"]) : "C\(pick(0...2))" }
  private mutating func position() -> String { pick(["$", "0", "-", "+", id(), id(), id()]) }
  private mutating func groupOption() -> [String] {
    pick([["MKSTREAM"], ["ENTRIESREAD", small()], ["ENTRIESREAD", "\(pick(0...40))"], ["entriesread"]])
  }

  /// A time that has passed for all or for none.
  private mutating func idle() -> String {
    generator.oneIn(12) ? wrongNumber() : pick(["0", "0", "0", "-5", "100000000000000"])
  }

  private mutating func count() -> [String] { generator.oneIn(2) ? ["COUNT", small()] : [] }

  private mutating func streams(_ id: (inout CommandMix) -> String) -> [String] {
    let keys = some(1...2) { $0.key(.stream) }
    return [pick(["STREAMS", "streams"])] + keys + some(keys.count...keys.count, id)
  }

  private mutating func claimOption() -> [String] {
    pick([
      ["FORCE"], ["JUSTID"], ["RETRYCOUNT", small()], ["LASTID", id()], ["TIME", pick(["1000", "0", "-1", "x"])],
      ["IDLE", pick(["-1", "x", "0"])], ["RETRYCOUNT"],
    ])
  }
}
