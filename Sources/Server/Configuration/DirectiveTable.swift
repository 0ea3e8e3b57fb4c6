import Engine
import Values

extension Directive {
  /// Every directive, in the order of CONFIG GET.
  static let all: [Directive] =
    sockets + tls + process + memory + clients + replication + versions + delays + snapshots + appendOnlyLog + unbuilt
    + dormantFeatures + tuning

  private static let anyCount = 0...Int(Int32.max)

  private static let sockets: [Directive] = [
    bind,
    Directive("bind-source-addr", .optionalText, \.engine.bindSourceAddress),
    Directive("port", .integer(0...65535), \.server.port),
    Directive("tcp-backlog", .integer(anyCount), \.server.tcpBacklog, change: .onlyAtStart),
    Directive("tcp-keepalive", .integer(anyCount), \.server.tcpKeepalive),
    Directive("unixsocket", .optionalText, \.server.unixsocket, change: .onlyAtStart),
    Directive("unixsocketperm", .octal(0...0o777), \.server.unixsocketperm, change: .onlyAtStart),
  ]

  private static let process: [Directive] = [
    Directive("daemonize", .flag, \.server.daemonize, change: .onlyAtStart),
    Directive("supervised", .choice, \.server.supervised, change: .onlyAtStart),
    Directive("pidfile", .optionalText, \.server.pidfile, change: .onlyAtStart),
    Directive("logfile", .text(), \.server.logfile, change: .onlyAtStart),
    Directive("loglevel", .choice, \.server.loglevel),
    Directive("always-show-logo", .flag, \.server.alwaysShowLogo, change: .onlyAtStart),
    dir,
    oomScoreAdj,
    oomScoreAdjValues,
    shutdownFlags("shutdown-on-sigterm", \.server.shutdownOnSigterm),
    shutdownFlags("shutdown-on-sigint", \.server.shutdownOnSigint),
    Directive("hz", .clamped(1...500, from: anyCount), \.engine.hz),
    Directive("enable-protected-configs", .choice, \.engine.enableProtectedConfigs, change: .onlyAtStart),
    Directive("enable-debug-command", .choice, \.engine.enableDebugCommand, change: .onlyAtStart),
  ]

  private static let memory: [Directive] = [
    Directive("databases", .integer(1...65536), \.engine.databases, change: .onlyAtStart),
    Directive("maxmemory", .memory(0...Int.max), \.engine.maxmemory),
    Directive("maxmemory-policy", .choice, \.engine.maxmemoryPolicy),
    Directive("maxmemory-samples", .integer(1...Int(Int32.max)), \.engine.maxmemorySamples),
    Directive(
      "hash-max-listpack-entries", .integer(0...Int.max), \.engine.encodingLimits.hashEntries,
      aliases: ["hash-max-ziplist-entries"]),
    Directive(
      "hash-max-listpack-value", .memory(0...Int.max), \.engine.encodingLimits.hashValue,
      aliases: ["hash-max-ziplist-value"]),
    Directive(
      "list-max-listpack-size", .integer(Int(Int32.min)...Int(Int32.max)), \.engine.encodingLimits.listSize,
      aliases: ["list-max-ziplist-size"]),
    Directive("set-max-intset-entries", .integer(0...Int.max), \.engine.encodingLimits.setIntegers),
    Directive("hll-sparse-max-bytes", .memory(0...Int.max), \.engine.encodingLimits.hyperLogLogSparseBytes),
    Directive("stream-node-max-bytes", .memory(0...Int.max), \.engine.encodingLimits.streamNodeBytes),
    Directive("stream-node-max-entries", .integer(0...Int.max), \.engine.encodingLimits.streamNodeEntries),
    Directive(
      "zset-max-listpack-entries", .integer(0...Int.max), \.engine.encodingLimits.sortedSetEntries,
      aliases: ["zset-max-ziplist-entries"]),
    Directive(
      "zset-max-listpack-value", .memory(0...Int.max), \.engine.encodingLimits.sortedSetValue,
      aliases: ["zset-max-ziplist-value"]),
    Directive("lfu-log-factor", .integer(anyCount), \.engine.lfuLogFactor),
    Directive("lfu-decay-time", .integer(anyCount), \.engine.lfuDecayTime),
    Directive("active-expire-effort", .integer(1...10), \.engine.activeExpireEffort),
    Directive("lazyfree-lazy-eviction", .flag, \.engine.lazyfreeLazyEviction),
    Directive("lazyfree-lazy-expire", .flag, \.engine.lazyfreeLazyExpire),
    Directive("lazyfree-lazy-server-del", .flag, \.engine.lazyfreeLazyServerDel),
    Directive("lazyfree-lazy-user-del", .flag, \.engine.lazyfreeLazyUserDel),
    Directive("lazyfree-lazy-user-flush", .flag, \.engine.lazyfreeLazyUserFlush),
  ]

