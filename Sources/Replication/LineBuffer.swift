internal import VersionedStore

/// Gathers one line that may come in pieces, and no more of it than `limit`.
struct LineBuffer: Sendable {
  struct TooLong: Error {}

  /// No line of the handshake is longer.
  static let limit = 1024

  private var gathered: [UInt8] = []

  /// Takes bytes up to and including the end of the line; returns how many, and the line without its end once it is
  /// there. A lone LF ends a line as CR LF does: primaries send one to show that they are alive.
  mutating func take(_ bytes: Bytes) throws(TooLong) -> (taken: Int, line: [UInt8]?) {
    let end = bytes.firstIndex(of: 10)
    let part = bytes[0..<(end ?? bytes.count)]
    guard gathered.count + part.count <= Self.limit else { throw TooLong() }
    gathered.append(contentsOf: part)
    guard let end else { return (bytes.count, nil) }
    if gathered.last == 13 { gathered.removeLast() }
    let line = gathered
    gathered = []
    return (end + 1, line)
  }

  mutating func clear() { gathered = [] }
}
