import Engine
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Replication
import Snapshots
import VersionedStore

/// Carries out what a link decides: owns its socket, its timer, and the dataset that it is staging.
///
/// Confined to the link's loop, which is not the serving one: a snapshot is parsed and its dataset built here, so that no
/// client waits for it. Reading stops while the link waits for a commit, and while the serving loop is behind with the
/// commands that it was given.
final class LinkDriver {
  /// Bytes of commands that may wait for the serving loop: some milliseconds of work.
  private static let unappliedLimit = 256 << 10
  private static let readSize = 64 << 10
  /// Bytes taken at once while `key-load-delay` slows staging down.
  private static let slowReadSize = 512

  private var link: ReplicaLink
  private var plan: LinkPlan
  private let handle: LinkHandle
  private let eventLoop: any EventLoop
  private let serving: ServingSide
  private let security: LinkSecurity
  private let logger: Logger

  private var channel: (any Channel)?
  /// The two ends of the channel.
  private var ends: PeerAddress?
  /// Goes up with each connection that is asked for, and with each that is given up.
  private var attempt = 0
  /// What has come in and the link has not taken.
  private var unread = ByteBuffer()
  private var isReading = true
  private var unappliedByteCount = 0
  private var staging: DatasetLoader?
  /// The serving side was told that the staged dataset needs the room of the live one.
  private var hasAskedForLiveRoom = false
  /// Bytes that the serving side was asked to make room for.
  private var askedByteCount = 0
  /// What `key-load-delay` asks for and has not been waited for, in microseconds.
  private var owedMicroseconds = 0
  private var isPausing = false
  private var timer: (at: Int64, task: Scheduled<Void>)?

  init(
    _ link: ReplicaLink, _ plan: LinkPlan, handle: LinkHandle, eventLoop: any EventLoop, serving: ServingSide,
    security: LinkSecurity, logger: Logger
  ) {
    self.link = link
    self.plan = plan
    self.handle = handle
    self.eventLoop = eventLoop
    self.serving = serving
    self.security = security
    self.logger = logger
  }

  /// Milliseconds of a clock that only goes forward.
  static func now() -> Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

  // MARK: From the serving side

  func start() {
    link.start(at: Self.now())
    perform()
  }

  func update(_ plan: LinkPlan) {
    let hasNewSettings = plan.settings != self.plan.settings
    self.plan = plan
    guard hasNewSettings else { return }
    link.update(plan.settings, at: Self.now())
    perform()
  }

  func stop() {
    link.stop()
    perform()
    timer?.task.cancel()
    timer = nil
  }

  /// The connection is to end; the link goes on with another one.
  func endConnection(_ reason: String) {
    link.refuseStream(.lostInStream(reason: reason), at: Self.now())
    perform()
  }

  private func answerCommit(_ failure: LinkError?) {
    if let failure {
      link.refuseCommit(failure, at: Self.now())
    } else {
      link.committed(at: Self.now())
    }
    perform()
    takeUnread()
  }

  private func executed(_ byteCount: Int, upTo offset: ReplicationOffset, _ failure: LinkError?, _ attempt: Int) {
    unappliedByteCount -= byteCount
    if attempt == self.attempt {
      if let failure {
        link.refuseStream(failure, at: Self.now())
      } else {
        link.applied(upTo: offset, at: Self.now())
      }
      perform()
    }
    takeUnread()
  }

  // MARK: From the connection

  /// There is a connection, to be closed when the link gives it up; under TLS it cannot be used yet.
  func established(_ channel: any Channel, _ attempt: Int) {
    guard attempt == self.attempt else { return channel.close(promise: nil) }
    self.channel = channel
    ends = PeerAddress(ConnectionInfo(channel))
    isReading = true
  }

  /// The connection can be used.
  func opened(_ attempt: Int) {
    guard attempt == self.attempt else { return }
    link.connected(at: Self.now())
    perform()
  }

  func read(_ bytes: ByteBuffer, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
    takeUnread()
  }

  func closed(_ reason: String, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    (channel, ends) = (nil, nil)
    link.closed(reason: reason, at: Self.now())
    perform()
  }

