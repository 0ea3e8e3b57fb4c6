import Logging
import NIOCore
import Replication
import Synchronization

/// A link as the serving side holds it: orders go to the link's loop, and how it stands can be seen from here.
final class LinkHandle: RunningLink {
  private struct Posted {
    var status: LinkStatus
    var at: Int64
  }

  private let eventLoop: any EventLoop
  /// On the link's loop alone; nil once the link has ended.
  private let driver: NIOLoopBoundBox<LinkDriver?>
  private let posted: Mutex<Posted>

  /// Opens a link on `eventLoop`.
  init(
    _ plan: LinkPlan, position: ReplicationPosition?, eventLoop: any EventLoop, serving: ServingSide,
    security: LinkSecurity, logger: Logger
  ) {
    let link = ReplicaLink(plan.settings, position: position, jitterSeed: .random(in: 0...UInt64.max))
    let now = LinkDriver.now()
    self.eventLoop = eventLoop
    driver = .makeEmptyBox(valueType: LinkDriver.self, eventLoop: eventLoop)
    posted = Mutex(Posted(status: LinkStatus(link, stagedByteCount: 0, now: now), at: now))
    eventLoop.execute { [self] in
      let driver = LinkDriver(
        link, plan, handle: self, eventLoop: eventLoop, serving: serving, security: security, logger: logger)
      self.driver.value = driver
      driver.start()
    }
  }

  var status: LinkStatus {
    var (status, age) = posted.withLock { ($0.status, LinkDriver.now() - $0.at) }
    status.silenceMilliseconds += age
    status.downMilliseconds? += age
    return status
  }

  func post(_ status: LinkStatus, at now: Int64) {
    posted.withLock { $0 = Posted(status: status, at: now) }
  }

  func update(_ plan: LinkPlan) { run { $0.update(plan) } }

  func endConnection(_ reason: String) { run { $0.endConnection(reason) } }

  func stop() {
    run { $0.stop() }
    end()
  }

  /// Lets the driver go; to be called when it has nothing more to do.
  func end() { eventLoop.execute { self.driver.value = nil } }

  /// Has `work` run on the link's loop, unless the link has ended.
  func run(_ work: @escaping @Sendable (LinkDriver) -> Void) {
    eventLoop.execute { [driver] in
      if let driver = driver.value { work(driver) }
    }
  }
}
