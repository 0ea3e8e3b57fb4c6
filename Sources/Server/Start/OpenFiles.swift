import Glibc
import Logging

/// Room for `maxclients` connections among the files that the process may have open.
enum OpenFiles {
  /// Files that the server itself needs: logs, listening sockets, links to primaries.
  private static let reserved = 32

  /// What came of asking for `clients` connections.
  enum Outcome: Equatable {
    case enough
    /// The limit was raised from the first to the second number.
    case raised(from: Int, to: Int)
    /// The system allows `limit` files and no more, enough for `clients`.
    case reduced(clients: Int, limit: Int, reason: String)
    case hopeless(limit: Int)
  }

  /// Raises the limit of open files as far as the system lets, up to what `clients` need.
  static func makeRoom(for clients: Int) -> Outcome {
    let wanted = rlim_t(clients + reserved)
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return .reduced(clients: 1024 - reserved, limit: 1024, reason: Files.errorText(errno))
    }
    let old = limit.rlim_cur
    if old >= wanted { return .enough }
    var reason = ""
    // The hard limit first, which a privileged process may raise; then what the hard limit leaves.
    for attempt in [rlimit(rlim_cur: wanted, rlim_max: max(wanted, limit.rlim_max)), limit.atItsMaximum] {
      var attempt = attempt
      if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &attempt) == 0 {
        if attempt.rlim_cur >= wanted { return .raised(from: Int(old), to: Int(wanted)) }
        limit = attempt
        break
      }
      reason = Files.errorText(errno)
    }
    let best = Int(limit.rlim_cur)
    return best > reserved
      ? .reduced(clients: best - reserved, limit: best, reason: reason) : .hopeless(limit: best)
  }

  /// Says in the log what came out; answers the number of clients, or nil when the server cannot run.
  static func makeRoom(for clients: Int, logger: Logger) -> Int? {
    switch makeRoom(for: clients) {
    case .enough:
      return clients
    case .raised(let old, let new):
      logger.notice("Increased maximum number of open files to \(new) (it was originally set to \(old)).")
      return clients
    case .reduced(let fewer, let limit, let reason):
      let wanted = clients + reserved
      logger.warning("You requested maxclients of \(clients) requiring at least \(wanted) max file descriptors.")
      logger.warning("Server can't set maximum open files to \(wanted) because of OS error: \(reason).")
      logger.warning(
        """
        Current maximum open files is \(limit). maxclients has been reduced to \(fewer) to compensate for low ulimit. \
        If you need higher maxclients increase 'ulimit -n'.
        """)
      return fewer
    case .hopeless(let limit):
      logger.warning(
        """
        Your current 'ulimit -n' of \(limit) is not enough for the server to start. \
        Please increase your open file limit to at least \(clients + reserved). Exiting.
        """)
      return nil
    }
  }
}

extension rlimit {
  fileprivate var atItsMaximum: rlimit { rlimit(rlim_cur: rlim_max, rlim_max: rlim_max) }
}
