internal import VersionedStore

extension Engine {
  /// The lines of INFO's section about versions.
  func versionsInfo() -> [String] {
    let history = keyspace.history
    let count = history.counts
    let bytes = history.bytes
    let oldest = history.versions.first.map { max(keyspace.now - $0.createdMilliseconds, 0) / 1000 } ?? 0
    let newest = history.versions.last
    return [
      "versions_count:\(count.all)",
      "versions_automatic:\(count.automatic)",
      "versions_held:\(count.held)",
      "versions_bytes:\(bytes.versions)",
      "versions_waiting_bytes:\(bytes.waiting)",
      "versions_lineages:\(history.lineageCount)",
      "versions_oldest_age_seconds:\(oldest)",
      "versions_last_id:\(newest?.id ?? 0)",
      "versions_last_created_ms:\(newest?.createdMilliseconds ?? 0)",
      "live_bytes:\(bytes.live)",
      "live_generation:\(history.liveGeneration)",
      "live_lineage:\(history.live.lineage)",
      "live_parent:\(history.liveParent ?? 0)",
    ]
  }
}
