import Replication
import Snapshots

/// Makes a snapshot for replicas at some moment after it was asked for, while clients write on, and tells of its pieces one by
/// one, as far as the serving side lets it.
final class SimulatedWalk: RunningWalk {
  private unowned let life: Life
  private let walk: SnapshotWalk
  private let tell: (WalkEvent) -> Void
  private var pieces: [(bytes: [UInt8], isLast: Bool)] = []
  private var result: Result<Void, SnapshotWriteFailure>?
  private var told = 0
  /// Pieces that may be told before some are released.
  private var room = 2
  private var isTelling = false

  init(_ walk: SnapshotWalk, _ life: Life, _ tell: @escaping (WalkEvent) -> Void) {
    self.life = life
    self.walk = walk
    self.tell = tell
    life.world.schedule(after: Int64(life.world.pick(0...100))) { [self] in run() }
  }

  private func run() {
    guard !life.isOver else { return }
    result = Result { () throws(SnapshotWriteFailure) in
      try walk.run(keyWritten: nil) { piece, isLast throws(SnapshotWriteFailure) in
        if walk.progress.isCancelled { throw .cancelled }
        pieces.append((piece, isLast))
      }
    }
    tellNext()
  }

  private func tellNext() {
    guard !isTelling, let result else { return }
    let isOver = walk.progress.isCancelled || told == pieces.count
    guard isOver || room > 0 else { return }
    isTelling = true
    life.onServingLoop { [self] in
      isTelling = false
      guard told < pieces.count, !walk.progress.isCancelled else {
        self.result = nil
        return tell(.ended(walk.progress.isCancelled && told < pieces.count ? .failure(.cancelled) : result))
      }
      let piece = pieces[told]
      told += 1
      room -= 1
      tell(.piece(piece.bytes, isLast: piece.isLast))
      tellNext()
    }
  }

  func release() {
    room += 1
    tellNext()
  }

  func cancel() { tellNext() }
}
