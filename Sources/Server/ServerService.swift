import Dispatch
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

  /// Runs the service in a group of its own until SIGTERM, SIGINT or the server itself ends it.
  func runUntilStopped() async throws {
    // The group has its own mind of what to log; the lines that people know are written here.
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: self, successTerminationBehavior: .gracefullyShutdownGroup)],
        logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }))
    // Before anything is started: a signal that comes early must not leave files behind.
    let sources = [SIGTERM, SIGINT].map { number in
      trap(number) { Task { await group.triggerGracefulShutdown() } }
    }
    defer { for source in sources { source.cancel() } }
    try await group.run()
  }

  func run() async throws {
    let instance = try await eventLoop.submit {
      NIOLoopBound(
        try ServerInstance(configuration.value, log: log, eventLoop: eventLoop), eventLoop: eventLoop)
    }.get()
    let stopped = try await eventLoop.submit { instance.value.whenStopped }.get()
    try await withGracefulShutdownHandler {
      try await stopped.get()
    } onGracefulShutdown: {
      eventLoop.execute { instance.value.stop() }
    }
  }

  /// Calls `first` when the signal comes; when it comes again, the process ends at once.
  private func trap(_ number: CInt, _ first: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
    let name = number == SIGINT ? "SIGINT" : "SIGTERM"
    let isAsked = Atomic(false)
    let logger = log.logger()
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler {
      if isAsked.exchange(true, ordering: .relaxed) {
        guard number == SIGINT else { return }
        logger.warning("You insist... exiting now.")
        exit(1)
      }
      logger.warning("Received \(name) scheduling shutdown...")
      first()
    }
    source.resume()
    return source
  }
}
