import Glibc
import Logging
import NIOCore
import NIOPosix

/// The sockets that a server listens on, as `bind`, `port` and `unixsocket` say. Confined to the serving loop.
final class Listeners {
  /// Nothing that was asked for can be listened on; the log says why.
  struct Failure: Error {}

  /// A socket in NIO's care. Registration takes a turn of the loop, hence the future.
  private struct Listener {
    let descriptor: CInt
    let channel: EventLoopFuture<any Channel>

    func close() { channel.whenSuccess { $0.close(promise: nil) } }
  }

  private let transport: Transport
  private let logger: Logger
  private var tcp: [Listener] = []
  private var unix: Listener?

  init(transport: Transport, logger: Logger) {
    self.transport = transport
    self.logger = logger
  }

  var isServingTCP: Bool { !tcp.isEmpty }
  var isServingUnix: Bool { unix != nil }

  /// Listens on the configured addresses and port instead of those before. When one of them fails, those stay, unless
  /// `closingFirst`, which new addresses on the same port need: then nothing is listened on.
  func listenTCP(_ settings: ServerSettings, closingFirst: Bool = false) throws(Failure) {
    if closingFirst { closeTCP() }
    var sockets: [CInt] = []
    do throws(Failure) {
      for address in settings.port == 0 ? [] : settings.bind {
        if let socket = try openTCP(address, settings) { sockets.append(socket) }
      }
    } catch {
      for socket in sockets { Glibc.close(socket) }
      throw error
    }
    closeTCP()
    tcp = sockets.map { serve($0, backlog: settings.tcpBacklog) }
  }

  func listenUnix(_ path: String, _ settings: ServerSettings) throws(ListeningSocket.Failure) {
    let socket = try ListeningSocket.unix(path, mode: settings.unixsocketperm, backlog: settings.tcpBacklog)
    unix = serve(socket, backlog: settings.tcpBacklog)
  }

  /// Connections accepted from now on are probed after `seconds` of silence.
  func setKeepalive(seconds: Int) throws(ListeningSocket.Failure) {
    for listener in tcp { try ListeningSocket.setKeepalive(listener.descriptor, seconds: seconds) }
  }

  func close() {
    closeTCP()
    unix?.close()
    unix = nil
  }

  private func closeTCP() {
    for listener in tcp { listener.close() }
    tcp = []
  }

  /// The socket, or nil for an address that may be missing and is.
  private func openTCP(_ address: String, _ settings: ServerSettings) throws(Failure) -> CInt? {
    let isOptional = address.hasPrefix("-")
    let address = isOptional ? String(address.dropFirst()) : address
    do throws(ListeningSocket.Failure) {
      return try ListeningSocket.tcp(
        address, port: settings.port, backlog: settings.tcpBacklog, keepalive: settings.tcpKeepalive)
    } catch {
      logger.warning(
        "Warning: Could not create server TCP listening socket \(address):\(settings.port): \(error.text)")
      let isMissing = error.code == EADDRNOTAVAIL && isOptional
      let isUnknownFamily = [
        ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPFNOSUPPORT, EAFNOSUPPORT,
      ].contains(error.code)
      guard isMissing || isUnknownFamily else { throw Failure() }
      return nil
    }
  }

  /// Gives a listening socket to NIO, and every connection that it accepts to the transport.
  private func serve(_ socket: CInt, backlog: Int) -> Listener {
    let transport = NIOLoopBound(self.transport, eventLoop: self.transport.eventLoop)
    let channel = ServerBootstrap(group: self.transport.eventLoop)
      .serverChannelOption(.maxMessagesPerRead, value: 64)
      // Out of file descriptors, the loop would otherwise spin on a connection that cannot be accepted.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      // Every channel keeps its buffer: ten thousand idle ones of 64 KiB would hold more memory than many a dataset.
      .childChannelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2 << 10, initial: 2 << 10, maximum: 64 << 10)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Connection(transport: transport.value))
        }
      }
      .withBoundSocket(socket)
    // NIO has listened once more, with a backlog of its own. A short one costs each client of a burst a second.
    channel.whenSuccess { _ in _ = listen(socket, CInt(clamping: backlog)) }
    return Listener(descriptor: socket, channel: channel)
  }
}
