internal import VersionedStore

// INFO: the dataset, on disk, elsewhere and here.
extension Engine {
  /// Nothing is saved or loaded by the engine itself.
  func persistenceInfo() -> [String] {
    [
      "loading:0",
      "async_loading:0",
      "current_cow_size:0",
      "current_save_keys_processed:0",
      "current_save_keys_total:0",
      "rdb_changes_since_last_save:\(keyspace.changesSinceSave)",
      "rdb_bgsave_in_progress:0",
      "rdb_last_bgsave_status:ok",
      "rdb_last_bgsave_time_sec:-1",
      "rdb_current_bgsave_time_sec:-1",
      "rdb_saves:0",
      "rdb_last_cow_size:0",
      "rdb_last_load_keys_expired:0",
      "rdb_last_load_keys_loaded:0",
      "aof_enabled:0",
      "aof_rewrite_in_progress:0",
      "aof_rewrite_scheduled:0",
      "aof_last_bgrewrite_status:ok",
      "aof_last_write_status:ok",
    ]
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
