/// Commands on bitmaps and HyperLogLogs, and SORT.
extension CommandMix {
  mutating func onBitmaps() -> [String] {
    let key = key(.bitmap)
    switch pick(0...9) {
    case 0...2: return ["SETBIT", key, bit(), pick(["0", "1", "1", "1", "2", "x"])]
    case 3: return ["GETBIT", key, bit()]
    case 4: return ["BITCOUNT", key] + pick([[], [offset(), offset()], [offset(), offset(), unit()], [offset()]])
    case 5:
      return ["BITPOS", key, pick(["0", "1", "2", "x"])]
        + pick([[], [offset()], [offset(), offset()], [offset(), offset(), unit()]])
    case 6...7:
      return ["BITOP", pick(["AND", "or", "XOR", "NOT", "NOR"]), self.key(.bitmap)] + some(1...3) { $0.key(.bitmap) }
    case 8: return ["BITFIELD", key] + some(0...4) { $0.fieldStep() }.flatMap { $0 }
    default: return ["BITFIELD_RO", key] + some(0...2) { ["GET", $0.fieldType(), $0.fieldOffset()] }.flatMap { $0 }
    }
  }

  private mutating func unit() -> String { pick(["BIT", "byte", "BYTE", "bits"]) }

  /// Near, or beyond what a string may have.
  private mutating func bit() -> String {
    generator.oneIn(8)
      ? pick(["4294967296", "-1", "x", "", "9223372036854775807", "18446744073709551616"]) : "\(pick(0...900))"
  }

  private mutating func fieldType() -> String {
    generator.oneIn(12)
      ? pick(["u64", "i65", "i0", "u", "x8", "", "u-1", "U8", "i9223372036854775807"])
      : pick(["u1", "u2", "u7", "u8", "u16", "u31", "u63", "i1", "i5", "i8", "i16", "i32", "i63", "i64"])
  }

  private mutating func fieldOffset() -> String {
    generator.oneIn(8)
      ? pick(["#4294967296", "4294967296", "-1", "#-1", "#", "", "x", "#9223372036854775807", "9223372036854775807"])
      : pick(["\(pick(0...200))", "#\(pick(0...12))"])
  }

  private mutating func fieldStep() -> [String] {
    switch pick(0...6) {
    case 0...1: ["GET", fieldType(), fieldOffset()]
    case 2...3: ["SET", fieldType(), fieldOffset(), pick([number(), "255", "-1", "128"])]
    case 4...5: ["INCRBY", fieldType(), fieldOffset(), pick([number(), "1", "-100", "200"])]
    default: ["OVERFLOW", pick(["WRAP", "SAT", "fail", "FAIL", "sat", "what"])]
    }
  }

  mutating func onLogLogs() -> [String] {
    // One that has become corrupt is left half changed by an error of Redis: no other command writes to these keys.
    let target = "p\(pick(0...2))"
    let key = key(.logLog)
    switch pick(0...9) {
    case 0...3: return ["PFADD", generator.oneIn(10) ? pick(["h0", "s0", "x0"]) : target] + elements(0...5)
    case 4: return ["PFADD", target] + some(30...60) { "\($0.pick(0...100_000))" }
    case 5...6: return ["PFCOUNT"] + some(1...3) { $0.key(.logLog) }
    case 7: return ["PFMERGE", target] + some(0...3) { $0.key(.logLog) }
    case 8: return ["PFDEBUG", pick(["ENCODING", "decode", "TODENSE", "what", "getreg"]), key]
    default: return pick([["DEL", target], ["STRLEN", key], ["GET", key], ["COPY", target, "p0", "REPLACE"]])
    }
  }

  mutating func sorting() -> [String] {
    // Weights of the elements, and what GET finds.
    if generator.oneIn(3) {
      return pick([
        ["SET", "w\(element())", number()], ["SET", "w\(pick(0...14))", "\(pick(-20...20))"],
        ["HSET", "v\(pick(0...14))", "f", "\(pick(-20...20))", "g", element()],
      ])
    }
    let key = pick([key(.list), key(.set), key(.sortedSet), anyKey()])
    return [pick(["SORT", "SORT", "SORT_RO"]), key] + some(0...4) { $0.sortOption() }.flatMap { $0 }
  }

  private mutating func sortOption() -> [String] {
    pick([
      ["ASC"], ["DESC"], ["ALPHA"], ["alpha"], ["LIMIT", small(), small()], ["LIMIT", "1", "4"], ["GET", "#"],
      ["GET", pick(["w*", "v*->f", "v*->g", "*", "x", "v*->", "w*->f", "->*", ""])], ["GET", "w*"],
      ["BY", pick(["w*", "v*->f", "nosort", "v*->g", "#", "w*x"])], ["BY", "nosort"], ["STORE", key(.list)],
      ["LIMIT", "1"],
    ])
  }
}
