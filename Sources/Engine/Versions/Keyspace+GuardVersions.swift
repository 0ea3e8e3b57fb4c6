public import VersionedStore

/// Versions that the server takes by itself before a command that is hard to take back.
extension Keyspace {
  /// Keeps the live dataset as an automatic version, to be called right before keys are lost. `reason` is one word, the
  /// command's name.
  ///
  /// Takes none when there are no keys that could be lost, when `version-history` is 0, or while a log is replayed, which
  /// holds what came after. Automatic versions beyond
  /// `version-history` go, the oldest first.
  @discardableResult
  public func guardVersion(_ reason: String) -> Version? {
    guard settings.versionHistory > 0, !isReplaying else { return nil }
    guard (0..<live.databaseCount).contains(where: { live.keyCount($0) > 0 }) else { return nil }
    let version = history.createAutomatic(prefix: "before-\(reason)", reason: reason, atMilliseconds: now)
    trimVersions()
    return version
  }

  /// Drops automatic versions beyond `version-history`, the oldest first.
  public func trimVersions() { history.trimAutomatic(to: settings.versionHistory) }
}

extension Engine {
  /// Keeps the live dataset as an automatic version; see `Keyspace.guardVersion`.
  @discardableResult
  public func guardVersion(_ reason: String) -> Version? { keyspace.guardVersion(reason) }
}