  /// Offers the link what it has not taken yet, as long as it takes some.
  private func takeUnread() {
    while !isPausing, unread.readableBytes > 0, mayTakeMore {
      staging?.memoryLimit = plan.room.insteadOfLive ?? plan.room.besideLive
      let keysBefore = link.progress.keyCount
      let limit = plan.keyDelayMicroseconds != 0 && staging != nil ? Self.slowReadSize : Int.max
      let taken = unsafe unread.withUnsafeReadableBytes {
        unsafe link.receive(Bytes($0)[0..<min(limit, $0.count)], at: Self.now(), into: &staging)
      }
      unread.moveReaderIndex(forwardBy: taken)
      askForRoom()
      perform()
      if taken == 0 { break }
      if limit < .max, link.progress.keyCount > keysBefore { owe(keys: Int(link.progress.keyCount - keysBefore)) }
    }
    setReading(!isPausing && unread.readableBytes == 0 && mayTakeMore)
  }

  /// Whether the serving loop is not too far behind.
  private var mayTakeMore: Bool {
    link.wantsInput(unappliedByteCount: unappliedByteCount, limit: Self.unappliedLimit)
  }

  /// Nothing more is taken until the delay is over that so many keys ask for; what is short is gathered.
  private func owe(keys: Int) {
    owedMicroseconds += KeyDelay.microseconds(keys: keys, setting: plan.keyDelayMicroseconds)
    if owedMicroseconds >= 1000 { pause() }
  }

  private func pause() {
    isPausing = true
    let step = min(owedMicroseconds, 10_000)
    let (driver, attempt) = (NIOLoopBound(self, eventLoop: eventLoop), attempt)
    eventLoop.scheduleTask(in: .microseconds(Int64(step))) { driver.value.endPause(step, attempt) }
  }

  private func endPause(_ microseconds: Int, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    owedMicroseconds = plan.keyDelayMicroseconds == 0 ? 0 : owedMicroseconds - microseconds
    if owedMicroseconds > 0 { return pause() }
    isPausing = false
    takeUnread()
  }

  private func setReading(_ isWanted: Bool) {
    guard isWanted != isReading, let channel else { return }
    isReading = isWanted
    link.reading(isWanted, at: Self.now())
    setTimer()
    channel.setOption(.autoRead, value: isWanted).whenFailure { _ in }  // it is closed: that is told by itself
  }

  /// Bytes that are asked for beyond what is needed already.
  private static let roomAhead = 16 << 20

  /// Has versions given up when the staged dataset does not fit beside them, and the live dataset when it does not fit beside
  /// that and may take its place.
  private func askForRoom() {
    guard let staging, let besideLive = plan.room.besideLive else { return }
    let byteCount = staging.dataset.arena.allocatedBytes
    if byteCount > max(plan.room.besideVersions ?? besideLive, askedByteCount) {
      askedByteCount = byteCount + min(byteCount / 4, Self.roomAhead)
      serving.run { [handle, askedByteCount] in $0.makeRoom(forStaged: askedByteCount, from: handle) }
    }
    guard !hasAskedForLiveRoom, plan.room.insteadOfLive != nil, byteCount > besideLive else { return }
    hasAskedForLiveRoom = true
    serving.run { [handle] in $0.giveUpLiveDataset(for: handle) }
  }

  // MARK: Actions

  private func perform() {
    for action in link.takeActions() { perform(action) }
    let now = Self.now()
    var status = LinkStatus(link, stagedByteCount: staging?.dataset.arena.allocatedBytes ?? 0, now: now)
    status.ends = ends
    handle.post(status, at: now)
    setTimer()
  }

  private func perform(_ action: LinkAction) {
    switch action {
    case .log(let level, let text): logger.log(level: level.level, "\(text)")
    case .connect(let host, let port): connect(host, port)
    case .send(let bytes): channel?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    case .close: close()
    case .beginStaging:
      staging = DatasetLoader(plan.form, nowMilliseconds: Transport.now() / 1000)
      (hasAskedForLiveRoom, askedByteCount) = (false, 0)
    case .discardStaged: discardStaged()
    case .commit(let request): commit(request)
    case .resume(let position): resume(position)
    case .execute(let part): execute(part)
    case .endStream: serving.run { [handle] in $0.streamEnded(from: handle) }
    case .failoverAnswered(let isAccepted):
      serving.run { [handle] in $0.failoverAnswered(isAccepted, from: handle) }
    case .report(let report):
      serving.run { [handle] in $0.report(report, from: handle) }
      handle.end()
    }
  }

