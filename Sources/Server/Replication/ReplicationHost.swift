import Engine
import Glibc
import Logging
import NIOCore
import NIOPosix
import Replication
import VersionedStore

/// Puts replication behind a server: a thread for links, and what the controller asks of its surroundings.
///
/// Confined to the serving loop.
final class ReplicationHost {
  private let controller: ReplicationController
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let eventLoop: any EventLoop
  private var cron: RepeatedTask?

  init(_ controller: ReplicationController, eventLoop: any EventLoop) {
    self.controller = controller
    self.eventLoop = eventLoop
  }

  /// To be called when the server listens. `roleChanged` is told whether it is a replica now.
  func start(
    _ host: EngineHost, _ transport: Transport, configuration: Configuration, security: LinkSecurity, log: LogFile,
    roleChanged: @escaping (Bool) -> Void
  ) {
    let serving = ServingSide(controller, eventLoop: eventLoop)
    let logger = log.logger()
    let engine = host.engine
    controller.openLink = { [group] plan, position in
      LinkHandle(
        plan, position: position, eventLoop: group.next(), serving: serving, security: security, logger: logger)
    }
    controller.listeningPort = {
      let settings = configuration.server
      return settings.tls.replication && settings.tls.port != 0 ? settings.tls.port : settings.port
    }
    controller.feed.startWalk = { [eventLoop] in FeedWalker($0, eventLoop: eventLoop, tell: $1) }
    let feed = NIOLoopBound(controller.feed, eventLoop: eventLoop)
    controller.feed.continueLater = { [eventLoop] in eventLoop.execute { feed.value.pumpAll() } }
    controller.feed.gatherWrites = { Self.gatherWrites($0.peer.fileDescriptor) }
    controller.runTick = { [unowned transport] in transport.tickNow() }
    controller.onRoleChange = {
      log.setRole($0 ? .replica : .primary)
      roleChanged($0)
    }
    engine.keyspace.history.dispose = Disposal.dispose
    engine.infoSections.append(controller.infoSection)
    cron = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
      serving.run { $0.cron() }
    }
    controller.start()
  }

  /// Tells what history the dataset belongs to that the server begins with. To be called before `start`.
  func restore(_ origin: ReplicationOrigin, atMilliseconds now: Int64) {
    controller.restore(origin, atMilliseconds: now)
  }

  private static func gatherWrites(_ descriptor: Int) {
    var off: CInt = 0
    _ = unsafe setsockopt(
      CInt(truncatingIfNeeded: descriptor), CInt(IPPROTO_TCP), TCP_NODELAY, &off, socklen_t(MemoryLayout<CInt>.size))
  }

  /// Has links learn at once what the configuration says.
  func settingsChanged() { controller.cron() }

  /// Ends all links.
  func stop() {
    cron?.cancel()
    controller.shutDown()
    controller.feed.shutDown()
  }
}
