public import Foundation

/// What a server has written to stdout and stderr.
public struct ServerLog: Sendable {
  public let file: URL

  public var text: String {
    (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  public var lines: [Substring] {
    text.split(separator: "\n")
  }

  /// Waits until the server has written `text`.
  public func waitFor(_ text: String, milliseconds: Int = 10_000) -> Bool {
    ServerProcess.wait(milliseconds: milliseconds) { self.text.contains(text) }
  }
}
