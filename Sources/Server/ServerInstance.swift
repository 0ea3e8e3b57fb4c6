import Engine
import Glibc
import Journal
import Logging
import NIOCore
import Replication
import Snapshots
import VersionedStore

/// A server from its first log line to its last: sockets, transport, and the effects of CONFIG SET on them.
///
/// Confined to the serving loop.
final class ServerInstance {
  /// Why the server did not start; the log has said it already.
  struct StartFailure: Error {}

  private let configuration: Configuration
  private let log: LogFile
  private let logger: Logger
  private let engine: Engine
  private let transport: Transport
  private let contexts: TLSContexts
  private let listeners: Listeners
  private let replication: ReplicationHost
  private let saves = SnapshotSaves()
  private let migrations = SnapshotMigrations()
  private let journal: Journal
  private let journalStart: JournalStart
  private let loadDelay = KeyDelay()
  private let oomScore = OOMScore()
  private let eventLoop: any EventLoop
  private var pidFile: PidFile?
  private let stopped: EventLoopPromise<Void>
  private var isStopping = false

  /// Opens the sockets and serves.
  init(_ configuration: Configuration, log: LogFile, eventLoop: any EventLoop) throws(StartFailure) {
    self.configuration = configuration
    self.log = log
    self.eventLoop = eventLoop
    logger = log.logger()
    let controller = ReplicationController()
    let loads = SnapshotLoads()
    let journalReference = JournalReference()
    do throws(ConfigurationFile.Failure) {
      engine = try Engine.assemble(configuration, controller, loads, saves, migrations, journalReference, on: eventLoop)
    } catch {
      try? Files.writeAll(STDERR_FILENO, Array(error.report.utf8))
      throw StartFailure()
    }
    let disk = SystemDisk(configuration.engine.appendDirectory, eventLoop: eventLoop)
    journal = Journal(engine, on: disk)
    journalStart = JournalStart(engine, journal, disk, delay: loadDelay, eventLoop: eventLoop)
    journalReference.journal = journal
    replication = ReplicationHost(controller, eventLoop: eventLoop)
    let host = EngineHost(engine)
    transport = Transport(engine: host, eventLoop: eventLoop)
    contexts = TLSContexts(logger: logger)
    listeners = Listeners(transport: transport, contexts: contexts, logger: logger)
    stopped = eventLoop.makePromise()

    engine.log = { [logger] level, text in logger.log(level: Logger.Level(level), "\(text)") }
    do throws(StartFailure) {
      try makeRoomForClients()
      try makeUsers()
      try listen()
    } catch {
      // A promise must be kept, though nobody waits for this one any more.
      stopped.succeed()
      throw error
    }
    introduce()
    engine.log = { [logger] level, text in logger.log(level: Logger.Level(level), "\(text)") }
    engine.serveWhileBusy = { [transport, listeners] caller in
      listeners.acceptWhileBusy()
      transport.receiveWhileBusy(except: ConnectionID(slot: caller.slot))
      transport.closeWhileBusy()
    }
    engine.shutDown = { [weak self] request in
      guard let self else { return true }
      guard prepareToStop(request) else { return false }
      // Not before the engine has returned.
      eventLoop.assumeIsolated().execute { self.stop() }
      return true
    }
    engine.updateGoodReplicas()
    announce()
    applyChanges()
    try? adjustOOMScore(isReplica: configuration.engine.replicaOf != nil)  // the log says it
    transport.startCron { configuration.engine.hz }
    loadDelay.set(configuration.engine.keyLoadDelay)
    SnapshotFile.attach(loads, delay: loadDelay, eventLoop: eventLoop)
    SnapshotFile.attach(saves, eventLoop: eventLoop)
    saves.attach(to: engine, nowMilliseconds: Transport.now() / 1000)
    journal.delay = { setting, progress in
      { KeyDelay.waitBehindKey(setting: setting) { progress.isCancelled } }
    }
    journal.wait = { usleep(UInt32(clamping: $0)) }
    migrations.connect = { BlockingLink.connect($0, port: $1, timeoutMilliseconds: $2) }
    migrations.attach(to: engine)
    load { [self] in
      reportReadiness()
      replication.start(host, transport, configuration: configuration, security: contexts.link, log: log) { [self] in
        try? adjustOOMScore(isReplica: $0)  // the log says it
      }
    }
  }

  // MARK: Loading