  private static let clients: [Directive] = [
    Directive("requirepass", .optionalBytes, \.engine.requirepass),
    Directive("aclfile", .optionalText, \.server.aclfile, change: .onlyAtStart),
    Directive("acl-pubsub-default", .choice, \.engine.aclPubsubDefault),
    Directive("acllog-max-len", .integer(0...Int.max), \.engine.acllogMaxLen),
    Directive("protected-mode", .flag, \.engine.protectedMode),
    Directive("maxclients", .integer(1...Int(UInt32.max)), \.engine.maxclients),
    Directive("timeout", .integer(anyCount), \.engine.timeout),
    Directive("proto-max-bulk-len", .memory(1 << 20...Int.max), \.engine.protoMaxBulkLen),
    Directive("client-query-buffer-limit", .memory(1 << 20...Int.max), \.engine.clientQueryBufferLimit),
    clientOutputBufferLimit,
    Directive("notify-keyspace-events", .eventClasses, \.engine.notifiedEvents),
    Directive("maxmemory-clients", .memoryOrPercentage, \.engine.maxmemoryClients),
    Directive("tracking-table-max-keys", .integer(0...Int.max), \.engine.trackingTableMaxKeys),
    Directive("transaction-rollback", .flag, \.engine.transactionRollback),
    Directive(
      "busy-reply-threshold", .integer(0...Int.max), \.engine.busyReplyThreshold, aliases: ["lua-time-limit"]),
  ]

  private static let replication: [Directive] = [
    replicaOf,
    Directive("masteruser", .optionalBytes, \.engine.masteruser),
    Directive("masterauth", .optionalBytes, \.engine.masterauth),
    Directive("repl-timeout", .integer(1...Int(Int32.max)), \.engine.replTimeout),
    Directive("repl-backlog-size", .memory(1...Int.max), \.engine.replBacklogSize),
    Directive("repl-backlog-ttl", .integer(0...Int.max), \.engine.replBacklogTTL),
    Directive("repl-diskless-sync", .flag, \.engine.replDisklessSync),
    Directive("repl-diskless-sync-delay", .integer(anyCount), \.engine.replDisklessSyncDelay),
    Directive("repl-diskless-sync-max-replicas", .integer(anyCount), \.engine.replDisklessSyncMaxReplicas),
    Directive(
      "repl-ping-replica-period", .integer(1...Int(Int32.max)), \.engine.replPingReplicaPeriod,
      aliases: ["repl-ping-slave-period"]),
    Directive("repl-disable-tcp-nodelay", .flag, \.engine.replDisableTCPNoDelay),
    Directive(
      "min-replicas-to-write", .integer(anyCount), \.engine.minReplicasToWrite, aliases: ["min-slaves-to-write"]),
    Directive(
      "min-replicas-max-lag", .integer(anyCount), \.engine.minReplicasMaxLag, aliases: ["min-slaves-max-lag"]),
    Directive("shutdown-timeout", .integer(anyCount), \.engine.shutdownTimeout),
    Directive("replica-read-only", .flag, \.engine.replicaReadOnly, aliases: ["slave-read-only"]),
    Directive(
      "replica-ignore-maxmemory", .flag, \.engine.replicaIgnoreMaxmemory, aliases: ["slave-ignore-maxmemory"]),
    Directive("replica-priority", .integer(anyCount), \.engine.replicaPriority, aliases: ["slave-priority"]),
    Directive("replica-announced", .flag, \.engine.replicaAnnounced),
    Directive("replica-announce-ip", .optionalText, \.engine.replicaAnnounceIP, aliases: ["slave-announce-ip"]),
    Directive(
      "replica-announce-port", .integer(0...65535), \.engine.replicaAnnouncePort, aliases: ["slave-announce-port"]),
    Directive("replica-refuse-empty", .flag, \.engine.replicaRefuseEmpty),
    Directive("replica-staging-policy", .choice, \.engine.replicaStagingPolicy),
    Directive("replica-retain-previous", .retainPrevious, \.engine.replicaRetainPrevious),
    Directive(
      "replica-serve-stale-data", .flag, \.engine.replicaServeStaleData, aliases: ["slave-serve-stale-data"]),
  ]

  private static let delays: [Directive] = [
    Directive("slowlog-log-slower-than", .integer(-1...Int.max), \.engine.slowlogLogSlowerThan),
    Directive("slowlog-max-len", .integer(0...Int.max), \.engine.slowlogMaxLen),
    Directive("latency-monitor-threshold", .integer(0...Int.max), \.engine.latencyMonitorThreshold),
    Directive("latency-tracking", .flag, \.engine.latencyTracking),
    latencyPercentiles,
  ]

  private static let versions: [Directive] = [
    Directive("version-history", .integer(0...1000), \.engine.versionHistory),
    Directive("version-interval", .integer(anyCount), \.engine.versionInterval),
  ]
}
