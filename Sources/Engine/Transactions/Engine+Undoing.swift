internal import VersionedStore

extension Engine {
  /// Runs `body` so that the dataset and its versions are as before if it answers false (`transaction-rollback`): it is
  /// sealed first, which takes constant time, and its root is put back. Who watches, waits, caches or subscribes learns of
  /// what was done only if it stays.
  func undoing(_ body: () -> Bool) {
    let history = keyspace.history
    // Only where tests let scripts call EXEC does one run within another, which decides for both.
    if history.isUndoable {
      _ = body()
      return
    }
    let changesSinceSave = keyspace.changesSinceSave
    let told = effects.mark
    history.beginUndoable(atMilliseconds: keyspace.now)
    keyspace.heldChanges = HeldChanges()
    let succeeded = body()
    let held = keyspace.heldChanges
    keyspace.heldChanges = nil
    if succeeded {
      history.keep()
      // What could not go meanwhile.
      if settings.versionHistory > 0 { keyspace.trimVersions() }
      held?.forEach(change: { keyspace.tell($0) }, deed: { $0(self) })
    } else {
      history.undo(atMilliseconds: keyspace.now)
      keyspace.takeLiveDataset()
      keyspace.changesSinceSave = changesSinceSave
      effects.takeBack(to: told)
    }
  }

  /// Does what cannot be taken back: at once, or when it is certain that what is being done stays. If it does not, it is not
  /// done at all.
  public func whenKept(_ deed: @escaping (Engine) -> Void) {
    if isUndoable { keyspace.heldChanges?.append(deed) } else { deed(self) }
  }

  /// Whether what is being done may still be taken back.
  var isUndoable: Bool { keyspace.heldChanges != nil }
}