  private func connect(_ host: String, _ port: Int) {
    attempt += 1
    connect(host, port, from: plan.settings.sourceAddress.flatMap { try? SocketAddress(ipAddress: $0, port: 0) })
  }

  private func connectAnyhow(_ host: String, _ port: Int, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    logger.warning("bind-source-addr is no address of this host: connecting without it")
    connect(host, port, from: nil)
  }

  private func connect(_ host: String, _ port: Int, from source: SocketAddress?) {
    let attempt = attempt
    let driver = NIOLoopBound(self, eventLoop: eventLoop)
    let tls = security.context
    var bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(.milliseconds(plan.settings.timeoutMilliseconds))
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readSize))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
          try pipeline.addHandler(LinkChannel(driver.value, attempt: attempt, isSecure: tls != nil))
        }
      }
    if let source { bootstrap = bootstrap.bind(to: source) }
    bootstrap.connect(host: host, port: port).whenFailure { error in
      // As in Redis, better from any address than not at all.
      guard source != nil, Self.isRefusedByOwnHost(error) else {
        return driver.value.closed(Self.reason(error), attempt)
      }
      driver.value.connectAnyhow(host, port, attempt)
    }
  }

  private func close() {
    attempt += 1
    channel?.close(promise: nil)
    (channel, ends) = (nil, nil)
    unread.clear()
    (owedMicroseconds, isPausing) = (0, false)
  }

  private func discardStaged() {
    if let staging { Disposal.dispose(staging.dataset) }
    staging = nil
  }

  private func commit(_ request: CommitRequest) {
    guard let staged = staging?.dataset, let outcome = staging?.outcome else { return }
    staging = nil  // it is the serving side's from here on
    serving.run { [handle] controller in
      let failure = controller.commit(
        staged, request, outcome: outcome, from: handle, atMilliseconds: Transport.now() / 1000)
      if failure != nil { Disposal.dispose(staged) }
      handle.run { $0.answerCommit(failure) }
    }
  }

  private func resume(_ position: ReplicationPosition) {
    let attempt = attempt
    serving.run { [handle] controller in
      // All that was to be executed before is, or has been dropped: only now is it known how far the dataset is.
      let failure = controller.resume(position, from: handle)
      handle.run { $0.executed(0, upTo: position.offset, failure, attempt) }
    }
  }

  private func execute(_ part: StreamPart) {
    let attempt = attempt
    unappliedByteCount += part.bytes.count
    serving.run { [handle] controller in
      let failure = controller.execute(part, from: handle)
      handle.run { $0.executed(part.bytes.count, upTo: part.end, failure, attempt) }
    }
  }

  // MARK: Time

  /// Has `tick` called when the link wants it. A timer that goes off too early is set again then: most events only
  /// put off what would happen in silence.
  private func setTimer() {
    guard let next = link.nextTick else { return }
    if let timer, timer.at <= next { return }
    timer?.task.cancel()
    let driver = NIOLoopBound(self, eventLoop: eventLoop)
    let task = eventLoop.scheduleTask(in: .milliseconds(max(next - Self.now(), 0))) { driver.value.tick() }
    timer = (next, task)
  }

  private func tick() {
    timer = nil
    link.tick(at: Self.now())
    perform()
  }
}

extension LinkDriver {
  /// Whether a connection could not even be begun, as its own end has no such address.
  private static func isRefusedByOwnHost(_ error: any Error) -> Bool {
    guard let error = error as? NIOConnectionError else { return false }
    return error.connectionErrors.contains {
      [EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL].contains(($0.error as? IOError)?.errnoCode)
    }
  }

  /// An error of the network in the system's words.
  static func reason(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.last { return reason(failure.error) }
      return "can't resolve \(error.host)"
    case let error as IOError: return Files.errorText(error.errnoCode)
    case is NIOSSLError, is BoringSSLError: return TLSErrorText.describe(error)
    case is ChannelError: return "Connection timed out"
    default: return "\(error)"
    }
  }
}

extension LinkLogLevel {
  fileprivate var level: Logger.Level {
    switch self {
    case .verbose: .info
    case .notice: .notice
    case .warning: .warning
    }
  }
}
