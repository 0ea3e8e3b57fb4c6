import Glibc
import Logging
import Synchronization

/// Where log lines go, and the two things that change while the server runs: the level and the role.
///
/// Shared by every logger and thread. A line is one `write` to a file opened for appending, so lines never mix.
final class LogFile: Sendable {
  /// The letter after the process id.
  enum Role: UInt8, Sendable {
    case primary = 0x4D  // M
    case replica = 0x53  // S
  }

  /// Empty for standard output.
  private let path: String
  private let level: Atomic<Int>
  private let role = Atomic(Role.primary.rawValue)

  init(path: String = "", level: LogThreshold = .notice) {
    self.path = path
    self.level = Atomic(level.threshold)
  }

  /// A logger that writes here. Metadata is written behind the message as `key=value`.
  func logger(_ label: String = "cambium") -> Logger {
    Logger(label: label) { _ in RedisLogHandler(file: self) }
  }

  func setRole(_ role: Role) { self.role.store(role.rawValue, ordering: .relaxed) }

  func setLevel(_ level: LogThreshold) { self.level.store(level.threshold, ordering: .relaxed) }

  /// Index in `Logger.Level.allCases` of the least level that is written.
  var threshold: Int { level.load(ordering: .relaxed) }

  /// One line in Redis's format: `pid:role dd Mon yyyy hh:mm:ss.mmm mark message`.
  func write(_ message: String, at level: Logger.Level) {
    let role = Character(Unicode.Scalar(self.role.load(ordering: .relaxed)))
    write(raw: "\(getpid()):\(role) \(Self.now()) \(level.mark) \(message)\n")
  }

  /// Text without the head of a line, such as the logo.
  func write(raw text: String, at level: Logger.Level) {
    if level.index >= threshold { write(raw: text) }
  }

  /// The file is opened anew, so that a log that was renamed away is followed by a new one; a log that
  /// cannot be written loses the line, there being nowhere to say so.
  private func write(raw text: String) {
    if path.isEmpty {
      try? Files.writeAll(STDOUT_FILENO, Array(text.utf8))
    } else {
      let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else { return }
      try? Files.writeAll(file, Array(text.utf8))
      close(file)
    }
  }

  /// Whether lines go to a person rather than to a file.
  var isTerminal: Bool { path.isEmpty && isatty(STDOUT_FILENO) == 1 }

  /// Local time as `22 Nov 2026 13:30:05.042`, in English whatever the locale.
  private static func now() -> String {
    var time = timeval()
    var parts = unsafe tm()
    unsafe gettimeofday(&time, nil)
    var seconds = time.tv_sec
    unsafe localtime_r(&seconds, &parts)
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }.joined(separator: ":")
    let day = padded(Int(unsafe parts.tm_mday), 2)
    let month = months[Int(unsafe parts.tm_mon) % 12]
    return "\(day) \(month) \(1900 + Int(unsafe parts.tm_year)) \(clock).\(padded(time.tv_usec / 1000, 3))"
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension LogThreshold {
  /// Redis's four levels among swift-log's seven.
  fileprivate var threshold: Int {
    switch self {
    case .debug: Logger.Level.trace.index
    case .verbose: Logger.Level.info.index
    case .notice: Logger.Level.notice.index
    case .warning: Logger.Level.warning.index
    case .nothing: Logger.Level.allCases.count
    }
  }
}

extension Logger.Level {
  var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  fileprivate var mark: Character {
    switch self {
    case .trace, .debug: "."
    case .info: "-"
    case .notice: "*"
    case .warning, .error, .critical: "#"
    }
  }
}
