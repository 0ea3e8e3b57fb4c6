internal import VersionedStore

// INFO: the dataset, on disk, elsewhere and here.
extension Engine {
  func persistenceInfo() -> [String] {
    let state = persistence
    let log = state.log
    let staging = replicaHooks.staging()
    var lines = [
      "loading:\(state.isLoading ? 1 : 0)",
      "async_loading:\(staging == nil ? 0 : 1)",
      "current_cow_peak:\(state.currentRetainedPeak)",
      "current_cow_size:\(state.currentRetainedBytes)",
      "current_cow_size_age:0",
      "current_fork_perc:\(state.isSaving ? percentage(state.keysSaved, state.keysToSave) : "0.00")",
      "current_save_keys_processed:\(state.keysSaved)",
      "current_save_keys_total:\(state.keysToSave)",
      "rdb_changes_since_last_save:\(keyspace.changesSinceSave)",
      "rdb_bgsave_in_progress:\(state.isSaving || replicaHooks.figures().syncs > 0 ? 1 : 0)",
      "rdb_last_save_time:\(state.lastSaveTime)",
      "rdb_last_bgsave_status:\(state.lastSaveSucceeded ? "ok" : "err")",
      "rdb_last_bgsave_time_sec:\(state.lastSaveSeconds)",
      "rdb_current_bgsave_time_sec:\(state.currentSaveSeconds)",
      "rdb_saves:\(state.saveCount)",
      "rdb_last_cow_size:\(state.lastRetainedBytes)",
      "rdb_last_load_keys_expired:\(state.keysExpiredOnLoad)",
      "rdb_last_load_keys_loaded:\(state.keysLoaded)",
      "aof_enabled:\(log.isEnabled ? 1 : 0)",
      "aof_rewrite_in_progress:\(log.isRewriting ? 1 : 0)",
      "aof_rewrite_scheduled:\(log.isRewriteScheduled ? 1 : 0)",
      "aof_last_rewrite_time_sec:\(log.lastRewriteSeconds)",
      "aof_current_rewrite_time_sec:\(log.currentRewriteSeconds)",
      "aof_last_bgrewrite_status:\(log.lastRewriteSucceeded ? "ok" : "err")",
      "aof_rewrites:\(log.rewriteCount)",
      "aof_rewrites_consecutive_failures:\(log.consecutiveFailures)",
      "aof_last_write_status:\(state.logError == nil ? "ok" : "err")",
      "aof_last_cow_size:\(log.lastRetainedBytes)",
      "module_fork_in_progress:0",
      "module_fork_last_cow_size:0",
    ]
    if settings.appendOnly {
      lines += [
        "aof_current_size:\(log.currentSize)",
        "aof_base_size:\(log.baseSize)",
        "aof_pending_rewrite:\(log.isRewriteScheduled ? 1 : 0)",
        "aof_buffer_length:\(log.bufferedBytes)",
        "aof_pending_bio_fsync:\(log.pendingSyncs)",
        "aof_delayed_fsync:\(log.delayedSyncs)",
      ]
    }
    if let figures = state.isLoading ? loadFigures(state) : staging { lines += loadLines(figures) }
    return lines
  }

  private func loadFigures(_ state: PersistenceState) -> LoadFigures {
    LoadFigures(
      seconds: nowMicroseconds / 1_000_000 - state.loadingBeganSeconds, totalBytes: state.loadingTotalBytes,
      loadedBytes: state.loadingLoadedBytes)
  }

  private func loadLines(_ load: LoadFigures) -> [String] {
    let left = max(load.totalBytes - load.loadedBytes, 0)
    // A primary may announce any length: in whole numbers the product would have none.
    let seconds = Double(load.seconds) * Double(left) / Double(max(load.loadedBytes, 1))
    return [
      "loading_start_time:\(nowMicroseconds / 1_000_000 - load.seconds)",
      "loading_total_bytes:\(load.totalBytes)",
      "loading_rdb_used_mem:0",
      "loading_loaded_bytes:\(load.loadedBytes)",
      "loading_loaded_perc:\(percentage(load.loadedBytes, load.totalBytes))",
      "loading_eta_seconds:\(load.loadedBytes > 0 ? Int64(exactly: seconds.rounded(.down)) ?? .max : 1)",
    ]
  }

  /// With two decimals.
  private func percentage(_ part: Int, _ whole: Int) -> String {
    let hundredths = whole > 0 ? Int(10_000 * Double(part) / Double(whole)) : 0
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// What is true of a server that follows nobody and that nobody follows.
  func replicationInfo() -> [String] {
    [
      "role:master",
      "connected_slaves:0",
      "master_failover_state:no-failover",
      "master_replid:\(runID)",
      "master_replid2:\(String(repeating: "0", count: 40))",
      "master_repl_offset:0",
      "second_repl_offset:-1",
      "repl_backlog_active:0",
      "repl_backlog_size:0",
      "repl_backlog_first_byte_offset:0",
      "repl_backlog_histlen:0",
    ]
  }

  func keyspaceInfo() -> [String] {
    let root = keyspace.live.head
    return (0..<root.databaseCount).compactMap { database in
      let keys = root.keyCount(database)
      guard keys > 0 else { return nil }
      let expiring = root.expiringCount(database)
      return "db\(database):keys=\(keys),expires=\(expiring),avg_ttl=\(averageTimeToLive(root, database))"
    }
  }

  /// Milliseconds that a key with a time to live has left: the mean of a few chosen at random.
  private func averageTimeToLive(_ root: Root, _ database: Int) -> Int64 {
    var generator = SystemRandomNumberGenerator()
    var sum: Int64 = 0
    let samples: Int64 = 16
    for _ in 0..<samples {
      guard let entry = root.randomEntry(database, expiringOnly: true, using: &generator) else { return 0 }
      // A time to live may be as long as the clock can tell: the sum of some is not. And on a replica what has expired
      // stays, even if that was at the beginning of time.
      sum += (max(entry.expiry ?? keyspace.now, keyspace.now) - keyspace.now) / samples
    }
    return sum
  }
}
