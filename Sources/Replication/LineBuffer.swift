internal import VersionedStore

/// Takes one line that may come in pieces, if it is not longer than `limit`, and gathers its beginning.
struct LineBuffer: Sendable {
  struct TooLong: Error {}

  /// No line of the handshake is longer, not even what a primary in protected mode has to say.
  static let limit = 4096
  /// So much of a line is kept, as in Redis: all of those that mean something, and enough of others for the log.
  static let keptLength = 256

  private var byteCount = 0
  private var gathered: [UInt8] = []

  /// Takes bytes up to and including the end of the line; returns how many, and the beginning of the line without its end
  /// once that is there. A lone LF ends a line as CR LF does: primaries send one to show that they are alive.
  mutating func take(_ bytes: Bytes) throws(TooLong) -> (taken: Int, line: [UInt8]?) {
    let end = bytes.firstIndex(of: 10)
    let part = bytes[0..<(end ?? bytes.count)]
    byteCount += part.count
    guard byteCount <= Self.limit else { throw TooLong() }
    gathered.append(contentsOf: part.prefix(Self.keptLength + 1 - gathered.count))
    guard let end else { return (bytes.count, nil) }
    if gathered.last == 13 { gathered.removeLast() }
    let line = Array(gathered.prefix(Self.keptLength))
    clear()
    return (end + 1, line)
  }

  mutating func clear() {
    gathered = []
    byteCount = 0
  }
}
