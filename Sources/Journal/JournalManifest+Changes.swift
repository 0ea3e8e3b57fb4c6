// How the list of files changes, as Redis 7 has it. What is changed takes effect when it is written to the disk.
extension JournalManifest {
  /// Ends the present increment and begins another. Returns its name.
  mutating func addIncrement(to log: String) -> String {
    var name: String
    repeat {
      incrementSequence += 1
      name = "\(log).\(incrementSequence).incr.aof"
    } while isTaken(name)
    increments.append(File(name: name, sequence: incrementSequence))
    return name
  }

  /// Puts a new base in the place of the former one. Returns its name.
  mutating func replaceBase(of log: String, isSnapshot: Bool) -> String {
    if let base { history.insert(base, at: 0) }
    var name: String
    repeat {
      baseSequence += 1
      name = "\(log).\(baseSequence).base.\(isSnapshot ? "rdb" : "aof")"
    } while isTaken(name)
    base = File(name: name, sequence: baseSequence)
    return name
  }

  /// History that is not removed yet keeps its name: what is removed under it must not be a part of the log.
  private func isTaken(_ name: String) -> Bool {
    history.contains { $0.name == name } || increments.contains { $0.name == name } || base?.name == name
  }

  /// Has new files numbered behind those of this log among `names`, whether they are named here or not.
  mutating func goBehind(_ names: [String], of log: String) {
    for name in names where name.hasPrefix("\(log).") {
      let parts = name.dropFirst(log.count + 1).split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let number = Int64(parts[0]), number <= Self.sequenceLimit else { continue }
      switch (parts[1], parts[2]) {
      case ("base", "rdb"), ("base", "aof"): baseSequence = max(baseSequence, number)
      case ("incr", "aof"): incrementSequence = max(incrementSequence, number)
      default: continue
      }
    }
  }

  /// Makes history of the increments before that of this number, which the base holds.
  mutating func retireIncrements(before sequence: Int64) {
    let count = increments.prefix { $0.sequence < sequence }.count
    history.insert(contentsOf: increments.prefix(count), at: 0)
    increments.removeFirst(count)
  }
}
