/// Pauses of clients: what is put off, and until when, for each of those who want it.
///
/// CLIENT PAUSE, a shutdown that waits for replicas, and a failover each have a pause of their own, so that the end of one
/// is not the end of another. What holds is the strictest of them.
struct ClientPauses {
  enum Extent: Int {
    /// What may change the dataset or reach replicas.
    case writes
    /// Every command.
    case all
  }

  /// Who wants clients to pause.
  enum Purpose: Int, CaseIterable {
    case command, shutdown, failover
  }

  private struct Pause {
    var extent: Extent
    /// Milliseconds since 1970; the pause is over once this time has passed.
    var end: Int64
  }

  private var pauses = [Pause?](repeating: nil, count: Purpose.allCases.count)
  /// The strictest of all; nil while clients do not pause.
  private(set) var extent: Extent?
  /// The latest end of those that are as strict; `Int64.max` for never, or if there is none.
  private(set) var end = Int64.max

  /// Begins a pause. If the same one wants one already, the longer and the stricter of the two holds.
  mutating func begin(_ purpose: Purpose, until end: Int64, _ extent: Extent) {
    let former = pauses[purpose.rawValue]
    pauses[purpose.rawValue] = Pause(
      extent: former?.extent == .all ? .all : extent, end: max(former?.end ?? end, end))
    update()
  }

  mutating func end(_ purpose: Purpose) {
    pauses[purpose.rawValue] = nil
    update()
  }

  /// Ends those whose time has passed.
  mutating func endOverdue(at now: Int64) {
    for (index, pause) in pauses.enumerated() where pause.map({ $0.end < now }) ?? false { pauses[index] = nil }
    update()
  }

  private mutating func update() {
    let all = pauses.compactMap { $0 }
    extent = all.max { $0.extent.rawValue < $1.extent.rawValue }?.extent
    end = all.filter { $0.extent == extent }.map(\.end).max() ?? .max
  }
}
