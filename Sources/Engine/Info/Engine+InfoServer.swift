internal import Glibc
internal import Values

// INFO: the process itself, and who is connected to it.
extension Engine {
  func serverInfo() -> [String] {
    var lines = InfoLines()
    let uptime = uptimeSeconds
    lines.add("redis_version", ServerIdentity.redisVersion)
    // What redis-server says where it was not built from a repository.
    lines.add("redis_git_sha1", "00000000")
    lines.add("redis_git_dirty", false)
    lines.add("redis_build_id", ServerIdentity.buildID)
    lines.add("cambium_version", ServerIdentity.version)
    lines.add("redis_mode", "standalone")
    lines.add("os", Self.operatingSystem)
    lines.add("arch_bits", Int.bitWidth)
    lines.add("monotonic_clock", "POSIX clock_gettime")
    lines.add("multiplexing_api", "epoll")
    lines.add("process_id", Int(getpid()))
    lines.add("process_supervised", identity.supervisor)
    lines.add("run_id", runID)
    lines.add("tcp_port", identity.port)
    lines.add("server_time_usec", nowMicroseconds)
    lines.add("uptime_in_seconds", uptime)
    lines.add("uptime_in_days", uptime / 86_400)
    lines.add("hz", settings.hz)
    lines.add("configured_hz", settings.hz)
    lines.add("lru_clock", Int(AccessClock.LRU(milliseconds: keyspace.now).rawValue))
    lines.add("executable", identity.executable)
    lines.add("config_file", identity.configurationFile)
    lines.add("io_threads_active", false)
    if let left = shutdownMilliseconds { lines.add("shutdown_in_milliseconds", left) }
    return lines.lines
  }

  /// Seconds since the engine was made.
  var uptimeSeconds: Int { Int((monotonicNanoseconds() - startedNanoseconds) / 1_000_000_000) }

  func clientsInfo() -> [String] {
    var lines = InfoLines()
    let clients = sessions.values.filter { !$0.isPrimary && !$0.isReplica }
    lines.add("connected_clients", clients.count)
    lines.add("cluster_connections", 0)
    lines.add("maxclients", settings.maxclients)
    lines.add("client_recent_max_input_buffer", clients.map(\.inputCapacity).max() ?? 0)
    lines.add("client_recent_max_output_buffer", clients.map(\.outputMemory).max() ?? 0)
    lines.add("blocked_clients", clients.count { $0.isWaiting })
    lines.add("tracking_clients", tracking.clientCount)
    lines.add("clients_in_timeout_table", keyspace.waits.deadlineCount)
    return lines.lines
  }

  func processorInfo() -> [String] {
    var lines = InfoLines()
    for (suffix, whose) in [("", RUSAGE_SELF.rawValue), ("_children", RUSAGE_CHILDREN.rawValue), ("_main_thread", 1)] {
      var usage = rusage()
      unsafe getrusage(__rusage_who_t(whose), &usage)
      lines.add("used_cpu_sys\(suffix)", usage.ru_stime.seconds, decimals: 6)
      lines.add("used_cpu_user\(suffix)", usage.ru_utime.seconds, decimals: 6)
    }
    return lines.lines
  }

  func clusterInfo() -> [String] { ["cluster_enabled:0"] }

  private static let operatingSystem: String = {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return "unknown" }
    func text<T>(_ field: T) -> String {
      unsafe withUnsafeBytes(of: field) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(text(names.sysname)) \(text(names.release)) \(text(names.machine))"
  }()
}

extension timeval {
  fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
