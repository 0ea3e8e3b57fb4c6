import NIOCore
import Replication

/// The way from a link's thread to the serving loop, where its controller lives.
struct ServingSide: Sendable {
  private let eventLoop: any EventLoop
  private let controller: NIOLoopBound<ReplicationController>

  /// To be made on the serving loop.
  init(_ controller: ReplicationController, eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    self.controller = NIOLoopBound(controller, eventLoop: eventLoop)
  }

  /// Has `work` run on the serving loop, behind what this thread has asked for before.
  func run(_ work: @escaping @Sendable (ReplicationController) -> Void) {
    eventLoop.execute { work(controller.value) }
  }
}
