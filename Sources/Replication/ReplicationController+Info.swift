public import Engine

extension ReplicationController {
  /// The section of INFO, with Redis's fields in Redis's order. A full sync adds how far the staged dataset has come.
  public var infoSection: InfoSection {
    InfoSection(name: "replication", title: "Replication") { [unowned self] in information }
  }

  private var information: [String] {
    engine.handOverEffects()
    var lines = ["role:\(primary == nil ? "master" : "slave")"]
    if let primary, let status = link?.status { lines += information(of: primary, status) }
    lines += feed.replicaLines
    lines += [
      "master_failover_state:\(failover.state.name)",
      "master_replid:\(historyID)",
      "master_replid2:\(formerHistory?.id ?? String(repeating: "0", count: 40))",
      "master_repl_offset:\(offset)",
      "second_repl_offset:\(formerHistory.map { $0.end + 1 } ?? -1)",
    ]
    lines += feed.backlogLines
    return lines
  }

  private func information(of primary: PrimaryAddress, _ status: LinkStatus) -> [String] {
    let isUp = isLinkUp && status.state == .streaming
    let isStaging = status.state.isStaging
    let isSyncing = isStaging || status.state == .awaitingTransfer
    let silence = status.silenceMilliseconds / 1000
    var lines = [
      "master_host:\(primary.host)",
      "master_port:\(primary.port)",
      "master_link_status:\(isUp ? "up" : "down")",
      "master_last_io_seconds_ago:\(isUp ? silence : -1)",
      "master_sync_in_progress:\(isSyncing ? 1 : 0)",
      "slave_read_repl_offset:\(max(status.receivedOffset?.rawValue ?? 0, offset))",
      "slave_repl_offset:\(offset)",
    ]
    let progress = status.progress
    if isSyncing {
      // A primary that sends the snapshot as it makes it does not know its length.
      let total = progress.totalByteCount ?? 0
      let percent = total > 0 ? progress.readByteCount * 10_000 / total : 0
      lines += [
        "master_sync_total_bytes:\(total)",
        "master_sync_read_bytes:\(progress.readByteCount)",
        "master_sync_left_bytes:\(total - progress.readByteCount)",
        "master_sync_perc:\(percent / 100).\(percent % 100 < 10 ? "0" : "")\(percent % 100)",
        "master_sync_last_io_seconds_ago:\(silence)",
      ]
    }
    if let down = status.downMilliseconds { lines.append("master_link_down_since_seconds:\(down / 1000)") }
    lines += [
      "slave_priority:\(settings.replicaPriority)",
      "slave_read_only:\(settings.replicaReadOnly ? 1 : 0)",
      "replica_announced:\(settings.replicaAnnounced ? 1 : 0)",
      "master_link_last_error:\(status.lastError?.line ?? "")",
      "staging_state:\(status.state.stagingName)",
    ]
    if isStaging {
      lines += [
        "staging_bytes_read:\(progress.readByteCount)",
        "staging_bytes_total:\(progress.totalByteCount ?? -1)",
        "staging_keys_read:\(progress.keyCount)",
        "staging_keys_announced:\(progress.announcedKeyCount)",
        "staging_memory_bytes:\(status.stagedByteCount)",
      ]
    }
    return lines
  }
}

extension LinkError {
  /// Without what would end a line of INFO: a primary's reply may hold anything.
  fileprivate var line: String { description.map { $0.isNewline ? " " : String($0) }.joined() }
}

extension ReplicaLink.State {
  /// A snapshot is coming in, or has come in and waits for its commit.
  var isStaging: Bool { self == .staging || self == .committing }

  fileprivate var stagingName: String {
    switch self {
    case .idle, .waiting, .connecting, .handshake, .streaming: "none"
    case .awaitingTransfer: "waiting"
    case .staging: "loading"
    case .committing: "verified"
    }
  }
}
