import Engine
import TestSupport
import Testing

/// A crash at every moment of random histories, with a disk on which this and that goes wrong.
///
/// At each operation of the disk, for each state that a crash may leave it in:
/// - the log can be loaded, and what is loaded is what the server had after some number of whole units: no half of one, none
///   twice, none left out;
/// - under `appendfsync always`, every unit that a client was told of is among them; under `everysec`, the dataset in which a
///   client was told of one is;
/// - a server that starts with it can go on.
/// And when the disk has been well for a while, writes are accepted, and all that was ever done is on it.
@Suite struct CrashTests {
  @Test(arguments: [AppendSync.always, .everySecond, .never], 0..<6)
  func nothingThatWasPromisedIsLost(_ sync: AppendSync, _ round: Int) throws {
    let history = try CrashHistory(sync, SeededGenerator(seed: SeededGenerator().seed &+ UInt64(round)))
    for _ in 0..<120 {
      switch Int.random(in: 0..<40, using: &history.generator) {
      case 0: try history.rewrite()
      case 1 where history.generator.oneIn(3): try history.replace()
      case 2, 3: try history.breakOrHeal()
      default: try history.step()
      }
    }
    try history.verify(restarting: 100)
    try history.end()
  }

  /// One history, with each of the disk's operations failing once: every other under each policy.
  @Test(arguments: [AppendSync.always, .everySecond])
  func anyOneOperationMayFail(_ sync: AppendSync) throws {
    let generator = SeededGenerator(seed: 17)
    for failing in stride(from: sync == .always ? 0 : 1, to: .max, by: 2) {
      let history = try CrashHistory(sync, generator)
      history.harness.disk.failsIn = failing
      history.isOfOneFailure = true
      for number in 0..<60 {
        switch number {
        case 8, 48: try history.rewrite()
        case 25: try history.replace()
        case _ where number % 2 == 0: try history.step()
        default: try history.work()
        }
      }
      let hasFailed = history.harness.disk.failsIn == nil
      do {
        try history.verify(restarting: 200)
        try history.end(minutes: 3)
      } catch {
        Issue.record("operation \(failing): \(error); \(history.harness.log)")
        return
      }
      #expect(hasFailed || failing > 60)
      if !hasFailed { break }
    }
  }
}
