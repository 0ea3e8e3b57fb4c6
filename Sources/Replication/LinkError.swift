internal import Engine
public import Snapshots

/// Why a link failed. The dataset that was live stays live in every case; a link that replicates tries again.
///
/// The descriptions are for the log and for INFO. Where redis-server has a line for the case, it is that line.
public enum LinkError: Error, Sendable, Equatable {
  /// No connection.
  case unreachable(reason: String)
  /// The connection broke in the handshake, in the transfer, or in the stream.
  case lostInHandshake(reason: String)
  case lostInTransfer(reason: String)
  case lostInStream(reason: String)
  /// Silence for longer than `repl-timeout`.
  case handshakeTimeout
  case transferTimeout
  case streamTimeout
  /// A line or a reply longer than any that belongs to the protocol.
  case replyTooLong
  /// The primary did not take PING or AUTH.
  case pingRefused(reply: String)
  case authenticationRefused(reply: String)
  /// The other end is this server itself.
  case isSelf
  /// PSYNC: not now; not at all; a reply that makes no sense.
  case unableYet(reply: String)
  case synchronizationRefused(reply: String)
  case synchronizationMalformed(reply: String)
  /// In place of the snapshot: an error; something else.
  case transferRefused(reply: String)
  case transferMalformed(line: String)
  /// The snapshot cannot be read.
  case snapshot(SnapshotError)
  /// The snapshot ended after `byteCount` bytes, before the announced length.
  case snapshotLength(byteCount: Int64, announced: Int64)
  case endMarkBroken
  /// The snapshot says that it belongs to another history than the primary announced.
  case otherHistory(announced: ReplicationID)
  case keyCount(read: UInt64, announced: UInt64)
  /// `replica-refuse-empty`
  case emptyDataset
  /// What the primary streams is not a sequence of commands.
  case streamMalformed(ReplicationOffset)
  /// The stream has a command that this server does not have.
  case commandUnknown(name: String)
  /// A command of the stream failed here.
  case commandFailed(name: String, reply: String)
  /// The stream begins in a database that does not exist here.
  case databaseOutOfRange(Int)
  /// What the stream was to be applied to is not the live dataset any more.
  case datasetReplaced

  /// The primary has sent, or will have to send, a whole snapshot in vain.
  var needsFullSync: Bool {
    switch self {
    case .snapshot, .snapshotLength, .endMarkBroken, .otherHistory, .keyCount, .emptyDataset, .streamMalformed,
      .commandUnknown, .commandFailed, .databaseOutOfRange:
      true
    default: false
    }
  }
}

extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let reason): "Error condition on socket for SYNC: \(reason)"
    case .lostInHandshake(let reason): "Master did not respond to command during SYNC handshake: \(reason)"
    case .lostInTransfer(let reason): "I/O error trying to sync with MASTER: \(reason)"
    case .lostInStream(let reason): "Connection with master lost. (\(reason))"
    case .handshakeTimeout: "Timeout connecting to the MASTER..."
    case .transferTimeout:
      "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter"
        + " in redis.conf to a larger value."
    case .streamTimeout: "MASTER timeout: no data nor PING received..."
    case .replyTooLong: "Bad protocol from MASTER, a reply is too long, are you sure the host and port are right?"
    case .pingRefused(let reply): "Error reply to PING from master: '\(reply)'"
    case .authenticationRefused(let reply): "Unable to AUTH to MASTER: \(reply)"
    case .isSelf: "MASTER is this server itself, a server can't replicate from itself"
    case .unableYet(let reply): "Master is currently unable to PSYNC but should be in the future: \(reply)"
    case .synchronizationRefused(let reply): "Master does not support PSYNC or is in error state (reply: \(reply))"
    case .synchronizationMalformed(let reply): "Unexpected reply to PSYNC from master: \(reply)"
    case .transferRefused(let reply): "MASTER aborted replication with an error: \(reply)"
    case .transferMalformed(let line):
      "Bad protocol from MASTER, the first byte is not '$' (we received '\(line)'),"
        + " are you sure the host and port are right?"
    case .snapshot(let error): "Failed trying to load the MASTER synchronization DB from socket: \(error)"
    case .snapshotLength(let byteCount, let announced):
      "Failed trying to load the MASTER synchronization DB from socket:"
        + " the RDB file ends after \(byteCount) bytes, MASTER announced \(announced)"
    case .endMarkBroken: "Replication stream EOF marker is broken"
    case .otherHistory(let announced): "The RDB file from MASTER does not belong to the announced history \(announced)"
    case .keyCount(let read, let announced):
      "The RDB file from MASTER holds \(read) keys where \(announced) were announced"
    case .emptyDataset:
      "MASTER is empty and this server is not: dataset kept, see 'replica-refuse-empty' in redis.conf"
    case .streamMalformed(let offset): "Protocol error from MASTER in the command stream at offset \(offset.rawValue)"
    case .commandUnknown(let name): Self.critical("ERR unknown command '\(name)'", after: name)
    case .commandFailed(let name, let reply): Self.critical(reply, after: name)
    case .databaseOutOfRange(let database):
      "The command stream from MASTER begins in database \(database), out of range"
    case .datasetReplaced: "The dataset was replaced by another one, MASTER is asked for all of it again"
    }
  }

  private static func critical(_ reply: String, after name: String) -> String {
    StreamFailure(command: name, reply: reply).line
  }
}
