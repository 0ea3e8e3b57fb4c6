import TestSupport
import VersionedStore

/// What has come about, so that one can see that a run is about something.
struct Counts: CustomStringConvertible {
  var writes = 0
  var fullSyncs = 0
  var partialSyncs = 0
  var failedSyncs = 0
  var starts = 0
  var promisesKept = 0
  var waits = 0
  var rollbacks = 0
  var comparisons = 0
  var convergences = 0

  static func += (sum: inout Counts, counts: Counts) {
    sum.writes += counts.writes
    sum.fullSyncs += counts.fullSyncs
    sum.partialSyncs += counts.partialSyncs
    sum.failedSyncs += counts.failedSyncs
    sum.starts += counts.starts
    sum.promisesKept += counts.promisesKept
    sum.waits += counts.waits
    sum.rollbacks += counts.rollbacks
    sum.comparisons += counts.comparisons
    sum.convergences += counts.convergences
  }

  var description: String {
    "\(writes) writes, \(rollbacks) rollbacks, \(fullSyncs) full syncs, \(failedSyncs) failed, \(partialSyncs) partial, \(starts) starts, \(promisesKept) promises kept, \(waits) writes waited for, \(comparisons) datasets compared at the same place, \(convergences) runs converged"
  }
}

/// Time, chance and everything that they drive. Nothing in it reads a clock or draws a number that does not follow from the
/// seed.
final class World {
  let seed: UInt64
  var random: SeededGenerator
  /// Milliseconds of a steady clock.
  private(set) var now: Int64 = 0
  private var queue = EventQueue()
  private(set) var network: SimulatedNetwork!
  var servers: [SimulatedServer] = []
  private(set) var invariants: Invariants!
  /// What was done, and what the servers logged.
  private(set) var history: [String] = []
  /// The first thing that is wrong; nothing is done after it.
  private(set) var failure: String?
  var lastStamp = 0
  var counts = Counts()
  /// Every so many changes of a dataset its whole content is compared: that takes time, and draws no numbers.
  let digestInterval: Int

  init(seed: UInt64, digestInterval: Int) {
    self.seed = seed
    self.digestInterval = digestInterval
    random = SeededGenerator(seed: seed)
    network = SimulatedNetwork(self)
    invariants = Invariants(self)
  }

  /// Lets go of what holds on to each other.
  func end() {
    queue = EventQueue()
    for server in servers { server.crash(silently: true) }
    network.heal()
    queue = EventQueue()
    for server in servers { server.forgetLives() }
  }

  func note(_ text: @autoclosure () -> String) { history.append("\(now) ms: \(Self.printable(text()))") }

  private static func printable(_ text: String) -> String {
    let isPrintable = text.utf8.allSatisfy { (32..<127).contains($0) }
    return isPrintable ? text : String(text.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" })
  }

  func fail(_ text: String) {
    guard failure == nil else { return }
    failure = text
    note("WRONG: \(text)")
  }

  // MARK: Time

  /// Milliseconds since 1970, for a server whose clock is right.
  var wallMilliseconds: Int64 { 1_700_000_000_000 + now }

  func schedule(at time: Int64, _ action: @escaping () -> Void) { queue.add(at: max(time, now), action) }

  func schedule(after milliseconds: Int64, _ action: @escaping () -> Void) {
    queue.add(at: now + milliseconds, action)
  }

  /// Lets time pass, with all that happens in it.
  func pass(milliseconds: Int64) {
    let end = now + milliseconds
    while failure == nil, let event = queue.take(until: end) {
      now = event.time
      event.action()
    }
    now = end
  }

  // MARK: Chance

  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  func pick<Element>(_ elements: [Element]) -> Element { elements[Int.random(in: 0..<elements.count, using: &random)] }

  func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}
