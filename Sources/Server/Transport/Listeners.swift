import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// The sockets that a server listens on, as `bind`, `port`, `tls-port` and `unixsocket` say. Confined to the serving loop.
final class Listeners {
  /// Nothing that was asked for can be listened on; the log says why.
  struct Failure: Error {}

  /// A socket in NIO's care. Registration takes a turn of the loop, hence the future.
  private struct Listener {
    let descriptor: CInt
    let channel: EventLoopFuture<any Channel>

    func close() { channel.whenSuccess { $0.close(promise: nil) } }
  }

  /// What connections of a TCP port are like.
  enum Kind: CaseIterable {
    case plain, tls

    func port(_ settings: ServerSettings) -> Int { self == .plain ? settings.port : settings.tls.port }
  }

  private let transport: Transport
  private let contexts: TLSContexts
  private let logger: Logger
  private var tcp: [Kind: [Listener]] = [:]
  private var unix: Listener?

  init(transport: Transport, contexts: TLSContexts, logger: Logger) {
    self.transport = transport
    self.contexts = contexts
    self.logger = logger
  }

  /// Accepts by hand who has come while the engine is busy.
  func acceptWhileBusy() {
    let listeners = NIOLoopBound(self, eventLoop: transport.eventLoop)
    let plain = (tcp[.plain] ?? []) + [unix].compactMap { $0 }
    for (kind, sockets) in [(Kind.plain, plain), (.tls, tcp[.tls] ?? [])] {
      for listener in sockets { accept(from: listener.descriptor, kind, listeners) }
    }
  }

  private func accept(from socket: CInt, _ kind: Kind, _ listeners: NIOLoopBound<Listeners>) {
    while true {
      let descriptor = Glibc.accept(socket, nil, nil)
      guard descriptor >= 0 else { return }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = ClientBootstrap(group: transport.eventLoop)
        .channelOption(.allowRemoteHalfClosure, value: true)
        .channelOption(.recvAllocator, value: Self.receiveAllocator)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try listeners.value.addHandlers(to: channel, kind) }
        }
        .withConnectedSocket(descriptor)
    }
  }

  /// Every channel keeps its buffer: ten thousand idle ones of 64 KiB would hold more memory than many a dataset.
  private static var receiveAllocator: AdaptiveRecvByteBufferAllocator {
    AdaptiveRecvByteBufferAllocator(minimum: 2 << 10, initial: 2 << 10, maximum: 64 << 10)
  }

  var isServingTCP: Bool { tcp.values.contains { !$0.isEmpty } }
  var isServingUnix: Bool { unix != nil }

  /// Listens on the configured addresses and the port of `kind` instead of those before, which stay when that fails.
  func listen(_ kind: Kind, _ settings: ServerSettings) throws(Failure) {
    var sockets: [CInt] = []
    do throws(Failure) {
      for address in kind.port(settings) == 0 ? [] : settings.bind {
        if let socket = try openTCP(address, kind.port(settings), settings) { sockets.append(socket) }
      }
    } catch {
      for socket in sockets { Glibc.close(socket) }
      throw error
    }
    close(kind)
    tcp[kind] = sockets.map { serve($0, backlog: settings.tcpBacklog, kind) }
  }

  /// Listens on other addresses and the same ports, which must be given up first: when one fails, there is none left.
  func rebind(_ settings: ServerSettings) throws(Failure) {
    for kind in Kind.allCases { close(kind) }
    do throws(Failure) {
      for kind in Kind.allCases { try listen(kind, settings) }
    } catch {
      for kind in Kind.allCases { close(kind) }
      throw error
    }
  }

  func listenUnix(_ path: String, _ settings: ServerSettings) throws(ListeningSocket.Failure) {
    let socket = try ListeningSocket.unix(path, mode: settings.unixsocketperm, backlog: settings.tcpBacklog)
    unix = serve(socket, backlog: settings.tcpBacklog, .plain)
  }

  /// Connections accepted from now on are probed after `seconds` of silence.
  func setKeepalive(seconds: Int) throws(ListeningSocket.Failure) {
    for listener in tcp.values.joined() { try ListeningSocket.setKeepalive(listener.descriptor, seconds: seconds) }
  }

  func close() {
    for kind in Kind.allCases { close(kind) }
    unix?.close()
    unix = nil
  }

  private func close(_ kind: Kind) {
    for listener in tcp[kind] ?? [] { listener.close() }
    tcp[kind] = nil
  }

  /// The socket, or nil for an address that may be missing and is.
  private func openTCP(_ address: String, _ port: Int, _ settings: ServerSettings) throws(Failure) -> CInt? {
    let isOptional = address.hasPrefix("-")
    let address = isOptional ? String(address.dropFirst()) : address
    do throws(ListeningSocket.Failure) {
      return try ListeningSocket.tcp(
        address, port: port, backlog: settings.tcpBacklog, keepalive: settings.tcpKeepalive)
    } catch {
      logger.warning(
        "Warning: Could not create server TCP listening socket \(address):\(port): \(error.text)")
      let isMissing = error.code == EADDRNOTAVAIL && isOptional
      let isUnknownFamily = [
        ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPFNOSUPPORT, EAFNOSUPPORT,
      ].contains(error.code)
      guard isMissing || isUnknownFamily else { throw Failure() }
      return nil
    }
  }

  /// Gives a listening socket to NIO, and every connection that it accepts to the transport.
  private func serve(_ socket: CInt, backlog: Int, _ kind: Kind) -> Listener {
    let listeners = NIOLoopBound(self, eventLoop: transport.eventLoop)
    let channel = ServerBootstrap(group: self.transport.eventLoop)
      .serverChannelOption(.maxMessagesPerRead, value: 64)
      // Out of file descriptors, the loop would otherwise spin on a connection that cannot be accepted.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try listeners.value.addHandlers(to: channel, kind) }
      }
      .withBoundSocket(socket)
    // NIO has listened once more, with a backlog of its own. A short one costs each client of a burst a second.
    channel.whenSuccess { _ in _ = Glibc.listen(socket, CInt(clamping: backlog)) }
    return Listener(descriptor: socket, channel: channel)
  }

  /// Each connection goes by the certificates that are in use when it comes.
  private func addHandlers(to channel: any Channel, _ kind: Kind) throws {
    let pipeline = channel.pipeline.syncOperations
    switch kind {
    case .plain:
      try pipeline.addHandler(Connection(transport: transport))
    case .tls:
      guard let context = contexts.server else { throw ChannelError.ioOnClosedChannel }
      try pipeline.addHandler(PlainTextGuard())
      try pipeline.addHandler(NIOSSLServerHandler(context: context))
      try pipeline.addHandler(Connection(transport: transport, secureLogger: logger))
    }
  }
}
