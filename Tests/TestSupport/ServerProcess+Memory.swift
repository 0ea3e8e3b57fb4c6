import Foundation

extension ServerProcess {
  /// Bytes of memory that the process has in use (`VmRSS`).
  public var residentBytes: Int { memory("VmRSS:") }

  /// The most that it had in use since `forgetPeak`, or since its start (`VmHWM`).
  public var peakBytes: Int { memory("VmHWM:") }

  /// Has `peakBytes` begin anew.
  public func forgetPeak() {
    try? "5".write(toFile: "/proc/\(processIdentifier)/clear_refs", atomically: false, encoding: .utf8)
  }

  private func memory(_ field: String) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
  }
}
