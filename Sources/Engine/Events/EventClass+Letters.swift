extension EventClass {
  /// In the order in which Redis shows them, those of `A` first.
  private static let letters: [(letter: Character, kind: EventClass)] = [
    ("g", .generic), ("$", .string), ("l", .list), ("s", .set), ("h", .hash), ("z", .sortedSet), ("x", .expired),
    ("e", .evicted), ("t", .stream), ("d", .module), ("n", .new), ("K", .keyspace), ("E", .keyevent), ("m", .miss),
  ]

  /// Reads `notify-keyspace-events`; nil if a letter means nothing.
  public init?(letters text: String) {
    self = []
    for letter in text {
      if letter == "A" {
        formUnion(.all)
      } else if let known = Self.letters.first(where: { $0.letter == letter }) {
        insert(known.kind)
      } else {
        return nil
      }
    }
  }

  /// The letters that say all of it.
  public var letters: String {
    let hasAll = isSuperset(of: .all)
    let rest = Self.letters.filter { contains($0.kind) && !(hasAll && EventClass.all.contains($0.kind)) }
    return (hasAll ? "A" : "") + String(rest.map(\.letter))
  }

  /// As CONFIG GET shows them in Redis, which leaves `n` out behind `A`.
  public var shownLetters: String { isSuperset(of: .all) ? letters.filter { $0 != "n" } : letters }
}
