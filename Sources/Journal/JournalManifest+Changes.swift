// How the list of files changes, as Redis 7 has it. What is changed takes effect when it is written to the disk.
extension JournalManifest {
  /// Ends the present increment and begins another. Returns its name.
  mutating func addIncrement(to log: String) -> String {
    incrementSequence += 1
    let name = "\(log).\(incrementSequence).incr.aof"
    increments.append(File(name: name, sequence: incrementSequence))
    return name
  }

  /// Puts a new base in the place of the former one. Returns its name.
  mutating func replaceBase(of log: String, isSnapshot: Bool) -> String {
    if let base { history.insert(base, at: 0) }
    baseSequence += 1
    let name = "\(log).\(baseSequence).base.\(isSnapshot ? "rdb" : "aof")"
    base = File(name: name, sequence: baseSequence)
    return name
  }

  /// Makes history of the increments before that of this number, which the base holds.
  mutating func retireIncrements(before sequence: Int64) {
    let count = increments.prefix { $0.sequence < sequence }.count
    history.insert(contentsOf: increments.prefix(count), at: 0)
    increments.removeFirst(count)
  }
}
