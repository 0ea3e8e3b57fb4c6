// Directives that tune features which are not in this build, or that it does without: files and tools written for Redis
// name them.
extension Directive {
  private static let anyCount = 0...Int(Int32.max)
  private static let anyPort = 0...65535

  static let dormantFeatures = defragmentation + cluster + replicas + system

  private static let defragmentation: [Directive] = [
    .dormant("active-defrag-ignore-bytes", .memory(1...Int.max), "104857600"),
    .dormant("active-defrag-threshold-lower", .integer(0...1000), "10"),
    .dormant("active-defrag-threshold-upper", .integer(0...1000), "100"),
    .dormant("active-defrag-cycle-min", .integer(1...99), "1"),
    .dormant("active-defrag-cycle-max", .integer(1...99), "25"),
    .dormant("active-defrag-max-scan-fields", .integer(1...Int.max), "1000"),
    // Memory is made free in slices whose length does not depend on how short it is.
    .dormant("maxmemory-eviction-tenacity", .integer(0...100), "10"),
  ]

  private static let cluster: [Directive] = [
    .dormant("cluster-config-file", .text(), "nodes.conf", change: .onlyAtStart),
    .dormant("cluster-port", .integer(anyPort), "0", change: .onlyAtStart),
    .dormant("cluster-node-timeout", .integer(0...Int.max), "15000"),
    .dormant("cluster-migration-barrier", .integer(anyCount), "1"),
    .dormant(
      "cluster-replica-validity-factor", .integer(anyCount), "10", aliases: ["cluster-slave-validity-factor"]),
    .dormant("cluster-replica-no-failover", .flag, "no", aliases: ["cluster-slave-no-failover"]),
    .dormant("cluster-require-full-coverage", .flag, "yes"),
    .dormant("cluster-allow-reads-when-down", .flag, "no"),
    .dormant("cluster-allow-pubsubshard-when-down", .flag, "yes"),
    .dormant("cluster-allow-replica-migration", .flag, "yes"),
    .dormant("cluster-link-sendbuf-limit", .memory(0...Int.max), "0"),
    .dormant("cluster-announce-ip", .optionalText, ""),
    .dormant("cluster-announce-hostname", .optionalText, ""),
    .dormant("cluster-announce-port", .integer(anyPort), "0"),
    .dormant("cluster-announce-tls-port", .integer(anyPort), "0"),
    .dormant("cluster-announce-bus-port", .integer(anyPort), "0"),
    .dormant("cluster-preferred-endpoint-type", .oneOf("ip", "hostname", "unknown-endpoint"), "ip"),
  ]

  private static let replicas: [Directive] = [
    // A replica that cannot write to its disk says so and goes on with what its primary sends, whichever is chosen: to end,
    // as the other choice would have it, is no help to anybody.
    .dormant("replica-ignore-disk-write-errors", .flag, "no")
  ]

  private static let system: [Directive] = [
    .dormant("syslog-ident", .text(), "redis", change: .onlyAtStart),
    .dormant(
      "syslog-facility",
      .oneOf("user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"), "local0",
      change: .onlyAtStart),
    .dormant("io-threads-do-reads", .flag, "no", change: .onlyAtStart),
    .dormant("crash-log-enabled", .flag, "yes"),
    .dormant("crash-memcheck-enabled", .flag, "yes"),
    .dormant("ignore-warnings", .text(), ""),
    // What would promise something: only off is taken.
    .off("server_cpulist", "", change: .onlyAtStart),
    .off("bio_cpulist", "", change: .onlyAtStart),
    .off("aof_rewrite_cpulist", "", change: .onlyAtStart),
    .off("bgsave_cpulist", "", change: .onlyAtStart),
    .off("socket-mark-id", "0", change: .onlyAtStart),
  ]
}
