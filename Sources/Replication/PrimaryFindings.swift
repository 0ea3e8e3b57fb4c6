/// What a primary says about itself in INFO. What it does not say is nil.
public struct PrimaryFindings: Sendable, Equatable {
  public var version: String?
  public var runID: String?
  /// `master` or `slave`.
  public var role: String?
  public var replicationID: String?
  public var offset: Int64?
  /// The history that it has gone on from, and the first offset that does not belong to it any more.
  public var formerReplicationID: String?
  public var formerEnd: Int64?
  /// For a replica: whether it is connected to its own primary, without which it does not answer PSYNC.
  public var isLinkUp: Bool?
  /// Sum over the databases; nil if INFO was refused, or was too long to be read to the end.
  public var keyCount: UInt64?
  /// Whether it is this server itself.
  public var isSelf = false
  /// Why it would not answer PSYNC, in its own words.
  public var synchronizationRefusal: String?

  public init() {}

  init(information: [UInt8], ownRunID: String) {
    keyCount = 0
    for line in information.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
      note(String(decoding: line[..<colon], as: UTF8.self), value)
    }
    isSelf = runID == ownRunID
  }

  /// What a link to this primary would fail with, as far as can be told beforehand.
  public var obstacle: LinkError? {
    if isSelf { return .isSelf }
    if let synchronizationRefusal { return .synchronizationRefused(reply: synchronizationRefusal) }
    if isLinkUp == false { return .unableYet(reply: "-NOMASTERLINK it is a replica without a primary") }
    return nil
  }

  /// The end of the history that it has gone on from.
  var formerHistory: ReplicationPosition? {
    guard let id = formerReplicationID.flatMap({ ReplicationID($0) }), let end = formerEnd, end > 0 else { return nil }
    return ReplicationPosition(id: id, offset: ReplicationOffset(rawValue: end - 1))
  }

  private mutating func note(_ field: String, _ value: String) {
    switch field {
    case "redis_version": version = value
    case "run_id": runID = value
    case "role": role = value
    case "master_replid": replicationID = value
    case "master_repl_offset": offset = Int64(value)
    case "master_replid2": formerReplicationID = value
    case "second_repl_offset": formerEnd = Int64(value)
    case "master_link_status": isLinkUp = value == "up"
    case _ where field.hasPrefix("db") && UInt(field.dropFirst(2)) != nil:
      // db0:keys=3,expires=0,avg_ttl=0
      let keys = value.split(separator: ",").first { $0.hasPrefix("keys=") }
      keyCount = (keyCount ?? 0) &+ (keys.flatMap { UInt64($0.dropFirst(5)) } ?? 0)
    default: break
    }
  }
}
