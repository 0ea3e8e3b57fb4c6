import TestSupport

/// Random Lua that uses the libraries: nested values to encode, texts and payloads with a few bytes changed to decode,
/// formats that may be wrong.
struct RandomLua {
  private(set) var generator: SeededGenerator

  init(_ generator: SeededGenerator) { self.generator = generator }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[number(0...choices.count - 1)] }

  /// A statement that notes at least one call.
  mutating func statement() -> String {
    switch number(0...8) {
    case 0: "p(cjson.encode, \(value(4)))"
    case 1: "p(cmsgpack.pack, \(values(1...3)))"
    case 2: "p(function() return cjson.decode(cjson.encode(\(value(4)))) end)"
    case 3: "p(function() return cmsgpack.unpack(cmsgpack.pack(\(values(1...3)))) end)"
    case 4: "p(cjson.decode, \(literal(damaged(Array(json(4).utf8)))))"
    case 5: unpacking()
    case 6: "p(struct.pack, \(([literal(format())] + scalars(0...6)).joined(separator: ", ")))"
    case 7:
      "p(struct.unpack, \(literal(format())), \(literal(smallBytes(0...40)))\(pick(["", ", \(number(-1...9))"]))) "
        + "p(struct.size, \(literal(format())))"
    default: "p(bit.\(pick(Self.bitFunctions)), \(numbers(1...3).joined(separator: ", ")))"
    }
  }

  private static let bitFunctions = [
    "tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tohex",
  ]

  // MARK: Lua

  private mutating func values(_ count: ClosedRange<Int>) -> String {
    (0..<number(count)).map { _ in value(4) }.joined(separator: ", ")
  }

  private mutating func scalars(_ count: ClosedRange<Int>) -> [String] {
    (0..<number(count)).map { _ in generator.oneIn(3) ? string() : luaNumber() }
  }

  private mutating func numbers(_ count: ClosedRange<Int>) -> [String] {
    (0..<number(count)).map { _ in luaNumber() }
  }

  private mutating func luaNumber() -> String {
    switch number(0...6) {
    case 0: "\(number(-300...300))"
    case 1: "\(generator.oneIn(2) ? "-" : "")(2^\(number(0...70)) + \(number(-2...2)))"
    case 2: "\(Double.random(in: -1e3...1e3, using: &generator))"
    case 3: "\(Double.random(in: -1...1, using: &generator)) * 10^\(number(-300...300))"
    case 4: pick(["(1/0)", "(-1/0)", "0.5", "1e15", "1e16"])
    case 5: "\(Float.random(in: -1000...1000, using: &generator))"
    default: "\(number(0...1 << number(1...53)))"
    }
  }

  /// A key: no number beyond 32 bits, beside which Redis may lose others, and no string of 32 bytes or more, of which
  /// Redis's own Lua hashes more bytes than Debian's, so that they come in another order.
  private mutating func key() -> String {
    switch number(0...3) {
    case 0: "\(number(-50...1000))"
    case 1: "-\(Double.random(in: 0.1...1e300, using: &generator))"
    default: literal(generator.bytes(count: number(0...31)))
    }
  }

  private mutating func string() -> String {
    let count = pick([0, 1, 2, 5, 20, 31, 32, 33, 100, 255, 256, 300])
    if generator.oneIn(2) { return literal(generator.bytes(count: count)) }
    return literal((0..<count).map { _ in pick(Array("abcdefgh\"\\/\n\t 0123\u{7f}\0".utf8)) })
  }

  private mutating func value(_ depth: Int) -> String {
    switch number(0...(depth > 0 ? 9 : 5)) {
    case 0, 1: return luaNumber()
    case 2, 3: return string()
    case 4: return pick(["true", "false"])
    case 5: return generator.oneIn(20) ? pick(["nil", "tostring"]) : "cjson.null"
    case 6: return table(depth) { "[\($0.key())]=\($0.value(depth - 1))" }
    case 7:
      let least = generator.oneIn(10) ? -1 : 1
      return table(depth) { "[\($0.number(least...24))]=\($0.value(depth - 1))" }
    default: return table(depth) { $0.value(depth - 1) }
    }
  }

  private mutating func table(_ depth: Int, _ entry: (inout Self) -> String) -> String {
    let count = pick(depth > 1 ? [0, 1, 2, 3, 5, 15, 16, 17] : [0, 1, 2, 3])
    return "{" + (0..<count).map { _ in entry(&self) }.joined(separator: ",") + "}"
  }

  /// A string of Lua.
  private func literal(_ bytes: [UInt8]) -> String {
    var text = "'"
    for byte in bytes {
      if byte >= 32, byte < 127, byte != UInt8(ascii: "'"), byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = "\(byte)"
        text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return text + "'"
  }

  // MARK: Input to decode

  private mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<number(0...3) where !bytes.isEmpty {
      let index = number(0...bytes.count - 1)
      switch number(0...4) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.removeSubrange(index...)
      case 2: bytes.insert(contentsOf: Array(pick(Self.fragments).utf8), at: index)
      case 3: bytes.remove(at: index)
      default: bytes.insert(pick(Self.tags), at: index)
      }
    }
    return bytes
  }

  private static let letters = ["a", "b", "\\\"", "\\\\", "/", "\\n", " ", "é", "😀", "\\u07ff"]
  private static let fragments = [
    "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\"", "[", "{", "]", "}", ",", ":", "1e5", "0x1f", "-inf", "nan", "null",
    "\0", " ", "\\n", "\\q",
  ]
  private static let tags: [UInt8] = [
    0xc0, 0xc1, 0xc4, 0xca, 0xcb, 0xcc, 0xcf, 0xd3, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x81, 0x91, 0xff,
  ]

  private mutating func smallBytes(_ count: ClosedRange<Int>) -> [UInt8] {
    (0..<number(count)).map { _ in pick([0, 1, 2, 3, UInt8.random(in: 0...255, using: &generator)]) }
  }

  private mutating func json(_ depth: Int) -> String {
    switch number(0...(depth > 0 ? 8 : 4)) {
    case 0: return "\(number(-1000...1000))"
    case 1: return "\(Double.random(in: -1e6...1e6, using: &generator))"
    case 2:
      return "\"" + (0..<number(0...11)).map { _ in pick(Self.letters) }.joined() + "\""
    case 3: return pick(["true", "false", "null"])
    case 4: return "\(number(Int.min...Int.max))"
    case 5, 6: return "[" + (0..<number(0...5)).map { _ in json(depth - 1) }.joined(separator: ", ") + "]"
    default:
      let pairs = (0..<number(0...5)).map { _ in "\"\(number(0...49))\": \(json(depth - 1))" }
      return "{" + pairs.joined(separator: ",") + "}"
    }
  }

  private mutating func unpacking() -> String {
    var bytes: [UInt8] = []
    for _ in 0...number(0...1) { bytes += messagePack(3) }
    bytes = damaged(bytes)
    let (text, offset) = (literal(bytes), number(-1...bytes.count + 1))
    return pick([
      "p(cmsgpack.unpack, \(text))", "p(cmsgpack.unpack_one, \(text), \(offset))",
      "p(cmsgpack.unpack_limit, \(text), \(number(-1...4)), \(offset))",
    ])
  }

  private func bigEndian(_ bits: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
  }

  private mutating func messagePack(_ depth: Int) -> [UInt8] {
    let bits = UInt64.random(in: 0...UInt64.max, using: &generator)
    switch number(0...(depth > 0 ? 8 : 4)) {
    case 0: return [pick([0xc0, 0xc2, 0xc3])]
    case 1:
      let (tag, count) = pick([(0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8), (0xd0, 1), (0xd1, 2), (0xd2, 4), (0xd3, 8)])
      return [UInt8(tag)] + bigEndian(bits, count)
    case 2: return [UInt8(truncatingIfNeeded: generator.oneIn(2) ? bits & 0x7f : bits | 0xe0)]
    case 3:
      let number = Double.random(in: -1e6...1e6, using: &generator)
      return generator.oneIn(2)
        ? [0xcb] + bigEndian(number.bitPattern, 8) : [0xca] + bigEndian(UInt64(Float(number).bitPattern), 4)
    case 4:
      let text = generator.bytes(count: number(0...31))
      return header(text.count, short: 0xa0, wide: [(0xd9, 1), (0xda, 2), (0xdb, 4)]) + text
    case 5, 6:
      let count = number(0...5)
      return header(count, short: 0x90, wide: [(0xdc, 2), (0xdd, 4)])
        + (0..<count).flatMap { _ in messagePack(depth - 1) }
    default:
      let count = number(0...5)
      return header(count, short: 0x80, wide: [(0xde, 2), (0xdf, 4)])
        + (0..<count).flatMap { _ in messagePack(0) + messagePack(depth - 1) }
    }
  }

  private mutating func header(_ count: Int, short: UInt8, wide: [(UInt8, Int)]) -> [UInt8] {
    if generator.oneIn(2) { return [short | UInt8(count)] }
    let (tag, size) = pick(wide)
    return [tag] + bigEndian(UInt64(count), size)
  }

  /// A format of struct. Signed integers of more than 8 bytes have a size at which Redis is well defined.
  private mutating func format() -> [UInt8] {
    var text = ""
    for _ in 0..<number(1...6) {
      let option = pick(Array("<>!bBhHlLTiIfdscx ccbb"))
      text.append(option)
      switch option {
      case "i": text += pick(["", "0", "1", "2", "3", "4", "5", "6", "7", "8", "16", "24", "32", "33"])
      case "I": text += pick(["", "\(number(0...35))"])
      case "c": text += pick(["", "0", "\(number(0...8))"])
      case "!": text += pick(["", "2", "4", "8", "\(number(0...17))"])
      default: if generator.oneIn(30) { text += pick(["z", "5", "%", "\0"]) }
      }
    }
    return Array(text.utf8)
  }
}
