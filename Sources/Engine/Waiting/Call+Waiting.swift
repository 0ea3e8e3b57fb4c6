internal import RESP
internal import Values
internal import VersionedStore

/// What the commands that may wait have in common.
extension Call {
  /// Whether the command may wait. Inside a transaction or a script it answers at once, as if its time were over; so it does
  /// in the primary's stream, which nothing may hold up.
  var mayWait: Bool { keyspace.nesting.isEmpty && !session.isPrimary }

  /// Has the command wait for the keys at `keys` among its arguments, or answers with nothing where it may not.
  mutating func wait(for keys: Range<Int>, _ aim: Wait.Aim, until deadline: Int64) {
    guard mayWait else { return reply.nullArray() }
    session.wait = keyspace.waits.begin(self, for: keys, aim, until: deadline)
    session.isWaiting = true
    keyspace.hot.value.interest.set(.awaited, keyspace.waits.hasKeys)
  }

  /// Argument `index`, a number of seconds, as a deadline; see `Wait.deadline`. 0 seconds is no deadline.
  mutating func deadline(seconds index: Int) throws(CommandError) -> Int64 {
    guard let seconds = Float80(text: self[index]) else {
      throw refuse("ERR timeout is not a float or out of range")
    }
    let milliseconds = (seconds * 1000).rounded(.up)
    // What an integer cannot hold becomes the least one in Redis.
    guard milliseconds < 0x1p63, milliseconds >= 0 else { throw refuse("ERR timeout is negative") }
    return deadline(inMilliseconds: Int64(milliseconds))
  }

  /// The same of a number of milliseconds.
  mutating func deadline(milliseconds index: Int) throws(CommandError) -> Int64 {
    guard let milliseconds = Int64(text: self[index]) else {
      throw refuse("ERR timeout is not an integer or out of range")
    }
    guard milliseconds >= 0 else { throw refuse("ERR timeout is negative") }
    return deadline(inMilliseconds: milliseconds)
  }

  private func deadline(inMilliseconds milliseconds: Int64) -> Int64 {
    guard milliseconds > 0 else { return .max }
    let (sum, isOverflow) = now.addingReportingOverflow(milliseconds)
    return isOverflow ? .max : sum
  }

  /// The keys of LMPOP and its like, whose number is argument `index`. A word must follow them.
  func countedKeys(_ index: Int) throws(CommandError) -> Range<Int> {
    let number = try integer(index, or: .noKeyCount)
    guard number > 0 else { throw .noKeyCount }
    guard number < count - index - 1 else { throw .syntax }
    return index + 1..<index + 1 + Int(number)
  }
}
