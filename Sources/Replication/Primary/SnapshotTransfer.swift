internal import Engine
internal import Snapshots
internal import VersionedStore

/// What has to be the same for replicas that share a snapshot.
struct SnapshotKind: Equatable {
  var hasMark: Bool
  var content: SnapshotPart
  /// The newest version of the format that they read, where that makes a difference.
  var newestVersion: Int
}

/// One snapshot on its way to the replicas that asked together: pieces come from a walk and stay until the slowest of them
/// was given them, and while that is a few pieces behind the walk waits.
final class SnapshotTransfer {
  let kind: SnapshotKind
  let pin: VersionPin
  let walk: SnapshotWalk
  var replicas: [Replica]
  /// Nil once the walk has ended, too.
  var running: (any RunningWalk)?
  var hasEnded = false
  /// Pieces, from number `firstPiece` on.
  private var pieces: [[UInt8]] = []
  private(set) var firstPiece = 0
  /// The number behind the last piece; nil while more may come.
  private(set) var pieceCount: Int?
  /// Replicas that have all of it.
  var completeCount = 0
  /// Everybody who is still there was given the last piece.
  var isGiven: Bool { firstPiece == pieceCount }
  /// Nobody wants it any more.
  private(set) var isCancelled = false

  init(_ kind: SnapshotKind, _ pin: VersionPin, _ walk: SnapshotWalk, _ replicas: [Replica]) {
    self.kind = kind
    self.pin = pin
    self.walk = walk
    self.replicas = replicas
  }

  /// The bytes themselves are under way, and not only the walk that counts them.
  var isBeingSent: Bool { !kind.hasMark && firstPiece + pieces.count > 0 }

  func append(_ piece: [UInt8], isLast: Bool) {
    guard !isCancelled else {
      running?.release()
      return
    }
    pieces.append(piece)
    if isLast { pieceCount = firstPiece + pieces.count }
  }

  /// The next piece for a replica; nil if it has not been made yet, or there is none.
  func next(for replica: Replica) -> [UInt8]? {
    let index = replica.nextPiece - firstPiece
    return pieces.indices.contains(index) ? pieces[index] : nil
  }

  func isComplete(for replica: Replica) -> Bool {
    replica.nextPiece == pieceCount && replica.session.unsentByteCount == 0
  }

  /// Lets go of what everybody was given.
  func release() {
    let count = (replicas.map(\.nextPiece).min() ?? firstPiece + pieces.count) - firstPiece
    guard count > 0 else { return }
    pieces.removeFirst(count)
    firstPiece += count
    for _ in 0..<count { running?.release() }
  }

  func cancel() {
    isCancelled = true
    pieces = []
    walk.progress.cancel()
    running?.cancel()
  }
}
