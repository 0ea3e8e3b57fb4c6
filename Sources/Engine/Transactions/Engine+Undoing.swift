internal import VersionedStore

extension Engine {
  /// Runs `body` so that the dataset is as before if it answers false (`transaction-rollback`): it is sealed first, which
  /// takes constant time, and its root is put back. Who watches, waits, caches or subscribes learns of what was done only
  /// if it stays.
  func undoing(_ body: () -> Bool) {
    let history = keyspace.history
    let changesSinceSave = keyspace.changesSinceSave
    let isOutermost = keyspace.heldChanges == nil
    // More versions than there may be: what cannot be taken back is not begun.
    let before = history.createAutomatic(
      prefix: "before-transaction", reason: "transaction", atMilliseconds: keyspace.now)
    // Whatever the commands do to versions, this one is there when it is needed.
    try? history.hold(before.id, tag: Self.undoTag)
    if isOutermost { keyspace.heldChanges = HeldChanges() }
    let succeeded = body()
    let held = isOutermost ? keyspace.heldChanges : nil
    if isOutermost { keyspace.heldChanges = nil }
    try? history.release(before.id, tag: Self.undoTag)
    if !succeeded {
      _ = try? history.rollback(to: before.id, keepCurrent: false, atMilliseconds: keyspace.now)
      keyspace.takeLiveDataset()
      keyspace.changesSinceSave = changesSinceSave
    }
    _ = try? history.drop([before.id])
    if succeeded { held?.forEach { keyspace.tell($0) } }
  }

  private static let undoTag = "transaction"
}
