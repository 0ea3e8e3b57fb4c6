import Glibc

/// The file that holds the id of the running process.
struct PidFile {
  /// Where a daemon writes it when no place is named.
  static let daemonPath = "/var/run/redis.pid"

  let path: String

  /// Writes this process's id. That it cannot is no reason not to serve.
  func write() {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { return }
    try? Files.writeAll(file, Array("\(getpid())\n".utf8))
    close(file)
  }

  func remove() { _ = unsafe unlink(path) }
}
