import Engine
import RESP
import TestSupport
import Testing
import Values

/// A log that is executed long after it was written leads to the dataset that was there then.
@Suite(.serialized) struct ReplayTests {
  @Test(arguments: 0..<3) func `a log says the same at any time`(_ round: Int) throws {
    var mix = CommandMix(SeededGenerator(), .allFamilies)
    let live = PropagationHarness()
    live.clock = 1_700_000_000_000
    live.listen()
    for _ in 0..<3000 {
      try live.run(mix.next().map(CommandMix.bytes))
      if mix.generator.oneIn(8) { try live.run(Self.mortal(&mix)) }
      if mix.generator.oneIn(20) {
        live.clock! += Int64.random(in: 1...400, using: &mix.generator)
        live.cron()
      }
    }
    let other = PropagationHarness()
    // All that ever expires has done so, by the clock.
    other.clock = 20_000_000_000_000
    let failures = try other.replay(live.takeJournalBytes())
    other.clock = live.clock
    #expect(failures == [], "\(mix.generator)")
    #expect(try other.digest == live.digest, "\(mix.generator): \(other.differences(from: live))")
    #expect(
      try other.details(withFields: true).differences(from: live.details(withFields: true)) == [], "\(mix.generator)")
  }

  /// A command that lets something expire soon.
  private static func mortal(_ mix: inout CommandMix) -> [[UInt8]] {
    let number = Int.random(in: 0...2, using: &mix.generator)
    let time = "\(Int.random(in: 1...3000, using: &mix.generator))"
    let letters = ["k", "h", "l", "s", "z", "x", "b", "p", "g"]
    let key = letters[Int.random(in: 0..<letters.count, using: &mix.generator)] + "\(number)"
    let field = ["a", "b", "1", "2"][Int.random(in: 0..<4, using: &mix.generator)]
    let choices = [
      ["PEXPIRE", key, time], ["SET", "k\(number)", "v", "PX", time], ["GETEX", "k\(number)", "PX", time],
      ["HPEXPIRE", "h\(number)", time, "FIELDS", "1", field],
      ["HSETEX", "h\(number)", "PX", time, "FIELDS", "2", field, "1", "c", "2"],
      ["HGETEX", "h\(number)", "PX", time, "FIELDS", "1", field], ["HINCRBYFLOAT", "h\(number)", field, "1.5"],
      ["HEXPIRE", "h\(number)", "1", "FIELDS", "1", field],
    ]
    return choices[Int.random(in: 0..<choices.count, using: &mix.generator)].map { Array($0.utf8) }
  }
}
