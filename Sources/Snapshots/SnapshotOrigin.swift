public import Engine
internal import VersionedStore

/// What a snapshot says about the history it was taken from, in its auxiliary fields.
public struct SnapshotOrigin: Sendable, Equatable {
  /// `repl-id`: the replication ID of the server that wrote it.
  public private(set) var replicationID: [UInt8]?
  /// `repl-offset`: the replication offset at which it was taken.
  public private(set) var offset: Int64?
  /// `repl-stream-db`: the database that the command stream is in at that offset. Without it the stream begins with
  /// a SELECT of its own.
  public private(set) var streamDatabase: Int?

  public init() {}

  /// Where a server that begins with the snapshot may be gone on from; nil if it does not say all of that.
  public var replicationOrigin: ReplicationOrigin? {
    guard let replicationID, let offset, let streamDatabase else { return nil }
    return ReplicationOrigin(
      id: String(decoding: replicationID, as: UTF8.self), offset: offset, streamDatabase: streamDatabase)
  }

  mutating func note(name: Bytes, value: Bytes) {
    if name == Bytes("repl-id") {
      replicationID = Array(value.prefix(64))
    } else if name == Bytes("repl-offset") {
      offset = Int64(String(decoding: value.prefix(64), as: UTF8.self))
    } else if name == Bytes("repl-stream-db") {
      streamDatabase = Int(String(decoding: value.prefix(64), as: UTF8.self)).flatMap { $0 >= 0 ? $0 : nil }
    }
  }
}
