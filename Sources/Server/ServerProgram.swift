import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The program: from a command line to an exit code.
public enum ServerProgram {
  /// Runs until the server is asked to stop, and ends the process.
  ///
  /// Must be called before the process has threads, which the way into the background would lose: so before the first
  /// `await`, the first dispatch queue and the first event loop.
  public static func main(_ arguments: [String]) -> Never {
    guard let configuration = configure(arguments) else { exit(1) }
    let log = LogFile(path: configuration.server.logfile, level: configuration.server.loglevel)
    introduce(log.logger(), isConfigured: arguments.count > 1)
    signal(SIGPIPE, SIG_IGN)
    // A file that may not grow is an error of a write, as a full disk is.
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    let signals = TerminationSignals()

    let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    let box = NIOLoopBoundBox.makeBoxSendingValue(configuration, eventLoop: eventLoop)
    let instance = NIOLoopBoundBox<ServerInstance?>.makeBoxSendingValue(nil, eventLoop: eventLoop)
    let service = ServerService(configuration: box, eventLoop: eventLoop, log: log, instance: instance)
    Task { exit(await serve(service, signals.stream, log.logger())) }
    signals.waitForever()
  }

  /// What the command line asks to run; nil when it is wrong. Ends the process when it asks for less than a server.
  private static func configure(_ arguments: [String]) -> sending Configuration? {
    let missing = Processor.missingFeatures()
    guard missing.isEmpty else {
      complain("This processor is too old: x86-64-v2 is needed, and it lacks \(missing.joined(separator: ", ")).\n")
      return nil
    }
    switch Invocation(Array(arguments.dropFirst())) {
    case .version:
      print("\(Release.name) server v=\(Release.version) (Redis \(Release.redisVersion)) malloc=jemalloc bits=64")
      exit(0)
    case .help:
      complain(Invocation.usage)
      return nil
    case .run(let file, let readsStandardInput, let options):
      let configuration = Configuration()
      do throws(ConfigurationFile.Failure) {
        try configuration.load(file: file, readsStandardInput: readsStandardInput, options: options)
      } catch {
        complain(error.report)
        return nil
      }
      // A supervised process must stay the one that was started.
      let goesToBackground = configuration.server.daemonize && !Supervisor.isPresent(configuration.server.supervised)
      if goesToBackground {
        // What whoever started the process left open is not for a daemon to keep: it might be waiting for the end of it.
        closefrom(STDERR_FILENO + 1)
        guard daemon(1, 0) == 0 else {
          complain("Can't become a daemon: \(Files.errorText(errno))\n")
          return nil
        }
      }
      return configuration
    }
  }

  private static func introduce(_ logger: Logger, isConfigured: Bool) {
    logger.warning("oO0OoO0OoO0Oo \(Release.name) is starting oO0OoO0OoO0Oo")
    let versions = "version=\(Release.version), redis=\(Release.redisVersion), bits=64"
    logger.warning("\(Release.name) \(versions), pid=\(getpid()), just started")
    logger.warning(
      isConfigured
        ? "Configuration loaded"
        : """
        Warning: no config file specified, using the default config. \
        In order to specify a config file use cambium-server /path/to/redis.conf
        """)
  }

  private static func serve(
    _ service: ServerService, _ signals: AsyncStream<CInt>, _ logger: Logger
  ) async -> CInt {
    do {
      try await service.runUntilStopped(signals)
      return 0
    } catch is ServerInstance.StartFailure {
      return 1
    } catch {
      logger.critical("The server ended: \(error)")
      return 1
    }
  }

  private static func complain(_ text: String) {
    try? Files.writeAll(STDERR_FILENO, Array(text.utf8))
  }
}

extension Configuration {
  /// Reads the file, then standard input, then the options; remembers where the file lies.
  fileprivate func load(
    file path: String?, readsStandardInput: Bool, options: [UInt8]
  ) throws(ConfigurationFile.Failure) {
    if let path {
      file = path.hasPrefix("/") ? path : String(decoding: Files.workingDirectory(), as: UTF8.self) + "/" + path
    }
    var more: [UInt8] = []
    if readsStandardInput {
      LogFile().logger().warning("Reading config from stdin")
      do throws(Files.Failure) { more = try Files.readToEnd(STDIN_FILENO) } catch {
        throw .cannotOpen("-", error.text)
      }
      more.append(UInt8(ascii: "\n"))
    }
    try ConfigurationFile.load(file, then: more + options, into: self)
    finishStarting()
  }
}