  /// Reads what the server's former life has left: the append-only log where that is on, and otherwise the last snapshot.
  private func load(_ completion: @escaping () -> Void) {
    switch journalStart.readManifest() {
    case .failure(let words): refuseToStart(words.lines)
    case .success(let manifest) where configuration.engine.appendOnly:
      journalStart.begin(manifest) { [self] outcome in
        switch outcome {
        case .ready: completion()
        case .failed(let lastWords): refuseToStart(lastWords)
        }
      }
    case .success(let manifest):
      journal.know(manifest)
      loadSnapshot(completion)
    }
  }

  /// Reads the file that the last save has left, if there is one. Until that is done, clients are told to wait.
  private func loadSnapshot(_ completion: @escaping () -> Void) {
    let path = configuration.engine.dbFilename
    let began = Transport.now()
    engine.beginLoading(seconds: began / 1_000_000)
    engine.persistence.loadingTotalBytes = SnapshotFile.byteCount(of: path)
    engine.persistence.loadingLoadedBytes = 0
    var form = DatasetLoader.Form(engine.keyspace)
    form.leavesExpiredToHistory = true
    SnapshotFile.loadAtStart(
      path, form, delay: loadDelay, eventLoop: eventLoop,
      progress: { [engine] in engine.persistence.loadingLoadedBytes = $0 }
    ) { [self] result in
      engine.persistence.isLoading = false
      switch result {
      case nil: break
      case .failure(let failure):
        return refuseToStart([
          "Fatal error loading the DB, '\(path)': \(failure). Exiting.",
          "Terminating server after rdb file reading failure.",
        ])
      case .success(let loader):
        let milliseconds = (Transport.now() - began) / 1000
        take(loader)
        logger.notice(
          "DB loaded from disk: \(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst()) seconds")
      }
      completion()
    }
    if engine.persistence.isLoading { logger.notice("Loading RDB from '\(path)'") }
  }

  private func take(_ loader: DatasetLoader) {
    let keyspace = engine.keyspace
    keyspace.history.replaceLive(with: loader.dataset)
    keyspace.liveDatasetChanged()
    engine.note(loader.outcome, libraries: loader.dataset.attachments.count)
    if let origin = loader.origin.replicationOrigin {
      replication.restore(origin, atMilliseconds: Transport.now() / 1000)
    }
    engine.deleteExpiredAtStart(loader.outcome.expiredInHistory.map { ($0.database, $0.name) })
  }

  /// A server that cannot read its file must not begin without what is in it, and save that over the file.
  /// What it says last is why: tools look at the end of its log.
  private func refuseToStart(_ lastWords: [String]) {
    isStopping = true
    end()
    for line in lastWords { logger.warning("\(line)") }
    stopped.fail(StartFailure())
  }

  // MARK: Stopping

  /// Saves the dataset if that is due. False if it could not be saved, so that the server goes on.
  func prepareToStop(_ request: ShutdownRequest) -> Bool {
    guard !isStopping else { return true }
    let saves = request.saves ?? !configuration.engine.savePoints.isEmpty
    guard engine.persistence.isLoading || journal.prepareToStop(force: request.force) else { return false }
    // While the file is being read there is nothing yet that could take its place.
    guard saves, !engine.persistence.isLoading else { return true }
    logger.notice("Saving the final RDB snapshot before exiting.")
    if isSupervised { Supervisor.notify("STATUS=Saving the final RDB snapshot\n") }
    if self.saves.saveNow(engine) || request.force { return true }
    logger.warning("Error trying to save the DB, can't exit.")
    if isSupervised { Supervisor.notify("STATUS=Error trying to save the DB, can't exit.\n") }
    return false
  }

  /// Does what comes before the end that a signal has asked for, or looks how far that is.
  ///
  /// - Parameter isNew: the signal has only just come.
  func continueStop(forSignal number: CInt, isNew: Bool) -> ShutdownOutcome {
    if isStopping { return .ends }
    if isNew { engine.isShuttingDown = true }
    if engine.isWaitingToShutDown { return .waits }
    // SHUTDOWN ABORT has taken it back, or something has failed that was waited for.
    guard engine.isShuttingDown else { return .refused }
    // Nothing is done by the clock now, which signals belong to.
    if engine.isCronPaused { return .waits }
    return engine.beginShutdown(request(for: flags(forSignal: number)))
  }

  /// Has `body` called when nothing comes of an end that was asked for: a signal asks anew from then on.
  func whenStopIsTakenBack(_ body: @escaping () -> Void) { engine.shutdownWasTakenBack = body }

