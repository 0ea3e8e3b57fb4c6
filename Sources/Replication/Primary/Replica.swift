public import Engine

/// What a client has said of itself with REPLCONF, before it asks to be a replica.
struct ReplicaProfile {
  struct Capabilities: OptionSet {
    let rawValue: UInt8
    /// Knows the end of a snapshot by a mark, so that its length need not be known in advance.
    static let mark = Capabilities(rawValue: 1 << 0)
    /// Takes the history's new name with `+CONTINUE`.
    static let secondHistory = Capabilities(rawValue: 1 << 1)
    /// Reads RDB 12, which hashes need whose fields expire.
    static let expiringFields = Capabilities(rawValue: 1 << 2)
  }

  /// Where it listens, as it says; 0 if it does not.
  var port = 0
  /// What it wants to be known under; nil for the address that it comes from.
  var address: String?
  var capabilities: Capabilities = []
  /// Wants a snapshot and no commands behind it.
  var isSnapshotOnly = false
  var content = SnapshotPart.all
}

/// What a replica wants of the dataset (`REPLCONF rdb-filter-only`).
enum SnapshotPart {
  case all, functions, nothing
}

/// One replica: who it is, and what it was sent.
///
/// Confined to the serving thread.
public final class Replica {
  public enum State: Sendable {
    /// Waits for others to share a snapshot with it.
    case waiting
    /// Is sent a snapshot.
    case receiving
    /// Has the dataset, and is sent the stream.
    case online
  }

  public let session: Session
  let profile: ReplicaProfile
  /// Speaks SYNC of old: it is told no offset, and acknowledges nothing.
  public let isPreSync: Bool
  public internal(set) var state: State
  /// The next byte of the stream that it is to be given; nil if it wants none, or is not promised any yet.
  var cursor: Int64? {
    didSet { if cursor == nil { session.streamOutput = 0 } }
  }
  /// The stream begins when it has acknowledged the snapshot: behind its mark nothing is to come before that.
  var awaitsAcknowledgement = false
  /// The snapshot that it is sent, and the number of the next piece of it.
  var transfer: SnapshotTransfer?
  var nextPiece = 0
  /// The last offset that it said to have executed, and when it last said one, in milliseconds since 1970.
  public internal(set) var acknowledgedOffset: Int64 = 0
  /// It has said so at all. One that has been sent a snapshot is not known to have taken it in before that.
  var hasAcknowledged = false
  public internal(set) var acknowledgedAt: Int64
  /// When it asked to be a replica.
  let askedAt: Int64
  /// When something last left for it.
  var sentAt: Int64
  /// Is being given bytes just now.
  var isSending = false
  /// Is no replica any more.
  var isGone = false

  init(_ session: Session, _ profile: ReplicaProfile, isPreSync: Bool, state: State, now: Int64) {
    self.session = session
    self.profile = profile
    self.isPreSync = isPreSync
    self.state = state
    acknowledgedAt = now
    askedAt = now
    sentAt = now
  }

  public var isSnapshotOnly: Bool { profile.isSnapshotOnly }
  /// Where it can be reached, as far as it is known.
  public var address: String { profile.address ?? session.peer.host }
  public var port: Int { profile.port }

  /// As INFO names the state.
  var stateName: String { state == .online ? "online" : transfer?.isBeingSent == true ? "send_bulk" : "wait_bgsave" }

  /// As log lines name it.
  var name: String {
    let address = address.contains(":") && port != 0 ? "[\(address)]" : address
    return "\(address):\(port == 0 ? "<unknown-replica-port>" : "\(port)")"
  }
}

extension PeerAddress {
  /// The address without the port.
  fileprivate var host: String {
    guard !isUnixSocket, let colon = remote.lastIndex(of: ":") else { return remote }
    let host = remote[..<colon]
    return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
  }
}
