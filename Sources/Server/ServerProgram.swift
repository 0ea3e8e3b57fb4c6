import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The program: from a command line to an exit code.
public enum ServerProgram {
  /// Runs until the server is asked to stop.
  public static func run(_ arguments: [String]) async -> CInt {
    let missing = Processor.missingFeatures()
    guard missing.isEmpty else {
      complain("This processor is too old: x86-64-v2 is needed, and it lacks \(missing.joined(separator: ", ")).\n")
      return 1
    }
    switch Invocation(Array(arguments.dropFirst())) {
    case .version:
      print("\(Release.name) server v=\(Release.version) (Redis \(Release.redisVersion)) malloc=jemalloc bits=64")
      return 0
    case .help:
      complain(Invocation.usage)
      return 1
    case .run(let file, let readsStandardInput, let options):
      let configuration = Configuration()
      do throws(ConfigurationFile.Failure) {
        try configuration.load(file: file, readsStandardInput: readsStandardInput, options: options)
      } catch {
        complain(error.report)
        return 1
      }
      // A supervised process must stay the one that was started.
      let goesToBackground = configuration.server.daemonize && !Supervisor.isPresent(configuration.server.supervised)
      if goesToBackground, daemon(1, 0) != 0 {
        complain("Can't become a daemon: \(Files.errorText(errno))\n")
        return 1
      }
      return await serve(configuration, isConfigured: arguments.count > 1)
    }
  }

  private static func serve(_ configuration: sending Configuration, isConfigured: Bool) async -> CInt {
    let log = LogFile(path: configuration.server.logfile, level: configuration.server.loglevel)
    let logger = log.logger()
    logger.warning("oO0OoO0OoO0Oo \(Release.name) is starting oO0OoO0OoO0Oo")
    logger.warning(
      "\(Release.name) version=\(Release.version), redis=\(Release.redisVersion), bits=64, pid=\(getpid()), just started"
    )
    logger.warning(
      isConfigured
        ? "Configuration loaded"
        : """
        Warning: no config file specified, using the default config. \
        In order to specify a config file use cambium-server /path/to/redis.conf
        """)
    signal(SIGPIPE, SIG_IGN)
    signal(SIGHUP, SIG_IGN)

    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let eventLoop = group.next()
    let box = NIOLoopBoundBox.makeBoxSendingValue(configuration, eventLoop: eventLoop)
    do {
      try await ServerService(configuration: box, eventLoop: eventLoop, log: log).runUntilStopped()
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