  /// What a signal asks for, in the words of `shutdown-on-sigterm` and `shutdown-on-sigint`.
  func request(for flags: [ShutdownFlag]) -> ShutdownRequest {
    var request = ShutdownRequest()
    if flags.contains(.save) { request.saves = true }
    if flags.contains(.nosave) { request.saves = false }
    request.now = flags.contains(.now)
    request.force = flags.contains(.force)
    return request
  }

  func flags(forSignal number: Int32) -> [ShutdownFlag] {
    number == SIGINT ? configuration.server.shutdownOnSigint : configuration.server.shutdownOnSigterm
  }

  /// Succeeds when the server has stopped.
  var whenStopped: EventLoopFuture<Void> { stopped.futureResult }

  /// Stops accepting, closes every connection, removes what the server left on the disk for others to find it by.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    if isSupervised { Supervisor.notify("STOPPING=1\n") }
    end()
    logger.warning("\(Release.name) is now ready to exit, bye bye...")
    stopped.succeed()
  }

  private func end() {
    listeners.close()
    replication.stop()
    saves.stop()
    journalStart.stop()
    journal.stop()
    transport.shutdown()
    if let pidFile {
      logger.notice("Removing the pid file.")
      pidFile.remove()
    }
    if let path = configuration.server.unixsocket {
      logger.notice("Removing the unix socket file.")
      _ = unsafe unlink(path)
    }
  }

  private func makeRoomForClients() throws(StartFailure) {
    guard let clients = OpenFiles.makeRoom(for: configuration.engine.maxclients, logger: logger) else {
      throw StartFailure()
    }
    configuration.engine.maxclients = clients
  }

  /// Makes the users before anybody can connect.
  private func makeUsers() throws(StartFailure) {
    guard let refusal = AccessFiles.makeUsers(engine, configuration) else { return }
    logger.warning("\(refusal)")
    throw StartFailure()
  }

  private func listen() throws(StartFailure) {
    let settings = configuration.server
    if settings.tls.isWanted {
      do throws(TLSContexts.Failure) { try contexts.configure(settings.tls) } catch {
        logger.warning("Failed to configure TLS. Check logs for more info.")
        throw StartFailure()
      }
    }
    for kind in Listeners.Kind.allCases {
      do throws(Listeners.Failure) { try listeners.listen(kind, settings) } catch {
        let name = kind == .tls ? "TLS" : "TCP"
        logger.warning("Failed listening on port \(kind.port(settings)) (\(name)), aborting.")
        throw StartFailure()
      }
    }
    if let path = settings.unixsocket {
      do throws(ListeningSocket.Failure) { try listeners.listenUnix(path, settings) } catch {
        logger.warning("Opening Unix socket: \(error.text)")
        throw StartFailure()
      }
    }
    guard listeners.isServingTCP || listeners.isServingUnix else {
      logger.warning("Configured to not listen anywhere, exiting.")
      throw StartFailure()
    }
  }

  /// Tells the engine what INFO shows of the process.
  private func introduce() {
    engine.identity.port = configuration.server.mainPort
    engine.identity.configurationFile = configuration.file ?? ""
    engine.identity.executable = Files.executable()
    if isSupervised { engine.identity.supervisor = "systemd" }
  }

  private var isSupervised: Bool { Supervisor.isPresent(configuration.server.supervised) }

  private func announce() {
    let settings = configuration.server
    if let path = settings.pidfile ?? (settings.daemonize ? PidFile.daemonPath : nil) {
      pidFile = PidFile(path: path)
      pidFile?.write()
    }
    if settings.alwaysShowLogo || log.isTerminal {
      log.write(raw: Banner.logo(port: settings.mainPort), at: .notice)
    } else {
      logger.notice("\(Banner.line(port: settings.mainPort))")
    }
    logger.warning("Server initialized")
  }

  private func reportReadiness() {
    let settings = configuration.server
    if listeners.isServingTCP { logger.notice("Ready to accept connections") }
    if let path = settings.unixsocket { logger.notice("The server is now ready to accept connections at \(path)") }
    if isSupervised { Supervisor.notify("STATUS=Ready to accept connections\nREADY=1\n") }
    let maxmemory = configuration.engine.maxmemory
    if maxmemory > 0, maxmemory < 1 << 20 {
      logger.warning(
        """
        WARNING: You specified a maxmemory value that is less than 1MB (current value is \(maxmemory) bytes). \
        Are you sure this is what you really want?
        """)
    }
  }

  /// What CONFIG SET does beyond storing the value.
  private func adjustOOMScore(isReplica: Bool) throws(BadValue) {
    do throws(Files.Failure) { try oomScore.apply(configuration.server, isReplica: isReplica) } catch {
      logger.warning("Unable to change oom_score_adj: \(error.text)")
      throw BadValue(reason: "Failed to set current oom_score_adj. Check server logs.")
    }
  }

  private func applyChanges() {
    configuration.onChange(ofAny: ["oom-score-adj", "oom-score-adj-values"]) { [self] () throws(BadValue) in
      try adjustOOMScore(isReplica: configuration.engine.replicaOf != nil)
    }
    let settings = configuration.server
    configuration.warn = { [logger] in logger.warning("\($0)") }
    configuration.onChange(of: "loglevel") { [log] in log.setLevel(settings.loglevel) }
    applyTLSChanges()
    for (name, kind) in [("port", Listeners.Kind.plain), ("tls-port", .tls)] {
      configuration.onChange(of: name) { [self] () throws(BadValue) in
        if kind == .tls, settings.tls.port != 0 { try configureTLS() }
        do throws(Listeners.Failure) { try listeners.listen(kind, settings) } catch {
          throw BadValue(reason: "Unable to listen on this port. Check server logs.")
        }
        engine.identity.port = settings.mainPort
      }
    }
    configuration.onChange(of: "bind") { [listeners] () throws(BadValue) in
      do throws(Listeners.Failure) { try listeners.rebind(settings) } catch {
        throw BadValue(reason: "Failed to bind to specified addresses.")
      }
    }
    configuration.onChange(of: "tcp-keepalive") { [listeners] () throws(BadValue) in
      do throws(ListeningSocket.Failure) { try listeners.setKeepalive(seconds: settings.tcpKeepalive) } catch {
        throw BadValue(reason: error.text)
      }
    }
    configuration.onChange(of: "key-load-delay") { [loadDelay, replication, engine] in
      loadDelay.set(engine.settings.keyLoadDelay)
      replication.settingsChanged()
    }
    configuration.onChange(of: "replica-serve-stale-data") { [replication] in replication.settingsChanged() }
    for name in ["save", "stop-writes-on-bgsave-error"] {
      configuration.onChange(of: name) { [engine] in engine.updateWriteRefusal() }
    }
    applyLogChanges()
    // A link that begins anew right away has to know it.
    let ofLinks = ["replica-announce-ip", "replica-announce-port", "masteruser", "masterauth", "repl-timeout"]
    configuration.onChange(ofAny: ofLinks) { [replication] in replication.settingsChanged() }
    for name in ["min-replicas-to-write", "min-replicas-max-lag"] {
      configuration.onChange(of: name) { [engine] in engine.updateGoodReplicas() }
    }
    configuration.onChange(of: "maxmemory") { [engine] in engine.memoryLimitChanged() }
    configuration.onChange(of: "requirepass") { [engine] in engine.setDefaultPassword(engine.settings.requirepass) }
    configuration.onChange(of: "proto-max-bulk-len") { [engine] in engine.updateLimits() }
    configuration.onChange(of: "maxmemory-clients") { [engine] in engine.recountClientMemory() }
    configuration.onChange(of: "maxclients") { [engine] () throws(BadValue) in
      guard case .reduced(let clients, _, _) = OpenFiles.makeRoom(for: engine.settings.maxclients) else { return }
      throw BadValue(
        reason:
          "The operating system is not able to handle the specified number of clients, try with \(clients)")
    }
  }

  private func applyLogChanges() {
    configuration.onChange(of: "appendonly") { [journal] () throws(BadValue) in
      guard journal.enabledChanged() else { throw BadValue(reason: "Unable to turn on AOF. Check server logs.") }
    }
    configuration.onChange(of: "appendfsync") { [journal] in journal.policyChanged() }
    configuration.onChange(of: "aof-disable-auto-gc") { [journal] in journal.historyPolicyChanged() }
  }

  private func applyTLSChanges() {
    let settings = configuration.server
    configuration.onChange(ofAny: Directive.tlsMaterials) { [self] () throws(BadValue) in
      if settings.tls.isWanted { try configureTLS() } else { contexts.clear() }
    }
  }

  private func configureTLS() throws(BadValue) {
    do throws(TLSContexts.Failure) { try contexts.configure(configuration.server.tls) } catch {
      throw BadValue(reason: "Unable to update TLS configuration. Check server logs.")
    }
  }
}

extension Logger.Level {
  fileprivate init(_ level: LogLevel) {
    self =
      switch level {
      case .debug: .debug
      case .verbose: .info
      case .notice: .notice
      case .warning: .warning
      }
  }
}
