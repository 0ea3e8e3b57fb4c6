import TestSupport

/// Commands for the fuzzer: in form by the grammar of the table, of the mix that knows the types, or of anything.
struct FuzzWords {
  typealias Word = [UInt8]

  var generator: SeededGenerator
  private let grammar: CommandGrammar
  private var mix: CommandMix
  /// What the server has said lately: cursors, ids, digests of scripts, payloads of DUMP.
  private var heard: [Word] = []

  init(_ grammar: CommandGrammar, _ generator: SeededGenerator) {
    self.grammar = grammar
    self.generator = generator
    mix = CommandMix(SeededGenerator(seed: generator.seed), .allFamilies)
  }

  mutating func hear(_ word: Word) {
    guard word.count <= 400 else { return }
    if heard.count < 64 { heard.append(word) } else { heard[Int.random(in: 0..<64, using: &generator)] = word }
  }

  /// One command that may be sent to any server: see `tamed`.
  mutating func command() -> [Word] {
    var words: [Word]
    switch Int.random(in: 0..<10, using: &generator) {
    case 0..<4: words = mix.next().map(CommandMix.bytes)
    case 4..<9: words = inForm()
    default: words = pick(grammar.commands).words.map { Array($0.utf8) } + several(0...6) { $0.anything() }
    }
    if generator.oneIn(4) { spoil(&words) }
    return tamed(words)
  }

  /// A command whose arguments are those of its grammar.
  private mutating func inForm() -> [Word] {
    let command = pick(grammar.commands)
    var words = command.words.map { Array($0.utf8) }
    var keyCount: Int?
    for argument in command.arguments { write(argument, command.group, &words, &keyCount) }
    return words
  }

  /// `keyCount` is the place of a number that says how many keys follow.
  private mutating func write(
    _ argument: CommandGrammar.Argument, _ group: String, _ words: inout [Word], _ keyCount: inout Int?
  ) {
    if argument.flags.contains("optional"), !generator.oneIn(3) { return }
    let isMultiple = argument.flags.contains("multiple")
    let count = isMultiple ? Int.random(in: 1...3, using: &generator) : 1
    for round in 0..<count {
      if let token = argument.token, argument.type != "pure-token",
        round == 0 || argument.flags.contains("multiple_token")
      {
        words.append(Array(token.utf8))
      }
      switch argument.type {
      case "pure-token": words.append(Array((argument.token ?? "").utf8))
      case "oneof":
        guard !argument.arguments.isEmpty else { continue }
        write(pick(argument.arguments), group, &words, &keyCount)
      case "block":
        for inner in argument.arguments { write(inner, group, &words, &keyCount) }
      default:
        if argument.name == "numkeys" { keyCount = words.count }
        words.append(value(argument, group))
      }
    }
    if argument.type == "key", let place = keyCount, place < words.count {
      if !generator.oneIn(8) { words[place] = Array("\(count)".utf8) }
      keyCount = nil
    }
  }

  private mutating func value(_ argument: CommandGrammar.Argument, _ group: String) -> Word {
    if generator.oneIn(10) { return anything() }
    if !heard.isEmpty, generator.oneIn(6) { return pick(heard) }
    switch (argument.type, argument.name) {
    case ("key", _): return key(group)
    case (_, "script"): return Array(pick(FuzzScripts.scripts).utf8)
    case (_, "function-code"): return Array(pick(FuzzScripts.libraries).utf8)
    case (_, "function"), (_, "function-name"), (_, "library-name"): return Array(pick(FuzzScripts.names).utf8)
    case (_, "username"): return Array(pick(Self.users).utf8)
    case (_, "rule"): return Array(pick(Self.rules).utf8)
    case (_, "channel"), (_, "shardchannel"): return Array("ch\(Int.random(in: 0..<4, using: &generator))".utf8)
    case (_, "id"), (_, "start"), (_, "end"), (_, "lastid"):
      return generator.oneIn(2) ? Array(pick(Self.ids).utf8) : number()
    case (_, "min"), (_, "max"): return generator.oneIn(2) ? Array(pick(Self.bounds).utf8) : number()
    case (_, "command"): return Array((pick(grammar.commands).words.first ?? "").utf8)
    case ("pattern", _): return Array(pick(Self.patterns).utf8)
    case ("integer", _), ("double", _), ("unix-time", _): return number()
    default: return generator.oneIn(3) ? anything() : short()
    }
  }

