/// Whether a replica that asks for the stream from some offset on can be sent it.
enum PartialResync: Equatable {
  /// The place in the backlog where it goes on.
  case accepted(Int64)
  /// `PSYNC ? -1`: it has nothing to go on from.
  case notWanted
  case otherHistory
  /// It has more of our former history than we went on from.
  case beyondFormerHistory
  case notInBacklog(isAheadOfUs: Bool)

  /// - Parameters:
  ///   - id: of the history that the replica has.
  ///   - offset: the number of the first byte that it has not, counted from 1 as PSYNC does.
  ///   - backlog: nil if there is none.
  static func decide(
    id: String, offset: Int64, historyID: String, formerHistory: (id: String, end: Int64)?, backlog: Backlog?,
    end: Int64
  ) -> PartialResync {
    let id = id.lowercased()
    let place = offset > .min ? offset - 1 : offset
    if id != historyID.lowercased() {
      if id.hasPrefix("?") { return .notWanted }
      guard let formerHistory, id == formerHistory.id.lowercased() else { return .otherHistory }
      // The byte after the last one that both have is the first that it may ask for.
      guard place <= formerHistory.end else { return .beyondFormerHistory }
    }
    guard let backlog, place >= backlog.start, place <= backlog.end else {
      return .notInBacklog(isAheadOfUs: place > end)
    }
    return .accepted(place)
  }
}
