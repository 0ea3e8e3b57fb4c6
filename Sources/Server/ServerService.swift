import Engine
import Glibc
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A server as a service: starts with its group, and stops when that is told to or when a signal says so.
struct ServerService: Service {
  let configuration: NIOLoopBoundBox<Configuration>
  let eventLoop: any EventLoop
  let log: LogFile
  /// Filled when the server has started.
  let instance: NIOLoopBoundBox<ServerInstance?>
  private let isAsked = AskedFlag()

  /// Runs the service in a group of its own until one of `signals` or the server itself ends it.
  func runUntilStopped(_ signals: AsyncStream<CInt>) async throws {
    // The group has its own mind of what to log; the lines that people know are written here.
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: self, successTerminationBehavior: .gracefullyShutdownGroup)],
        logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }))
    let watcher = Task { await watch(signals, group) }
    defer { watcher.cancel() }
    try await group.run()
  }

  func run() async throws {
    let server = try await eventLoop.submit {
      let server = try ServerInstance(configuration.value, log: log, eventLoop: eventLoop)
      server.whenStopIsTakenBack { isAsked.value.withLock { $0 = false } }
      instance.value = server
      return NIOLoopBound(server, eventLoop: eventLoop)
    }.get()
    let stopped = try await eventLoop.submit { server.value.whenStopped }.get()
    try await withGracefulShutdownHandler {
      try await stopped.get()
    } onGracefulShutdown: {
      eventLoop.execute { server.value.stop() }
    }
  }

  /// Stops the group at the first SIGTERM or SIGINT. At a second SIGINT the process ends at once, in the midst of the save
  /// that the first has asked for, too.
  private func watch(_ signals: AsyncStream<CInt>, _ group: ServiceGroup) async {
    let logger = log.logger()
    await withDiscardingTaskGroup { tasks in
      for await number in signals {
        if isAsked.value.withLock({ $0 }) {
          guard number == SIGINT else { continue }
          logger.warning("You insist... exiting now.")
          SnapshotFile.removeTemporary()
          exit(1)
        }
        logger.warning("Received \(number == SIGINT ? "SIGINT" : "SIGTERM") scheduling shutdown...")
        isAsked.value.withLock { $0 = true }
        tasks.addTask {
          if await mayStop(number) { await group.triggerGracefulShutdown() }
        }
      }
    }
  }

  /// Has the server do what comes before its end. False if that has failed, or was taken back while the server waited to
  /// begin, so that it goes on.
  private func mayStop(_ signal: CInt) async -> Bool {
    var isNew = true
    while !Task.isCancelled {
      let wasNew = isNew
      let state = try? await eventLoop.submit {
        instance.value?.continueStop(forSignal: signal, isNew: wasNew) ?? .ends
      }.get()
      switch state {
      case .waits: break
      case .refused: return false
      // A loop that has ended lets nothing wait.
      case .ends, nil: return true
      }
      isNew = false
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}

/// Whether a signal has asked for the end and that is under way.
private final class AskedFlag: Sendable {
  let value = Mutex(false)
}