  /// Changes a word or two: one is lost, doubled, replaced, or put elsewhere.
  private mutating func spoil(_ words: inout [Word]) {
    for _ in 0...(generator.oneIn(3) ? 2 : 0) where words.count > 1 {
      let index = Int.random(in: 1..<words.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: words.remove(at: index)
      case 1: words.insert(words[index], at: index)
      case 2: words.swapAt(index, Int.random(in: 1..<words.count, using: &generator))
      case 3: words.append(anything())
      case 4: words[index] = Array(pick(grammar.tokens).utf8)
      default: words[index] = anything()
      }
    }
  }

  /// The same without what is meant to stop or end a server, or would leave nothing behind to look at.
  private mutating func tamed(_ words: [Word]) -> [Word] {
    var words = words
    let name = Self.lower(words.first ?? []), sub = Self.lower(words.dropFirst().first ?? [])
    switch (name, sub) {
    case ("debug", _):
      if Self.deadly.contains(sub) { return [Array("ping".utf8)] }
      // Counts, sizes and seconds.
      for index in words.indices.dropFirst(2) where Int(String(decoding: words[index], as: UTF8.self)) != nil {
        words[index] = Array("\(Int.random(in: 0...300, using: &generator))".utf8)
      }
      if sub == "sleep", words.count > 2 { words[2] = Array("0".utf8) }
    case ("client", "pause"):
      if words.count > 2 { words[2] = Array("\(Int.random(in: -1...3000, using: &generator))".utf8) }
    // Who may do nothing any more shows nothing any more.
    case ("acl", "setuser"), ("acl", "deluser"):
      for index in words.indices.dropFirst(2) where Self.lower(words[index]) == "default" {
        words[index] = Array("u1".utf8)
      }
    case ("flushall", _), ("flushdb", _), ("swapdb", _), ("version", "rollback"), ("restore", _), ("shutdown", _):
      if name != "restore", !generator.oneIn(6) { return mix.next().map(CommandMix.bytes) }
    default: break
    }
    return words
  }

  private static func lower(_ word: Word) -> String { String(decoding: word, as: UTF8.self).lowercased() }

  /// Ends the server, stops it, or prints to its standard output.
  private static let deadly: Set = [
    "segfault", "panic", "restart", "crash-and-recover", "assert", "oom", "mallctl", "mallctl-str", "listpack",
    "stringmatch-len", "protocol-abort", "log", "aof-flush-sleep", "client-eviction",
  ]

  // MARK: Words

  private mutating func anything() -> Word {
    switch Int.random(in: 0..<16, using: &generator) {
    case 0..<4: key("")
    case 4..<7: number()
    case 7..<9: Array(pick(grammar.tokens).utf8)
    case 9..<11: short()
    case 11: heard.isEmpty ? [] : pick(heard)
    case 12: generator.bytes(count: Int.random(in: 0...60, using: &generator))
    case 13: Array(pick(Self.patterns).utf8)
    case 14: Array(pick(Self.ids).utf8)
    default: odd()
    }
  }

  /// A key, which mostly holds a value of the group's type.
  private mutating func key(_ group: String) -> Word {
    if let letter = Self.letters[group], !generator.oneIn(5) {
      return Array("\(letter)\(Int.random(in: 1...4, using: &generator))".utf8)
    }
    if generator.oneIn(20) {
      return [UInt8](repeating: UInt8(ascii: "k"), count: Int.random(in: 250...310, using: &generator))
    }
    return Array((generator.oneIn(2) ? "k\(Int.random(in: 0..<16, using: &generator))" : pick(Self.typedKeys)).utf8)
  }

  private mutating func number() -> Word {
    generator.oneIn(3) ? Array(pick(Self.numbers).utf8) : Array("\(Int.random(in: -3...40, using: &generator))".utf8)
  }

  private mutating func short() -> Word {
    generator.oneIn(2) ? Array(pick(Self.shorts).utf8) : Array("v\(Int.random(in: 0..<40, using: &generator))".utf8)
  }

