internal import Snapshots
internal import VersionedStore

/// A full sync that is under way.
struct Transfer: Sendable {
  enum End: Sendable, Equatable {
    /// The snapshot has so many bytes.
    case length(Int64)
    /// These bytes follow the snapshot.
    case mark([UInt8])
  }

  /// What the dataset will hold.
  let position: ReplicationPosition
  /// Nil until the primary has announced the snapshot.
  var end: End?
  var reader: SnapshotReader
  /// How much of the mark has come.
  var markByteCount = 0
}

extension ReplicaLink {
  mutating func beginFullSync(_ announced: ReplicationPosition) {
    log(.notice, "Full resync from master: \(announced)")
    transfer = Transfer(position: announced, reader: SnapshotReader())
    progress = LinkProgress()
    state = .awaitingTransfer
  }

  /// `$length`, `$EOF:mark`, or an error.
  mutating func beginTransfer(_ header: String, at now: Int64) {
    if header.hasPrefix("-") {
      return fail(.transferRefused(reply: header), at: now)
    } else if header.hasPrefix("$EOF:"), header.utf8.count == 5 + ReplicationID.length {
      transfer?.end = .mark(Array(header.utf8.dropFirst(5)))
      log(.notice, "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to parser")
    } else if header.hasPrefix("$"), let length = Int64(header.dropFirst()), length >= 0 {
      transfer?.end = .length(length)
      progress.totalByteCount = length
      log(.notice, "MASTER <-> REPLICA sync: receiving \(length) bytes from master to parser")
    } else {
      return fail(.transferMalformed(line: header), at: now)
    }
    log(.notice, "MASTER <-> REPLICA sync: Loading DB in memory")
    actions.append(.beginStaging)
    progress.beganAt = now
    lastOutputTime = now
    state = .staging
  }

  /// Takes bytes of the snapshot, and of the mark behind it.
  mutating func stage(_ bytes: Bytes, at now: Int64, into staging: inout (some SnapshotSink)?) -> Int {
    guard var transfer = transfer.take(), let end = transfer.end else { return bytes.count }
    precondition(staging != nil, "beginStaging was not performed")
    var failure: LinkError?
    var taken = 0
    if !transfer.reader.isFinished {
      do {
        taken = try read(bytes, end, &transfer.reader, into: &staging!)
      } catch { failure = error }
    }
    if case .mark(let mark) = end, transfer.reader.isFinished, failure == nil {
      let part = bytes[taken..<min(bytes.count, taken + mark.count - transfer.markByteCount)]
      if !part.elementsEqual(mark[transfer.markByteCount...].prefix(part.count)) { failure = .endMarkBroken }
      transfer.markByteCount += part.count
      taken += part.count
    }
    self.transfer = transfer
    if let failure {
      fail(failure, at: now)
      return bytes.count
    }
    if transfer.reader.isFinished, end.isReached(in: transfer) { requestCommit(transfer, at: now) }
    return taken
  }

  private mutating func read(
    _ bytes: Bytes, _ end: Transfer.End, _ reader: inout SnapshotReader, into staging: inout some SnapshotSink
  ) throws(LinkError) -> Int {
    var part = bytes
    if case .length(let length) = end {
      let left = length - progress.readByteCount
      if Int64(part.count) > left { part = part[0..<Int(left)] }
    }
    let taken: Int
    do { taken = try reader.receive(part, into: &staging) } catch { throw .snapshot(error) }
    progress.readByteCount += Int64(taken)
    progress.keyCount = reader.counts.keys
    progress.announcedKeyCount = reader.counts.announcedKeys
    if case .length(let length) = end {
      if progress.readByteCount == length {
        do { try reader.finish() } catch { throw .snapshot(error) }
      } else if reader.isFinished {
        throw .snapshotLength(byteCount: progress.readByteCount, announced: length)
      }
    }
    return taken
  }

  /// All bytes are here and in order. What they add up to is compared with what the primary said.
  private mutating func requestCommit(_ transfer: Transfer, at now: Int64) {
    let counts = transfer.reader.counts
    let origin = transfer.reader.origin
    if let id = origin.replicationID, id != Array(transfer.position.id.description.utf8) {
      return fail(.otherHistory(announced: transfer.position.id), at: now)
    }
    guard counts.areComplete else {
      return fail(.keyCount(read: counts.keys - counts.unannouncedKeys, announced: counts.announcedKeys), at: now)
    }
    state = .committing
    actions.append(
      .commit(
        CommitRequest(
          position: transfer.position, streamDatabase: origin.streamDatabase ?? 0, keyCount: counts.keys,
          formerHistory: findings.formerHistory, mustNotReplaceKeys: settings.refusesEmpty && counts.keys == 0)))
  }

  /// The staged dataset is live.
  public mutating func committed(at now: Int64) {
    guard state == .committing, let committed = transfer.take() else { return }
    log(.notice, "MASTER <-> REPLICA sync: Finished with success")
    appliedOffset = committed.position.offset
    beginStream(at: committed.position, now: now)
    // A primary that sent the snapshot from memory begins the stream only after this.
    acknowledge(at: now)
    if let reason = closedWhileCommitting { fail(.lostInStream(reason: reason), at: now) }
  }

  /// The staged dataset is not to go live.
  public mutating func refuseCommit(_ error: LinkError, at now: Int64) {
    guard state == .committing else { return }
    fail(error, at: now)
  }
}

extension Transfer.End {
  fileprivate func isReached(in transfer: Transfer) -> Bool {
    switch self {
    case .length: true  // the reader was given no more
    case .mark(let mark): transfer.markByteCount == mark.count
    }
  }
}
