internal import VersionedStore

// INFO: what has happened since the start, or since CONFIG RESETSTAT.
extension Engine {
  func statsInfo() -> [String] {
    var lines = InfoLines()
    lines.add("total_connections_received", statistics.connectionsReceived)
    lines.add("total_commands_processed", statistics.commandsProcessed)
    lines.add("instantaneous_ops_per_sec", rates.commands.perSecond)
    lines.add("total_net_input_bytes", statistics.bytesReceived)
    lines.add("total_net_output_bytes", statistics.bytesSent)
    lines.add("total_net_repl_input_bytes", statistics.primaryBytesReceived)
    lines.add("total_net_repl_output_bytes", statistics.replicaBytesSent)
    lines.add("instantaneous_input_kbps", Double(rates.inputBytes.perSecond) / 1024)
    lines.add("instantaneous_output_kbps", Double(rates.outputBytes.perSecond) / 1024)
    lines.add("instantaneous_input_repl_kbps", Double(rates.primaryBytes.perSecond) / 1024)
    lines.add("instantaneous_output_repl_kbps", Double(rates.replicaBytes.perSecond) / 1024)
    lines.add("rejected_connections", statistics.connectionsRejected)
    lines.add("sync_full", statistics.fullSyncs)
    lines.add("sync_partial_ok", statistics.partialResyncs)
    lines.add("sync_partial_err", statistics.partialResyncsRefused)
    lines.add("expired_keys", keyspace.statistics.expiredKeys)
    lines.add("expired_subkeys", keyspace.statistics.expiredFields)
    lines.add("expired_stale_perc", keyspace.statistics.expiredStalePercentage)
    lines.add("expired_time_cap_reached_count", keyspace.statistics.expiredTimeCapReached)
    lines.add("expire_cycle_cpu_milliseconds", keyspace.statistics.expiryNanoseconds / 1_000_000)
    lines.add("evicted_keys", keyspace.statistics.evictedKeys)
    lines.add("evicted_clients", statistics.evictedClients)
    let exceeded = memoryExceededSince.map { (monotonicNanoseconds() - $0) / 1000 } ?? 0
    lines.add("total_eviction_exceeded_time", (statistics.memoryExceededMicroseconds + exceeded) / 1000)
    lines.add("current_eviction_exceeded_time", exceeded / 1000)
    lines.add("keyspace_hits", keyspace.statistics.hits)
    lines.add("keyspace_misses", keyspace.statistics.misses)
    lines.add("pubsub_channels", pubSub.channels.count)
    lines.add("pubsub_patterns", pubSub.patterns.count)
    lines.add("pubsubshard_channels", pubSub.shardChannels.count)
    lines.add("latest_fork_usec", 0)
    lines.add("total_forks", 0)
    lines.add("migrate_cached_sockets", keptMigrationLinks())
    lines.add("slave_expires_tracked_keys", 0)
    lines.add("active_defrag_hits", 0)
    lines.add("active_defrag_misses", 0)
    lines.add("active_defrag_key_hits", 0)
    lines.add("active_defrag_key_misses", 0)
    lines.add("total_active_defrag_time", 0)
    lines.add("current_active_defrag_time", 0)
    lines.add("tracking_total_keys", tracking.keys.count)
    lines.add("tracking_total_items", tracking.keys.idCount)
    lines.add("tracking_total_prefixes", tracking.prefixes.count)
    lines.add("unexpected_error_replies", statistics.unexpectedErrorReplies)
    lines.add("total_error_replies", statistics.errorReplies)
    lines.add("dump_payload_sanitizations", keyspace.statistics.payloadsChecked)
    lines.add("total_reads_processed", statistics.reads)
    lines.add("total_writes_processed", statistics.writes)
    lines.add("io_threaded_reads_processed", 0)
    lines.add("io_threaded_writes_processed", 0)
    lines.add("reply_buffer_shrinks", statistics.replyBufferShrinks)
    lines.add("reply_buffer_expands", statistics.replyBufferExpansions)
    lines.add("client_query_buffer_limit_disconnections", statistics.queryBufferLimitDisconnections)
    lines.add("client_output_buffer_limit_disconnections", statistics.outputBufferLimitDisconnections)
    return lines.lines
  }

  /// Commands in the order of the table, each with its subcommands behind it.
  func commandStatsInfo() -> [String] {
    commands.all.flatMap { [$0] + $0.value.subcommands }.compactMap(\.value.statisticsLine)
  }

  func errorStatsInfo() -> [String] {
    statistics.errorsByCode.sorted { $0.key < $1.key }.map { "errorstat_\($0.key.infoSafe):count=\($0.value)" }
  }

  /// Percentiles of the times of every command that was called.
  func latencyStatsInfo() -> [String] {
    guard settings.latencyTracking else { return [] }
    return commands.all.flatMap { [$0] + $0.value.subcommands }.compactMap { record in
      guard let latencies = record.value.latencies, latencies.callCount > 0 else { return nil }
      let percentiles = settings.latencyPercentiles.map { percent in
        "p\(percent.percentText)=\((Double(latencies.nanoseconds(percent: percent)) / 1000).fixed(3))"
      }
      return "latency_percentiles_usec_\(record.value.fullName.infoSafe):\(percentiles.joined(separator: ","))"
    }
  }

  /// Sets back what CONFIG RESETSTAT sets back.
  public func resetStatistics() {
    statistics = EngineStatistics()
    statistics.reclaimedBefore = keyspace.history.reclaimedCount
    if memoryExceededSince != nil { memoryExceededSince = monotonicNanoseconds() }
    persistence.saveCount = 0
    keyspace.statistics = KeyspaceStatistics()
    rates.reset()
    peakMemory.reset()
    for record in commands.all.flatMap({ [$0] + $0.value.subcommands }) {
      record.value.statistics = CommandStatistics()
      record.value.latencies?.reset()
    }
  }
}

extension CommandRecord {
  /// nil when nobody has tried the command.
  fileprivate var statisticsLine: String? {
    guard statistics.calls > 0 || statistics.rejected > 0 || statistics.failed > 0 else { return nil }
    let microseconds = statistics.nanoseconds / 1000
    let perCall = statistics.calls == 0 ? 0 : microseconds / Double(statistics.calls)
    return "cmdstat_\(fullName.infoSafe):calls=\(statistics.calls),usec=\(Int(microseconds))"
      + ",usec_per_call=\(perCall.fixed(2)),rejected_calls=\(statistics.rejected),failed_calls=\(statistics.failed)"
  }
}

extension String {
  /// The text without the characters that mean something to a reader of INFO.
  fileprivate var infoSafe: String { String(map { "#:\n\r".contains($0) ? "_" : $0 }) }
}
