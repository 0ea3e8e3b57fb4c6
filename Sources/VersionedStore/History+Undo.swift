/// Doing something that may have to be taken back, the list of versions included.
extension History {
  struct Checkpoint {
    /// The version that the live dataset was sealed as.
    let id: Int
    /// The tags of all versions that were there before.
    let holds: [Int: [String]]
    /// Of the live dataset, which what is taken back has not changed.
    let changeCount: UInt64
  }

  /// What is done from now on may be taken back. Until that is decided no version is given up.
  public var isUndoable: Bool { checkpoint != nil }

  /// Seals the live dataset, so that `undo` can go back to it. To be followed by one call of `undo` or `keep`, and not to be
  /// called again before.
  public func beginUndoable(atMilliseconds now: Int64) {
    precondition(checkpoint == nil)
    let holds = versions.lazy.filter { !$0.holds.isEmpty }.map { ($0.id, $0.holds) }
    let tags = Dictionary(uniqueKeysWithValues: holds)
    let before = createAutomatic(prefix: "before-transaction", reason: "transaction", atMilliseconds: now)
    checkpoint = Checkpoint(id: before.id, holds: tags, changeCount: live.changeCount)
  }

  /// What was done stays.
  public func keep() {
    guard let before = checkpoint else { return }
    checkpoint = nil
    setHolds([], of: before.id)
    _ = try? drop([before.id])
  }

  /// Makes the live dataset and the list of versions what they were. Versions that were made meanwhile go.
  public func undo(atMilliseconds now: Int64) {
    guard let before = checkpoint else { return }
    checkpoint = nil
    // It is there, since none was given up.
    _ = try? rollback(to: before.id, keepCurrent: false, atMilliseconds: now)
    live.changeCount = before.changeCount
    let ids = versions.map(\.id)
    for id in ids { setHolds(before.holds[id] ?? [], of: id) }
    _ = try? drop(ids.filter { $0 >= before.id })
  }

  private func setHolds(_ tags: [String], of id: Int) {
    if let index = versions.firstIndex(where: { $0.id == id }) { versions[index].holds = tags }
  }
}
