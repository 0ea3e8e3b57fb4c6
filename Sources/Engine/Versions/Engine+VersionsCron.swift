internal import VersionedStore

/// Versions by the clock.
/// Datasets that a full sync has replaced.
public enum FormerDatasets {
  /// The reason of their versions.
  public static let reason = "replicaof"
}

extension Engine {
  /// Takes the version that `version-interval` asks for, and gives up former datasets that were kept long enough. To be
  /// called by the cron.
  func versionsCron() {
    takeIntervalVersion()
    dropFormerDatasets()
  }

  private func takeIntervalVersion() {
    guard settings.versionInterval > 0, settings.versionHistory > 0, !persistence.isLoading else {
      keyspace.intervalBegan = nil
      return
    }
    guard let began = keyspace.intervalBegan else {
      keyspace.intervalBegan = keyspace.now
      return
    }
    guard keyspace.now - began >= Int64(settings.versionInterval) * 1000 else { return }
    keyspace.intervalBegan = keyspace.now
    // A version of the same content would only push an older, better one out of the history.
    guard keyspace.history.isLiveChanged else { return }
    keyspace.history.createAutomatic(prefix: "interval", reason: "interval", atMilliseconds: keyspace.now)
    keyspace.trimVersions()
  }

  /// What a full sync has replaced stays as long as `replica-retain-previous` says, held ones longer.
  private func dropFormerDatasets() {
    let limit: Int64
    switch settings.replicaRetainPrevious {
    case .yes: return
    case .no: limit = .max
    case .seconds(let seconds): limit = keyspace.now - Int64(seconds) * 1000
    }
    let history = keyspace.history
    let former = history.versions.filter {
      $0.reason == FormerDatasets.reason && $0.isAutomatic && $0.createdMilliseconds <= limit && $0.holds.isEmpty
    }
    for version in former where (try? history.drop([version.id])) != nil {
      log(.notice, "Dropped version \(version.label): replica-retain-previous has passed")
    }
  }
}
