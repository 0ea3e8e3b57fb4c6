import Foundation

extension ServerProcess {
  /// Has the process stand still, and waits until all its threads do: on a busy machine it may take in for a while what is sent
  /// to it. SIGCONT lets it go on.
  public func halt() {
    signal(SIGSTOP)
    _ = Self.wait(milliseconds: 10_000) { isHalted }
  }

  private var isHalted: Bool {
    let tasks = "/proc/\(processIdentifier)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.allSatisfy { thread in
      // The state stands behind the name, which is in parentheses.
      let line = (try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8)) ?? ""
      return line.split(separator: ")").last?.hasPrefix(" T") ?? false
    }
  }
}
