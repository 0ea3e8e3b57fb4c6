internal import VersionedStore

/// Versions by the clock.
extension Engine {
  /// Takes the version that `version-interval` asks for, and gives up former datasets that were kept long enough. To be
  /// called by the cron.
  func versionsCron() {
    takeIntervalVersion()
    dropFormerDatasets()
  }

  private func takeIntervalVersion() {
    guard settings.versionInterval > 0, settings.versionHistory > 0 else {
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

  /// What a full sync has replaced stays for `replica-retain-previous` seconds, held ones longer.
  private func dropFormerDatasets() {
    guard settings.replicaRetainPrevious > 0 else { return }
    let limit = keyspace.now - Int64(settings.replicaRetainPrevious) * 1000
    let history = keyspace.history
    let former = history.versions.filter {
      $0.reason == "replicaof" && $0.isAutomatic && $0.createdMilliseconds <= limit && $0.holds.isEmpty
    }
    for version in former where (try? history.drop([version.id])) != nil {
      log(.notice, "Dropped version \(version.label): replica-retain-previous has passed")
    }
  }
}
