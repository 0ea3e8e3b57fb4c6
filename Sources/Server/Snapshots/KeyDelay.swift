import Glibc
import Synchronization

/// The delay that `key-load-delay` asks for, where a thread reads a file: may be changed while it waits.
final class KeyDelay: Sendable {
  private let setting = Atomic(0)
  /// Longest sleep without a look at whether it is still wanted.
  private static let stepMicroseconds = 10_000

  var microseconds: Int { setting.load(ordering: .relaxed) }

  func set(_ microseconds: Int) { setting.store(microseconds, ordering: .relaxed) }

  /// Waits as long as so many keys ask for.
  func wait(keys: Int) {
    var left = Self.microseconds(keys: keys, setting: microseconds)
    while left > 0, microseconds != 0 {
      let step = min(left, Self.stepMicroseconds)
      usleep(UInt32(step))
      left -= step
    }
  }

  /// Waits behind one key, unless it is told to stop.
  static func waitBehindKey(setting: Int, isCancelled: () -> Bool) {
    // So short a sleep takes much longer than it says: it is taken less often instead.
    if setting < 0, Int.random(in: 0..<(-setting)) == 0 { usleep(1) }
    var left = setting
    while left > 0, !isCancelled() {
      let step = min(left, stepMicroseconds)
      usleep(UInt32(step))
      left -= step
    }
  }

  /// Microseconds that a setting asks for: so many for each key, or, below 0, one for one key of so many.
  static func microseconds(keys: Int, setting: Int) -> Int {
    setting < 0 ? keys / -setting : keys * setting
  }
}
