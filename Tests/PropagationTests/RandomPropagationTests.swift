import Engine
import RESP
import TestSupport
import Testing
import Values

/// Random commands of every family to redis-server and to the engine: what both tell is the same, and whoever does what was
/// told has the same dataset.
@Suite(.serialized) struct RandomPropagationTests {
  private static let directives = [
    "hash-max-listpack-entries 8", "set-max-intset-entries 8", "zset-max-listpack-entries 8",
    "list-max-listpack-size 8", "stream-node-max-entries 5", "hll-sparse-max-bytes 300",
  ]

  private static var settings: Settings {
    let settings = Settings()
    settings.encodingLimits.hashEntries = 8
    settings.encodingLimits.setIntegers = 8
    settings.encodingLimits.sortedSetEntries = 8
    settings.encodingLimits.listSize = 8
    settings.encodingLimits.streamNodeEntries = 5
    settings.encodingLimits.hyperLogLogSparseBytes = 300
    return settings
  }

  @Test(arguments: 0..<3) func `random commands are told alike`(_ round: Int) throws {
    var mix = CommandMix(SeededGenerator(), .allFamilies)
    do {
      let witnesses = try Witnesses(directives: Self.directives, settings: Self.settings)
      for number in 1...4000 {
        for command in Self.next(&mix) { try witnesses.send(command.map(CommandMix.bytes)) }
        if mix.generator.oneIn(400) {
          // What lives for a moment more is gone when it is met next.
          for key in Set((0..<3).map { _ in mix.anyOfAll() }).sorted() { try witnesses.send(["PEXPIRE", key, "5"]) }
          witnesses.pass()
        }
        if number.isMultiple(of: 50) { try Self.compare(witnesses) }
      }
      try Self.compare(witnesses)
      try witnesses.checkFollowers()
    } catch let difference as Witnesses.Difference {
      Issue.record("\(mix.generator), round \(round): \(difference)")
    }
  }

  /// Each server walks its keys in an order of its own, and meets in that order those whose time has come.
  private static func compare(_ witnesses: Witnesses) throws {
    let walks = witnesses.history.contains { $0.contains("SCAN ") || $0.contains("KEYS ") }
    try witnesses.compare { ours, theirs in
      ours.says(same: theirs)
        || walks && ours.name == "DEL" && theirs.name == "DEL" && ours.words.count == 2
          && theirs.words.count == 2
    }
  }

  /// A command, or several in a transaction or a script.
  private static func next(_ mix: inout CommandMix) -> [[String]] {
    var commands: [[String]] = []
    let count = mix.generator.oneIn(10) ? Int.random(in: 0...4, using: &mix.generator) : 1
    while commands.count < count {
      let command = mix.next()
      // What is drawn is another thing for each.
      guard CommandMix.comparison(of: command) != .popped, !isRefusedInTransactions(command), !isForgotten(command)
      else { continue }
      commands.append(command)
    }
    if count == 1, mix.generator.oneIn(3) {
      return [["EVAL", "return redis.pcall(unpack(ARGV))", "0"] + commands[0]]
    }
    return count == 1 ? timed(commands, &mix) : [["MULTI"]] + commands + [["EXEC"]]
  }

  /// A string may grow though all that was to be written there has overflowed, which Redis does not tell.
  private static func isForgotten(_ command: [String]) -> Bool {
    command[0] == "BITFIELD" && command.contains { $0.lowercased() == "fail" }
  }

  /// A command that is wrong dooms the transaction, and is another test's matter; EXEC in a script is none's.
  private static func isRefusedInTransactions(_ command: [String]) -> Bool { command[0] == "COMMAND" }

  /// Now and then a time to live that begins now.
  private static func timed(_ commands: [[String]], _ mix: inout CommandMix) -> [[String]] {
    guard mix.generator.oneIn(12) else { return commands }
    let key = mix.anyOfAll()
    let choices = [
      ["EXPIRE", key, "10000"], ["PEXPIRE", key, "10000000", "NX"], ["SETEX", key, "10000", "v"],
      ["SET", key, "v", "EX", "10000"], ["SET", key, "v", "PX", "10000000", "GET"], ["GETEX", key, "EX", "10000"],
      ["XADD", key, "MAXLEN", "~", "3", "*", "f", "v"],
    ]
    return [choices[Int.random(in: 0..<choices.count, using: &mix.generator)]]
  }
}

extension CommandMix {
  /// One of the keys of all families.
  fileprivate mutating func anyOfAll() -> String {
    let letters = ["k", "h", "l", "s", "z", "x", "b", "p", "g", "y"]
    return letters[Int.random(in: 0..<letters.count, using: &generator)] + "\(Int.random(in: 0...2, using: &generator))"
  }
}