  /// Nothing, bytes that end a line, patterns that take long, strings longer than may lie inside an entry.
  private mutating func odd() -> Word {
    switch Int.random(in: 0..<12, using: &generator) {
    case 0: []
    case 1: [0]
    case 2: Array("a\r\nb\n".utf8)
    case 3: Array(repeatElement("*a", count: 1000).joined().utf8)
    case 4: [UInt8](repeating: UInt8(ascii: "1"), count: 5200)
    case 5: [UInt8](repeating: 0xFF, count: 255)
    case 6: [UInt8](repeating: UInt8(ascii: "y"), count: 4000)
    case 7: generator.bytes(count: Int.random(in: 0...3000, using: &generator))
    case 8 where generator.oneIn(8): [UInt8](repeating: UInt8(ascii: "z"), count: 300_000)
    default: generator.bytes(count: Int.random(in: 0...9, using: &generator))
    }
  }

  private mutating func pick<T>(_ pool: [T]) -> T { pool[Int.random(in: 0..<pool.count, using: &generator)] }

  private mutating func several(_ count: ClosedRange<Int>, _ make: (inout FuzzWords) -> Word) -> [Word] {
    (0..<Int.random(in: count, using: &generator)).map { _ in make(&self) }
  }

  /// What the mix calls the keys of each type.
  private static let letters = [
    "list": "l", "hash": "h", "set": "s", "sorted-set": "z", "stream": "x", "bitmap": "b", "hyperloglog": "p",
    "geo": "g",
  ]
  private static let typedKeys = letters.values.sorted().flatMap { letter in (1...4).map { "\(letter)\($0)" } }

  private static let numbers = [
    "-9223372036854775808", "9223372036854775807", "9223372036854775808", "18446744073709551615", "-1", "-0", "0", "1",
    "9223372036854775", "-9223372036854775", "2147483647", "-2147483648", "4294967296", "4294967295", "536870911",
    "1048576", "1048575", "1e4000", "1.5e308", "0.1", "inf", "-inf", "nan", "+1", " 1", "1 ", "01", "0x10",
    "1700000000000", "1700000000", "1700000001000", "99999999999999999999", "1e18", "1e-320",
  ]
  private static let ids = [
    "*", "$", ">", "+", "-", "0", "0-0", "0-1", "1-1", "1-*", "18446744073709551615-18446744073709551615",
    "18446744073709551615", "(1-1", "(0", "(18446744073709551615-18446744073709551615", "1-", "-1-1", "a-b", "5-5",
  ]
  private static let bounds = ["-", "+", "[a", "(a", "[", "(", "-inf", "+inf", "(1", "(nan", "[v3", "(v30", "(-inf"]
  private static let patterns = [
    "*", "k*", "*1", "?1", "[a-z]*", "[^k]*", "[", "[^", "\\", "k[z-a]*", "ch*", "__key*__:*", "", "*a*b*c*", "h?llo",
  ]
  private static let users = ["u1", "u2", "u3", "default", "nobody"]
  private static let rules = [
    "on", "off", "nopass", ">secret", "<secret", "resetpass", "~*", "~k*", "%R~h*", "%W~h*", "%RW~*", "allkeys",
    "resetkeys", "&*", "&ch*", "allchannels", "resetchannels", "+@all", "-@all", "+@read", "-@write", "+get", "-get",
    "+config|get", "-client|kill", "+select|0", "(+@read ~k*)", "(~*", "()", "clearselectors", "reset", "nocommands",
    "allcommands", "sanitize-payload", "skip-sanitize-payload", "+@nothing", "#" + String(repeating: "a1", count: 32),
    "!" + String(repeating: "a1", count: 32), "#short", "", ">", "~", "%", "%X~k", "&", "+", "-", "+@", "+|", "+get|",
  ]
  private static let shorts = [
    "", "a", "f", "m", "0", "1", "yes", "no", "secret", "default", "u1", "ON", "OFF", "string", "hash", "list", "km",
    "WITHSCORES", "G0", "C0", "A0", "w*", "w*->f", "#", "name", "\u{e9}", "0.5", "10%",
  ]
}
