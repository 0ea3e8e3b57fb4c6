import Foundation
import TestSupport
import Testing

/// Whatever a client sends, the server lives, what it answers is well formed, and the store stays whole.
///
/// Some thousands of commands, or as many as `CAMBIUM_FUZZ_COMMANDS` says; under the address sanitizer see `Tools/fuzz`.
@Suite struct FuzzingTests {
  private static let commandCount =
    ProcessInfo.processInfo.environment["CAMBIUM_FUZZ_COMMANDS"].flatMap { Int($0) } ?? 5000

  @Test(arguments: Fuzzer.Situation.allCases)
  func anyCommands(_ situation: Fuzzer.Situation) throws {
    let generator = SeededGenerator()
    let share = max(1, Self.commandCount / Fuzzer.Situation.allCases.count)
    print("fuzzing: \(situation), \(share) commands, \(generator)")
    let journal = FuzzJournal(name: "\(situation)-\(generator.seed)")
    var done = 0
    // A server that has served for a while makes room for another, as much state comes from its first commands.
    while done < share {
      let fuzzer = try Fuzzer(situation, SeededGenerator(seed: generator.seed &+ UInt64(done)), journal: journal)
      let part = min(share - done, 20_000)
      var rounds = 0
      while fuzzer.commandCount < part {
        try fuzzer.round()
        rounds += 1
        if rounds.isMultiple(of: 16) { try fuzzer.checkStore() }
      }
      try fuzzer.checkStore()
      try fuzzer.checkNothingLeaks()
      done += part
    }
    // Whatever is to be seen again is to be looked at.
    if ProcessInfo.processInfo.environment["CAMBIUM_SEED"] == nil { journal.remove() }
  }
}
