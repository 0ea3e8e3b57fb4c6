import Dispatch
import NIOCore
import Replication
import Snapshots

/// Makes a snapshot for replicas on a thread of its own, and waits there while the serving loop has enough of it.
final class FeedWalker: RunningWalk {
  /// Pieces on their way from the thread to the slowest replica: a few hundred kilobytes each.
  private static let piecesAhead = 8

  private let walk: SnapshotWalk
  /// One for each piece that may be made.
  private let room = DispatchSemaphore(value: 0)

  init(_ walk: SnapshotWalk, eventLoop: any EventLoop, tell: @escaping (WalkEvent) -> Void) {
    self.walk = walk
    for _ in 0..<Self.piecesAhead { room.signal() }
    let tell = NIOLoopBound(tell, eventLoop: eventLoop)
    let refusal = WorkerThread.start { [room] in
      let result = Result { () throws(SnapshotWriteFailure) in
        try Self.run(walk, room) { piece, isLast in
          eventLoop.execute { tell.value(.piece(piece, isLast: isLast)) }
        }
      }
      eventLoop.execute { tell.value(.ended(result)) }
    }
    guard let refusal else { return }
    let failure = SnapshotWriteFailure.output(reason: "no thread can be made: \(refusal)")
    eventLoop.execute { tell.value(.ended(.failure(failure))) }
  }

  private static func run(
    _ walk: SnapshotWalk, _ room: DispatchSemaphore, give: ([UInt8], Bool) -> Void
  ) throws(SnapshotWriteFailure) {
    let (delay, progress) = (walk.keyDelayMicroseconds, walk.progress)
    let wait = { KeyDelay.waitBehindKey(setting: delay) { progress.isCancelled } }
    try walk.run(keyWritten: delay == 0 ? nil : wait) { piece, isLast throws(SnapshotWriteFailure) in
      room.wait()
      if progress.isCancelled { throw .cancelled }
      give(piece, isLast)
    }
  }

  func release() { room.signal() }

  func cancel() {
    walk.progress.cancel()
    room.signal()
  }
}
